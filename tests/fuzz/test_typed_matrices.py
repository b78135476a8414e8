"""Anything typed for a matrix: finite numbers of a size that can be followed, or one sentence that says where."""

import ast

import torch
from hypothesis import strategies as st

from tests.fuzz import texts
from tests.fuzz.bounds import a_sentence, bounded
from tests.fuzz.cases import fuzzed
from viz_core.analysis import snippets
from viz_core.analysis.lab import Experiment
from viz_core.matrices import (
    LARGEST,
    LONGEST,
    MOST,
    UnusableMatrix,
    addressed,
    edited,
    from_address,
    lines,
    number,
    parse,
)

numbers = st.one_of(
    st.sampled_from(
        [
            *(
                "1e400",
                "-1e400",
                "nan",
                "NaN",
                "-0",
                "−0",
                "-0.0",
                "inf",
                "-Infinity",
                "∞",
                "1e-400",
                "5e-324",
                "1_0",
                "0x10",
            ),
            *("١٢", "１２", "²", "½", "Ⅷ", "𝟙", "1,5", "1.000,5", "1,000", "1 000", "1’000", "1\u00a0000", "0b1", "1j"),
            *(
                "1/2",
                "2**9**9",
                "1+1",
                "sqrt(2)",
                "__import__('os').system('id')",
                "True",
                "None",
                "",
                "''",
                "…",
                "...",
            ),
        ]
    ),
    st.floats().map(repr),
    st.floats(-1e6, 1e6).map(lambda value: f"{value:.4g}"),
    st.integers().map(str),
    texts.short,
)
rows = st.builds(str.join, st.sampled_from([", ", ",", " ", "\t", ";", "; "]), st.lists(numbers, max_size=5))
flat = st.builds(str.join, st.sampled_from(["\n", "\r\n", ";", "_", "\n\n"]), st.lists(rows, max_size=5))
lists = st.lists(rows.map("[{}]".format), max_size=4).map(lambda found: f"[{', '.join(found)}]")
wrapped = st.builds(
    lambda before, inside, after: before + inside + after,
    st.sampled_from(["np.array(", "tensor(", "Q = torch.tensor(", "matrix((", "[[", "(", "x ="]),
    lists,
    st.sampled_from([")", ", dtype=float)", ", device='cuda')", "", "]]", ", grad_fn=<A>)", ");"]),
)
huge = st.builds(lambda text, times: (text * times)[:60_000], st.one_of(numbers, rows), st.integers(100, 20_000))
typed = st.one_of(flat, lists, wrapped, rows, huge, texts.texts)


def usable(matrix: torch.Tensor) -> None:
    assert matrix.dtype == torch.float64
    assert matrix.dim() == 2
    assert min(matrix.shape) >= 1
    assert max(matrix.shape) <= MOST
    assert matrix.isfinite().all()
    assert (matrix.abs() <= LARGEST).all()
    again = from_address(addressed(matrix))
    assert torch.allclose(again, matrix, rtol=1e-7, atol=1e-98)
    assert torch.allclose(parse(lines(matrix)), matrix, rtol=1e-7, atol=1e-98)


@fuzzed("matrices: typed", few=120, many=4_000, text=typed)
def test_what_is_typed_is_a_matrix_or_told(text: str) -> None:
    for read in (parse, from_address):
        with bounded():
            try:
                matrix = read(text)
            except UnusableMatrix as error:
                a_sentence(error, 400)
                continue
        assert len(text) <= LONGEST
        usable(matrix)
        experiment = Experiment(dict.fromkeys("QKV", matrix), None)
        for write in (snippets.pytorch, snippets.numpy):
            ast.parse(write(experiment))


places = st.dictionaries(st.integers(0, 1), st.dictionaries(st.integers(0, 1), st.none() | numbers))


@fuzzed("matrices: edited", few=40, many=1_500, changes=places)
def test_what_is_typed_into_a_cell_is_a_number_or_told(changes: dict[int, dict[int, str | None]]) -> None:
    try:
        usable(edited(torch.eye(2, dtype=torch.float64), changes))
    except UnusableMatrix as error:
        a_sentence(error, 400)


@fuzzed("matrices: a divisor", few=20, many=800, text=numbers)
def test_a_number_is_within_its_bounds_or_told(text: str) -> None:
    try:
        assert 0.01 <= number(text, 0.01, 1e6) <= 1e6
    except UnusableMatrix as error:
        a_sentence(error, 400)
