"""Each what-if against the model itself, changed by hand."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from viz_core import masks
from viz_core.config import TransformerConfig
from viz_core.edits import AS_IT_IS, Cells, Edits
from viz_core.recording import Recording
from viz_core.transformer import Transformer

IDS = torch.tensor([3, 1, 4, 1, 5])
SHAPE = {"vocab_size": 11, "context": 16, "n_layer": 2, "n_head": 3, "d_model": 12}


def network(**settings: object) -> Transformer:
    torch.manual_seed(0)
    made = Transformer(TransformerConfig(**(SHAPE | settings)))
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    return made.requires_grad_(False).eval()


def run(made: Transformer, edits: Edits = AS_IT_IS, ids: Tensor = IDS) -> Recording:
    return made(ids, edits=edits)


def everywhere_else(made: Transformer, edits: Edits, layer: int, head: int) -> None:
    """Only that head's causes differ, in a layer whose input is still the same."""
    plain, edited = run(made).blocks[layer].attention, run(made, edits).blocks[layer].attention
    for other in range(plain.n_head):
        same = torch.equal(plain.head(other).context, edited.head(other).context)
        assert same == (other != head)


@pytest.mark.parametrize("kind", ["learned", "sinusoidal", "rotary", "alibi", "none"])
def test_nothing_set_changes_nothing(kind: str):
    made = network(positions=kind)
    assert torch.equal(run(made).logits, run(made, Edits(seed=5)).logits)


@pytest.mark.parametrize("kind", ["learned", "rotary", "alibi"])
@pytest.mark.parametrize(
    "edits",
    [
        Edits(scale=1.0),
        Edits(temperature=0.3),
        Edits(allowed=Cells.of(masks.full(5, 5))),
        Edits(dropout=0.4),
        Edits(ablated=frozenset({(0, 1), (1, 2)})),
        Edits(positions="zeroed"),
        Edits(positions="shuffled"),
        Edits(scale=1.0, temperature=2.0, dropout=0.2, at=frozenset({(0, 1)}), ablated=frozenset({(1, 0)})),
    ],
    ids=str,
)
def test_every_edit_changes_the_logits_and_is_in_the_record(kind: str, edits: Edits):
    made = network(positions=kind)
    plain, edited = run(made), run(made, edits)
    assert not torch.allclose(plain.logits, edited.logits, atol=1e-4)
    assert torch.equal(run(made, edits).logits, edited.logits), "the same edits, the same recording"
    for block, module in zip(edited.blocks, made.blocks, strict=True):
        derived = module.attention.output(module.attention.concatenate(block.attention.context))
        assert_close(block.residual_in + derived, block.residual_mid, atol=1e-5, rtol=1e-4)


def test_scale_replaces_the_division():
    made = network()
    assert run(made, Edits(scale=1.0)).blocks[0].attention.scale == 1.0
    plain = network(divide_by_sqrt_d_head=False)
    assert_close(run(made, Edits(scale=1.0)).logits, run(plain).logits)


@pytest.mark.parametrize("scale", [0.0, -0.5])
def test_a_scale_of_nothing_or_less_is_one_too(scale: float):
    record = run(network(), Edits(scale=scale)).blocks[0].attention
    assert_close(record.fused_context(), record.context)
    assert record.head(0).divisor == (math.inf if scale == 0 else -2)


def test_temperature_divides_what_enters_the_softmax_bias_included():
    made = network(positions="alibi")
    plain, cold = run(made).blocks[0].attention, run(made, Edits(temperature=0.5)).blocks[0].attention
    assert torch.equal(cold.scores, plain.scores)
    expected = torch.where(plain.allowed, plain.masked_scores * 2, -torch.inf)
    assert_close(cold.masked_scores, expected)


def test_a_mask_replaces_the_models_own():
    made = network()
    window = masks.sliding_window(5, 2)
    edited = run(made, Edits(allowed=Cells.of(window)))
    assert all(torch.equal(block.attention.allowed, window) for block in edited.blocks)


def test_cells_are_values():
    window = masks.sliding_window(5, 2)
    assert torch.equal(Cells.of(window).tensor, window)
    assert Cells.of(window) == Cells.of(window.clone())
    assert hash(Edits(allowed=Cells.of(window))) == hash(Edits(allowed=Cells.of(window.clone())))
    assert Cells.of(window) != Cells.of(masks.causal(5))


@pytest.mark.parametrize("wrong", [torch.ones(3, 3), torch.ones(3, dtype=torch.bool)])
def test_cells_are_boolean_maps(wrong: Tensor):
    with pytest.raises(ValueError, match=r"expected torch.bool \[query, key\]"):
        Cells.of(wrong)


@pytest.mark.parametrize(
    "edits",
    [Edits(scale=1.0), Edits(temperature=0.3), Edits(allowed=Cells.of(masks.full(5, 5))), Edits(dropout=0.5)],
    ids=str,
)
def test_edits_can_be_for_one_head(edits: Edits):
    everywhere_else(network(), replace(edits, at=frozenset({(0, 1)})), layer=0, head=1)


@pytest.mark.parametrize("kv", [3, 1])
def test_a_head_of_an_edited_layer_derives_what_the_layer_derives(kv: int):
    edits = Edits(scale=1.0, temperature=0.7, dropout=0.3, at=frozenset({(1, 2)}), ablated=frozenset({(1, 0)}))
    record = run(network(n_kv_head=kv), edits).blocks[1].attention
    assert isinstance(record.scale, Tensor)
    for head in range(3):
        assert_close(record.head(head).context[0], record.context[head])
    assert_close(record.rows(2, 4).weights, record.weights[:, 2:4, :4])
    assert_close(record.rows(2, 4).context, record.context[:, 2:4])
    assert_close(record.fused_context(), record.context)


