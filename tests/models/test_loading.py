"""Models of other architectures by `load`: from folders and from memory, whole or refused with the reason."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch.nn.functional import scaled_dot_product_attention
from torch.testing import assert_close
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

import viz_core
from tests.models.architectures import GROUPED
from tests.models.checkpoints import folder, loaded, saved
from tests.models.conftest import byte_level_tokenizer
from viz_core.analysis.contributions import head_outputs
from viz_core.edits import Edits
from viz_core.models import Model, SequenceToSequence, UnusableText, WeightsUnavailable
from viz_core.recording import Unrecorded

__all__ = ["folder"]  # a fixture
TEXT = "The dog bit the man"


def test_a_decoder(folder: Callable[[str], Path]) -> None:
    model = loaded(folder("llama"))
    recording = model.record(TEXT)
    assert (model.own, model.both_sides, model.predicts, model.n_layer, model.vocab_size) == (
        False,
        False,
        True,
        3,
        307,
    )
    assert recording.tokens == ("The", "·dog", "·bit", "·the", "·man")
    assert recording.logits.shape == (1, 307)
    assert model.record(TEXT, all_logits=True).logits.shape == (5, 307)
    assert sum(token.probability for token in model.next_tokens(recording, 307)) == pytest.approx(1)
    with pytest.raises(Unrecorded, match="its own code"):
        _ = model.transformer


def test_an_encoder_that_hides_words(folder: Callable[[str], Path]) -> None:
    model = loaded(folder("bert"))
    assert (model.both_sides, model.mask) == (True, "[MASK]")
    hidden = model.hidden(TEXT, 2)
    assert hidden == "The [MASK] bit the man"
    recording = model.record(hidden, all_logits=True)
    assert recording.tokens[2] == "[MASK]"
    assert len(model.guesses(recording, 2, 5)) == 5
    assert model.filled(hidden, 2, model.token_ids("ball")[1]) == "The ball bit the man"
    assert model.record("The dogs").tokens == ("[CLS]", "·The", "·dog", "##s", "[SEP]")


def test_one_that_reads_and_predicts_nothing(folder: Callable[[str], Path]) -> None:
    model = loaded(folder("sentence"))
    assert (model.predicts, model.mask) == (False, None)
    assert model.record(TEXT).logits.shape == (0, 70)
    assert len(model.record(TEXT).blocks) == 3


def test_one_that_writes_another_text(folder: Callable[[str], Path]) -> None:
    model = viz_core.load(str(folder("t5")))
    assert isinstance(model, SequenceToSequence)
    recording = model.record(TEXT, "the ball")
    assert recording.encoder is not None
    assert recording.encoder.tokens == ("The", "·dog", "·bit", "·the", "·man")
    assert recording.tokens[0] == "<|endoftext|>", "the sign that begins a text"
    assert "".join(recording.tokens[1:]).replace("·", " ") == "the ball"
    across = recording.blocks[0].cross_attention
    assert across is not None
    assert across.weights.shape == (4, len(recording.tokens), 5)
    assert_close(across.weights.sum(-1), torch.ones(4, len(recording.tokens)))
    alone = model.reader.record(TEXT)
    assert_close(alone.blocks[2].attention.weights, recording.encoder.blocks[2].attention.weights)
    assert model.reader.both_sides
    assert not model.reader.predicts


def test_the_sign_that_ends_a_text_is_not_read_by_the_decoder(folder: Callable[[str], Path]) -> None:
    model = viz_core.load(str(folder("t5")))
    assert isinstance(model, SequenceToSequence)
    assert model.record(TEXT, [5, 6, 1]).token_ids.tolist() == [0, 5, 6]
    assert model.record(TEXT, [5, 6]).token_ids.tolist() == [0, 5, 6]


def test_what_it_writes_is_what_the_likeliest_token_gives_each_time(folder: Callable[[str], Path]) -> None:
    model = viz_core.load(str(folder("t5")))
    assert isinstance(model, SequenceToSequence)
    written = model.write(TEXT)
    recording = model.record(TEXT, written[:9])
    assert recording.logits[:9].argmax(-1).tolist() == written[:9]


def test_a_conversation(folder: Callable[[str], Path]) -> None:
    model = loaded(folder("chat"))
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    text = model.conversation(messages)
    assert text == "<|endoftext|><|system|>Be brief.\n<|user|>Hi\n<|assistant|>"
    ids = model.record(messages).token_ids.tolist()
    assert ids == model.token_ids(text)
    assert ids.count(0) == 1, "the sign that begins a text stands there once"
    with pytest.raises(UnusableText, match="no chat template"):
        loaded(folder("llama")).record(messages)


def test_a_conversation_that_the_template_refuses(tmp_path: Path) -> None:
    path = saved(tmp_path, "chat")
    told = {"chat_template": "{{ raise_exception('Roles must alternate') }}"}
    (path / "tokenizer_config.json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(UnusableText, match="Roles must alternate"):
        loaded(path).record([{"role": "user", "content": "Hi"}])
    for sly in ("{{ ''.__class__.__mro__ }}", "{% for i in range(10**12) %}{% endfor %}"):
        (path / "tokenizer_config.json").write_text(json.dumps({"chat_template": sly}), encoding="utf-8")
        with pytest.raises(UnusableText, match="does not take these messages"):
            loaded(path).record([{"role": "user", "content": "Hi"}])


def test_a_template_in_a_file_of_its_own_or_among_several(tmp_path: Path) -> None:
    path = saved(tmp_path, "chat")
    several = [{"name": "tools", "template": "no"}, {"name": "default", "template": "yes"}]
    (path / "tokenizer_config.json").write_text(json.dumps({"chat_template": several}), encoding="utf-8")
    assert loaded(path).conversation([{"role": "user", "content": "Hi"}]) == "yes"
    (path / "chat_template.jinja").write_text("{{ messages[0].content }}!", encoding="utf-8")
    assert loaded(path).conversation([{"role": "user", "content": "Hi"}]) == "Hi!"


# -- from memory -------------------------------------------------------------------------------------------


def test_a_model_in_memory_with_its_tokenizer(folder: Callable[[str], Path]) -> None:
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=byte_level_tokenizer())
    model = viz_core.load(AutoModelForCausalLM.from_pretrained(folder("llama")), tokenizer=tokenizer)
    assert isinstance(model, Model)
    assert model.source == "given"
    assert_close(model.record(TEXT).logits, loaded(folder("llama")).record(TEXT).logits)


def test_a_model_in_memory_without_tokenizer_takes_ids(folder: Callable[[str], Path]) -> None:
    model = viz_core.load(AutoModelForCausalLM.from_pretrained(folder("llama")))
    assert model.record([3, 1, 4]).tokens == ("3", "1", "4")
    with pytest.raises(UnusableText, match="token ids"):
        model.record(TEXT)


class Small(torch.nn.Module):
    """A Transformer of somebody's own, as short as can be."""

    def __init__(self, *, by_hand: bool = False, mask: torch.Tensor | None = None) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.words, self.places = torch.nn.Embedding(31, 12), torch.nn.Embedding(9, 12)
        self.causes, self.out = torch.nn.Linear(12, 36), torch.nn.Linear(12, 12, bias=False)
        self.by_hand, self.mask = by_hand, mask

    def forward(self, ids: torch.Tensor) -> tuple[torch.Tensor, None]:
        n = ids.shape[1]
        x = self.words(ids) + self.places(torch.arange(n))
        for _layer in range(2):
            q, k, v = self.causes(x).unflatten(-1, (3, 3, 4)).permute(2, 0, 3, 1, 4)
            if self.by_hand:
                z = torch.softmax(q @ k.mT / 2 + torch.full((n, n), -torch.inf).triu(1), -1) @ v
            elif self.mask is not None:
                z = scaled_dot_product_attention(q, k, v, self.mask[:n, :n], scale=0.7)
            else:
                z = scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(z.transpose(1, 2).flatten(2))
        return x @ self.words.weight.T, None


