"""Beam search, against greedy decoding and against trying every text there is."""

from itertools import pairwise, product

import pytest
import torch

from tests.models.conftest import transformer
from viz_core.models import Translator, load
from viz_core.models.beam import beam
from viz_core.models.translator import END, greedy
from viz_core.recurrent import Recurrent, RecurrentConfig
from viz_core.transformer import Transformer

VOCAB, CONTEXT = 4, 4
SOURCE = [2, 3, 1]


def sharp(kind: str, seed: int) -> Transformer | Recurrent:
    torch.manual_seed(seed)
    if kind == "recurrent":
        shape = RecurrentConfig(vocab_size=VOCAB, context=CONTEXT, d_embedding=5, d_state=6, d_attention=4)
        network: Transformer | Recurrent = Recurrent(shape)
    else:
        network = transformer(
            architecture="encoder_decoder", vocab_size=VOCAB, context=CONTEXT, positions="sinusoidal", d_model=18
        )
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=0.7)
    return network.eval().requires_grad_(False)


def log_probability(network: Transformer | Recurrent, ids: tuple[int, ...]) -> float:
    """One plain forward pass over the finished text."""
    logits = network(torch.tensor([END, *ids[:-1]]), source_ids=torch.tensor([*SOURCE, END])).logits
    return float(torch.log_softmax(logits.double(), -1)[range(len(ids)), list(ids)].sum())


def every_text() -> list[tuple[int, ...]]:
    """All that can be written: up to END, or until the context is full."""
    texts = set()
    for ids in product(range(VOCAB), repeat=CONTEXT - 1):
        end = ids.index(END) + 1 if END in ids else len(ids)
        texts.add(ids[:end])
    return sorted(texts)


@pytest.mark.parametrize("kind", ["transformer", "recurrent"])
@pytest.mark.parametrize("seed", range(5))
def test_a_beam_wide_enough_for_all_finds_the_likeliest_of_all(kind: str, seed: int):
    network = sharp(kind, seed)
    best = max(every_text(), key=lambda ids: log_probability(network, ids))
    assert beam(network, SOURCE, VOCAB ** (CONTEXT - 1))[-1][0].ids == best


@pytest.mark.parametrize("kind", ["transformer", "recurrent"])
@pytest.mark.parametrize("width", [1, 2, 3])
def test_each_kept_text_is_as_likely_as_one_plain_pass_says(kind: str, width: int):
    network = sharp(kind, 0)
    for number, step in enumerate(beam(network, SOURCE, width)):
        assert len(step) <= width
        assert sorted(step, key=lambda text: -text.log) == step
        for text in step:
            assert text.log == pytest.approx(log_probability(network, text.ids), abs=1e-5)
            assert text.ended or len(text.ids) == number + 1


def test_what_is_kept_continues_what_was_kept():
    steps = beam(sharp("transformer", 1), SOURCE, 3)
    assert any(text.came for step in steps for text in step)
    for before, after in pairwise(steps):
        for text in after:
            came = before[text.came]
            assert text.ids == came.ids if came.ended else text.ids[:-1] == came.ids


@pytest.mark.parametrize("name", ["tiny-translator", "gru-attention", "gru-plain"])
def test_a_beam_of_one_is_greedy(name: str):
    model = load(name)
    assert isinstance(model, Translator)
    for text in ("At night her bird will chase the cat.", "I ate an apple.", "xyzzy"):
        ids = model.tokenizer.token_ids(text)
        assert [token for token in beam(model.network, ids, 1)[-1][0].ids if token != END] == greedy(
            model.network, [ids]
        )[0]


def test_no_beam():
    with pytest.raises(ValueError, match="width is 0"):
        beam(sharp("transformer", 0), SOURCE, 0)
