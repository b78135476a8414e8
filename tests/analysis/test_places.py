"""Positions in numbers, against hand-computed values and against the models themselves."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

import viz_core
from tests.examples import sharp_transformer
from viz_core import masks, positions
from viz_core.analysis import places
from viz_core.analysis.walk import head_walk
from viz_core.config import TransformerConfig
from viz_core.edits import Cells, Edits
from viz_core.transformer import Transformer

SHAPE: dict[str, Any] = {"vocab_size": 11, "context": 16, "n_layer": 2, "n_head": 4, "d_model": 16}
FIRST, SECOND = [3, 1, 4, 5, 1], [4, 1, 3, 1, 5]


def network(**settings: Any) -> Transformer:
    torch.manual_seed(0)
    return sharp_transformer(TransformerConfig(**(SHAPE | settings))).requires_grad_(False)


@given(st.integers(0, 40), st.integers(0, 11))
def test_a_cell_is_that_of_the_matrix(position: int, component: int):
    found = places.cell(position, component, 12)
    assert found.value == pytest.approx(positions.sinusoidal(41, 12)[position, component].item(), abs=1e-6)
    assert found.wavelength == pytest.approx(2 * math.pi * 10000 ** (2 * (component // 2) / 12))
    wave = math.cos if component % 2 else math.sin
    assert wave((position + found.wavelength) / found.divisor) == pytest.approx(found.value, abs=1e-9)


def test_a_cell_by_hand():
    found = places.cell(7, 4, 32)
    assert (found.pair, round(found.divisor, 4), round(found.angle, 4)) == (2, 3.1623, 2.2136)
    assert round(found.value, 4) == 0.8004


def test_similarity_is_dot_product_or_cosine():
    vectors = torch.tensor([[3.0, 4.0], [0.0, 2.0], [0.0, 0.0]])
    assert places.similarity(vectors, cosine=False).tolist() == [[25, 8, 0], [8, 4, 0], [0, 0, 0]]
    assert_close(places.similarity(vectors, cosine=True)[0], torch.tensor([1.0, 0.8, 0.0]))


def test_by_distance_takes_what_lies_before_the_query():
    values = torch.tensor([[1.0, 99, 99], [2, 3, 99], [4, 6, 5]])
    found = places.by_distance(values)
    assert [each.tolist() for each in found] == [[3, 4, 4], [1, 2, 4], [5, 6, 4]]
    assert places.by_distance(torch.stack([values, values + 2])).mean.tolist() == [4, 5, 5]


def test_sinusoidal_likeness_depends_on_the_distance_alone_and_that_of_learned_vectors_does_not():
    waves = places.similarity(positions.sinusoidal(64, 32), cosine=False)
    expected = sum(math.cos(5 / 10000 ** (2 * i / 32)) for i in range(16))
    assert places.by_distance(waves).mean[5].item() == pytest.approx(expected, abs=1e-5)
    assert places.spread(waves) < 1e-5
    table = viz_core.load("positions-learned").transformer.added_positions(64)
    assert places.spread(places.similarity(table, cosine=True)) > 0.1


def test_learned_positions_past_the_trained_length_resemble_nothing():
    table = viz_core.load("positions-learned").transformer.added_positions(256)
    alike = places.similarity(table, cosine=True)
    trained = alike[100:127, 101:128].diagonal().mean()
    never = alike[128:255, 129:256].diagonal().abs().mean()
    assert trained > 0.5
    assert never < 0.2


def test_tokens_back():
    assert places.tokens_back(torch.tensor([[[1.0, 0], [0.25, 0.75]], [[1.0, 0], [0.75, 0.25]]])) == 0.25


# -- rotary --------------------------------------------------------------------------------------------------


def test_turned_by_hand():
    assert_close(places.turned(torch.tensor([1.0, 0.0]), math.pi / 2, 1e4), torch.tensor([0.0, 1.0]).double())


@pytest.mark.parametrize("name", ["tiny-gpt", "positions-rotary"])
def test_scores_depend_on_the_distance_alone_and_are_the_recorded_ones(name: str):
    model = viz_core.load(name)
    recording = model.record("The dog bit the man")
    base = model.transformer.config.rotary_base
    walk = head_walk(model.transformer, recording, 1, 2)
    table = places.scores_at(walk.query.product[4], walk.key.product[1], 64, base)
    assert places.spread(table) < 1e-5
    assert float(table.diagonal(-3)[0]) == pytest.approx(walk.record.scores[0, 4, 1].item(), abs=1e-4)
    assert float(places.by_distance(table).mean.std()) > 0.01, "another distance, another score"
    turned = [places.turned(walk.query.product[4], 4, base), places.turned(walk.key.product[1], 1, base)]
    assert_close(turned[0].float(), walk.record.query[0, 4], atol=1e-5, rtol=1e-5)
    assert float(turned[0] @ turned[1]) == pytest.approx(float(table[4, 1]))


# -- the order of words --------------------------------------------------------------------------------------


def test_places_match_equal_tokens_in_order():
    assert places.places_in(FIRST, SECOND) == [2, 1, 0, 4, 3]
    assert places.places_in([1, 2], [1, 1]) is None
    assert places.places_in([1, 2], [1, 2, 2]) is None


def test_reordered_puts_the_second_into_the_order_of_the_first():
    cells = torch.arange(9.0).reshape(3, 3)
    assert places.reordered(cells, [2, 0, 1]).tolist() == [[8, 6, 7], [2, 0, 1], [5, 3, 4]]


@pytest.mark.parametrize("kind", ["learned", "sinusoidal", "rotary", "alibi", "none"])
def test_order_cannot_be_seen_without_positions_where_every_token_sees_every_token(kind: str):
    made = places.in_double(network(positions=kind))
    everyone = Cells.of(masks.full(5, 5))
    gone = places.order_difference(made, FIRST, SECOND, Edits(positions="zeroed", allowed=everyone))
    assert gone.shape == (2, 4)
    assert gone.max() < 1e-6
    masked = places.order_difference(made, FIRST, SECOND, Edits(positions="zeroed"))
    assert masked.amax(-1).min() > 0.01, "the causal mask itself tells the order, in every layer"
    kept = places.order_difference(made, FIRST, SECOND, Edits(allowed=everyone))
    assert (kept.max() < 1e-6) == (kind == "none")


@pytest.mark.parametrize("name", ["tiny-gpt", "tiny-bert"])
@pytest.mark.parametrize(
    ("placing", "everyone", "same"),
    [("zeroed", True, True), ("zeroed", False, False), ("kept", True, False), ("shuffled", True, False)],
)
def test_the_dog_and_the_man(name: str, placing: Any, everyone: bool, same: bool):
    model = viz_core.load(name)
    first, second = (model.token_ids(text) for text in ("The dog bit the man", "The man bit the dog"))
    allowed = masks.full(5, 5) if everyone else masks.causal(5)
    edits = Edits(positions=placing, allowed=Cells.of(allowed))
    found = places.order_difference(places.in_double(model.transformer), first, second, edits)
    assert (found.max() < 1e-6) == same
    assert same or found.max() > 0.1


def test_other_tokens_have_no_other_order():
    with pytest.raises(ValueError, match="not the same tokens"):
        places.order_difference(network(), [1, 2], [1, 3], Edits())


# -- five models ---------------------------------------------------------------------------------------------


def test_centred_scores_have_rows_of_mean_zero_and_the_same_softmax():
    recording = network(positions="alibi")(torch.tensor(FIRST))
    centred = places.centred_scores(recording)
    assert centred.shape == (8, 5, 5)
    seen = centred.isfinite()
    assert torch.equal(seen[0], masks.causal(5))
    assert_close(torch.where(seen, centred, 0.0).sum(-1), torch.zeros(8, 5), atol=1e-5, rtol=0)
    assert_close(centred.softmax(-1), places.all_weights(recording))


def test_surprise_is_what_the_model_gave_to_the_tokens_that_came():
    made = network()
    recording = made(torch.tensor(FIRST))
    expected = [-math.log(float(recording.logits[at].softmax(-1)[FIRST[at + 1]])) for at in range(4)]
    assert places.surprise(recording).tolist() == pytest.approx(expected, abs=1e-5)
    assert len(places.surprise(made(torch.tensor([3])))) == 0


@pytest.mark.parametrize(
    ("ids", "found"),
    [([1, 2, 3, 1, 2, 3], (3, 3)), ([1, 2, 1, 2], None), ([7], None), ([1, 1, 1, 1], (1, 3))],
)
def test_repeats(ids: list[int], found: tuple[int, int] | None):
    assert places.repeats(torch.tensor(ids)) == found


def test_frequencies_are_those_of_the_angles():
    expected = np.array([1.0, 0.1])
    assert positions.rotary_frequencies(4, 100.0).numpy() == pytest.approx(expected)
    with pytest.raises(ValueError, match="even number"):
        positions.rotary_frequencies(3)


def test_near_over_far_compares_keys_of_one_row():
    """With no content, ALiBi takes slope × distance: what the nearest quarter of a row has over the farthest."""
    n, slopes = 9, positions.alibi_slopes(2)
    config = TransformerConfig(vocab_size=3, context=n, n_layer=1, n_head=2, d_model=4, positions="alibi")
    network = Transformer(config).requires_grad_(False)
    for weight in network.parameters():
        weight.zero_()
    expected = []
    for row in range(3, n):
        quarter = (row + 1) // 4
        apart = row + 1 - quarter  # keys between the middles of both quarters
        expected.append(float(slopes.mean()) * apart)
    recording = network(torch.zeros(n, dtype=torch.long))
    assert places.near_over_far(recording) == pytest.approx(sum(expected) / len(expected))
    assert math.isnan(places.near_over_far(network(torch.zeros(3, dtype=torch.long))))
