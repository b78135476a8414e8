"""Whether a map shows what viz_core computes of that visitor's own text, and of nobody else's."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import viz_core
from viz_core.edits import AS_IT_IS, Edits
from viz_core.figures.labels import tick_text
from viz_core.models import Model
from viz_core.models.start import place_in
from viz_core.recording import Recording

ROUNDING = 1e-5  # float32, summed in another order


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a map must show: the weights of a head; −1: the one that a page shows first."""

    text: str
    layer: int = -1
    head: int = -1
    model: str = "tiny-gpt"
    edits: Edits = AS_IT_IS


@lru_cache(maxsize=16)
def model_of(name: str) -> Model:
    model = viz_core.load(name, sources=["bundled"])
    assert isinstance(model, Model)
    return model


@lru_cache(maxsize=256)
def recorded(name: str, text: str, edits: Edits) -> Recording:
    return model_of(name).record(text, edits)


def wrong(seen: Seen, cells: NDArray[np.float32], names: list[str]) -> str:
    """What a map of weights [query, key], its columns so named, has wrong; "" for nothing."""
    recording = recorded(seen.model, seen.text, seen.edits)
    plain = recorded(seen.model, seen.text, AS_IT_IS)
    layer, head, _query, _key = place_in(
        model_of(seen.model), plain, layer=seen.layer, head=seen.head, query=-1, key=-1
    )
    record = recording.blocks[layer].attention.head(head)
    weights = record.weights[0].numpy()
    if cells.shape != weights.shape:
        return f"{cells.shape} cells for {len(recording.tokens)} tokens: {seen}"
    if names != [unescape(tick_text(token)) for token in recording.tokens]:
        return f"tokens {names}, not {list(recording.tokens)}: {seen}"
    allowed = record.allowed.expand(1, *weights.shape)[0].numpy()
    if np.isnan(cells[allowed]).any() or np.abs(cells[~allowed]).sum() > 0:  # grey cells are NaN, or 0
        return f"the mask is another one: {seen}"
    difference = float(np.abs(cells - weights)[allowed].max(initial=0))
    return f"weights differ by {difference:.2g}: {seen}" if difference > ROUNDING else ""


def map_in(figure: Mapping[str, Any]) -> tuple[NDArray[np.float32], list[str]]:
    """The cells of a figure's map, and the names of its columns."""
    maps = [trace for trace in figure["data"] if trace["type"] == "heatmap" and trace["z"].dtype == np.float32]
    return maps[-1]["z"], [unescape(name) for name in figure["layout"]["xaxis"]["ticktext"]]


def modest() -> None:
    """Of a process that checks while something else is measured: it takes what processor is left, and one at that."""
    os.nice(10)
    torch.set_num_threads(1)


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least this share of all does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)] if values else math.nan
