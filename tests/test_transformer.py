import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from torch import Tensor, nn
from torch.testing import assert_close
from transformers import LlamaConfig, LlamaForCausalLM

from tests.examples import configs, sharp, sharp_transformer
from viz_core import positions
from viz_core.attention import AttentionRecord
from viz_core.config import TransformerConfig
from viz_core.transformer import ACTIVATIONS, FeedForward, Transformer, norm_of

IDS = torch.tensor([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 11])
SMALL = {"vocab_size": 13, "context": 11, "n_layer": 3, "n_head": 6, "d_model": 24}


def logits_of(model: Transformer, ids: Tensor = IDS) -> Tensor:
    with torch.no_grad():
        return model(ids).logits


# -- every variant ----------------------------------------------------------------------------------------


@given(configs())
def test_a_recording_has_a_place_for_everything(config: TransformerConfig):
    recording = sharp_transformer(config)(IDS)
    assert recording.logits.shape == (11, 13)
    assert recording.embeddings.shape == (11, 10)
    assert (recording.positions is None) == (config.positions in {"rotary", "alibi", "none"})
    assert len(recording.blocks) == 3
    for layer, block in enumerate(recording.blocks):
        assert block.attention.query.shape == (6, 11, 4)
        assert block.attention.key.shape == block.attention.value.shape == (config.n_kv_head, 11, 4)
        assert block.attention.scale == config.scale(layer)
        assert (block.attention.bias is None) == (config.positions != "alibi")
    assert recording.logits.isfinite().all()


@given(configs())
def test_the_future_leaves_the_past_unchanged(config: TransformerConfig):
    model = sharp_transformer(config)
    whole, part = model(IDS), model(IDS[:5])
    assert_close(part.logits, whole.logits[:5], atol=1e-4, rtol=1e-4)
    for before, after in zip(part.blocks, whole.blocks, strict=True):
        assert_close(before.attention.weights, after.attention.weights[:, :5, :5], atol=1e-4, rtol=1e-4)


@given(configs())
def test_a_batch_is_its_texts_one_by_one(config: TransformerConfig):
    model = sharp_transformer(config)
    texts = torch.stack([IDS, IDS.flip(0)])
    assert_close(logits_of(model, texts)[1], logits_of(model, texts[1]), atol=1e-4, rtol=1e-4)


@given(configs())
def test_only_the_last_logits_are_the_last_of_all(config: TransformerConfig):
    model = sharp_transformer(config)
    assert_close(model(IDS, last_only=True).logits, logits_of(model)[-1:], atol=1e-4, rtol=1e-4)


@given(configs())
def test_logits_follow_from_the_derived_stages(config: TransformerConfig):
    model = sharp_transformer(config)
    expected = logits_of(model)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AttentionRecord, "fused_context", lambda record: record.context)
        assert_close(logits_of(model), expected, atol=1e-4, rtol=1e-4)


@given(configs())
def test_each_half_of_a_block_adds_to_the_residual_stream(config: TransformerConfig):
    model = sharp_transformer(config)
    recording = model(IDS)
    stream = recording.embeddings if recording.positions is None else recording.embeddings + recording.positions
    for block, record in zip(model.blocks, recording.blocks, strict=True):
        assert record.residual_in.equal(stream)
        added = block.attention.output(block.attention.concatenate(record.attention.context))
        mid = record.residual_mid
        if config.norm_place == "pre":
            assert_close(mid, stream + added, atol=1e-4, rtol=1e-4)
            assert_close(record.residual_out, mid + block.feed_forward(block.feed_forward_norm(mid)))
        else:
            assert_close(mid, block.attention_norm(stream + added), atol=1e-4, rtol=1e-4)
            assert_close(record.residual_out, block.feed_forward_norm(mid + block.feed_forward(mid)))
        stream = record.residual_out


