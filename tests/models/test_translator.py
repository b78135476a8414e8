"""The face of models that read one text and write another."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.models.conftest import VOCAB, byte_level_tokenizer, transformer
from viz_core.models import Translator, UnusableText, WeightsUnavailable, bundled, load
from viz_core.recurrent import Recurrent, RecurrentConfig
from viz_core.transformer import Transformer


def recurrent(d_attention: int) -> Recurrent:
    torch.manual_seed(0)
    made = Recurrent(RecurrentConfig(vocab_size=VOCAB, context=23, d_embedding=5, d_state=6, d_attention=d_attention))
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    return made.eval().requires_grad_(False)


NETWORKS = {
    "transformer": lambda: transformer(
        architecture="encoder_decoder", norm_place="post", positions="rotary", d_model=18
    ),
    "attention": lambda: recurrent(4),
    "plain": lambda: recurrent(0),
}


@pytest.fixture(params=NETWORKS)
def made(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[object, Translator]:
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    network = NETWORKS[request.param]()
    bundled.save(tmp_path / "pair", network, byte_level_tokenizer(), {"licence": "MIT"})
    model = load("pair")
    assert isinstance(model, Translator)
    return network, model


def test_what_was_saved_comes_back(made: tuple[Transformer | Recurrent, Translator]):
    network, model = made
    assert model.card["licence"] == "MIT"
    assert model.card["parameters"] == sum(weight.numel() for weight in network.parameters())
    ids, source = torch.tensor([0, 3, 200]), torch.tensor([4, 5, 0])
    halved = network.half().float()
    torch.testing.assert_close(
        model.network(ids, source_ids=source).logits, halved(ids, source_ids=source).logits, atol=1e-5, rtol=1e-4
    )


def test_a_recording_of_its_own_translation(made: tuple[object, Translator]):
    _, model = made
    text = model.translate("The dog")
    recording = model.record("The dog")
    written = recording.token_ids[1:].tolist()
    assert recording.token_ids[0] == 0
    assert model.tokenizer.text(written) == text
    assert recording.logits[:-1].argmax(-1).tolist() == written  # greedy: every token is the likeliest
    assert len(recording.tokens) == len(written) + 1


def test_a_recording_of_a_given_translation(made: tuple[object, Translator]):
    _, model = made
    recording = model.record("The dog", "어머니는")
    assert recording.token_ids.tolist() == [0, *model.tokenizer.token_ids("어머니는")]
    source = recording.encoder if isinstance(model.network, Transformer) else recording
    ids = source.token_ids if isinstance(model.network, Transformer) else source.source_ids
    labels = source.tokens if isinstance(model.network, Transformer) else source.source_tokens
    assert ids.tolist() == [*model.tokenizer.token_ids("The dog"), 0]
    assert len(labels) == len(ids)


@pytest.mark.parametrize("text", ["", "  \n"])
def test_no_text_is_refused(made: tuple[object, Translator], text: str):
    with pytest.raises(UnusableText, match="There is no text"):
        made[1].translate(text)


@pytest.mark.parametrize("length", [23, 100_000])
def test_a_text_too_long_is_refused_with_its_length(made: tuple[object, Translator], length: int):
    said = r"The text has (at least )?[\d,]+ tokens; this model takes at most 22\. Shorten it"
    with pytest.raises(UnusableText, match=said) as refused:
        made[1].record("Q" * length)
    assert 22 < (refused.value.n_tokens or 0) <= length  # of a very long one only a bound is found, and said to be one
    with pytest.raises(UnusableText, match="takes at most 22"):
        made[1].record("The dog", "Q" * length)
    assert made[1].record("Q" * 22, "Q" * 22).token_ids.shape == (23,)


def test_a_translator_needs_its_words(made: tuple[object, Translator]):
    (bundled.FOLDER / "pair" / "tokenizer.json").unlink()
    with pytest.raises(WeightsUnavailable, match=r"tokenizer.json is missing: a translator needs its words"):
        load("pair")


def test_translators_are_not_among_the_readers_of_one_text(made: tuple[object, Translator]):
    bundled.save(bundled.FOLDER / "reader", transformer(), byte_level_tokenizer())
    assert bundled.bundled_names() == ["pair", "reader"]
    assert bundled.bundled_readers() == ["reader"]


def test_an_earlier_step_is_opened_by_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    last, early = transformer(), transformer()
    for weight in early.parameters():
        weight.mul_(0.5)
    bundled.save(tmp_path / "growing", last, byte_level_tokenizer())
    state = bundled.half(dict(early.named_parameters()))
    bundled.write_weights(tmp_path / "growing" / bundled.STEP.format(100), state)
    assert bundled.steps("growing") == [100]
    model = load("growing@100")
    assert model.name == "growing@100"
    torch.testing.assert_close(model.transformer.embedding.weight, early.embedding.weight.half().float())
    for name in ("growing@99", "growing@", "growing@x", "growing@-1"):
        with pytest.raises(WeightsUnavailable, match="There is no model"):
            load(name, sources=["bundled"])


def test_words_and_how_often_they_were_seen(made: tuple[object, Translator]):
    _, model = made
    assert model.seen("The dog") == {}  # its card does not tell
    known = replace(model, card={"words": {"dog": 7, "don't": 2}})
    assert known.seen("Dog, don’t bite the DOG 2 times!") == {"dog": 7, "don't": 2, "bite": 0, "the": 0, "times": 0}
