"""What the parts of the page draw alike: a map of a layer, a grid of all heads, a list of the strongest."""

from collections.abc import Hashable
from typing import Any

import numpy as np
import streamlit as st
from torch import Tensor

from viz_core.figures import attention_heatmap
from viz_core.figures.ranked import ranked_bars
from viz_core.language import _
from viz_core.ui import maps, show, state, store
from viz_core.ui.mechanism.many_heads import heads
from viz_core.ui.roles import head_name
from viz_core.ui.scene import Scene

MOST_BARS = 12


def definition(formula: str, means: str, source: str, not_said: str) -> None:
    """Below the pictures: what is measured, who thought of it, and what it does not say."""
    st.divider()
    with st.container(key="explain"):
        left, right = st.columns([1, 1.2], vertical_alignment="center", gap="medium")
        left.latex(formula)
        right.markdown(means)
    st.caption(":material/block: **" + _("Does not say:") + f"** {not_said}  \n:material/menu_book: {source}")


def cells(
    scene: Scene, key: str, values: Tensor, title: str, subtitle: str, *, of: tuple[Hashable, ...], **rule: Any
) -> str:
    """A map [query, key] of more than one head; `of` is all it depends on besides text, theme and window."""
    identity = (scene.model.name, scene.model.revision, scene.text, scene.theme, scene.window)
    rule = {"title": title, "subtitle": subtitle, "theme": scene.theme, "window": scene.window} | rule
    drawn = store.figure((key, *identity, *of), lambda: attention_heatmap(values.float().numpy(), scene.tokens, **rule))
    said = f"{title}. {subtitle}"
    show.figure(drawn, key, said, cells=lambda: maps.every(values.float(), scene.tokens, rule))
    return key


def grid(scene: Scene, values: Tensor, *, title: str, unit: str, line: str, signed: bool, key: str) -> None:
    """A number for every head, [layer, head], NaN where there is none; a click chooses the head."""
    st.markdown(f"**{title}**")
    heads.chooser(scene, values.float().numpy(), unit=unit, line=line, signed=signed, key=key)


def strongest(scene: Scene, values: Tensor, *, title: str, subtitle: str, signed: bool, key: str) -> None:
    """The heads with the largest numbers, the chosen one marked; a click on a bar chooses its head."""
    sizes = values.abs().nan_to_num(-1).flatten()
    order = [place for place in sizes.argsort(descending=True, stable=True).tolist() if sizes[place] >= 0][:MOST_BARS]
    places = [divmod(place, values.shape[1]) for place in order]
    here = (scene.choice.layer, scene.choice.head)

    def choose(bar: int) -> None:
        layer, head = places[bar]
        state.show(layer=layer, head=head)

    drawn = ranked_bars(
        [head_name(*place) for place in places],
        np.array([float(values[place]) for place in places], np.float32),
        title=title,
        subtitle=subtitle,
        theme=scene.theme,
        pale=[place != here for place in places] if here in places else (),
        signed=signed,
    )
    show.figure(drawn, key, f"{title}. {subtitle}", choose)