@pytest.mark.parametrize(
    "broken",
    [
        lambda record: record.weights.mT,
        lambda record: record.masked_scores.nan_to_num(neginf=0.0),
        lambda record: torch.softmax(record.masked_scores, dim=-2).nan_to_num(),
        lambda record: replace(record, scale=1.0).weights,
        lambda record: torch.softmax(record.scaled_scores, dim=-1),
        lambda record: replace(record, query=record.query.flip(0)).weights,
    ],
    ids=["transposed", "no softmax", "softmax over queries", "unscaled", "unmasked", "heads swapped"],
)
def test_breaking_the_weights_breaks_the_logits(broken: Callable[[AttentionRecord], Tensor], monkeypatch):
    model = sharp_transformer(TransformerConfig(**SMALL))
    expected = logits_of(model)
    monkeypatch.setattr(AttentionRecord, "fused_context", lambda record: broken(record) @ record.value)
    assert (logits_of(model) - expected).abs().max() > 0.1


@pytest.mark.parametrize("n", [0, 12])
def test_a_text_too_short_or_too_long_is_refused(n: int):
    with pytest.raises(ValueError, match=f"{n} tokens; expected 1 to 11"):
        Transformer(TransformerConfig(**SMALL))(torch.zeros(n, dtype=torch.long))


def test_output_matrix_is_the_embedding_only_where_tied():
    tied, untied = (Transformer(TransformerConfig(**SMALL, tied=tied)) for tied in (True, False))
    assert tied.unembedding.weight is tied.embedding.weight
    assert untied.unembedding.weight is not untied.embedding.weight


def test_initial_weights_are_narrow_and_narrower_into_the_residual():
    model = Transformer(TransformerConfig(**SMALL | {"d_model": 96}))
    block = model.blocks[0]
    for wide in (model.embedding, block.attention.query, block.feed_forward.up):
        assert wide.weight.std().item() == pytest.approx(0.02, rel=0.1)
    for narrow in (block.attention.output, block.feed_forward.down):
        assert narrow.weight.std().item() == pytest.approx(0.02 / math.sqrt(2 * 3), rel=0.1)
        assert not narrow.bias.any()


# -- positions --------------------------------------------------------------------------------------------


def first_layer(kind: str, ids: Tensor) -> AttentionRecord:
    return sharp_transformer(TransformerConfig(**SMALL, positions=kind))(ids).blocks[0].attention


def test_rotary_scores_of_one_repeated_token_depend_only_on_distance():
    scores = first_layer("rotary", torch.full((11,), 7)).scores
    for distance in range(-10, 11):
        diagonal = scores.diagonal(distance, dim1=-2, dim2=-1)
        assert_close(diagonal, diagonal[:, :1].expand_as(diagonal), atol=1e-4, rtol=1e-4)
    assert scores[:, 10].std(dim=-1).min() > 0.1


def test_without_positions_one_repeated_token_looks_everywhere_alike():
    weights = first_layer("none", torch.full((11,), 7)).weights
    assert_close(weights[:, -1], torch.full((6, 11), 1 / 11))


def test_alibi_lowers_scores_by_slope_times_distance():
    record = first_layer("alibi", IDS)
    assert_close(record.masked_scores[:, 10, 3], record.scaled_scores[:, 10, 3] - 7 * positions.alibi_slopes(6))


@pytest.mark.parametrize("kind", ["learned", "sinusoidal"])
def test_added_positions_are_added_to_the_embeddings(kind: str):
    model = sharp_transformer(TransformerConfig(**SMALL, positions=kind))
    recording = model(IDS[:5])
    expected = model.position_embedding.weight[:5] if kind == "learned" else positions.sinusoidal(5, 24)
    assert_close(recording.positions, expected)
    assert_close(recording.blocks[0].residual_in, model.embedding.weight[IDS[:5]] + expected)


# -- parts, against their formulas ------------------------------------------------------------------------


def test_layernorm_by_hand():
    norm, x = sharp(norm_of(TransformerConfig(**SMALL, norm_epsilon=0.1))), torch.randn(5, 24)
    mean = x.sum(-1, keepdim=True) / 24
    variance = ((x - mean) ** 2).sum(-1, keepdim=True) / 24
    assert_close(norm(x), (x - mean) / (variance + 0.1).sqrt() * norm.weight + norm.bias)


