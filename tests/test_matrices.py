import contextlib
from urllib.parse import quote_plus

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from viz_core.matrices import (
    DIGITS,
    LARGEST,
    MOST,
    UnusableMatrix,
    addressed,
    edited,
    from_address,
    lines,
    parse,
    written,
)

EXPECTED = torch.tensor([[1.0, 2.5], [-3.0, 0.04]], dtype=torch.float64)


@pytest.mark.parametrize(
    "text",
    [
        "1, 2.5\n-3, 4e-2",
        "1,2.5\r\n-3,.04\r\n",
        "1\t2.5\n-3\t0.04",
        "1 2.5; -3 0.04",
        "1 2.5\n\n-3   0.04\n",
        "[[1, 2.5], [-3, 0.04]]",
        "[[1, 2.5],\n [-3, 0.04],]",
        "[[ 1.    2.5 ]\n [-3.    0.04]]",
        "array([[ 1.  ,  2.5 ],\n       [-3.  ,  0.04]])",
        "np.array([[1, 2.5], [-3, 0.04]], dtype=float)",
        "tensor([[ 1.0000,  2.5000],\n        [-3.0000,  0.0400]], dtype=torch.float64)",
        "tensor([[1, 2.5], [-3, 0.04]], grad_fn=<MulBackward0>)",
        "tensor([[1, 2.5], [-3, 0.04]], device='cuda:0', requires_grad=True)",
        "Q = torch.tensor([[1, 2.5], [-3, 0.04]])",
        "q_1 = [[1, 2.5], [-3, 0.04]]",
        "[1, 2.5], [-3, 0.04]",
        "[[[1, 2.5], [-3, 0.04]]]",
        "−0, 0\n1, 1".replace("−0, 0\n1, 1", "1, 2.5\n−3, 0.04"),
    ],
)
def test_however_people_write_it(text: str):
    assert torch.equal(parse(text), EXPECTED)


def test_one_row_and_one_column():
    assert parse("1 2 3").shape == (1, 3)
    assert parse("1\n2\n3").shape == (3, 1)
    assert parse("[1, 2, 3]").shape == (1, 3)


@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=MOST), elements=st.floats(-1e6, 1e6, width=64)))
def test_what_is_written_is_read(matrix: np.ndarray):
    assert torch.equal(parse(written(torch.tensor(matrix))), torch.tensor(matrix))


@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=5), elements=st.floats(-1e3, 1e3)))
def test_numpys_print_outs_are_read(matrix: np.ndarray):
    assert np.allclose(parse(str(matrix)).numpy(), matrix, rtol=1e-6, atol=1e-6)
    assert np.allclose(parse(repr(matrix)).numpy(), matrix, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no numbers"),
        ("[]", "no numbers"),
        ("1, 2\n3", "Row 2 has 1 numbers, row 1 has 2"),
        ("1, two", "Row 1, column 2 is 'two'; expected a number"),
        ("1, , 3", "Row 1, column 2 is empty; expected a number"),
        ("1, nan", "Row 1, column 2 is nan; expected a finite number"),
        ("1, inf", "finite number"),
        ("[[1, 2], [3, 4]", "brackets do not fit"),
        ("[[1, 2] x [3, 4]]", "brackets do not fit together, near 'x'"),
        ("\n".join(["1"] * 17), "17 × 1; at most 16 × 16"),
        ("1" * 30_000, "30,000 characters"),
        ("1, 1e300", "Row 1, column 2 is 1e300; expected a number between −1,000,000 and 1,000,000"),
        ("[[1, 2], [3]]", "Row 2 has 1 numbers"),
        ("[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]", "several matrices"),
        ("[[1 2 ... 9]\n [1 2 ... 9]]", "left out"),
        ("__import__('os')", "expected a number"),
    ],
)
def test_what_is_no_matrix_is_said_where(text: str, message: str):
    with pytest.raises(UnusableMatrix, match=message):
        parse(text)


@given(st.text(max_size=60))
def test_any_text_is_a_matrix_or_refused(text: str):
    with contextlib.suppress(UnusableMatrix):
        assert parse(text).isfinite().all()


SQUARES = arrays(
    np.float64, array_shapes(min_dims=2, max_dims=2, max_side=MOST), elements=st.floats(-LARGEST, LARGEST, width=64)
)


@given(SQUARES)
def test_an_address_holds_a_matrix_to_eight_digits(matrix: np.ndarray):
    address = addressed(torch.tensor(matrix))
    assert len(address) <= 4_000
    assert len(quote_plus(address)) <= len(address) + 3 * address.count(
        "+"
    )  # of characters that stand there as they are
    assert np.allclose(from_address(address).numpy(), matrix, rtol=10.0 ** (1 - DIGITS), atol=0)
    assert addressed(from_address(address)) == address
    assert torch.equal(parse(lines(torch.tensor(matrix))), from_address(address))


@given(st.text(max_size=60))
def test_an_address_may_say_anything(text: str):
    with contextlib.suppress(UnusableMatrix):
        assert from_address(text).isfinite().all()


def test_cells_are_edited():
    assert edited(EXPECTED, {1: {0: 7}}).tolist() == [[1, 2.5], [7, 0.04]]
    assert EXPECTED[1, 0] == -3
    for value, says in [(None, "Row 2, column 1 is empty"), (float("nan"), "finite"), (1e9, "between")]:
        with pytest.raises(UnusableMatrix, match=says):
            edited(EXPECTED, {1: {0: value}})
