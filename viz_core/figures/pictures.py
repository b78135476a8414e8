"""Maps too small for axes: an array as a picture whose pixels are its cells, for drawings made of many such."""

from base64 import b64encode
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viz_core.figures import palette
from viz_core.figures.heatmaps import strongest
from viz_core.figures.palette import ThemeName

MOST = 192  # pixels along an edge; of a larger array each pixel is the strongest of several cells
LEVELS = 254  # colours; two more are what is not allowed and the lines on it
LINES = 6  # pixels from line to line


def picture(
    values: NDArray[np.float32],
    *,
    theme: ThemeName,
    limit: float = 1.0,
    weights: bool = False,
    allowed: NDArray[np.bool_] | None = None,
) -> str:
    """A PNG of [row, column] as a data URI, row 0 on top; colours as in the maps with axes.

    limit    signed values are coloured from −limit to limit; weights from 0 to 1
    allowed  where False the cell is the hatched grey of what is not allowed; each cell is several pixels then
    """
    down, across = (-(-side // MOST) for side in values.shape)
    shown, _which = strongest(
        values if allowed is None else np.where(allowed, values, np.float32(np.nan)), down, across
    )
    share = shown if weights else 0.5 + 0.5 * shown / limit
    levels = np.clip(np.nan_to_num(share) * (LEVELS - 1), 0, LEVELS - 1).round().astype(np.uint8)
    if allowed is not None:
        levels[np.isnan(shown)] = LEVELS
        levels = _hatched(levels)
    stops = (palette.WEIGHTS if weights else palette.SIGNED)[theme]
    colours = (
        np.vstack([_ramp(stops), _rgb(palette.NOT_ALLOWED[theme]), _rgb(palette.HATCH[theme])]).round().astype(np.uint8)
    )
    image, written = Image.fromarray(levels), BytesIO()
    image.putpalette(colours.tobytes())
    image.save(written, "PNG")
    return "data:image/png;base64," + b64encode(written.getvalue()).decode()


def _hatched(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    times = max(1, MOST // max(levels.shape))
    fine = levels.repeat(times, axis=0).repeat(times, axis=1)
    row, column = np.indices(fine.shape)
    fine[(fine == LEVELS) & ((row + column) % LINES == 0)] = LEVELS + 1
    return fine


def _ramp(stops: list[str]) -> NDArray[np.float64]:
    at = np.linspace(0, len(stops) - 1, LEVELS)
    channels = np.array([_rgb(stop) for stop in stops], dtype=float)
    return np.stack([np.interp(at, np.arange(len(stops)), channels[:, c]) for c in range(3)], axis=-1)


def _rgb(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
