"""Heads that look like the chosen one on this text, and those that look least like it."""

import numpy as np
import streamlit as st

from viz_core.analysis.heads import ROLES
from viz_core.analysis.similar import Likeness
from viz_core.figures.ranked import ranked_bars
from viz_core.language import _
from viz_core.ui import maps, show
from viz_core.ui.questions.head_finder import heads
from viz_core.ui.roles import NONE, Roles, head_name, names
from viz_core.ui.scene import Scene

MOST, LEAST = 6, 3  # bars of the most and of the least alike
SHOWN, APART = 3, 2  # thumbnails of each


def like_this_one(scene: Scene) -> list[str]:
    maps.explain(
        r"1-\frac{1}{n}\sum_i\sqrt{\mathrm{JS}_2(\alpha^A_i,\,\alpha^B_i)}",
        _(
            "**Likeness** of two heads A and B: 1 minus the Jensen–Shannon distance of their weights (base 2), mean "
            "over rows. 1 = the same weights, 0 = not one key in common (Lin 1991; Endres & Schindelin 2003; of "
            "heads: Clark et al. 2019, section 6)."
        ),
    )
    if not _comparable(scene):
        return []
    found = heads.likeness_of(scene)
    if found is None:
        return []
    own = heads.chosen(scene)
    order = found.order(own)
    left, right = st.columns([1, 1.1], gap="large")
    with left:
        st.markdown("**" + _("How like {head} each head is").format(head=scene.choice.name) + "**")
        others = np.where(np.arange(len(found.distances)) == own, np.nan, 1 - found.distances[own])
        heads.chooser(scene, others, unit=_("likeness"), line=_("likeness {}"), key="likeness")
        st.markdown(_said(scene, found, heads.roles_of(scene)))
        caveat(found)
    with right:
        most = order[:MOST]
        _bars(scene, found, most, _("Most like {head}").format(head=scene.choice.name), "most")
        rest = order[len(most) :][-LEAST:][::-1]
        if len(rest):
            _bars(scene, found, rest, _("Least like {head}").format(head=scene.choice.name), "least")
    shown = [own, *order[:SHOWN], *order[SHOWN:][-APART:]]
    st.markdown("**" + _("Their maps: the chosen head, the most alike, the least alike") + "**")
    places = heads.of(scene)
    words = [
        _("the chosen head"),
        *(_("likeness {:.2f}").format(1 - found.distances[own, other]) for other in shown[1:]),
    ]
    heads.thumbnails(scene, [(places[head], said) for head, said in zip(shown, words, strict=True)], "thumbnails")
    return []


def _comparable(scene: Scene) -> bool:
    if len(heads.of(scene)) == 1:
        st.info(_("This model has a single head: there is none to compare it with."))
    elif len(scene.tokens) == 1:
        st.info(_("This text is a single token: every head can look at nothing but that, so all are alike."))
    else:
        return True
    return False


def _bars(scene: Scene, found: Likeness, shown: np.ndarray, title: str, key: str) -> None:
    places, own = heads.of(scene), heads.chosen(scene)
    drawn = ranked_bars(
        [head_name(*places[head]) for head in shown],
        1 - found.distances[own, shown],
        title=title,
        subtitle=_("likeness on this text; click a bar to go there"),
        theme=scene.theme,
        signed=False,
        texts=[f"{1 - found.distances[own, head]:.2f}" for head in shown],
        x_title=_("likeness"),
    )
    show.figure(drawn, key, title, lambda bar: heads.go_to(places[shown[bar]]))


def _said(scene: Scene, found: Likeness, roles: Roles) -> str:
    places, own = heads.of(scene), heads.chosen(scene)
    order = found.order(own)
    nearest, furthest = order[0], order[-1]
    if len(order) == 1:
        words = _("On this text {head} and the only other head, **{near}**, have a likeness of {most:.2f}.")
        near, most = head_name(*places[nearest]), 1 - found.distances[own, nearest]
        said = words.format(head=scene.choice.name, near=near, most=most)
        return f"{said} {_roles(scene, roles, own, nearest)}".strip()
    said = _(
        "On this text **{near}** looks most like {head} (likeness {most:.2f}), **{far}** least ({least:.2f}). Any two "
        "heads of the model: {median:.2f} (median)."
    ).format(
        head=scene.choice.name,
        near=head_name(*places[nearest]),
        most=1 - found.distances[own, nearest],
        far=head_name(*places[furthest]),
        least=1 - found.distances[own, furthest],
        median=1 - float(np.median(found.pairs())),
    )
    return f"{said} {_roles(scene, roles, own, nearest)}".strip()


def _roles(scene: Scene, roles: Roles, own: int, nearest: int) -> str:
    """Whether the two are marked with one role."""
    if not roles.stored:
        return ""
    marks, looks, places = heads.kinds(scene, roles), names(scene.model.both_sides), heads.of(scene)
    if marks[own] == marks[nearest] != NONE:
        return _("Both are known for looking at {what}.").format(what=looks[ROLES[marks[own]]])
    if NONE in (marks[own], marks[nearest]):
        return ""
    return _("Yet {head} is known for looking at {what}, {other} at {else_what}.").format(
        head=head_name(*places[own]),
        other=head_name(*places[nearest]),
        what=looks[ROLES[marks[own]]],
        else_what=looks[ROLES[marks[nearest]]],
    )


def caveat(found: Likeness) -> None:
    """What likeness does not say, and on which rows it was measured."""
    says = [
        _(
            "Alike on this text is not the same function: two heads may look at the same tokens and take different "
            "values from there, or part ways on another text."
        )
    ]
    if len(found.rows) < found.choosing:
        words = _("Compared on {some} of {all:,} rows, evenly apart, the first and the last among them.")
        says.append(words.format(some=len(found.rows), all=found.choosing))
    st.caption(" ".join(says))
