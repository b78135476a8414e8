"""Every head off alone: by hand, against runs of the whole model, and where layers differ in their number of heads."""

import math

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from viz_core.analysis.ablation import effects_of_each, logits_without
from viz_core.analysis.lens import logits_at
from viz_core.analysis.sweep import absences
from viz_core.edits import Edits, Instead
from viz_core.recording import Recording
from viz_core.transformer import Transformer


def test_three_heads_by_hand():
    """Without the head the odds of two tokens go from 1 : 1 to 3 : 1; KL = ½ ln(½ / ¾) + ½ ln(½ / ¼) = ½ ln(4/3)."""
    before = torch.zeros(2)
    after = {(0, 0): before, (0, 1): torch.tensor([math.log(3), 0.0]), (1, 0): torch.tensor([0.0, math.log(3)])}
    told: list[tuple[int, int]] = []
    found = absences(lambda *place: after[place], before, [2, 1], [1, 0], lambda *at: told.append(at))
    half = 0.5 * math.log(4 / 3)
    assert_close(found.divergence, torch.tensor([[0.0, half], [half, math.nan]]), equal_nan=True)
    assert_close(found.logit[0, 1], torch.tensor([0.0, math.log(3)]))
    assert_close(found.probability[0, 1], torch.tensor([-0.25, 0.25]))
    assert_close(found.probability[1, 0], torch.tensor([0.25, -0.25]))
    assert told == [(0, 3), (1, 3), (2, 3)]


def test_probabilities_are_of_the_whole_vocabulary():
    """Three tokens, ⅓ each; then odds of 2 : 1 : 1. Asked of one of them alone."""
    after = torch.tensor([math.log(2), 0.0, 0.0])
    found = absences(lambda _layer, _head: after, torch.zeros(3), [1], [0])
    assert_close(found.probability[0, 0], torch.tensor([1 / 2 - 1 / 3]))


@pytest.mark.parametrize("instead", ["zero", "mean"])
@pytest.mark.parametrize("row", [-1, 4])
def test_each_head_is_that_of_a_run_without_it(
    transformer: Transformer, recording: Recording, instead: Instead, row: int
):
    before = logits_at(transformer, recording, row)
    token = int(before.argmax())

    def without(layer: int, head: int) -> Tensor:
        return logits_without(transformer, recording, row, (layer, head), instead)

    found = absences(without, before, [6, 6, 6], [token, 3])
    for place in ((0, 1), (1, 5), (2, 0)):
        edits = Edits(ablated=frozenset({place}), instead=instead)
        after = transformer(recording.token_ids, edits=edits).logits[row]
        assert_close(without(*place), after, atol=1e-4, rtol=1e-4)
        assert_close(found.logit[place], after[[token, 3]] - before[[token, 3]], atol=1e-4, rtol=1e-4)
    effects = effects_of_each(transformer, recording, row, instead=instead)
    assert_close(found.divergence, effects.divergence)
    assert_close(found.logit[..., 0], effects.logit)


def test_mean_ablation_puts_the_mean_of_the_contexts_in_their_place(transformer: Transformer, recording: Recording):
    """By hand: of the last layer, whose context nothing later looks at."""
    attention, block = transformer.block(2).attention, recording.blocks[2]
    contexts = block.attention.context.clone()
    contexts[4] = contexts[4].mean(0, keepdim=True)
    mid = transformer.block(2).with_attention(block.residual_in, attention.output(attention.concatenate(contexts)))
    wanted = transformer.unembedding(transformer.final_norm(transformer.block(2).with_feed_forward(mid)))
    assert_close(logits_without(transformer, recording, 7, (2, 4), "mean"), wanted[7], atol=1e-4, rtol=1e-4)
