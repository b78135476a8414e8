"""Models that run by their own code: what can be shown of them, and words in place of what cannot."""

from collections.abc import Sequence

import streamlit as st

from viz_core.language import _
from viz_core.models import Model
from viz_core.ui import parts, show, state
from viz_core.ui.parts import Part, S


def strip(choices: Sequence[Part[S]], model: Model, *, name: str = "part", says: str = "") -> Part[S]:
    """As `parts.strip`; it begins with a part that can be drawn of this model."""
    possible = [part.name for part in choices if _can(part, model)]
    return parts.strip(choices, name=name, says=says, default=possible[0] if possible else "")


def drawn(part: Part[S], scene: S, model: Model) -> list[str]:
    """What `part` draws, or why it cannot, with a way on."""
    if _can(part, model):
        return part.draw(scene)
    with st.container(key="own-code"):
        st.info(_reason(part, model).format(model=show.literal(model.name)), icon=":material/lock:")
        st.button(
            _("See this part with {model}").format(model=state.View.model),
            key="own-model",
            on_click=lambda: state.show(model=state.View.model, layer=-1, head=-1),
        )
    return []


def _reason(part: Part[S], model: Model) -> str:
    if not part.of_any:
        return _(
            "{model} runs by its own code, which hands over each head's q, k, v, mask and scale, and nothing of what "
            "lies between: no weight matrices, norms or residual stream. This part needs them. Its heads are on "
            "Explore, Inside one head, Compare, Head finder and Beyond weights."
        )
    if "reads_for" in model.card:
        return _(
            "This part is about predictions. Shown of {model} is its encoder, which makes none: what it reads goes to "
            "the decoder, and that predicts the tokens."
        )
    return _("This part is about predictions, and {model} makes none: it reads a text and predicts no token.")


def _can(part: Part[S], model: Model) -> bool:
    return model.own or (part.of_any and (model.predicts or not part.predicts))