def test_scale_of_some_heads_in_the_fused_kernel_too():
    record = run(network(), Edits(scale=2.0, at=frozenset({(0, 1)}))).blocks[0].attention
    assert_close(record.fused_context(), record.context)
    assert record.head(1).divisor == 0.5
    assert record.head(0).divisor == pytest.approx(math.sqrt(4))


def test_an_ablated_head_adds_nothing():
    made = network(n_layer=1, bias=False)
    block = run(made, Edits(ablated=frozenset((0, head) for head in range(3)))).blocks[0]
    assert torch.equal(block.residual_mid, block.residual_in)
    one = run(made, Edits(ablated=frozenset({(0, 1)}))).blocks[0].attention
    assert one.context[1].abs().max() == 0
    assert torch.equal(one.weights, run(made).blocks[0].attention.weights), "its weights stand, its context is 0"


def test_dropout_keeps_the_expected_sum_and_its_share():
    made, n = network(context=256, n_layer=1), 200
    record = run(made, Edits(dropout=0.3), torch.arange(n) % 11).blocks[0].attention
    assert record.kept is not None
    assert record.kept.unique().tolist() == pytest.approx([0, 1 / 0.7])
    assert float((record.kept == 0).float().mean()) == pytest.approx(0.3, abs=0.01)
    assert float(record.kept.mean()) == pytest.approx(1, abs=0.02)
    assert_close(record.weights.sum(-1), torch.ones(3, n), atol=1e-5, rtol=0)  # what is dropped, is dropped after


def test_dropout_and_heads_switched_off_go_together():
    edits = Edits(dropout=0.5, ablated=frozenset({(0, 1)}))
    first, second = (block.attention for block in run(network(n_layer=2), edits).blocks)
    assert first.kept[1].abs().max() == 0
    assert first.kept[0].unique().tolist() == first.kept[2].unique().tolist() == [0, 2]
    assert second.kept[1].max() == 2
    assert not torch.equal(first.kept[0], second.kept[0]), "every layer drops others"


def test_seeds_differ_and_repeat():
    made = network()
    first, second = (run(made, Edits(dropout=0.5, seed=seed)).logits for seed in (1, 2))
    assert not torch.equal(first, second)
    assert torch.equal(first, run(made, Edits(dropout=0.5, seed=1)).logits)


@pytest.mark.parametrize("kind", ["learned", "sinusoidal", "rotary", "alibi"])
@pytest.mark.parametrize("order", [[1, 4, 0, 3, 2], [4, 3, 2, 1, 0]])
def test_with_positions_zeroed_and_every_cell_allowed_order_is_not_known(kind: str, order: list[int]):
    """CONTENT.md B6: the attention is the same, in another order."""
    made, order = network(positions=kind), torch.tensor(order)
    edits = Edits(positions="zeroed", allowed=Cells.of(masks.full(5, 5)))
    plain, moved = run(made, edits), run(made, edits, IDS[order])
    for one, other in zip(plain.blocks, moved.blocks, strict=True):
        assert_close(other.attention.weights, one.attention.weights[:, order][:, :, order], atol=1e-6, rtol=0)
    causal = Edits(positions="zeroed")
    assert not torch.allclose(run(made, causal).logits[-1], run(made, causal, IDS[order]).logits[-1], atol=1e-3)


@pytest.mark.parametrize("kind", ["learned", "sinusoidal", "rotary", "alibi"])
def test_shuffled_positions_are_those_of_a_text_in_that_order(kind: str):
    made, edits = network(positions=kind), Edits(positions="shuffled", allowed=Cells.of(masks.full(5, 5)), seed=3)
    order = edits.order(5)
    assert order.tolist() != [0, 1, 2, 3, 4]
    back = order.argsort()
    shuffled, reordered = run(made, edits), run(made, replace(edits, positions="kept"), IDS[back])
    assert_close(shuffled.logits[back], reordered.logits, atol=1e-5, rtol=1e-4)


def test_zeroed_positions_are_recorded_as_such():
    assert run(network(), Edits(positions="zeroed")).positions.abs().max() == 0


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"temperature": 0}, "temperature is 0; expected a number above 0"),
        ({"temperature": math.nan}, "temperature is nan"),
        ({"scale": math.inf}, "scale is inf; expected a finite number"),
        ({"dropout": 1.0}, "dropout is 1.0; expected a share from 0 to below 1"),
        ({"positions": "moved"}, "positions is 'moved'; expected kept, zeroed or shuffled"),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(value),
)
def test_what_no_edit_can_be(setting: dict, message: str):
    with pytest.raises(ValueError, match=message):
        Edits(**setting)


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        (Edits(ablated=frozenset({(2, 0)})), "L2·H0; the model has 2 layers of 3 heads"),
        (Edits(scale=1.0, at=frozenset({(0, 3)})), "L0·H3"),
        (Edits(allowed=Cells.of(masks.causal(4))), r"allowed is \[4, 4\]; the text has 5 tokens, so expected \[5, 5\]"),
    ],
    ids=str,
)
def test_edits_for_another_shape_are_refused(edits: Edits, message: str):
    with pytest.raises(ValueError, match=message):
        run(network(), edits)


def test_a_row_that_may_look_nowhere_gets_nothing():
    cells = masks.causal(5).clone()
    cells[2] = False
    record = run(network(), Edits(allowed=Cells.of(cells))).blocks[0].attention
    assert record.weights[:, 2].abs().max() == 0
    assert record.fused_context()[:, 2].abs().max() == 0
