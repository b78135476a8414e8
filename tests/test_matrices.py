import contextlib
import time
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
    number,
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
        "1, 2.5\n−3, 0.04",
        "1\t2,5\r\n-3\t0,04\r\n",
        "1;2,5\n−3;4e-2",
        "1;2.5;\n-3;0.04;",
        "1 2.5;\n-3 0.04",
        "\t1 2.5\n\t-3 0.04",
    ],
)
def test_however_people_write_it(text: str):
    assert torch.equal(parse(text), EXPECTED)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,000.5\t2", [[1000.5, 2]]),
        ("-1.234,5\t2", [[-1234.5, 2]]),
        ("1,000\t2.5", [[1000, 2.5]]),
        ("1,000\t2,5", [[1, 2.5]]),
        ("1,125\t0,250", [[1.125, 0.25]]),
        ("123,456\t1.5", [[123456, 1.5]]),
        ("1\u00a0000,5\t1’000", [[1000.5, 1000]]),
        ("1,5", [[1, 5]]),
        ("1,5;2,5", [[1, 5], [2, 5]]),
    ],
)
def test_a_comma_between_tabs_or_semicolons_belongs_to_the_number(text: str, expected: list[list[float]]):
    assert parse(text).tolist() == expected


PLAIN = st.floats(-1e6, 1e6, width=64).filter(lambda value: value == 0 or abs(value) > 1e-4)


@given(
    arrays(np.float64, array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=MOST), elements=PLAIN),
    st.sampled_from("\t;"),
    st.integers(0, 17),
)
def test_a_european_spreadsheet_is_read_back_or_refused(matrix: np.ndarray, between: str, places: int):
    said = [[f"{value:.{places}f}".replace(".", ",") for value in row] for row in matrix.tolist()]
    text = "\n".join(between.join(row) for row in said)
    expected = [[float(cell.replace(",", ".")) for cell in row] for row in said]
    with contextlib.nullcontext() if places != 3 else contextlib.suppress(UnusableMatrix):  # 1,234 may be either
        assert parse(text).tolist() == expected


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
        ("1, 2\n3", "Row 2 is of length 1, row 1 of length 2"),
        ("1, two", "Row 1, column 2 is “two”; expected a number"),
        ("1, , 3", "Row 1, column 2 is empty; expected a number"),
        ("1, nan", "Row 1, column 2 is “nan”; expected a finite number"),
        ("1, inf", "finite number"),
        ("[[1, 2], [3, 4]", "brackets do not fit"),
        ("[[1, 2] x [3, 4]]", "brackets do not fit together, near “x”"),
        ("\n".join(["1"] * 17), "17 × 1; at most 16 × 16"),
        ("1" * 30_000, "30,000 characters"),
        ("1, 1e300", "Row 1, column 2 is “1e300”; expected a number between −1,000,000 and 1,000,000"),
        ("[[1, 2], [3]]", "Row 2 is of length 1"),
        ("[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]", "several matrices"),
        ("[[1 2 ... 9]\n [1 2 ... 9]]", "left out"),
        ("__import__('os')", "expected a number"),
        (r"\begin{pmatrix} 1 \\ 2", r"column 1 is “\\begin{pmatrix}”"),
        ("1\t\t3\n4\t5\t6", "Row 1, column 2 is empty"),
        ("\t2\n3\t4", "Row 1, column 1 is empty"),
        ("1\t2\n\t\n3\t4", "Row 2, column 1 is empty"),
        ("1;2\n3;", "Row 2, column 2 is empty"),
        ("1,000\t2", "Row 1, column 1 is “1,000”: thousands, or three decimals\\? Write 1000, or 1.000."),
        ("2,5\t1.5", "“1.5” and “2,5”: write all decimals after a point, or all after a comma"),
        ("1.5.3\t2", "is “1.5.3”"),
        ("1,000.5, 2", "“1,000” would be read as two numbers"),
        ("[[1,000, 2]]", "“1,000” would be read as two numbers"),
        ("1 000 2", "“1 000” would be read as two numbers"),
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
    assert np.allclose(from_address(address).numpy(), matrix, rtol=10.0 ** (1 - DIGITS), atol=1e-99)
    assert addressed(from_address(address)) == address
    assert torch.equal(parse(lines(torch.tensor(matrix))), from_address(address))


@given(st.text(max_size=60))
def test_an_address_may_say_anything(text: str):
    with contextlib.suppress(UnusableMatrix):
        assert from_address(text).isfinite().all()


def test_cells_are_edited():
    for typed, value in [("7", 7), (" 1,5 ", 1.5), ("2e3", 2000), ("−.5", -0.5), ("1.234,5", 1234.5)]:
        assert edited(EXPECTED, {1: {0: typed}}).tolist() == [[1, 2.5], [value, 0.04]]
    assert EXPECTED[1, 0] == -3
    for typed, says in [(None, "Row 2, column 1 is empty"), ("nan", "finite"), ("1e9", "between"), ("abc", "is “abc”")]:
        with pytest.raises(UnusableMatrix, match=says):
            edited(EXPECTED, {1: {0: typed}})
    with pytest.raises(UnusableMatrix, match="Row 2, column 1 is “1,000”: thousands, or three decimals"):
        edited(EXPECTED, {1: {0: "1,000"}})


def test_a_single_number_is_read_as_a_cell_is_or_refused_with_its_range():
    assert [number(text, 0.01, 1e6) for text in ("8", " 0,5", "1.7320508", "1e6")] == [8, 0.5, 1.7320508, 1e6]
    for text in ("0", "-3", "0.0001", "nan", "inf", "", "x", "1,000", "1e999"):
        with pytest.raises(UnusableMatrix, match=r"is no number from 0\.01 to 1,000,000"):
            number(text, 0.01, 1e6)


def test_a_number_of_too_many_characters_is_not_read():
    digits = "1" * 1_001
    with pytest.raises(UnusableMatrix, match="Row 2, column 1 has 1,001 characters; a number needs far fewer"):
        edited(EXPECTED, {1: {0: digits}})
    with pytest.raises(UnusableMatrix, match="“11111111111111111111…” is no number from 1 to 2"):
        number(digits, 1, 2)
    assert number("1" + "." + "0" * 900, 1, 2) == 1


def test_the_longest_numbers_fit_into_an_address():
    for value in (-1.23456789e-100, -1.23456789e-99, -123456.789):
        assert len(addressed(torch.full((MOST, MOST), value, dtype=torch.float64))) <= 4_000


@pytest.mark.parametrize("text", ["1_0 0_0 1", "1_0"])
def test_underscores_are_no_digits(text: str):
    with pytest.raises(UnusableMatrix, match="expected a number"):
        parse(text)


def test_hostile_text_is_refused_at_once():
    """A pattern that tries every blank in turn would hold all visitors up for seconds."""
    start = time.process_time()
    for text in ("array(1)" + " " * 19_990 + "x", " " * 19_999 + "x", "[" * 9_000, "array(" * 3_000):
        with pytest.raises(UnusableMatrix):
            parse(text)
    assert time.process_time() - start < 1.0
