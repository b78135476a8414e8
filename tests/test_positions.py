import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from viz_core import positions


@given(st.integers(1, 50), st.sampled_from([2, 6, 10, 64]))
def test_sinusoidal_is_the_papers_formula(n: int, d_model: int):
    table = positions.sinusoidal(n, d_model)
    assert table.shape == (n, d_model)
    for i in range(d_model // 2):
        angle = (n - 1) / 10000 ** (2 * i / d_model)
        assert table[-1, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-6)
        assert table[-1, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-6)


def test_rotary_angles_are_position_times_frequency():
    angles = positions.rotary_angles(3, 4, base=100.0)
    assert_close(angles, torch.tensor([[0, 0], [1, 0.1], [2, 0.2]]))


@given(st.sampled_from([2, 6, 8]), st.integers(0, 20), st.integers(0, 20))
def test_rotated_dot_products_depend_only_on_distance(d_head: int, near: int, far: int):
    query, key = torch.randn(2, 1, d_head, dtype=torch.float64)
    angles = positions.rotary_angles(61, d_head).double()
    queries, keys = positions.rotate(query.expand(61, -1), angles), positions.rotate(key.expand(61, -1), angles)
    scores = queries @ keys.T
    assert_close(scores[near, far], scores[near + 40, far + 40], atol=1e-5, rtol=0)
    assert_close(scores[0, 0], (query @ key.T)[0, 0])
    assert_close(queries.norm(dim=-1), query.norm().expand(61))


def test_rotate_turns_component_i_with_component_i_plus_half():
    turned = positions.rotate(torch.tensor([[1.0, 2.0, 0.0, 0.0]]), torch.tensor([[math.pi / 2, math.pi / 6]]))
    assert_close(turned, torch.tensor([[0.0, math.sqrt(3), 1.0, 1.0]]))


def reference_slopes(n_head: int) -> list[float]:
    """The code published with the ALiBi paper."""

    def of_a_power_of_two(n: int) -> list[float]:
        start = 2 ** -(2 ** -(math.log2(n) - 3))
        return [start * start**i for i in range(n)]

    if math.log2(n_head).is_integer():
        return of_a_power_of_two(n_head)
    power = 2 ** math.floor(math.log2(n_head))
    return of_a_power_of_two(power) + of_a_power_of_two(2 * power)[0::2][: n_head - power]


def test_eight_alibi_heads_halve_from_a_half_to_one_256th():
    assert positions.alibi_slopes(8).tolist() == [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128, 1 / 256]


@pytest.mark.parametrize("n_head", [1, 2, 3, 5, 6, 7, 12, 16, 25])
def test_alibi_slopes_are_the_papers(n_head: int):
    assert_close(positions.alibi_slopes(n_head), torch.tensor(reference_slopes(n_head)))


def test_alibi_takes_slope_times_distance():
    bias = positions.alibi_bias(2, 3)  # slopes 1/16 and 1/256
    assert bias.shape == (2, 3, 3)
    assert bias[:, 2].tolist() == [[-2 / 16, -1 / 16, 0], [-2 / 256, -1 / 256, 0]]


@pytest.mark.parametrize(("make", "name"), [(positions.sinusoidal, "d_model"), (positions.rotary_angles, "d_head")])
def test_pairs_want_an_even_number(make, name: str):
    with pytest.raises(ValueError, match=f"{name} is 5; expected an even number"):
        make(3, 5)
