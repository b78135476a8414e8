"""Maps on a page: drawn once for everything they depend on, each under a key that the page's bridge may link."""

from collections.abc import Hashable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
import streamlit as st
from torch import Tensor

from viz_core.figures import Curve, attention_heatmap, curves, numbered, vectors_heatmap
from viz_core.figures.taken import Cells
from viz_core.language import _
from viz_core.ui import show, store
from viz_core.ui.scene import Scene

CLIPPED = 0.99  # a few components of the residual are many times larger than all others: colours end below them
Line = tuple[str, Tensor, dict[str, Any]]  # a name, values [seq], and how the `Curve` is drawn


def explain(formula: str, *sentences: str) -> None:
    with st.container(key="explain"):
        left, right = st.columns([1, 1.2], vertical_alignment="center", gap="medium")
        left.latex(formula)
        right.markdown(" ".join(sentences))


def vectors(
    scene: Scene, key: str, values: Tensor, title: str, subtitle: str, *, of: Hashable = None, **rule: Any
) -> str:
    """A map of one vector a row; `rule` goes to `vectors_heatmap`. `of` is what it depends on besides the scene's head,
    its text and `rule`, e.g. edits."""
    usual: dict[str, Any] = {"tokens": scene.tokens, "height": min(440, 150 + 22 * len(scene.tokens))}
    rule = {"title": title, "subtitle": subtitle, "theme": scene.theme} | usual | rule
    drawn = store.figure(_identity(scene, key, of, rule), lambda: vectors_heatmap(values.numpy(), **rule))
    show.figure(drawn, key, f"{title}. {subtitle}", cells=lambda: Cells(values.numpy(), rule["tokens"]))
    return key


def cells(
    scene: Scene, key: str, values: Tensor, title: str, subtitle: str, *, of: Hashable = None, **rule: Any
) -> str:
    """A map of one stage of the chosen head, [query, key]; `rule` goes to `attention_heatmap`, `of` as above."""
    rule = {"title": scene.title(title), "subtitle": subtitle, "theme": scene.theme, "window": scene.window} | rule
    drawn = store.figure(
        _identity(scene, key, of, rule), lambda: attention_heatmap(values.numpy(), scene.tokens, **rule)
    )
    show.figure(drawn, key, f"{rule['title']}. {subtitle}", cells=lambda: every(values, scene.tokens, rule))
    return key


def every(values: Tensor, tokens: Sequence[str], rule: Mapping[str, Any]) -> Cells:
    """All that a map of cells is drawn from, by the `rule` that went to `attention_heatmap`."""
    n_query, n_key = values.shape
    rows = rule.get("rows") or tokens[-n_query:]
    return Cells(values.numpy(), rows, tokens[:n_key], rule.get("allowed"), dict(rule.get("also") or {}))


def by_row(scene: Scene, key: str, drawn: Sequence[Line], *, title: str, subtitle: str, unit: str) -> None:
    """A number for each token, as curves; of fewer values than tokens, for the first ones."""
    length = max(len(values) for _name, values, _look in drawn)
    figure = curves(
        [Curve(name, np.arange(len(values)), values.numpy(), **look) for name, values, look in drawn],
        title=title,
        subtitle=subtitle,
        x_title=_("row (query)"),
        y_title=unit,
        names=numbered(scene.tokens[:length]),
        theme=scene.theme,
        zero=True,
    )
    show.figure(figure, key, f"{title}. {subtitle}")


def _identity(scene: Scene, key: str, of: Hashable, rule: dict[str, Any]) -> tuple[Hashable, ...]:
    settings = tuple((name, repr(rule[name])) for name in sorted(rule) if name not in {"tokens", "allowed", "also"})
    allowed = rule.get("allowed")
    cells = None if allowed is None else blake2b(np.packbits(allowed).tobytes()).digest()
    return (*scene.choice.identity(scene.model, scene.text), key, of, cells, *settings)
