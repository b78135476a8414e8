"""Maps too small for axes: an array as a picture whose pixels are its cells, for drawings made of many such."""

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from viz_core.figures import palette
from viz_core.figures.palette import ThemeName

MOST = 192  # pixels along an edge; of a larger array each pixel is the strongest of several cells
LEVELS = 254  # colours; one more is what is not allowed


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
    allowed  where False the cell is "not allowed" grey
    """
    shown = _strongest(values)
    share = shown if weights else 0.5 + 0.5 * shown / limit
    levels = np.clip(np.nan_to_num(share) * (LEVELS - 1), 0, LEVELS - 1).round().astype(np.uint8)
    if allowed is not None:
        levels[~_strongest(allowed).astype(bool)] = LEVELS
    stops = (palette.WEIGHTS if weights else palette.SIGNED)[theme]
    colours = np.vstack([_ramp(stops), _rgb(palette.NOT_ALLOWED[theme])]).round().astype(np.uint8)
    return "data:image/png;base64," + base64.b64encode(_png(levels, colours)).decode()


def _strongest(values: NDArray[np.generic]) -> NDArray[np.float32]:
    down, across = (-(-side // MOST) for side in values.shape)
    cells: NDArray[np.float32] = values.astype(np.float32)
    if down * across == 1:
        return cells
    rows, columns = (-(-side // step) for side, step in zip(values.shape, (down, across), strict=True))
    room = [(0, rows * down - values.shape[0]), (0, columns * across - values.shape[1])]
    blocks = np.pad(cells, room).reshape(rows, down, columns, across).swapaxes(1, 2).reshape(rows, columns, -1)
    strongest: NDArray[np.float32] = np.take_along_axis(blocks, np.abs(blocks).argmax(-1)[..., None], axis=-1)[..., 0]
    return strongest


def _ramp(stops: list[str]) -> NDArray[np.float64]:
    at = np.linspace(0, len(stops) - 1, LEVELS)
    channels = np.array([_rgb(stop) for stop in stops], dtype=float)
    return np.stack([np.interp(at, np.arange(len(stops)), channels[:, c]) for c in range(3)], axis=-1)


def _rgb(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def _png(levels: NDArray[np.uint8], colours: NDArray[np.uint8]) -> bytes:
    """Eight bits a pixel with a palette (PNG specification, 3rd edition, sections 5.3 and 11.2)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = levels.shape
    rows = np.hstack([np.zeros((height, 1), np.uint8), levels]).tobytes()  # each begins with its filter: none
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (b"IHDR", head), (b"PLTE", colours.tobytes()), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in parts)
