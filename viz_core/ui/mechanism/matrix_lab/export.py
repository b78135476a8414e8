"""The experiment to take along: a program that gives its numbers, and each stage as CSV."""

import streamlit as st

from viz_core import matrices
from viz_core.analysis import snippets
from viz_core.analysis.lab import Experiment
from viz_core.language import _
from viz_core.ui import settings


def export(experiment: Experiment) -> None:
    with st.expander(
        _("Take it along: a program that gives these numbers, and each stage as CSV"), icon=":material/code:"
    ):
        library = settings.one_of("snippet", _("In"), {"pytorch": "PyTorch", "numpy": "NumPy"}, hidden=True)
        program = (snippets.pytorch if library == "pytorch" else snippets.numpy)(experiment)
        st.code(program, language="python")
        with st.container(horizontal=True, gap="small"):
            st.download_button(
                _("Program"), program, f"attention_{library}.py", icon=":material/download:", on_click="ignore"
            )
            for name, stage in zip(snippets.STAGES, experiment.stages, strict=True):
                st.download_button(
                    f"{name}.csv",
                    matrices.lines(stage[0]),
                    f"{name}.csv",
                    key=f"csv-{name}",
                    on_click="ignore",
                )
