"""The control and the map."""

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from viz_core.figures.reading import reading_heatmap
from viz_core.figures.taken import Cells
from viz_core.language import _
from viz_core.ui import maps, settings, show, store, waiting
from viz_core.ui.reading import aim, asked, words
from viz_core.ui.reading.aim import Aim
from viz_core.ui.reading.asked import Reading
from viz_core.ui.reading.numbers import Read, missing, read
from viz_core.ui.scene import Scene
from viz_core.ui.workshop import Progress


def control(scene: Scene, *, of_map: bool = True) -> None:
    """The button that opens the settings; it cannot be pressed where no map is shown."""
    if not of_map:
        reason = _("Lines show the weights of tokens as they are: this is for the map.")
        st.button(_("Show as"), icon=":material/tune:", key="no-reading", disabled=True, help=reason)
        return
    with st.popover(_("Show as"), icon=":material/tune:", key="reading"):
        measure = settings.one_of("measure", _("Each cell is"), asked.measures(predicts=scene.model.predicts))
        if measure == "gradient":
            aim.choosers(scene)
        settings.one_of("of_words", _("Rows and columns are"), asked.units())
        settings.one_of("first", _("The first token or word is"), asked.firsts(measure))
        st.caption(_("Heads that find nothing often look at the first token; hiding it shows what else they look at."))


def weights_map(
    scene: Scene,
    key: str,
    *,
    subtitle: str = "",
    scores: bool = False,
    above: Callable[[], None] | None = None,
) -> list[str]:
    """Draw the weights of the scene's head, as the model has them, the way the visitor reads them; returns the keys of
    the maps that the page's bridge links.

    subtitle  of the plain map
    scores    whether the plain map's hover tells the scores too
    above     draws what stands over the map, with `control(scene)` in it; the control alone unless said otherwise
    """
    reading, over = asked.now(predicts=scene.model.predicts), above or (lambda: control(scene))
    if reading.plain:
        return [_plain(scene, key, subtitle or _("row looks at column; each row sums to 1"), over, scores=scores)]
    over()
    reason = missing(scene, reading)
    if reason:
        st.info(reason, icon=":material/info:")
        return []
    toward = aim.chosen(scene) if reading.measure == "gradient" else None
    place = st.container()
    if toward is not None:
        _compute_gradients(scene, toward)  # its bar stands after the place, which is empty so long
    of = (*scene.choice.identity(scene.model, scene.text), reading, toward)
    found = store.finding(("reading", *of), lambda: read(scene, reading, toward))
    title, (said, more) = scene.title(words.title(reading)), words.subtitle(reading, found, toward)
    drawn = store.figure(
        ("reading", *of, key, scene.theme, scene.window),
        lambda: _figure(scene, reading, found, title=title, subtitle=said, more=more),
    )
    with place:
        show.figure(drawn, key, ". ".join(filter(None, (title, said, more))), cells=lambda: _cells(found))
        st.caption(words.caption(scene, reading, found, toward), help=words.sources(reading))
    return [key]


def _plain(scene: Scene, key: str, subtitle: str, over: Callable[[], None], *, scores: bool) -> str:
    stages = store.stages(scene.model, scene.text, scene.choice.layer, scene.choice.head)
    told = {_("score"): stages.scores[0].numpy(), _("scaled"): stages.scaled_scores[0].numpy()}
    over()  # only now: what comes in one go is laid out in one go
    return maps.cells(
        scene,
        key,
        stages.weights[0],
        _("weights"),
        subtitle,
        of=scores,
        unit=_("weight"),
        weights=True,
        allowed=scene.allowed.numpy(),
        also=told if scores else None,
    )


def _compute_gradients(scene: Scene, toward: Aim) -> None:
    """Where they are not in the store yet, telling how far it is."""

    def said(progress: Progress) -> str:
        words = _("Computing gradients: layer {done} of {total}")
        return words.format(done=progress.done + 1, total=progress.total) if progress.total else _("Computing …")

    with waiting.shown(st.container(), "gradients", said, lambda: settings.keep("measure", "")) as report:
        store.gradients(scene.model, scene.text, toward.row, toward.token_id, report)


def _cells(found: Read) -> Cells:
    also = {_("weight"): found.weights.numpy()}
    return Cells(found.values.numpy(), found.names, found.names, found.allowed.numpy(), also)


def _figure(scene: Scene, reading: Reading, found: Read, *, title: str, subtitle: str, more: str) -> go.Figure:
    shares, left_out = reading.measure == "weights", reading.first != "shown"
    values = found.values.numpy()
    return reading_heatmap(
        values,
        found.names,
        title=title,
        subtitle=subtitle,
        more=more,
        theme=scene.theme,
        unit=words.unit(reading.measure),
        weights=shares,
        from_zero=reading.measure in {"values", "output"},
        limit=float(np.nanmax(values)) if shares and reading.first == "hidden" else None,
        allowed=found.allowed.numpy(),
        also=None if shares else {_("weight"): found.weights.numpy()},
        window=None if reading.words else scene.window,
        hidden=found.first.numpy() if left_out else None,
        said=words.hidden(found),
        starts=found.starts,
    )
