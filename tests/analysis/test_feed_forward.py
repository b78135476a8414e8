"""Hidden neurons: against the forward pass, and what each one writes."""

import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from viz_core.analysis.feed_forward import curve, neurons_of, promoted
from viz_core.config import TransformerConfig
from viz_core.recording import Recording
from viz_core.transformer import Transformer

IDS = torch.tensor([3, 1, 4, 1, 5, 9, 2])


def network(**settings: object) -> Transformer:
    shape = {"vocab_size": 31, "context": 16, "n_layer": 2, "n_head": 3, "d_model": 12}
    made = Transformer(TransformerConfig(**shape, **settings))
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    return made.requires_grad_(False).eval()


@pytest.mark.parametrize("place", ["pre", "post"])
@pytest.mark.parametrize("activation", ["gelu", "gelu_tanh", "relu", "silu", "tanh", "swiglu"])
def test_what_neurons_write_is_what_the_feed_forward_adds(place: str, activation: str):
    made = network(norm_place=place, activation=activation)
    recording: Recording = made(IDS)
    found, module, block = neurons_of(made, recording, 1), made.blocks[1], recording.blocks[1]
    added = module.feed_forward.down(found.hidden)
    out = block.residual_mid + added
    assert_close(out if place == "pre" else module.feed_forward_norm(out), block.residual_out, atol=1e-4, rtol=1e-4)
    if activation != "swiglu":
        assert torch.equal(curve(activation, found.before), found.hidden)
    assert_close(neurons_of(made, recording, 1, slice(2, 5)).hidden, found.hidden[2:5])


def test_the_hidden_layer_of_swiglu_is_the_activated_gate_times_another_map():
    made = network(activation="swiglu")
    feed_forward, recording = made.blocks[0].feed_forward, made(IDS)
    found = neurons_of(made, recording, 0)
    x = made.blocks[0].feed_forward_norm(recording.blocks[0].residual_mid)
    assert torch.equal(found.hidden, F.silu(found.before) * feed_forward.up(x))
    assert_close(
        curve("swiglu", torch.tensor([-1.0, 2.0])), torch.tensor([-1.0, 2.0]) * torch.tensor([-1.0, 2.0]).sigmoid()
    )


def test_shares_and_order():
    made = network(activation="relu")
    found = neurons_of(made, made(IDS), 1)
    assert_close(found.positive, (found.hidden > 0).float().mean(-1))
    assert_close(found.shut, 1 - (found.hidden >= 0.0005).float().mean(-1))
    wrote = [float(found.hidden[3, n]) * float(made.blocks[1].feed_forward.down.weight[:, n].norm()) for n in range(48)]
    assert found.strongest(3, 5) == sorted(range(48), key=lambda n: -wrote[n])[:5]
    assert found.strongest_of_all(1)[0] == int((found.hidden * found.writes).max(0).values.argmax())


@pytest.mark.parametrize("norm", ["layernorm", "rmsnorm"])
def test_promoted_tokens_are_those_whose_logits_a_neuron_moves(norm: str):
    """Of the last layer: adding a little of the neuron's column to the stream, the final norm's divisor held."""
    made = network(norm=norm)
    recording: Recording = made(IDS)
    column = made.blocks[1].feed_forward.down.weight[:, 7]
    x = recording.blocks[1].residual_out[-1]
    centred = x - x.mean() if norm == "layernorm" else x
    root = (centred.square().mean() + 1e-5).sqrt()
    moved = centred + 0.1 * (column - column.mean() if norm == "layernorm" else column)
    change = made.unembedding((moved - centred) / root * made.final_norm.weight)
    up, down = promoted(made, 1, 7, 3)
    assert up == change.argsort(descending=True)[:3].tolist()
    assert down == change.argsort()[:3].tolist()


def test_no_direct_path_in_a_post_norm_model():
    with pytest.raises(ValueError, match="expected 'pre'"):
        promoted(network(norm_place="post"), 0, 0, 3)
