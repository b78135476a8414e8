"""A hidden token from both sides and from the left: as the models' own faces have it."""

import pytest
import torch
from torch.testing import assert_close

import viz_core
from viz_core.analysis import one_side
from viz_core.models import Model

TEXT = "The man bit the dog in the park and the dog ran"


@pytest.fixture(scope="module")
def encoder() -> Model:
    return viz_core.load("tiny-bert")


@pytest.fixture(scope="module")
def decoder() -> Model:
    return viz_core.load("tiny-gpt")


@pytest.mark.parametrize("at_once", [1, 30, 10_000])
def test_each_place_is_hidden_alone(encoder: Model, at_once: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(one_side, "AT_ONCE", at_once)
    ids, told = torch.tensor(encoder.token_ids(TEXT)), []
    found = one_side.hidden_each(encoder.transformer, ids, encoder.mask_id, lambda *at: told.append(at))
    for place in (0, 4, len(ids) - 1):
        logits = encoder.record(encoder.hidden(TEXT, place), all_logits=True).logits[place]
        assert_close(found[place], torch.log_softmax(logits.double(), -1)[ids[place]], atol=1e-4, rtol=1e-4)
    assert told[0] == (0, len(ids))
    assert ids.tolist() == encoder.token_ids(TEXT)  # what is given is not changed


def test_the_left_alone_is_what_the_shorter_text_predicts(decoder: Model):
    recording = decoder.record(TEXT, all_logits=True)
    found = one_side.from_the_left(recording.logits, recording.token_ids)
    ids = recording.token_ids.tolist()
    assert len(found) == len(ids) - 1
    for place in (1, 5, len(ids) - 1):
        probabilities = torch.softmax(decoder.record(ids[:place]).logits[-1].double(), -1)
        assert_close(found[place - 1].exp(), probabilities[ids[place]], atol=1e-5, rtol=1e-4)


def test_both_read_the_same_tokens(encoder: Model, decoder: Model):
    for text in (TEXT, "커피 마시고 싶어. 커피 마시고", "🙂 a<b>b</b> ﷽", " a  b\n"):
        assert encoder.token_ids(text) == decoder.token_ids(text)


def test_rank_counts_what_is_likelier():
    logits = torch.tensor([0.0, 3.0, 1.0, 1.0])
    assert [one_side.rank(logits, index) for index in range(4)] == [4, 1, 2, 2]


def test_weights_are_the_mean_of_all_heads(encoder: Model):
    recording = encoder.record(TEXT, all_logits=True)
    guess = one_side.guess(recording, 3)
    mean = sum(block.attention.head(head).weights[0] for block in recording.blocks for head in range(6)) / 24
    assert_close(guess.weights, mean)
    assert torch.equal(guess.logits, recording.logits[3])


def test_said_before_means_after_the_same_token():
    assert one_side.said_before(torch.tensor([5, 6, 7, 5, 6, 5, 6])).tolist() == [
        *(False, False, False, False),
        *(True, False, True),
    ]
    assert one_side.said_before(torch.tensor([5])).tolist() == [False]
