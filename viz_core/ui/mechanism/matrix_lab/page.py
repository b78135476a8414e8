"""The lab: inputs on top, the chain below them as a strip, one cell followed through all of it."""

import re
from pathlib import Path

import streamlit as st

from viz_core.analysis.lab import Experiment
from viz_core.language import _
from viz_core.matrices import addressed
from viz_core.ui import frame, parts, settings, show, state, themes
from viz_core.ui.components.bridge import bridge
from viz_core.ui.mechanism.matrix_lab import export, inputs, stages
from viz_core.ui.mechanism.matrix_lab.stages import Seen

STYLE = (Path(__file__).parent / "formulas.css").read_text(encoding="utf-8")
CELL = re.compile(r"([0-9]{1,2})(?:-([0-9]{1,2}))?")


def show_page(name: str) -> None:
    with frame.page(name):
        if st.session_state["new page"]:
            inputs.forget_edits()
        frame.live(_lab)()


def _lab(_view: state.View) -> None:
    experiment = inputs.asked()
    given = " ".join(f"{name} {addressed(matrix)}" for name, matrix in experiment.matrices.items())
    of = f"{given} {experiment.divisor} {experiment.causal} {experiment.wrong_axis}"
    n, m = experiment.stages.scores.shape[-2:]
    query, key = _cell(experiment)
    seen = Seen(experiment, of, query, key, themes.theme())
    step = parts.strip(stages.parts(experiment), name="stage", says=_("Stage of the computation"))
    st.html(f"<style>{STYLE}</style>")
    with st.container(key="lab"):
        linked = step.draw(seen)
    if not experiment.wrong_axis:
        show.badge(experiment.record, ("lab", of))
    export.export(experiment)
    bridge(
        linked,
        of=given,
        chosen={"layer": 0, "head": 0, "query": query, "key": key},
        limits={"layer": 1, "head": 1, "query": n, "key": m},
        on_choose=lambda query, key, **_head: settings.keep("cell", f"{query}-{key}" if key >= 0 else str(query)),
        on_window=lambda _part: None,
    )


def _cell(experiment: Experiment) -> tuple[int, int]:
    """The chosen one; without a column the one that the row looks at most."""
    n, m = experiment.stages.scores.shape[-2:]
    said = CELL.fullmatch(state.setting("cell"))
    query = min(int(said[1]), n - 1) if said else 0
    key = min(int(said[2]), m - 1) if said and said[2] else int(experiment.stages.weights[0, query].argmax())
    return query, key
