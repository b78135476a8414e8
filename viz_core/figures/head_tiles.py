"""All heads in one figure that is hovered and zoomed like any other: a tile for each, layers down, heads across."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from viz_core.figures import palette
from viz_core.figures.hatched import hatching
from viz_core.figures.heatmaps import CLEAR, COLOURBAR, Array, axis_title, colourbar, layout
from viz_core.figures.labels import tick_text
from viz_core.figures.palette import ThemeName
from viz_core.language import _

GAP = 0.08  # of a tile, between two
WIDE, LARGEST = 860, 150  # pixels: of all tiles, of one
LEFT = 54  # pixels for the numbers of layers


def head_tiles(
    tiles: Sequence[Array],
    *,
    layers: Sequence[int],
    allowed: Sequence[NDArray[np.bool_]],
    rows: Sequence[str],
    columns: Sequence[str],
    size: int,
    title: str,
    subtitle: str,
    theme: ThemeName,
) -> go.Figure:
    """tiles  [head, row, column] for each layer, weights; layers may differ in heads

    layers   their numbers
    allowed  bool [row, column] for each layer; False is drawn in the "not allowed" grey
    size     a cell stands for size × size of the map: the names are those of all tokens
    """
    down, across = tiles[0].shape[1:]
    gap = max(1, round(GAP * max(down, across)))
    heads = max(len(layer) for layer in tiles)
    pitch = down + gap, across + gap
    drawn = np.full((len(tiles) * pitch[0] - gap, heads * pitch[1] - gap), np.nan, dtype=np.float32)
    grey = np.zeros(drawn.shape, dtype=np.uint8)
    for i, (layer, may) in enumerate(zip(tiles, allowed, strict=True)):
        for j, weights in enumerate(layer):
            place = np.s_[i * pitch[0] : i * pitch[0] + down, j * pitch[1] : j * pitch[1] + across]
            drawn[place] = np.where(may, weights, np.nan)
            grey[place] = ~may
    looks = _("{row} looks at {column}").format(row="%{y}", column="%{x}")
    strongest = _("strongest: {number}").format(number="<b>%{z:.4~g}</b>") if size > 1 else "<b>%{z:.4~g}</b>"
    colours = [(0, palette.BACKGROUND[theme]), (1, CLEAR)]  # there the hatching is seen
    below = go.Heatmap(z=grey, zmin=0, zmax=1, colorscale=colours, showscale=False, hoverinfo="skip")
    above = go.Heatmap(
        z=drawn,
        colorscale=_by_root(palette.WEIGHTS[theme]),
        zmin=0,
        zmax=1,
        hoverongaps=False,
        hovertemplate=f"{looks}<br>{_('weight')} {strongest}<extra></extra>",
        colorbar=colourbar(_("weight"), 0, 1, theme),
    )
    tile = min(LARGEST, WIDE / heads)
    note = _("each cell: the strongest of {size} × {size}").format(size=size) if size > 1 else ""
    frame = layout(title, subtitle, theme, 0, note=note)
    top = frame["margin"]["t"] + 22
    plain = {"showgrid": False, "zeroline": False, "ticks": "", "showticklabels": False, "constrain": "domain"}
    names = _names(rows, size), _names(columns, size)
    frame |= {
        "height": round(top + COLOURBAR + 12 + tile * len(tiles) * down / across),
        "dragmode": "zoom",
        "margin": frame["margin"] | {"t": top, "l": LEFT, "b": COLOURBAR + 12},
        "xaxis": plain
        | _hovered([f"H{head} {name}" for head in range(heads) for name in [*names[1], *[""] * gap]])
        | {"range": [-0.5, drawn.shape[1] - 0.5], "constraintoward": "left"},
        "yaxis": plain
        | _hovered([f"L{layer} {name}" for layer in layers for name in [*names[0], *[""] * gap]])
        | {"range": [drawn.shape[0] - 0.5, -0.5], "constraintoward": "top", "scaleanchor": "x"},
        "annotations": [
            *(_beside(f"H{head}", head * pitch[1] + (across - 1) / 2, "x", theme) for head in range(heads)),
            *(_beside(f"L{layer}", i * pitch[0] + (down - 1) / 2, "y", theme) for i, layer in enumerate(layers)),
        ],
    }
    frame["images"] = [hatching(theme, (-0.5, drawn.shape[1] - 0.5), (-0.5, drawn.shape[0] - 0.5))]
    return go.Figure([below, above], frame)


def _by_root(stops: list[str]) -> list[tuple[float, str]]:
    """Colours by √weight: in small pictures faint weights are seen, and the numbers stay weights."""
    return [(at**2, colour) for at, colour in palette.colorscale(stops)]


def _names(tokens: Sequence[str], size: int) -> list[str]:
    if size == 1:
        return [f"“{tick_text(token)}” ({index})" for index, token in enumerate(tokens)]
    spans = [(first, min(first + size, len(tokens)) - 1) for first in range(0, len(tokens), size)]
    return [f"“{tick_text(tokens[a])} … {tick_text(tokens[b])}” ({a}–{b})" for a, b in spans]


def _hovered(names: list[str]) -> dict[str, object]:
    return {"tickmode": "array", "tickvals": np.arange(len(names), dtype=np.float32), "ticktext": names}


def _beside(name: str, place: float, axis: str, theme: ThemeName) -> dict[str, object]:
    where: dict[str, object] = (
        {"x": place, "yref": "paper", "y": 1, "yanchor": "bottom"}
        if axis == "x"
        else {"y": place, "xref": "paper", "x": 0, "xanchor": "right", "xshift": -4}
    )
    return where | {"text": name, "font": axis_title(name, theme)["font"], "showarrow": False}
