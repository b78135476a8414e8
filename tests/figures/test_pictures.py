"""Small maps as PNG: every pixel is its cell's colour."""

from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from viz_core.figures import palette
from viz_core.figures.pictures import LINES, MOST, picture


def pixels(uri: str) -> np.ndarray:
    """[row, column, 3]"""
    with Image.open(BytesIO(b64decode(uri.removeprefix("data:image/png;base64,")))) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def rgb(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_signed_values_have_the_colours_of_the_maps(theme: str):
    shown = pixels(picture(np.array([[-2, 0, 2], [-9, 9, 0]], np.float32), theme=theme, limit=2.0))
    lowest, middle, highest = (palette.SIGNED[theme][index] for index in (0, 3, 6))
    assert shown[0, 0].tolist() == shown[1, 0].tolist() == rgb(lowest), "beyond the limit: the last colour"
    assert shown[0, 2].tolist() == shown[1, 1].tolist() == rgb(highest)
    assert np.abs(shown[0, 1].astype(int) - rgb(middle)).max() <= 2


def test_what_may_not_be_looked_at_is_grey_under_lines():
    values = np.array([[1, 0], [0.5, 1]], np.float32)
    shown = pixels(picture(values, theme="light", weights=True, allowed=np.tri(2, dtype=bool)))
    half = MOST // 2
    assert (shown[:half, :half] == rgb(palette.WEIGHTS["light"][-1])).all()
    row, column = np.indices((half, half))
    for line, colour in ((True, palette.HATCH["light"]), (False, palette.NOT_ALLOWED["light"])):
        assert (shown[:half, half:][((row + column + half) % LINES == 0) == line] == rgb(colour)).all()


def test_of_a_large_array_the_strongest_cells_are_shown():
    values = np.zeros((2 * MOST + 1, 3), np.float32)
    values[-1, 2] = -5
    shown = pixels(picture(values, theme="light", limit=5.0))
    assert shown.shape[:2] == (-(-(2 * MOST + 1) // 3), 3)
    assert shown[-1, 2].tolist() == rgb(palette.SIGNED["light"][0])


def test_of_a_large_array_what_may_be_looked_at_is_shown_before_what_may_not():
    n = 2 * MOST
    values = np.where(np.tri(n, dtype=bool), np.float32(0.5), np.float32(-np.inf))
    shown = pixels(picture(values, theme="light", limit=1.0, allowed=np.tri(n, dtype=bool)))
    half, grey = shown[-1, 0].tolist(), rgb(palette.NOT_ALLOWED["light"])
    assert shown[0, 0].tolist() == half != grey, "one of the four cells is not allowed"
    assert shown[0, 1].tolist() == grey
