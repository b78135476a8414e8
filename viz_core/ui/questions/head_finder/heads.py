"""What the parts of the page know of every head, and how they show and choose one."""

from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from viz_core.analysis.finder import Place, Spread, places, spread
from viz_core.analysis.heads import ROLES
from viz_core.analysis.similar import Likeness, cells_compared, likeness
from viz_core.figures.pictures import picture
from viz_core.language import _
from viz_core.models import Model
from viz_core.recording import Recording
from viz_core.ui import head_roles, long_work, state, store, waiting
from viz_core.ui.components.head_map import head_map
from viz_core.ui.mechanism.many_heads.heads import letters, says
from viz_core.ui.roles import NONE, Roles, head_name, names
from viz_core.ui.scene import Scene
from viz_core.ui.workshop import Progress, Report

AT_ONCE = 60_000_000  # cells of pairs of heads, some 0.2 s: more are compared when the visitor asks
THUMBNAIL = 128  # pixels


def prepare(model: Model, text: str, recording: Recording) -> None:
    """Look at all heads, in a run of the whole page: its progress is shown, a new sentence ends it."""
    place = st.container()
    if store.measured(_key(model, text)) is not None:
        return
    with waiting.shown(place, "all-heads", _looking) as report:
        store.all_heads(model, text, report=report)
        _spread(model, text, recording, report)


def spread_of(scene: Scene) -> Spread:
    return _spread(scene.model, scene.text, scene.recording)


def _spread(model: Model, text: str, recording: Recording, report: Report | None = None) -> Spread:
    heavy = store.is_heavy_to_derive(model, len(recording.token_ids))
    return store.measurement(_key(model, text), lambda note: spread(recording, note), report, heavy=heavy)


def _key(model: Model, text: str) -> tuple[str, str, str, str]:
    return ("spread of heads", model.name, model.revision, text)


def roles_of(scene: Scene) -> Roles:
    return head_roles.roles_of(scene.model, scene.text)


def of(scene: Scene) -> list[Place]:
    return places(scene.recording)


def chosen(scene: Scene) -> int:
    """The chosen head among all."""
    return of(scene).index((scene.choice.layer, scene.choice.head))


def go_to(place: Place) -> None:
    """For callbacks."""
    state.show(layer=place[0], head=place[1], key=-1)


def likeness_of(scene: Scene) -> Likeness | None:
    """None, and a button, where that takes long and nobody asked."""
    recording, count = scene.recording, len(places(scene.recording))
    return long_work.measured(
        ("likeness of heads", scene.model.name, scene.model.revision, scene.text),
        lambda note: likeness(recording, note),
        says=_comparing,
        at_once=cells_compared(recording) <= AT_ONCE,
        offer=_("Compare all {pairs:,} pairs of heads").format(pairs=count * (count - 1) // 2),
    )


def table(scene: Scene, values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Of one number a head: [layer, head]."""
    found = of(scene)
    laid = np.full((1 + max(layer for layer, _h in found), 1 + max(head for _l, head in found)), np.nan, np.float32)
    for place, value in zip(found, values, strict=True):
        laid[place] = value
    return laid


def kinds(scene: Scene, roles: Roles) -> NDArray[np.uint8]:
    """The role that each head is marked with, as an index of ROLES, or NONE."""
    marks = roles.marks()
    return np.array([marks[place] for place in of(scene)], np.uint8)


def chooser(scene: Scene, values: NDArray[np.float64], *, unit: str, line: str, key: str, most: float = 0.0) -> None:
    """A map of one share for each head, where a click chooses one; `line` says a value, e.g. "likeness {}"."""
    roles, laid = roles_of(scene), table(scene, values)
    head_map(
        laid,
        unit=unit,
        says=says(scene, roles, {line: laid}),
        marks=roles.marks(),
        letters=letters(),
        most=most,
        key=key,
    )


def described(scene: Scene, place: Place, mark: int) -> str:
    """A head's name, and what it looks at."""
    looks = [] if mark == NONE else [_("looks at {what}").format(what=names(scene.model.both_sides)[ROLES[mark]])]
    return " · ".join([head_name(*place), *looks])


def thumbnails(scene: Scene, shown: Sequence[tuple[Place, str]], key: str) -> None:
    """Small maps side by side, each over a button that goes there; with what each says."""
    with st.container(horizontal=True, gap="small", key=key):
        for place, says in shown:
            with st.container(width=THUMBNAIL + 12, gap="xsmall"):
                source = store.finding(
                    ("thumbnail", scene.model.name, scene.model.revision, scene.text, place, scene.theme),
                    lambda place=place: _thumbnail(scene, place),  # type: ignore[misc]
                )
                alternative = escape(_("weights of {head}").format(head=head_name(*place)), quote=True)
                st.html(
                    f"<img src='{source}' alt='{alternative}' width={THUMBNAIL} height={THUMBNAIL} "
                    "style='image-rendering: pixelated; border-radius: 3px'>"
                )
                own = place == (scene.choice.layer, scene.choice.head)
                st.button(
                    head_name(*place),
                    key=f"{key}-{place[0]}-{place[1]}",
                    disabled=own,
                    width="stretch",
                    on_click=go_to,
                    args=(place,),
                )
                st.caption(says)


def _thumbnail(scene: Scene, place: Place) -> str:
    record = scene.recording.blocks[place[0]].attention.head(place[1])
    allowed = record.allowed.expand(1, *scene.choice.size)[0]
    return picture(record.weights[0].numpy(), theme=scene.theme, weights=True, allowed=allowed.numpy())


def _looking(progress: Progress) -> str:
    if not progress.total:
        return _("Looking at all heads …")
    words = _("Looking at all heads: layer {done} of {total}")
    return words.format(done=progress.done + 1, total=progress.total)


def _comparing(progress: Progress) -> str:
    if not progress.total:
        return _("Comparing all pairs of heads …")
    words = _("Comparing all pairs of heads: row {done:,} of {total:,}")
    return words.format(done=progress.done + 1, total=progress.total)