@pytest.mark.parametrize(
    "mask", [None, torch.ones(9, 9).tril(1).bool(), torch.randn(9, 9)], ids=["causal", "bool", "bias"]
)
def test_a_model_of_ones_own(mask: torch.Tensor | None) -> None:
    own = Small(mask=mask)
    model = viz_core.load(own)
    assert isinstance(model, Model)
    assert (model.context, model.vocab_size, model.n_layer, model.both_sides) == (9, 31, 2, mask is not None)
    recording = model.record([3, 1, 4, 1, 5], all_logits=True)
    assert_close(recording.logits, own(torch.tensor([[3, 1, 4, 1, 5]]))[0][0])
    q, k, _v = own.causes(own.words.weight[[3, 1, 4, 1, 5]] + own.places.weight[:5]).unflatten(-1, (3, 3, 4)).unbind(1)
    record = recording.blocks[0].attention
    assert_close(record.query, q.transpose(0, 1))
    scores = torch.einsum("qhd,khd->hqk", q, k) * (0.5 if mask is None else 0.7)
    added = torch.full((5, 5), -torch.inf).triu(1) if mask is None else mask[:5, :5]
    masked = scores.masked_fill(~added, -torch.inf) if added.dtype == torch.bool else scores + added
    assert_close(record.weights, masked.softmax(-1))
    assert model.output_weight(1) is not None
    edited = model.record([3, 1, 4], Edits(ablated=frozenset({(0, 1)})))
    assert not torch.allclose(edited.logits, model.record([3, 1, 4]).logits)
    with pytest.raises(UnusableText, match="at most 9"):
        model.record([1] * 10)


