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


@pytest.mark.parametrize(
    "settings", [{}, {"n_kv_head": 2, "positions": "rotary"}, {"architecture": "encoder"}], ids=str
)
def test_a_head_that_is_off_can_put_out_its_mean(settings: dict):
    """By hand: the layer's contexts, one head's replaced by their mean over the rows, mixed by W_O again."""
    transformer, off = made(**settings), frozenset({(1, 2)})
    with torch.inference_mode():
        recording = transformer(IDS)
        edited = transformer(IDS, edits=Edits(ablated=off, instead="mean"))
        block, attention = recording.blocks[1], transformer.blocks[1].attention
        contexts = block.attention.context.clone()
        contexts[2] = contexts[2].mean(0)
        mid = block.residual_in + attention.output(attention.concatenate(contexts))
        assert_close(edited.blocks[1].residual_mid, mid, atol=1e-5, rtol=1e-5)
        assert not torch.allclose(mid, block.residual_mid, atol=1e-3)
        effects = effects_of_each(transformer, recording, -1, instead="mean")
        change = float((edited.logits - recording.logits)[-1, int(recording.logits[-1].argmax())])
        assert float(effects.logit[1, 2]) == pytest.approx(change, abs=1e-4)
        removal = removed_in_order(transformer, recording, -1, [(1, 2)], instead="mean")
        assert float(removal.probability[1]) == pytest.approx(
            float(torch.softmax(edited.logits[-1].double(), -1)[recording.logits[-1].argmax()]), abs=1e-5
        )


def test_a_mean_is_put_out_whole_where_dropout_strikes_others():
    transformer = made()
    with torch.inference_mode():
        edits = Edits(ablated=frozenset({(1, 2)}), instead="mean", dropout=0.5, at=frozenset({(1, 2), (1, 0)}))
        context = transformer(IDS, edits=edits).blocks[1].attention.context
    assert_close(context[2], context[2, :1].expand_as(context[2]))
    assert not torch.allclose(context[0], context[0, :1].expand_as(context[0]))


def test_what_stands_instead_is_0_or_the_mean():
    with pytest.raises(ValueError, match="instead is 'noise'; expected zero or mean"):
        Edits(instead="noise")


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
