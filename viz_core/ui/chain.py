"""The chain as a path: X → Q, K, V → scores → ÷√d → mask → softmax → ·V → concat → W_O, one clickable strip."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from viz_core.language import _
from viz_core.ui import state, steps
from viz_core.ui.scene import HeadScene


@dataclass(frozen=True)
class Step:
    name: str  # in the address
    label: Callable[[], str]
    draw: Callable[[HeadScene], list[str]]


STEPS = (
    Step("x", lambda: "X", steps.draw_input),
    Step("qkv", lambda: "Q, K, V", steps.draw_projections),
    Step("scores", lambda: "QKᵀ", steps.draw_scores),
    Step("scale", lambda: "÷ √dₖ", steps.draw_scaled),
    Step("mask", lambda: _("mask"), steps.draw_mask),
    Step("softmax", lambda: _("softmax"), steps.draw_softmax),
    Step("values", lambda: "· V", steps.draw_values),
    Step("output", lambda: _("concat · W_O"), steps.draw_output),
)


def strip(current: str) -> Step:
    """The path as a row of buttons, the step one is on lit; it stays in reach while the page scrolls."""
    by_name = {step.name: step for step in STEPS}
    chosen = current if current in by_name else STEPS[0].name
    if st.session_state.get("step") != chosen:
        st.session_state["step"] = chosen
    with st.container(key="chain"):
        st.segmented_control(
            _("Step of the computation"),
            list(by_name),
            format_func=lambda name: by_name[name].label(),
            key="step",
            required=True,
            label_visibility="collapsed",
            on_change=lambda: state.show(step=st.session_state["step"]),
        )
    return by_name[chosen]