def test_a_model_that_computes_attention_by_hand_is_refused() -> None:
    with pytest.raises(WeightsUnavailable, match="Small gave 0 attentions and logits of 7 tokens; expected"):
        viz_core.load(Small(by_hand=True))


def test_what_is_no_language_model() -> None:
    with pytest.raises(WeightsUnavailable, match=r"Linear has no nn\.Embedding"):
        viz_core.load(torch.nn.Linear(2, 2))
    with pytest.raises(WeightsUnavailable, match=r"given is int; expected a torch\.nn\.Module"):
        viz_core.load(3)  # type: ignore[call-overload]


# -- refused -----------------------------------------------------------------------------------------------


def refused(path: Path, **how: Any) -> str:
    with pytest.raises(WeightsUnavailable) as error:
        viz_core.load(str(path), **how)
    assert "\n" not in str(error.value)
    return str(error.value)


def with_settings(path: Path, **settings: Any) -> Path:
    config = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps(config | settings), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"model_type": "warp-drive"}, "of the kind warp-drive, which transformers"),
        ({"model_type": None}, "of the kind None"),
        ({"model_type": ["llama"]}, "of the kind"),
        ({"auto_map": {"AutoModel": "evil.Model"}}, "brings code of its own"),
        ({"quantization_config": {"bits": 4}}, "quantized"),
        ({"num_attention_heads": 3}, "cannot be loaded"),
        ({"num_hidden_layers": 5}, "18 are missing or misshapen, such as model.layers.3"),
        ({"vocab_size": 11}, "are missing or misshapen"),
        ({"architectures": ["T5Model"], "is_encoder_decoder": True}, "T5Model; of encoder–decoders those"),
    ],
)
def test_settings_that_stand_in_the_way(settings: dict[str, Any], says: str, tmp_path: Path) -> None:
    assert says in refused(with_settings(saved(tmp_path, "llama"), **settings))


def test_weights_of_another_model(folder: Callable[[str], Path], tmp_path: Path) -> None:
    path = saved(tmp_path, "llama")
    (path / "model.safetensors").write_bytes((folder("bert") / "model.safetensors").read_bytes())
    assert "The weights" in refused(path)


def test_half_of_the_weights(tmp_path: Path) -> None:
    path = saved(tmp_path, "bert")
    weights = load_file(path / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if "layer.2" not in name}
    save_file(kept, path / "model.safetensors", metadata={"format": "pt"})
    assert "16 are missing" in refused(path)
    (path / "model.safetensors").write_bytes(b"")
    assert "model.safetensors" in refused(path)


def test_nan_weights(tmp_path: Path) -> None:
    path = saved(tmp_path, "llama")
    weights = load_file(path / "model.safetensors")
    weights["model.norm.weight"][:] = torch.nan
    save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
    assert "not finite" in refused(path)


class Opens:
    """A pickle that leaves a mark where it is opened."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def test_a_pickle_runs_nothing(tmp_path: Path) -> None:
    path, mark = saved(tmp_path, "bert"), tmp_path / "opened"
    (path / "model.safetensors").unlink()
    torch.save({"weights": Opens(mark)}, path / "pytorch_model.bin")
    assert "pickles=True" in refused(path)
    assert "cannot be loaded" in refused(path, pickles=True), "tensors alone are taken from one"
    assert not mark.exists()


def test_a_pickle_that_one_trusts(folder: Callable[[str], Path], tmp_path: Path) -> None:
    path = saved(tmp_path, "bert")
    torch.save(load_file(path / "model.safetensors"), path / "pytorch_model.bin")
    (path / "model.safetensors").unlink()
    expected = loaded(folder("bert")).record(TEXT).logits
    assert_close(loaded(path, pickles=True).record(TEXT).logits, expected)


def test_settings_that_ask_for_more_memory_than_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever little the files hold."""
    path = with_settings(saved(tmp_path, "llama"), intermediate_size=10**9)
    assert "settings ask for 1,152.0 GB of numbers, and its files hold 0.0 GB" in refused(path)
    path = with_settings(saved(tmp_path, "bert"), num_hidden_layers=10**6)
    assert "num_hidden_layers to 1,000,000; at most 1,000" in refused(path)


@pytest.mark.parametrize(
    ("name", "says"),
    [("ViTModel", "read no tokens"), ("LlamaModel", "has 3 tokens that are words; expected at least 12")],
)
def test_what_reads_no_text(name: str, says: str, tmp_path: Path) -> None:
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    if name == "LlamaModel":
        sizes |= {"vocab_size": 3, "bos_token_id": None, "eos_token_id": None}
    kind = getattr(transformers, name)
    kind(kind.config_class(**sizes)).save_pretrained(tmp_path)
    assert says in refused(tmp_path)


