"""Colours can be read, and told apart without seeing all of them."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from tests.figures.seen import contrast, distance, lightness
from viz_core.figures import palette
from viz_core.figures.aligned import INKS
from viz_core.figures.kept import NOT_AGAIN
from viz_core.figures.mask_maps import DROPPED

THEMES = ["light", "dark"]
EYES = ["all", "protan", "deutan", "tritan"]
GROUNDS = {  # the page, its sidebar, and what lies behind fields: .streamlit/config.toml
    "light": ["#FFFFFF", "#F7F7FB", "#F3F4F8"],
    "dark": ["#0F1218", "#141820", "#1B2029"],
}
TEXTS = [palette.TEXT, palette.MUTED]
HUES = [palette.CHOSEN, palette.QUERY, palette.KEY, palette.VALUE, palette.OUTPUT, *INKS.values()]
TOLD_APART = 10  # ΔE*ab: two colours that are seen one after the other


@pytest.mark.parametrize("theme", THEMES)
def test_text_reaches_contrast_aa(theme: str) -> None:
    for ground in GROUNDS[theme]:
        for ink in TEXTS:
            assert contrast(ink[theme], ground) >= 4.5
    for hue in HUES:  # they colour words and formulas too
        assert contrast(hue[theme], palette.BACKGROUND[theme]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_marks_that_carry_meaning_reach_three_to_one(theme: str) -> None:
    ground = palette.BACKGROUND[theme]
    for colour in palette.CATEGORIES[theme]:
        assert contrast(colour, ground) >= 4.5, "heads' weights are written in them"
    assert contrast(palette.HATCH[theme], palette.WEIGHTS[theme][0]) >= 3, "lines of what is not allowed, on weight 0"
    assert contrast(palette.CHOSEN[theme], palette.NOT_ALLOWED[theme]) >= 3


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("eye", EYES)
def test_categories_are_told_apart_by_every_eye(theme: str, eye: str) -> None:
    for one, other in combinations(palette.CATEGORIES[theme], 2):
        assert distance(one, other, eye) >= TOLD_APART, (one, other)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("eye", EYES)
def test_query_key_value_and_output_are_told_apart_by_every_eye(theme: str, eye: str) -> None:
    hues = [hue[theme] for hue in (palette.QUERY, palette.KEY, palette.VALUE, palette.OUTPUT)]
    for one, other in combinations(hues, 2):
        assert distance(one, other, eye) >= TOLD_APART, (one, other)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("eye", EYES)
def test_weights_go_one_way_in_lightness(theme: str, eye: str) -> None:
    levels = [lightness(colour, eye) for colour in palette.WEIGHTS[theme]]
    steps = np.diff(levels if theme == "dark" else levels[::-1])
    assert (steps > 3).all()
    assert levels[0] == pytest.approx(lightness(palette.BACKGROUND[theme], eye)), "0 is the page's background"


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("eye", EYES)
def test_signs_are_told_apart_and_zero_is_the_middle(theme: str, eye: str) -> None:
    stops = palette.SIGNED[theme]
    middle = len(stops) // 2
    for half in (stops[: middle + 1][::-1], stops[middle:]):
        levels = [lightness(colour, eye) for colour in half]
        assert all((a > b) == (theme == "light") for a, b in pairwise(levels)), "away from 0 is one way"
    for away in range(1, middle + 1):
        assert distance(stops[middle - away], stops[middle + away], eye) >= TOLD_APART


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("eye", EYES)
def test_what_is_not_allowed_is_no_weight_to_any_eye(theme: str, eye: str) -> None:
    """By its lines: grey alone is near to some pale weight."""
    for colour in (*palette.WEIGHTS[theme][:2], DROPPED[theme], NOT_AGAIN[theme]):
        lines, ground = (distance(colour, own[theme], eye) for own in (palette.HATCH, palette.NOT_ALLOWED))
        assert max(lines, ground) >= TOLD_APART
