"""Who looks at whom: what is kept, and how it is laid out."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from viz_core.analysis import links as module
from viz_core.analysis.links import LEAST, Links, links_of


def unpacked(links: Links) -> Tensor:
    """Links → weights [head, query, key], 0 where there is none."""
    n_head, n_query, n_key = links.shape
    weights = np.zeros((n_head * n_query, n_key))
    for row, (start, end) in enumerate(zip(links.starts, links.starts[1:], strict=False)):
        weights[row, links.keys[start:end]] = links.shares[start:end] / 65_535
    return torch.from_numpy(weights).unflatten(0, (n_head, n_query))


def causal(n_head: int, n: int, sharpness: float, seed: int) -> Tensor:
    scores = sharpness * torch.randn(n_head, n, n, generator=torch.Generator().manual_seed(seed))
    return scores.masked_fill(torch.ones(n, n).triu(1).bool(), -torch.inf).softmax(-1)


def test_an_example_by_hand() -> None:
    weights = torch.tensor([[[1.0, 0.0, 0.0], [0.3, 0.7, 0.0]], [[0.01, 0.02, 0.97], [0.0, 0.0, 0.0]]])
    links = links_of(weights)
    assert links.starts.tolist() == [0, 1, 3, 5, 5]
    assert links.keys.tolist() == [0, 0, 1, 1, 2]
    assert links.shares.tolist() == [65_535, round(0.3 * 65_535), round(0.7 * 65_535), 1311, round(0.97 * 65_535)]
    assert links.shape == (2, 2, 3)
    assert links.least == LEAST


def test_the_widest_numbers_are_sent_first() -> None:
    links = links_of(causal(2, 5, 2, seed=0))
    assert [array.dtype.itemsize for array in links.arrays] == [4, 2, 2]
    assert [len(array) for array in links.arrays] == [2 * 5 + 1, links.starts[-1], links.starts[-1]]


@given(
    n_head=st.integers(1, 4),
    n=st.integers(1, 24),
    sharpness=st.floats(0, 6),
    least=st.floats(0.001, 0.9),
    seed=st.integers(0, 10_000),
)
def test_links_are_the_weights_that_can_be_seen(n_head: int, n: int, sharpness: float, least: float, seed: int) -> None:
    weights = causal(n_head, n, sharpness, seed)
    links = links_of(weights, least)
    seen = weights >= least
    assert links.least == least
    assert links.starts[0] == 0
    assert np.diff(links.starts.astype(int)).tolist() == seen.sum(-1).flatten().tolist()
    for start, end in zip(links.starts, links.starts[1:], strict=False):
        assert (np.diff(links.keys[start:end].astype(int)) > 0).all()
    difference = (unpacked(links) - weights.where(seen, 0)).abs()
    assert float(difference.max()) < 1 / 65_535


def test_a_bound_on_their_number_doubles_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = torch.tensor([[[0.05, 0.03, 0.07, 0.85], [0.03, 0.03, 0.05, 0.89]]])
    assert len(links_of(weights).keys) == 8
    monkeypatch.setattr(module, "MOST", 5)
    assert links_of(weights).least == 2 * LEAST
    assert links_of(weights).keys.tolist() == [0, 2, 3, 2, 3]
    monkeypatch.setattr(module, "MOST", 4)
    assert links_of(weights).least == 4 * LEAST
    assert links_of(weights).keys.tolist() == [3, 3]


def test_the_bound_holds_where_it_is_needed() -> None:
    """Rows of 50 weights of 2 % each are the most that any text can give."""
    weights = torch.full((12, 260, 50), 0.0201)
    links = links_of(weights)
    assert len(links.keys) <= module.MOST
    assert links.least == 2 * LEAST
