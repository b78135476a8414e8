"""Gradient × attention against what really happens when one weight grows a little, and its sums over heads."""

from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from tests.examples import sharp_transformer
from viz_core.analysis.gradients import head_totals
from viz_core.attention import AttentionRecord
from viz_core.config import TransformerConfig
from viz_core.edits import Edits
from viz_core.models.gradients import gradients
from viz_core.transformer import Transformer

IDS = torch.tensor([3, 1, 4, 1, 5, 9])
STEP = 1e-2  # float32: smaller steps drown in rounding
TOKEN = 2


@dataclass(frozen=True, kw_only=True)
class Grown(Edits):
    """One weight, or all of a head's, multiplied by 1 + `by`."""

    layer: int = 0
    cells: tuple[int | slice, int | slice, int | slice] = (0, slice(None), slice(None))
    by: float = 0.0

    def of_record(self, record: AttentionRecord, layer: int) -> AttentionRecord:
        if layer != self.layer:
            return record
        kept = torch.ones_like(record.weights)
        kept[self.cells] += self.by
        return replace(record, kept=kept)


@pytest.fixture(params=["pre", "post"])
def own(request: pytest.FixtureRequest) -> Transformer:
    config = TransformerConfig(
        vocab_size=13, context=8, n_layer=2, n_head=3, d_model=12, norm_place=request.param, positions="learned"
    )
    return sharp_transformer(config).requires_grad_(False)


def slope(own: Transformer, row: int, layer: int, cells: tuple[int | slice, int | slice, int | slice]) -> float:
    """By how much the logit grows as the cells do, over a small step to either side."""
    ends = [own(IDS, edits=Grown(layer=layer, cells=cells, by=by)).logits[row, TOKEN] for by in (STEP, -STEP)]
    return float(ends[0] - ends[1]) / (2 * STEP)


def of_all(own: Transformer, row: int) -> list[Tensor]:
    return gradients(lambda edits: own(IDS, edits=edits), row, TOKEN)


@pytest.mark.parametrize(
    ("layer", "head", "query", "key"), [(0, 0, 3, 1), (0, 2, 4, 4), (1, 1, 5, 0), (1, 2, 5, 3), (1, 0, 2, 1)]
)
def test_a_cell_is_the_slope_as_its_weight_grows(own: Transformer, layer: int, head: int, query: int, key: int):
    found = of_all(own, -1)[layer][head, query, key]
    assert float(found) == pytest.approx(slope(own, -1, layer, (head, query, key)), abs=2e-3, rel=2e-2)


def test_a_heads_sum_is_the_slope_as_the_whole_head_grows(own: Transformer):
    totals = head_totals(of_all(own, -1))
    for layer in range(2):
        for head in range(3):
            whole = slope(own, -1, layer, (head, slice(None), slice(None)))
            assert float(totals.net[layer, head]) == pytest.approx(whole, abs=3e-3, rel=2e-2)
    assert (totals.size >= totals.net.abs() - 1e-6).all()


def test_what_the_prediction_cannot_see_has_no_gradient(own: Transformer):
    first, last = of_all(own, 2)
    assert not first[:, 3:].any(), "rows after the prediction's"
    assert not last[:, :2].any(), "of the last layer only the row itself is read"
    assert last[:, 2, :3].any()
    assert not first[:, :, 3:].any(), "cells that may not be looked at"


def test_layers_may_have_different_numbers_of_heads():
    totals = head_totals([torch.tensor([[[1.0, -3.0]], [[2.0, 0.5]]]), torch.tensor([[[-1.0, -1.0]]])])
    assert_close(totals.size, torch.tensor([[4.0, 2.5], [2.0, torch.nan]]), equal_nan=True)
    assert_close(totals.net, torch.tensor([[-2.0, 2.5], [-2.0, torch.nan]]), equal_nan=True)
