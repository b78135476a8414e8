"""What masks leave, how far rows hear, the three ways to zero, dropout: by hand, and on real runs."""

import math

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from viz_core import masks
from viz_core.analysis import masking
from viz_core.attention import AttentionRecord
from viz_core.config import TransformerConfig
from viz_core.edits import Cells, Edits
from viz_core.transformer import Transformer

IDS = torch.tensor([3, 1, 4, 1, 5, 9, 2])


def decoder(**settings: object) -> Transformer:
    made = Transformer(TransformerConfig(vocab_size=11, context=16, n_layer=3, n_head=2, d_model=8, **settings))
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.5)
    return made.requires_grad_(False).eval()


def of_scores(scores: Tensor) -> AttentionRecord:
    """A record of one head whose scaled scores are exactly these [n, n]."""
    n = len(scores)
    return AttentionRecord(scores[None], torch.eye(n)[None], torch.eye(n)[None], masks.full(n, n), scale=1.0)


# -- what is left ----------------------------------------------------------------------------------------------


def test_what_a_mask_leaves_counted_by_hand() -> None:
    allowed = torch.tensor([[0, 0, 0], [1, 0, 1], [0, 0, 1]], dtype=torch.bool)
    assert masking.coverage(allowed) == (3, 9, 6, 1, (0,), (2,))
    assert masking.coverage(masks.causal(4)) == (10, 16, 10, 0, (), (0,))
    assert masking.coverage(masks.full(1, 1)) == (1, 1, 1, 0, (), (0,))


@pytest.mark.parametrize(("window", "layers"), [(2, 1), (2, 3), (3, 2), (4, 5)])
def test_windows_reach_back_through_layers(window: int, layers: int) -> None:
    """k layers of windows of w: k·(w−1) tokens back, and no further."""
    n = 12
    reach = masking.reach([masks.sliding_window(n, window)] * layers)
    assert torch.equal(reach, masks.sliding_window(n, layers * (window - 1) + 1))


def test_a_row_that_sees_nothing_keeps_itself() -> None:
    assert torch.equal(masking.reach([torch.zeros(3, 3, dtype=torch.bool)] * 2), torch.eye(3, dtype=torch.bool))


def test_of_several_heads_one_that_sees_is_enough() -> None:
    heads = torch.stack([torch.eye(4, dtype=torch.bool), masks.causal(4)])
    assert torch.equal(masking.reach([heads]), masks.causal(4))


@pytest.mark.parametrize("allowed", [masks.sliding_window(7, 2), masks.dilated(7, 2, 3), masks.full(7, 7)], ids=str)
def test_what_cannot_reach_a_row_does_not_change_it_and_what_can_does(allowed: Tensor) -> None:
    made, edits = decoder(), Edits(allowed=Cells.of(allowed))
    plain, reach = made(IDS, edits=edits).logits, masking.reach([allowed] * 3)
    for place in range(7):
        other = IDS.clone()
        other[place] = 7
        changed = ((made(other, edits=edits).logits - plain).abs() > 1e-5).any(-1)
        assert torch.equal(changed, reach[:, place])


# -- three ways to zero ----------------------------------------------------------------------------------------


def test_three_ways_by_hand() -> None:
    """Scores ln 2, ln 3, ln 5 in each row: e^s is 2, 3, 5."""
    record = of_scores(torch.tensor([2.0, 3.0, 5.0]).log().expand(3, 3).contiguous())
    three = masking.three_ways(record, masks.causal(3))
    assert_close(three.infinite, torch.tensor([[1, 0, 0], [2 / 5, 3 / 5, 0], [0.2, 0.3, 0.5]]))
    assert_close(three.after, torch.tensor([[0.2, 0, 0], [0.2, 0.3, 0], [0.2, 0.3, 0.5]]))
    assert_close(three.zeroed, torch.tensor([[2 / 4, 1 / 4, 1 / 4], [2 / 6, 3 / 6, 1 / 6], [0.2, 0.3, 0.5]]))
    assert_close(masking.on_allowed(three.zeroed, masks.causal(3)), torch.tensor([1 / 2, 5 / 6, 1.0]))


