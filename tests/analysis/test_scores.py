import math

import pytest
import torch

from viz_core.analysis.scores import MEASURES, head_scores
from viz_core.attention import AttentionRecord
from viz_core.recording import BlockRecord, Recording


def test_a_head_by_hand():
    """Three tokens, the third a copy of the first; rows 1 0 0, ¼ ¾ 0, 0 ½ ½."""
    wanted = torch.tensor([[1.0, 0, 0], [0.25, 0.75, 0], [1e-30, 0.5, 0.5]])
    unit, allowed = torch.eye(3)[None], torch.ones(3, 3, dtype=torch.bool).tril()
    record = AttentionRecord(wanted.clamp(min=1e-30).log()[None], unit, unit, allowed, 1.0)  # scores ln α: weights α
    made = Recording(torch.tensor([5, 6, 5]), torch.zeros(3, 3), None, (BlockRecord(record),), torch.zeros(1, 9))
    scores = {name: numbers[0] for name, numbers in head_scores(made).items()}
    in_row_1, in_row_2 = -0.25 * math.log(0.25) - 0.75 * math.log(0.75), math.log(2)
    assert math.isnan(scores.pop("local"))  # looking near is no habit in so short a text
    assert scores == pytest.approx(
        {
            "layer": 0,
            "head": 0,
            "previous": (0.25 + 0.5) / 2,
            "induction": 0.5,  # row 2 looks at token 1, which followed the first 5
            "duplicate": 0,
            "first": (0.25 + 0) / 2,
            "self": (0.75 + 0.5) / 2,
            "broad": (in_row_1 / math.log(2) + in_row_2 / math.log(3)) / 2,
            "entropy": (in_row_1 + in_row_2) / 2,
            "distance": (0.25 + 0.5) / 2,
            "largest": (0.75 + 0.5) / 2,
        },
        abs=1e-6,
    )


def test_every_measure_of_heads_of_layers_that_differ():
    def block(heads: int) -> BlockRecord:
        drawn = (torch.randn(heads, 200, 4), torch.randn(1, 200, 4), torch.randn(1, 200, 4))
        return BlockRecord(AttentionRecord(*drawn, torch.ones(200, 200, dtype=torch.bool), 0.5))

    made = Recording(torch.arange(200) % 9, torch.zeros(200, 3), None, (block(3), block(2)), torch.zeros(1, 9))
    scores = head_scores(made, both_sides=True)
    assert list(scores) == ["layer", "head", *MEASURES]
    assert list(zip(scores["layer"], scores["head"], strict=True)) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
    weights = torch.cat([block.attention.weights for block in made.blocks])
    assert scores["first"] == pytest.approx(weights[:, 1:, 0].mean(-1).tolist(), abs=1e-6)
    assert scores["largest"] == pytest.approx(weights.amax(-1).mean(-1).tolist(), abs=1e-6)