def test_settings_of_the_wrong_kind(tmp_path: Path) -> None:
    assert loaded(with_settings(saved(tmp_path, "bert"), architectures=5)).predicts is False
    dynamic = {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0}
    assert "who asked before" in refused(with_settings(saved(tmp_path, "llama"), rope_parameters=dynamic))


def test_a_reader_may_lack_what_it_does_not_read_with(tmp_path: Path) -> None:
    path = saved(tmp_path, "sentence")
    weights = load_file(path / "model.safetensors")
    for part, whole in (("pooler", True), ("encoder.layer.2.output.dense", False)):
        kept = {name: tensor for name, tensor in weights.items() if part not in name}
        save_file(kept, path / "model.safetensors", metadata={"format": "pt"})
        if whole:
            assert loaded(path).record(TEXT).blocks
        else:
            assert "2 are missing" in refused(path)


def test_a_template_that_is_no_text(tmp_path: Path) -> None:
    path = saved(tmp_path, "chat")
    (path / "chat_template.jinja").write_bytes(b"\xff\xfe")
    assert "chat_template.jinja cannot be read" in refused(path)
    (path / "chat_template.jinja").write_text("x" * 200_000)
    assert "at most 100,000" in refused(path)


def test_a_model_whose_layers_do_not_all_attend(tmp_path: Path) -> None:
    config = transformers.Lfm2Config(
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        num_key_value_heads=1,
        intermediate_size=16,
        vocab_size=40,
        layer_types=["conv", "full_attention", "full_attention"],
    )
    transformers.Lfm2ForCausalLM(config).save_pretrained(tmp_path)
    assert "Of the 3 layers" in refused(tmp_path)


def test_a_refused_model_is_left_as_it_was() -> None:
    module = Small(by_hand=True).half().train()
    with pytest.raises(WeightsUnavailable):
        viz_core.load(module)
    assert module.training
    assert {weight.dtype for weight in module.parameters()} == {torch.float16}
    assert all(weight.requires_grad for weight in module.parameters())
    config = transformers.GptOssConfig(**GROUPED, head_dim=8, num_local_experts=4)
    refused_model = AutoModelForCausalLM.from_config(config)
    ids = torch.tensor([[3, 4, 5], [6, 7, 8]])
    before = refused_model(ids).logits
    with pytest.raises(WeightsUnavailable, match="belongs to no token"):
        viz_core.load(refused_model)
    assert_close(refused_model(ids).logits, before)


def test_a_model_that_was_taken_in_still_serves_batches(folder: Callable[[str], Path]) -> None:
    own = AutoModelForCausalLM.from_pretrained(folder("mistral"))
    ids, mask = torch.tensor([[3, 4, 5, 6, 7, 8], [9, 3, 4, 5, 0, 0]]), torch.tensor([[1] * 6, [1, 1, 1, 1, 0, 0]])
    before = own(ids, attention_mask=mask).logits
    viz_core.load(own)
    after = own(ids, attention_mask=mask).logits
    assert_close(after[0], before[0], atol=1e-4, rtol=1e-4)
    assert_close(after[1, :4], before[1, :4], atol=1e-4, rtol=1e-4)


def test_how_long_a_model_of_ones_own_may_read_is_found_by_trying() -> None:
    class Typed(Small):
        def __init__(self) -> None:
            super().__init__()
            self.kinds = torch.nn.Embedding(2, 12)  # of another kind than positions
            self.places = torch.nn.Embedding(53, 12)

    model = viz_core.load(Typed())
    assert isinstance(model, Model)
    assert model.context == 53


def test_a_sign_typed_twice_does_not_shift_what_is_hidden(folder: Callable[[str], Path]) -> None:
    model = loaded(folder("bert"))
    assert model.hidden("[CLS] the dog bit", 2) == "[CLS] the [MASK] bit"


def test_w_o_of_an_encoder_that_reads_for_a_decoder(folder: Callable[[str], Path]) -> None:
    model = viz_core.load(str(folder("t5")))
    assert isinstance(model, SequenceToSequence)
    weight = model.reader.output_weight(1)
    assert weight is not None
    assert_close(weight, cast(Any, model.network.model).encoder.block[1].layer[0].SelfAttention.o.weight.T)


def test_w_o_of_our_own_is_the_layers() -> None:
    model = viz_core.load("tiny-gpt")
    assert isinstance(model, Model)
    recording = model.record(TEXT)
    weight = model.output_weight(1)
    assert weight is not None
    context = recording.blocks[1].attention.context
    own = torch.einsum("hnd,hdm->hnm", context, weight.unflatten(0, (context.shape[0], -1)))
    assert_close(own[:, 2], head_outputs(model.transformer, recording, 2)[1])