def test_rmsnorm_by_hand():
    norm, x = sharp(norm_of(TransformerConfig(**SMALL, norm="rmsnorm", norm_epsilon=0.1))), torch.randn(5, 24)
    assert_close(norm(x), x / ((x**2).sum(-1, keepdim=True) / 24 + 0.1).sqrt() * norm.weight)


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("gelu", lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2),
        ("gelu_tanh", lambda x: x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))),
        ("relu", lambda x: max(x, 0)),
        ("silu", lambda x: x / (1 + math.exp(-x))),
        ("tanh", math.tanh),
    ],
)
def test_activations_by_hand(name: str, formula: Callable[[float], float]):
    for x in (-3.0, -0.5, 0.0, 0.7, 2.0):
        assert ACTIVATIONS[name](torch.tensor(x, dtype=torch.float64)).item() == pytest.approx(formula(x), abs=1e-12)


def test_swiglu_multiplies_the_gate_into_the_hidden_layer():
    layer, x = sharp(FeedForward(TransformerConfig(**SMALL, activation="swiglu", d_feed_forward=17))), torch.randn(24)
    gate = layer.gate.weight @ x + layer.gate.bias
    hidden = gate / (1 + torch.exp(-gate)) * (layer.up.weight @ x + layer.up.bias)
    assert_close(layer.hidden(x), hidden)
    assert_close(layer(x), layer.down.weight @ hidden + layer.down.bias)


# -- parity with others' implementations ------------------------------------------------------------------


def copy(pairs: dict[nn.Module, nn.Module]) -> None:
    for ours, theirs in pairs.items():
        ours.load_state_dict(theirs.state_dict())


def test_the_llama_like_variant_is_llama():
    settings = {
        "vocab_size": 13,
        "max_position_embeddings": 11,
        "hidden_size": 24,
        "intermediate_size": 34,
        "num_hidden_layers": 3,
        "num_attention_heads": 6,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-4,
        "rope_parameters": {"rope_type": "default", "rope_theta": 500.0},
        "tie_word_embeddings": False,
        "bos_token_id": None,
        "eos_token_id": None,
    }
    theirs = LlamaForCausalLM(LlamaConfig(**settings, initializer_range=0.4, attn_implementation="eager")).eval()
    for module in theirs.modules():
        if "RMSNorm" in type(module).__name__:
            sharp(module)
    shape = replace(TransformerConfig(**SMALL), n_kv_head=2, d_feed_forward=34, bias=False, tied=False)
    llama_like = {"positions": "rotary", "rotary_base": 500.0, "norm": "rmsnorm", "activation": "swiglu"}
    ours = Transformer(replace(shape, norm_epsilon=1e-4, **llama_like))
    copy({ours.embedding: theirs.model.embed_tokens, ours.final_norm: theirs.model.norm})
    copy({ours.unembedding: theirs.lm_head})
    for block, layer in zip(ours.blocks, theirs.model.layers, strict=True):
        attention, feed_forward = block.attention, block.feed_forward
        copy(
            {
                block.attention_norm: layer.input_layernorm,
                block.feed_forward_norm: layer.post_attention_layernorm,
                attention.query: layer.self_attn.q_proj,
                attention.key: layer.self_attn.k_proj,
                attention.value: layer.self_attn.v_proj,
                attention.output: layer.self_attn.o_proj,
                feed_forward.gate: layer.mlp.gate_proj,
                feed_forward.up: layer.mlp.up_proj,
                feed_forward.down: layer.mlp.down_proj,
            }
        )
    with torch.no_grad():
        expected, recording = theirs(IDS[None], output_attentions=True), ours(IDS)
    assert expected.attentions[1][0, :, 10].max() > 0.5
    for block, weights in zip(recording.blocks, expected.attentions, strict=True):
        assert_close(block.attention.weights, weights[0], atol=1e-4, rtol=0)
    assert_close(recording.logits, expected.logits[0], atol=1e-4, rtol=1e-4)


