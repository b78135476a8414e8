"""Cells that a row may not look at: grey under lines, so that no colour need be seen to tell them from weight 0."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from viz_core.figures import palette
from viz_core.figures.palette import ThemeName

PITCH, LINE = 6, 1.0  # pixels from line to line, and of a line


def hatching(theme: ThemeName, across: Sequence[float], down: Sequence[float]) -> dict[str, Any]:
    """A picture under a map from `across[0]` to `across[1]` and from the top, `down[0]`, to `down[1]`, for the layout's
    `images`; it is seen where nothing is drawn. It has no size of its own: its lines stay as they are in every zoom."""
    return {
        "source": _source(theme),
        "layer": "below",
        "xref": "x",
        "yref": "y",
        "x": across[0],
        "y": down[0],
        "sizex": across[1] - across[0],
        "sizey": down[1] - down[0],
        "sizing": "stretch",
    }


def _source(theme: ThemeName) -> str:
    ground, ink = palette.NOT_ALLOWED[theme], palette.HATCH[theme]
    pattern = (
        f'<pattern id="h" width="{PITCH}" height="{PITCH}" '
        'patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">'
        f'<rect width="{PITCH}" height="{PITCH}" fill="{ground}"/><rect width="{LINE}" height="{PITCH}" fill="{ink}"/>'
        "</pattern>"
    )
    return "data:image/svg+xml," + quote(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="100%">{pattern}'
        '<rect width="100%" height="100%" fill="url(#h)"/></svg>'
    )
