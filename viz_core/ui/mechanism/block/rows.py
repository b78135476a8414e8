"""Which tokens of a long text are drawn: a picture of a row a token has room for some dozens."""

from typing import Any

import streamlit as st

from viz_core.figures.steps import steps_heatmap
from viz_core.language import _
from viz_core.ui import show, store
from viz_core.ui.scene import Scene

MOST = 32  # rows whose names can be read
FIT = 7  # columns of words that a phone has room for; a map of more is as wide as it needs and scrolls in itself
BESIDE, STEP = 130, 62  # pixels: for the names of rows, for a column in which a word is written


def rows_near(query: int, n: int) -> slice:
    """At most MOST rows of n, the chosen one among them, as many before it as there are."""
    last = min(n, max(query + 1, MOST))
    return slice(max(0, last - MOST), last)


def say_which(scene: Scene, rows: slice) -> None:
    if rows.stop - rows.start < len(scene.tokens):
        words = _(
            "Tokens {first} to {last} of {n} are drawn: those up to the chosen one. Choose another row to move on."
        )
        st.caption(words.format(first=rows.start, last=rows.stop - 1, n=len(scene.tokens)))


def steps_map(scene: Scene, key: str, values: Any, steps: list[str], rows: slice, **rule: Any) -> str:
    """A map of [token, step], `values` those of `rows`; drawn once for everything it depends on."""
    of = (key, scene.model.name, scene.model.revision, scene.text, scene.theme, rows.start, rows.stop)
    told = tuple((name, repr(rule[name])) for name in sorted(rule) if name != "texts")
    drawn = store.figure(
        (*of, *told),
        lambda: steps_heatmap(values.numpy(), scene.tokens[rows], steps, first=rows.start, theme=scene.theme, **rule),
    )
    says = f"{rule['title']}. {rule['subtitle']}"
    if "texts" not in rule or len(steps) <= FIT:
        show.figure(drawn, key, says)
        return key
    width = BESIDE + STEP * len(steps)
    with st.container(key="wide"):
        st.html(f"<style>.st-key-wide {{ overflow-x: auto; }} .st-key-{key} {{ min-width: {width}px; }}</style>")
        show.figure(drawn, key, says)
    return key