def test_the_post_norm_variant_is_the_papers_layer():
    config = TransformerConfig(**SMALL, positions="sinusoidal", norm_place="post", activation="relu", tied=False)
    ours = sharp_transformer(config)
    x = ours.embedding.weight[IDS] + positions.sinusoidal(11, 24)
    for block in ours.blocks:
        theirs = nn.TransformerEncoderLayer(24, 6, 96, dropout=0.0, norm_first=False, batch_first=True)
        attention, feed_forward = block.attention, block.feed_forward
        projections = (attention.query, attention.key, attention.value)
        with torch.no_grad():
            theirs.self_attn.in_proj_weight.copy_(torch.cat([projection.weight for projection in projections]))
            theirs.self_attn.in_proj_bias.copy_(torch.cat([projection.bias for projection in projections]))
        copy(
            {
                theirs.self_attn.out_proj: attention.output,
                theirs.linear1: feed_forward.up,
                theirs.linear2: feed_forward.down,
                theirs.norm1: block.attention_norm,
                theirs.norm2: block.feed_forward_norm,
            }
        )
        x = theirs(x[None], nn.Transformer.generate_square_subsequent_mask(11))[0]
    recording = ours(IDS)
    assert_close(recording.blocks[-1].residual_out, x, atol=1e-4, rtol=1e-4)
    assert_close(recording.logits, x @ ours.unembedding.weight.T, atol=1e-4, rtol=1e-4)


# -- encoder, and encoder–decoder -------------------------------------------------------------------------

SOURCE = torch.tensor([7, 2, 12, 0, 4, 4, 8])
PAPER = {"norm_place": "post", "positions": "sinusoidal", "activation": "relu", "scale_embedding": True}


def torch_attention(theirs: nn.MultiheadAttention, ours: nn.Module) -> None:
    projections = (ours.query, ours.key, ours.value)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([projection.weight for projection in projections]))
        theirs.in_proj_bias.copy_(torch.cat([projection.bias for projection in projections]))
    copy({theirs.out_proj: ours.output})


def torch_layer(block: nn.Module, kind: type[nn.Module]) -> nn.Module:
    theirs = kind(24, 6, 96, dropout=0.0, norm_first=False, batch_first=True)
    torch_attention(theirs.self_attn, block.attention)
    copy({theirs.linear1: block.feed_forward.up, theirs.linear2: block.feed_forward.down})
    norms = [block.attention_norm, block.feed_forward_norm]
    if kind is nn.TransformerDecoderLayer:
        torch_attention(theirs.multihead_attn, block.cross_attention)
        norms.insert(1, block.cross_attention_norm)
    for number, norm in enumerate(norms, start=1):
        copy({getattr(theirs, f"norm{number}"): norm})
    return theirs


@pytest.mark.parametrize(("n_layer", "sharpest"), [(1, 0.99), (2, 0.2)])  # post-norm layers make rows alike
def test_the_papers_encoder_decoder_is_torchs(n_layer: int, sharpest: float):
    settings = SMALL | PAPER | {"n_layer": n_layer, "architecture": "encoder_decoder"}
    ours = sharp_transformer(TransformerConfig(**settings))
    memory = ours.embedding.weight[SOURCE] * 24**0.5 + positions.sinusoidal(7, 24)
    for block in ours.encoder.blocks:
        memory = torch_layer(block, nn.TransformerEncoderLayer)(memory[None])[0]
    x = ours.embedding.weight[IDS] * 24**0.5 + positions.sinusoidal(11, 24)
    recording = ours(IDS, source_ids=SOURCE)
    causal = nn.Transformer.generate_square_subsequent_mask(11)
    for block, record in zip(ours.blocks, recording.blocks, strict=True):
        theirs = torch_layer(block, nn.TransformerDecoderLayer)
        attended = theirs.norm1(x + theirs.self_attn(x, x, x, attn_mask=causal)[0])
        assert_close(record.residual_attended, attended, atol=1e-4, rtol=1e-4)
        weights = theirs.multihead_attn(attended, memory, memory, average_attn_weights=False)[1]
        assert weights.max() > sharpest
        assert_close(record.cross_attention.weights, weights, atol=1e-4, rtol=0)
        x = theirs(x[None], memory[None], tgt_mask=causal)[0]
        assert_close(record.residual_out, x, atol=1e-4, rtol=1e-4)
    assert_close(recording.encoder.blocks[-1].residual_out, memory, atol=1e-4, rtol=1e-4)
    assert_close(recording.logits, x @ ours.embedding.weight.T, atol=1e-4, rtol=1e-4)
    assert recording.encoder.logits.shape == (0, 13)


