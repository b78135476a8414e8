"""The residual stream and its norms: against the modules of the forward pass, and by hand."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from viz_core.analysis.residual import Step, normed, stream_of, written
from viz_core.config import TransformerConfig
from viz_core.recording import Recording
from viz_core.transformer import Transformer

IDS = torch.tensor([3, 1, 4, 1, 5, 9, 2])
KINDS = [(place, norm) for place in ("pre", "post") for norm in ("layernorm", "rmsnorm")]


def network(norm_place: str = "pre", norm: str = "layernorm", **settings: object) -> Transformer:
    shape = {"vocab_size": 11, "context": 16, "n_layer": 2, "n_head": 3, "d_model": 12}
    made = Transformer(TransformerConfig(**shape, norm_place=norm_place, norm=norm, **settings))
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    return made.requires_grad_(False).eval()


def seen(made: Transformer, module: nn.Module) -> list[tuple[Tensor, Tensor]]:
    """What goes into and comes out of a module in a forward pass."""
    kept: list[tuple[Tensor, Tensor]] = []
    handle = module.register_forward_hook(lambda _module, given, gave: kept.append((given[0], gave)))
    made(IDS)
    handle.remove()
    return kept


@pytest.mark.parametrize(("place", "norm"), KINDS)
def test_what_is_written_is_what_the_sublayers_return(place: str, norm: str):
    made = network(place, norm)
    recording: Recording = made(IDS)
    for module, block in zip(made.blocks, recording.blocks, strict=True):
        attended, fed = written(module, block)
        assert_close(attended, seen(made, module.attention.output)[0][1], atol=1e-5, rtol=1e-5)
        assert_close(fed, seen(made, module.feed_forward)[0][1], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("place", ["pre", "post"])
def test_the_stream_has_every_step_in_order(place: str):
    made = network(place)
    recording: Recording = made(IDS)
    found = stream_of(made, recording)
    assert found.steps == (
        Step("embedding", -1),
        *(Step(kind, layer) for layer in (0, 1) for kind in ("attention", "feed_forward")),
    )
    block = recording.blocks[1]
    assert_close(found.norms[0], (recording.embeddings + recording.positions).norm(dim=-1))
    assert_close(found.norms[3:], torch.stack([block.residual_mid.norm(dim=-1), block.residual_out.norm(dim=-1)]))
    attended, _fed = written(made.blocks[1], block)
    assert_close(found.added[2], attended.norm(dim=-1))
    by_hand = (attended * block.residual_in).sum(-1) / attended.norm(dim=-1) / block.residual_in.norm(dim=-1)
    assert_close(found.cosine[2], by_hand)


def test_a_pre_norm_stream_is_the_sum_of_what_was_written():
    made = network()
    recording: Recording = made(IDS)
    total = recording.embeddings + recording.positions
    for module, block in zip(made.blocks, recording.blocks, strict=True):
        total = total + sum(written(module, block))
    assert_close(total, recording.blocks[-1].residual_out, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("place", "norm"), KINDS)
@pytest.mark.parametrize("which", ["attention", "feed_forward"])
def test_a_norm_is_the_one_of_the_forward_pass(place: str, norm: str, which: str):
    made = network(place, norm)
    module = getattr(made.blocks[1], f"{which}_norm")
    came, left = seen(made, module)[0]
    found = normed(made, made(IDS), which, 1)
    assert_close(found.before, came, atol=1e-5, rtol=1e-5)
    assert_close(found.after, left, atol=1e-5, rtol=1e-5)
    own = found.layernorm if norm == "layernorm" else found.rmsnorm
    bias = 0.0 if found.bias is None else found.bias
    assert_close(own * found.gain + bias, left, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("norm", ["layernorm", "rmsnorm"])
def test_the_final_norm_is_what_the_logits_are_made_of(norm: str):
    made = network("pre", norm)
    recording: Recording = made(IDS)
    found = normed(made, recording, "final", 0)
    assert torch.equal(made.unembedding(found.after), recording.logits)


def test_normalised_vectors_have_mean_0_and_variance_1():
    made = network()
    found = normed(made, made(IDS), "attention", 1)
    assert_close(found.layernorm.mean(-1), torch.zeros(7), atol=1e-6, rtol=0)
    assert_close(found.layernorm.var(-1, correction=0), torch.ones(7), atol=1e-3, rtol=0)
    assert_close(found.rmsnorm.square().mean(-1), torch.ones(7), atol=1e-3, rtol=0)


def test_by_hand():
    """x = (1, 2, 6): mean 3, variance 14/3, mean of squares 41/3."""
    shape = {"vocab_size": 3, "context": 4, "n_layer": 1, "n_head": 1, "d_model": 3}
    made = Transformer(TransformerConfig(**shape, norm_epsilon=0.0, positions="none")).requires_grad_(False)
    recording: Recording = made(torch.tensor([0]))
    first = recording.blocks[0]
    block = replace(first, stream=replace(first.stream, residual_in=torch.tensor([[1.0, 2.0, 6.0]])))
    found = normed(made, replace(recording, blocks=(block,)), "attention", 0)
    assert_close(found.mean, torch.tensor([3.0]))
    assert_close(found.variance, torch.tensor([14 / 3]))
    assert_close(found.layernorm, torch.tensor([[-2.0, -1.0, 3.0]]) / (14 / 3) ** 0.5)
    assert_close(found.rmsnorm, torch.tensor([[1.0, 2.0, 6.0]]) / (41 / 3) ** 0.5)


def test_a_post_norm_model_has_no_final_norm():
    made = network("post")
    with pytest.raises(ValueError, match="no final norm"):
        normed(made, made(IDS), "final", 0)
    with pytest.raises(ValueError, match="expected attention, feed_forward or final"):
        normed(made, made(IDS), "embedding", 0)
