"""What heads add: the parts sum to the whole, and a direct effect is what the logit loses with the stream."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from tests.examples import configs, sharp_transformer
from viz_core.analysis.contributions import direct_effects, head_outputs, mixing_of
from viz_core.analysis.lens import logits_at
from viz_core.config import TransformerConfig
from viz_core.recording import Recording
from viz_core.transformer import Transformer

IDS = torch.tensor([3, 1, 4, 1, 5, 9])


def run(transformer: Transformer) -> Recording:
    with torch.inference_mode():
        return transformer(IDS)


@given(configs(), st.integers(0, 2))
def test_concatenating_and_mixing_is_adding_each_heads_own_part(config: TransformerConfig, layer: int):
    transformer = sharp_transformer(config).requires_grad_(False)
    recording = run(transformer)
    mixing = mixing_of(transformer, recording, layer)
    assert mixing.concatenated.shape == (6, 6 * 4)
    assert mixing.parts.shape == (6, 6, 10)
    assert mixing.difference < 1e-4
    assert (mixing.bias is not None) == config.bias
    assert torch.equal(mixing.concatenated[:, 4:8], mixing.contexts[1]), "head 1 has columns 4 to 7"
    assert_close(mixing.parts[1], mixing.contexts[1] @ mixing.weight[4:8])
    if config.norm_place == "pre":
        block = recording.blocks[layer]
        assert_close(block.residual_in + mixing.output, block.residual_mid, atol=1e-4, rtol=1e-4)
    for row in (0, 3, -1):
        own = head_outputs(transformer, recording, row)[layer]
        assert_close(own, mixing.parts[:, row], atol=1e-4, rtol=1e-4)


@given(configs(), st.integers(-1, 5), st.sampled_from([None, 7]))
def test_direct_effects_sum_to_the_logit(config: TransformerConfig, row: int, against: int | None):
    transformer = sharp_transformer(replace(config, norm_place="pre"))
    recording = run(transformer)
    effects = direct_effects(transformer, recording, row, 2, against)
    logits = recording.logits[row].double()
    wanted = float(logits[2] - (0 if against is None else logits[against]))
    assert effects.total == pytest.approx(wanted, abs=1e-4, rel=1e-5)
    assert_close(logits_at(transformer, recording, row), recording.logits[row], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("norm", ["layernorm", "rmsnorm"])
def test_a_heads_direct_effect_is_what_the_logit_loses_when_its_vector_alone_is_taken_away(norm: str):
    """By hand: the vector is taken from the end of the stream and the norm's divisor is kept."""
    config = TransformerConfig(vocab_size=13, context=8, n_layer=2, n_head=2, d_model=12, norm=norm)
    transformer = sharp_transformer(config).requires_grad_(False)
    recording = run(transformer)
    effects = direct_effects(transformer, recording, -1, 2)
    stream = recording.blocks[-1].residual_out[-1]
    without = stream - head_outputs(transformer, recording, -1)[0, 1]

    def normalised(x: Tensor) -> Tensor:
        gain, epsilon = transformer.final_norm.weight, config.norm_epsilon
        if norm == "rmsnorm":
            return x / (stream.square().mean() + epsilon).sqrt() * gain
        return (x - x.mean()) / (stream.var(unbiased=False) + epsilon).sqrt() * gain + transformer.final_norm.bias

    unembedding = transformer.unembedding.weight[2]
    assert float(unembedding @ normalised(stream)) == pytest.approx(float(recording.logits[-1, 2]), abs=1e-4)
    lost = float(unembedding @ normalised(stream) - unembedding @ normalised(without))
    assert float(effects.heads[0, 1]) == pytest.approx(lost, abs=1e-4)


def test_a_post_norm_stream_is_no_sum():
    config = TransformerConfig(vocab_size=13, context=8, n_layer=2, n_head=2, d_model=12, norm_place="post")
    transformer = sharp_transformer(config).requires_grad_(False)
    with pytest.raises(ValueError, match="norm_place is 'post'; direct effects are defined for 'pre'"):
        direct_effects(transformer, run(transformer), -1, 2)
