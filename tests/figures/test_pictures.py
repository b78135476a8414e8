"""Small maps as PNG, decoded by hand: every pixel is its cell's colour."""

import base64
import struct
import zlib

import numpy as np
import pytest

from viz_core.figures import palette
from viz_core.figures.pictures import MOST, picture
from viz_core.figures.ranked import ranked_bars


def pixels(uri: str) -> np.ndarray:
    """[row, column, 3]"""
    data = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + size]
        assert struct.unpack(">I", data[at + 8 + size : at + 12 + size])[0] == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + size
    width, height, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert rest == [8, 3, 0, 0, 0], "eight bits, palette"
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert (rows[:, 0] == 0).all()
    return np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3)[rows[:, 1:]]


def rgb(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_signed_values_have_the_colours_of_the_maps(theme: str):
    shown = pixels(picture(np.array([[-2, 0, 2], [-9, 9, 0]], np.float32), theme=theme, limit=2.0))
    lowest, middle, highest = (palette.SIGNED[theme][index] for index in (0, 3, 6))
    assert shown[0, 0].tolist() == shown[1, 0].tolist() == rgb(lowest), "beyond the limit: the last colour"
    assert shown[0, 2].tolist() == shown[1, 1].tolist() == rgb(highest)
    assert np.abs(shown[0, 1].astype(int) - rgb(middle)).max() <= 2


def test_what_may_not_be_looked_at_is_grey():
    values = np.array([[1, 0], [0.5, 1]], np.float32)
    shown = pixels(picture(values, theme="light", weights=True, allowed=np.tri(2, dtype=bool)))
    assert shown[0, 0].tolist() == rgb(palette.WEIGHTS["light"][-1])
    assert shown[0, 1].tolist() == rgb(palette.NOT_ALLOWED["light"])


def test_of_a_large_array_the_strongest_cells_are_shown():
    values = np.zeros((2 * MOST + 1, 3), np.float32)
    values[-1, 2] = -5
    shown = pixels(picture(values, theme="light", limit=5.0))
    assert shown.shape[:2] == (-(-(2 * MOST + 1) // 3), 3)
    assert shown[-1, 2].tolist() == rgb(palette.SIGNED["light"][0])


def test_ranked_bars_set_the_sum_apart():
    drawn = ranked_bars(
        ["a", "b", "all"],
        np.array([3, -1, 2], np.float32),
        title="t",
        subtitle="s",
        theme="light",
        sum_last=True,
    )
    above, below, total = drawn.data[0].marker.color
    assert (above, below) == (palette.SIGNED["light"][5], palette.SIGNED["light"][1])
    assert total == palette.TEXT["light"]
    assert list(drawn.data[0].y) == [0, 1, 2.5]
    assert list(drawn.data[0].text) == ["3", "−1", "2"]
    low, high = drawn.layout.xaxis.range
    assert low < -1
    assert high > 3
