"""All heads as dots of a plane, near where their weights on this text are alike, and how far that can be trusted."""

import numpy as np
import streamlit as st

from viz_core.analysis.heads import ROLES
from viz_core.analysis.similar import Flat, Likeness, between, flat
from viz_core.figures.dots import dots
from viz_core.language import _
from viz_core.ui import settings, show, store
from viz_core.ui.mechanism.many_heads.off import by_role
from viz_core.ui.questions.head_finder import alike, heads
from viz_core.ui.roles import LETTERS, Roles, head_name, names
from viz_core.ui.scene import Scene

FEWEST = 3  # heads; of two a map says no more than a number
NEAREST = 3  # heads that lines lead to


def map_of_heads(scene: Scene) -> list[str]:
    if len(scene.tokens) == 1:
        st.info(
            _("This text is a single token: every head can look at nothing but that, so all would lie in one point.")
        )
        return []
    if len(heads.of(scene)) < FEWEST:
        st.info(_("A map needs at least {least} heads; this model has fewer.").format(least=FEWEST))
        return []
    found = heads.likeness_of(scene)
    if found is None:
        st.markdown(_("Every head becomes a dot, near those that look at the same tokens on this text."))
        return []
    of = (scene.model.name, scene.model.revision, scene.text)
    laid = store.finding(("map of heads", *of), lambda: flat(found.distances))
    both = heads.roles_of(scene)
    asked = "here"
    if both.stored:
        asked = settings.one_of(
            "labels",
            _("Letters and colours say what a head does"),
            {"known": _("in general (measured when the model was made)"), "here": _("on this text")},
        )
    roles = both if asked == "known" else Roles({}, both.here)
    left, right = st.columns([1.5, 1], gap="large")
    with left:
        _dots(scene, found, laid, roles, asked)
    with right:
        st.markdown(_kept(laid))
        st.markdown(_around(scene, found, laid))
        _maps(scene, found, laid)
        st.markdown(_legend(scene, roles))
        alike.caveat(found)
    return []


def _dots(scene: Scene, found: Likeness, laid: Flat, roles: Roles, asked: str) -> None:
    places, own, kinds = heads.of(scene), heads.chosen(scene), heads.kinds(scene, roles)
    nearest = found.order(own)[:NEAREST].tolist()
    key = ("dots", scene.model.name, scene.model.revision, scene.text, own, asked, scene.theme)
    drawn = store.figure(
        key,
        lambda: dots(
            laid.points,
            [
                heads.described(scene, place, int(mark))
                + (
                    ""
                    if head == own
                    else "\n"
                    + _("likeness to {head}: {size:.2f}").format(
                        head=scene.choice.name, size=1 - found.distances[own, head]
                    )
                )
                for head, (place, mark) in enumerate(zip(places, kinds, strict=True))
            ],
            kinds=kinds,
            letters=[LETTERS[role] for role in ROLES],
            chosen=own,
            joined=nearest,
            names=[head_name(*places[head]) for head in [own, *nearest]],
            title=_("Every head of {name} on this text").format(name=scene.model.name),
            subtitle=_("near: alike weights; lines: to the {n} most alike").format(n=len(nearest)),
            axes=(_("first axis, in units of distance"), _("second axis")),
            theme=scene.theme,
        ),
    )
    show.figure(
        drawn,
        "dots",
        _("All heads as dots of a plane, near where they are alike"),
        lambda dot: heads.go_to(places[dot]),
    )


def _kept(laid: Flat) -> str:
    return _(
        "**Heads near on the map may be far in truth**: its distances are off by **{stress:.0%}** of a typical one "
        "(√(Σ(d − d̂)² / Σd²), d the true ones), and its two axes keep {kept:.0%} of the eigenvalues by size. "
        "The lines lead to the nearest in truth (classical scaling, Torgerson 1952)."
    ).format(kept=laid.kept, stress=laid.stress)


def _around(scene: Scene, found: Likeness, laid: Flat) -> str:
    """How true the map is around the chosen head."""
    places, own = heads.of(scene), heads.chosen(scene)
    truth, shown = found.order(own), _on_map(laid, own)
    count = min(5, len(truth) - 1)
    both = len(set(truth[:count]) & set(shown[:count]))
    said = _(
        "Of the {count} dots nearest to {head} on the map, **{both}** are among its {count} most alike heads."
    ).format(count=count, head=scene.choice.name, both=both)
    if shown[0] == truth[0]:
        return said
    rank = int(np.flatnonzero(truth == shown[0])[0]) + 1
    words = _(
        "Its nearest dot, {near}, is in truth number {rank} (likeness {size:.2f}); the most alike is {best} "
        "({most:.2f})."
    )
    return (
        said
        + " "
        + words.format(
            near=head_name(*places[shown[0]]),
            rank=rank,
            size=1 - found.distances[own, shown[0]],
            best=head_name(*places[truth[0]]),
            most=1 - found.distances[own, truth[0]],
        )
    )


def _on_map(laid: Flat, own: int) -> np.ndarray:
    """The other heads, the nearest on the map first."""
    order = np.argsort(between(laid.points)[own], kind="stable")
    return np.asarray(order[order != own])


def _maps(scene: Scene, found: Likeness, laid: Flat) -> None:
    places, own = heads.of(scene), heads.chosen(scene)
    nearest, dot = found.order(own)[0], _on_map(laid, own)[0]
    shown = [(places[own], _("the chosen head")), (places[nearest], _("most alike"))]
    if dot != nearest:
        shown.append((places[dot], _("nearest dot")))
    heads.thumbnails(scene, shown, "around")


def _legend(scene: Scene, roles: Roles) -> str:
    looks = names(scene.model.both_sides)
    found = [f"**{LETTERS[role]}** {looks[role]} ({len(members)})" for role, members in by_role(roles).items()]
    if not found:
        return _("No head has a letter: no simple pattern gets enough of its weight on this text.")
    return " · ".join(found) + " · " + _("grey: none of these")