@pytest.mark.parametrize("norm_place", ["pre", "post"])
def test_padding_of_the_source_changes_nothing(norm_place: str):
    settings = PAPER | {"norm_place": norm_place, "architecture": "encoder_decoder"}
    model = sharp_transformer(TransformerConfig(**SMALL, **settings))
    short = SOURCE[:4]
    padded = torch.stack([SOURCE, torch.cat([short, torch.tensor([9, 9, 9])])])
    is_token = torch.tensor([[True] * 7, [True] * 4 + [False] * 3])
    with torch.no_grad():
        batch = model(torch.stack([IDS, IDS]), source_ids=padded, source_is_token=is_token).logits
        assert_close(batch[0], model(IDS, source_ids=SOURCE).logits, atol=1e-4, rtol=1e-4)
        assert_close(batch[1], model(IDS, source_ids=short).logits, atol=1e-4, rtol=1e-4)
        assert (batch[1] - model(IDS, source_ids=padded[1]).logits).abs().max() > 0.01  # padding would be read


def test_the_decoder_sees_the_whole_source_and_only_its_own_past():
    model = sharp_transformer(TransformerConfig(**SMALL, architecture="encoder_decoder"))
    whole, part = model(IDS, source_ids=SOURCE), model(IDS[:5], source_ids=SOURCE)
    assert_close(part.logits, whole.logits[:5], atol=1e-4, rtol=1e-4)
    other = model(IDS, source_ids=SOURCE.flip(0))
    assert (other.logits[0] - whole.logits[0]).abs().max() > 0.1
    for block in whole.blocks:
        assert block.cross_attention.allowed.shape == (11, 7)
        assert block.cross_attention.allowed.all()
        assert_close(block.cross_attention.weights.sum(-1), torch.ones(6, 11))


def test_an_encoder_decoder_needs_a_source():
    model = sharp_transformer(TransformerConfig(**SMALL, architecture="encoder_decoder"))
    with pytest.raises(ValueError, match="source_ids is None; an encoder–decoder expects the tokens"):
        model(IDS)


def test_both_sides_share_one_embedding():
    model = Transformer(TransformerConfig(**SMALL, architecture="encoder_decoder"))
    assert model.encoder.embedding.weight is model.embedding.weight
    names = [name for name, _ in model.named_parameters()]
    assert [name for name in names if "embedding" in name and "position" not in name] == ["embedding.weight"]


def test_an_encoder_sees_both_sides():
    model = sharp_transformer(TransformerConfig(**SMALL, architecture="encoder", positions="rotary"))
    recording = model(IDS)
    assert all(block.attention.allowed.all() for block in recording.blocks)
    other = IDS.clone()
    other[-1] = 12
    assert (model(other).logits[0] - recording.logits[0]).abs().max() > 0.01
    assert all(block.attention.weights[:, 0, 1:].sum() > 0 for block in recording.blocks)


def test_an_encoder_without_positions_does_not_know_the_order():
    model = sharp_transformer(TransformerConfig(**SMALL, architecture="encoder", positions="none"))
    order = torch.randperm(11)
    weights, shuffled = (model(ids).blocks[-1].attention.weights for ids in (IDS, IDS[order]))
    assert_close(shuffled, weights[:, order][:, :, order], atol=1e-5, rtol=1e-4)


def test_alibi_is_refused_where_rows_look_ahead():
    with pytest.raises(ValueError, match="positions is 'alibi', which only looks back; expected another kind: encoder"):
        TransformerConfig(**SMALL, architecture="encoder", positions="alibi")


def test_a_scaled_embedding_is_multiplied_by_the_root_of_its_width():
    model = Transformer(TransformerConfig(vocab_size=13, context=3, n_layer=1, n_head=2, d_model=64, **PAPER))
    recording = model(torch.tensor([3, 1, 4]))
    assert_close(recording.embeddings, model.embedding.weight[[3, 1, 4]] * 8)
    assert_close(recording.blocks[0].residual_in, recording.embeddings + positions.sinusoidal(3, 64))
