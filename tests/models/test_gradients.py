"""How far a logit follows each weight: gradients of whole models, against weights that are changed a little."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import viz_core
from tests.models.checkpoints import folder, loaded
from viz_core.attention import AttentionRecord
from viz_core.edits import Edits
from viz_core.models import Model

__all__ = ["folder"]  # a fixture
TEXT = "The dog bit the man"


def logit_with(model: Model, factor: float, place: tuple[int, int, int, int], row: int, token_id: int) -> float:
    """The logit when one weight is `factor` times itself, computed by changing the values it alone moves."""
    layer, head, query, key = place

    class One(Edits):
        def of_record(self, record: AttentionRecord, at: int) -> AttentionRecord:
            if at != layer:
                return record
            kept = torch.ones(record.n_head, record.query.shape[-2], record.key.shape[-2])
            kept[head, query, key] = factor
            return AttentionRecord(
                record.query, record.key, record.value, record.allowed, record.scale, record.bias, kept, record.cap
            )

    return float(model.record(TEXT, One(), all_logits=True).logits[row, token_id])


@pytest.mark.parametrize("name", ["tiny-gpt", "llama", "gemma2", "bert"])
def test_gradients_are_what_a_small_change_of_a_weight_does(name: str, folder: Callable[[str], Path]) -> None:
    model = viz_core.load(name) if name == "tiny-gpt" else loaded(folder(name))
    assert isinstance(model, Model)
    row, token_id = 3, 42
    found = model.gradients(TEXT, row, token_id)
    assert len(found) == model.n_layer
    for place in [(0, 1, 2, 1), (0, 0, 3, 0), (1, 2, 3, 2), (model.n_layer - 1, 1, 3, 1)]:
        up, down = (logit_with(model, factor, place, row, token_id) for factor in (1.02, 0.98))
        assert float(found[place[0]][place[1:]]) == pytest.approx((up - down) / 0.04, abs=2e-3, rel=2e-3)
    assert all(float(layer.abs().max()) > 0 for layer in found)
    if not model.both_sides:
        assert all(float(layer.triu(1).abs().max()) == 0 for layer in found), "where no row may look nothing is owed"
        assert all(float(layer[:, row + 1 :].abs().max()) == 0 for layer in found), "later rows move nothing"


def test_gradients_inside_inference_mode() -> None:
    model = viz_core.load("tiny-gpt")
    assert isinstance(model, Model)
    with torch.inference_mode():
        assert len(model.gradients(TEXT, 3, 42)) == 4
