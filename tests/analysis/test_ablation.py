"""Heads switched off one at a time: the same numbers as whole runs of the edited model."""

import pytest
import torch
from torch.testing import assert_close

from tests.examples import sharp_transformer
from viz_core.analysis.ablation import Effects, Removal, effects_of_each, removed_in_order
from viz_core.config import TransformerConfig
from viz_core.edits import Edits
from viz_core.transformer import Transformer

IDS = torch.tensor([3, 1, 4, 1, 5, 9])


def made(**settings: object) -> Transformer:
    shape = {"vocab_size": 13, "context": 8, "n_layer": 3, "n_head": 4, "d_model": 12, "d_head": 6}
    return sharp_transformer(TransformerConfig(**(shape | settings)))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"positions": "alibi"},
        {"n_kv_head": 2, "positions": "rotary"},
        {"architecture": "encoder"},
        {"norm_place": "post", "norm": "rmsnorm"},
    ],
    ids=str,
)
@pytest.mark.parametrize("row", [-1, 2])
def test_each_head_alone_is_a_run_without_it(settings: dict, row: int):
    transformer = made(**settings)
    told: list[tuple[int, int]] = []
    with torch.inference_mode():
        recording = transformer(IDS)
        effects = effects_of_each(transformer, recording, row, lambda done, of: told.append((done, of)))
        before = torch.log_softmax(recording.logits[row].double(), -1)
        token = int(before.argmax())
        for layer in range(3):
            for head in range(4):
                logits = transformer(IDS, edits=Edits(ablated=frozenset({(layer, head)}))).logits[row]
                after = torch.log_softmax(logits.double(), -1)
                kl = float((before.exp() * (before - after)).sum())
                assert float(effects.divergence[layer, head]) == pytest.approx(kl, abs=1e-4, rel=1e-4)
                change = float(logits[token] - recording.logits[row, token])
                assert float(effects.logit[layer, head]) == pytest.approx(change, abs=1e-4)
    assert told == [(done, 12) for done in range(12)]
    assert effects.divergence.max() > 0.01


def test_effects_do_not_add_up():
    """What the page says: together is not the sum. With one layer and no norm after it, logits would add up."""
    transformer = made()
    with torch.inference_mode():
        recording = transformer(IDS)
        effects = effects_of_each(transformer, recording, -1)
        pair = frozenset({(0, 1), (2, 3)})
        token = int(recording.logits[-1].argmax())
        together = float((transformer(IDS, edits=Edits(ablated=pair)).logits - recording.logits)[-1, token])
    assert abs(together - float(sum(effects.logit[head] for head in pair))) > 0.01


def test_strongest_and_weakest():
    effects = Effects(torch.tensor([[0.3, 0.0, 0.2], [0.9, 0.1, 0.4]]), torch.zeros(2, 3))
    assert effects.strongest() == (1, 0)
    assert effects.weakest_half() == {(0, 1), (1, 1), (0, 2)}


def test_the_first_layers_input_is_not_needed_anew():
    """Layers before the head's own are not run again: an empty first block would not be noticed."""
    transformer = made()
    with torch.inference_mode():
        recording = transformer(IDS)
        whole = effects_of_each(transformer, recording, -1)
        for weight in transformer.blocks[0].parameters():
            weight.zero_()
        assert_close(effects_of_each(transformer, recording, -1).divergence[1:], whole.divergence[1:])


@pytest.mark.parametrize("settings", [{}, {"architecture": "encoder"}], ids=str)
def test_heads_removed_in_order_stay_off(settings: dict):
    transformer, row = made(**settings), 3
    order = [(2, 1), (0, 3), (1, 0)]
    with torch.inference_mode():
        recording = transformer(IDS)
        removal = removed_in_order(transformer, recording, row, order)
        for count in range(4):
            logits = transformer(IDS, edits=Edits(ablated=frozenset(order[:count]))).logits[row]
            token = int(recording.logits[row].argmax())
            expected = float(torch.softmax(logits.double(), -1)[token])
            assert float(removal.probability[count]) == pytest.approx(expected, abs=1e-5)
            assert bool(removal.likeliest[count]) == (int(logits.argmax()) == token)


@pytest.mark.parametrize(
    ("likeliest", "kept"), [([True], 0), ([True, False, True], 0), ([True, True, False], 1), ([True, True, True], 2)]
)
def test_a_prediction_is_kept_until_it_first_changes(likeliest: list[bool], kept: int):
    assert Removal(torch.ones(len(likeliest)), torch.tensor(likeliest)).kept() == kept
    assert Removal(torch.tensor([0.8 if still else 0.3 for still in likeliest]), torch.ones(3)).halved() == kept