def test_scores_of_zero_everywhere_leak_as_much_as_there_are_later_tokens() -> None:
    three = masking.three_ways(of_scores(torch.zeros(18, 18)), masks.causal(18))
    future = 1 - masking.on_allowed(three.zeroed, masks.causal(18))
    assert_close(future, torch.arange(17, -1, -1) / 18)
    assert_close(three.infinite[:, 0], 1 / torch.arange(1, 19))  # CONTENT.md C: row i is 1/(i+1)


@pytest.mark.parametrize("positions", ["learned", "alibi"])
def test_of_a_real_head_only_the_first_way_is_what_the_model_does(positions: str) -> None:
    layer = decoder(positions=positions)(IDS).blocks[1].attention
    record, allowed = layer.head(1), masks.causal(7)
    three = masking.three_ways(record, allowed)
    assert torch.equal(three.infinite, layer.weights[1])
    assert_close(three.infinite.sum(-1), torch.ones(7))
    assert (three.after.sum(-1)[:-1] < 1).all()
    assert_close(three.after[-1], three.infinite[-1])
    assert_close(three.zeroed.sum(-1), torch.ones(7))
    assert (three.zeroed.triu(1).sum(-1)[:-1] > 0).all()
    assert_close(three.after / three.after.sum(-1, keepdim=True), three.infinite)


def test_three_ways_are_of_one_head() -> None:
    with pytest.raises(ValueError, match="the record has 2 heads; expected one"):
        masking.three_ways(decoder()(IDS).blocks[0].attention, masks.causal(7))


def test_a_large_finite_number_is_as_good_until_a_row_is_empty() -> None:
    record, allowed = decoder()(IDS).blocks[0].attention.head(0), masks.causal(7).clone()
    assert torch.equal(masking.finite_mask(record, allowed), record.weights[0])
    allowed[3] = False
    assert_close(masking.finite_mask(record, allowed)[3], torch.full((7,), 1 / 7))
    assert masking.three_ways(record, allowed).infinite[3].abs().max() == 0
    assert torch.softmax(torch.full((7,), -torch.inf), dim=-1).isnan().all(), "0/0"
    assert torch.tensor(masking.FINITE).half() == -math.inf, "half precision ends at 65,504"
    assert torch.finfo(torch.float16).max == 65_504


# -- dropout ---------------------------------------------------------------------------------------------------


def test_dropout_is_that_of_the_run_with_the_same_seed() -> None:
    made, edits = decoder(), Edits(dropout=0.4, seed=3)
    layer = made(IDS).blocks[0].attention
    found = masking.dropped(layer, 0, 1, edits)
    run = made(IDS, edits=edits).blocks[0].attention
    assert run.kept is not None
    assert torch.equal(found.kept, run.kept[1])
    assert_close((run.weights * run.kept)[1].sum(-1), found.sums)
    mixed = (layer.weights[1] * found.kept) @ layer.value[1]
    assert_close(run.context[1], mixed, atol=1e-5, rtol=1e-4)


def test_rows_sum_to_one_on_average() -> None:
    layer = decoder()(IDS).blocks[0].attention
    found = masking.dropped(layer, 0, 1, Edits(dropout=0.3, seed=5), seeds=4_000)
    assert found.seeds == 4_000
    assert_close(found.mean, torch.ones(7), atol=0.05, rtol=0)
    assert (found.sums - 1).abs().max() > 0.1, "of one seed they do not"
    assert found.kept.unique().tolist() == pytest.approx([0, 1 / 0.7])


def test_without_dropout_nothing_is_dropped() -> None:
    found = masking.dropped(decoder()(IDS).blocks[0].attention, 0, 0, Edits())
    assert found.kept.min() == found.kept.max() == 1


def test_of_a_long_text_fewer_seeds_are_averaged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "MOST_DRAWS", 2 * 49 * 12)
    layer = decoder()(IDS).blocks[0].attention
    assert masking.dropped(layer, 0, 0, Edits(dropout=0.5)).seeds == 12
