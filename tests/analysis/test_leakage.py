"""What leaks when the causal mask is lifted."""

import math

import pytest
import torch
from torch.testing import assert_close

import viz_core
from viz_core import masks
from viz_core.analysis import leakage
from viz_core.analysis.leakage import dependence, leak_of, probability_of_next
from viz_core.analysis.predictions import divergence
from viz_core.config import TransformerConfig
from viz_core.edits import Cells, Edits
from viz_core.transformer import Transformer

TEXT = "The little dog chased the red ball. The little dog chased the red"


def test_by_hand() -> None:
    """Row 0 stays; row 1 goes from (1/2, 1/2) to (1/4, 3/4): KL = ½ ln 2 + ½ ln ⅔."""
    before = torch.tensor([[0.5, 0.5], [0.5, 0.5]]).log()
    after = torch.tensor([[0.5, 0.5], [0.25, 0.75]]).log()
    found = leak_of(before, after)
    assert found.divergence.tolist() == pytest.approx([0, 0.5 * math.log(2) + 0.5 * math.log(2 / 3)])
    assert found.largest.tolist() == pytest.approx([0, math.log(2)])


def test_blocks_of_rows_are_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = torch.randn(2, 11, 5)
    whole, right = leak_of(before, after), probability_of_next(before, list(range(5)) * 2 + [0])
    monkeypatch.setattr(leakage, "BLOCK", 3)
    assert_close(leak_of(before, after).divergence, whole.divergence)
    assert_close(probability_of_next(before, list(range(5)) * 2 + [0]), right)
    assert_close(whole.divergence[4], torch.tensor(divergence(before[4], after[4]), dtype=torch.float64))


def test_texts_of_another_length_are_not_compared() -> None:
    with pytest.raises(ValueError, match=r"after is \[3, 5\]; expected \[2, 5\]"):
        leak_of(torch.zeros(2, 5), torch.zeros(3, 5))


def test_the_next_token_by_hand() -> None:
    logits = torch.tensor([[0.1, 0.9], [0.7, 0.3], [0.5, 0.5]]).log()
    assert probability_of_next(logits, [0, 1, 0]).tolist() == pytest.approx([0.9, 0.7])
    assert probability_of_next(logits[:1], [0]).tolist() == []


@pytest.mark.parametrize("name", ["tiny-gpt", "tiny-bert"])
def test_of_a_real_model_nothing_leaks_under_the_causal_mask_and_all_of_it_without(name: str) -> None:
    model = viz_core.load(name)
    ids = model.token_ids(TEXT)
    n, row = len(ids), len(ids) - 3
    other = [*ids[:row], 100, *ids[row + 1 :]]
    causal, lifted = (Edits(allowed=Cells.of(cells)) for cells in (masks.causal(n), masks.full(n, n)))
    runs = [[model.record(text, edits, all_logits=True).logits for text in (ids, other)] for edits in (causal, lifted)]
    own, leak = (leak_of(*pair) for pair in runs)
    assert own.largest[:row].max() == 0
    assert own.divergence[:row].max() == 0
    assert own.divergence[row] > 0
    assert (leak.divergence[:row] > 0).all()


def test_seeing_the_answer_helps_a_model_never_trained_to_use_it() -> None:
    """What the page says of the bundled model and its first sentence."""
    model = viz_core.load("tiny-gpt")
    ids = model.token_ids(TEXT)
    lifted = Edits(allowed=Cells.of(masks.full(len(ids), len(ids))))
    own, leak = (
        probability_of_next(model.record(ids, edits, all_logits=True).logits, ids) for edits in (Edits(), lifted)
    )
    assert leak.mean() > own.mean()


def test_every_token_in_turn_is_one_replacement_a_column() -> None:
    model = viz_core.load("tiny-gpt")
    ids = model.token_ids("The dog bit the man")
    others = [(index + 1) % 4096 for index in ids]

    def run(edits: Edits, text: list[int]) -> torch.Tensor:
        return model.record(text, edits, all_logits=True).logits

    lifted = Edits(allowed=Cells.of(masks.full(len(ids), len(ids))))
    own, leak = (dependence(lambda text, made=made: run(made, text), ids, others) for made in (Edits(), lifted))
    assert own.triu(1).abs().max() == 0
    assert (leak[torch.ones_like(leak, dtype=torch.bool).triu(1)] > 0).all()
    third = leak_of(run(lifted, ids), run(lifted, [*ids[:2], others[2], *ids[3:]])).divergence
    assert torch.equal(leak[:, 2], third)


@pytest.mark.parametrize("architecture", ["decoder", "encoder"])
def test_trained_without_the_mask_a_model_copies_the_next_token(architecture: str) -> None:
    """Of random tokens nothing can be foreseen, only copied."""
    shape = {"vocab_size": 11, "context": 8, "n_layer": 1, "n_head": 2, "d_model": 32, "tied": False}
    made = Transformer(TransformerConfig(**shape, architecture=architecture))
    optimizer = torch.optim.Adam(made.parameters(), lr=0.01)
    for _step in range(400):
        ids = torch.randint(11, (64, 8))
        loss = torch.nn.functional.cross_entropy(made(ids).logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    foreseen = math.log(11)
    assert loss.item() < 0.2 * foreseen if architecture == "encoder" else loss.item() > 0.95 * foreseen
