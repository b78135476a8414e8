"""The logit lens: its last step is the model's own prediction, its others are those of a shorter model."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

import viz_core
from viz_core.analysis.lens import AT_ONCE, lens_of, logits_after
from viz_core.config import TransformerConfig
from viz_core.recording import Recording
from viz_core.transformer import Transformer

EVERY = slice(None)


def network(**settings: object) -> Transformer:
    shape = {"vocab_size": 31, "context": 2 * AT_ONCE + 8, "n_layer": 3, "n_head": 2, "d_model": 12}
    made = Transformer(TransformerConfig(**shape, **settings))
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    return made.requires_grad_(False).eval()


@pytest.mark.parametrize(
    "settings", [{}, {"norm": "rmsnorm"}, {"norm_place": "post"}, {"architecture": "encoder"}, {"tied": False}], ids=str
)
def test_the_last_step_is_the_models_own_prediction(settings: dict):
    made = network(**settings)
    recording: Recording = made(torch.arange(11))
    assert torch.equal(logits_after(made, recording, 3, EVERY), recording.logits)
    found = lens_of(made, recording, EVERY)
    assert torch.equal(found.token_ids[-1], recording.logits.argmax(-1))
    assert torch.equal(found.probability[-1], torch.softmax(recording.logits, -1).amax(-1))
    assert torch.equal(found.final[-1], found.probability[-1])
    assert (found.rank[-1] == 1).all()


@pytest.mark.parametrize("place", ["pre", "post"])
def test_a_step_is_the_prediction_of_the_model_cut_off_there(place: str):
    made = network(norm_place=place)
    ids = torch.arange(11)
    recording: Recording = made(ids)
    made.blocks = nn.ModuleList(made.blocks[:2])
    assert_close(logits_after(made, recording, 2, EVERY), made(ids).logits)


def test_rank_and_probability_by_hand():
    made = network()
    recording: Recording = made(torch.arange(5))
    found = lens_of(made, recording, EVERY)
    for step in range(4):
        logits = logits_after(made, recording, step, EVERY)
        for row in range(5):
            said = int(recording.logits[row].argmax())
            assert found.rank[step, row] == 1 + int((logits[row] > logits[row, said]).sum())
            assert_close(found.final[step, row], torch.softmax(logits[row], -1)[said])


def test_rows_are_those_asked_for_however_many():
    made = network()
    recording: Recording = made(torch.arange(2 * AT_ONCE + 3) % 31)
    whole, part = lens_of(made, recording, EVERY), lens_of(made, recording, slice(5, AT_ONCE + 20))
    assert whole.token_ids.shape == (4, 2 * AT_ONCE + 3)
    assert part.first == 5
    assert torch.equal(part.token_ids, whole.token_ids[:, 5 : AT_ONCE + 20])
    assert_close(part.final, whole.final[:, 5 : AT_ONCE + 20])


@pytest.mark.parametrize("name", ["tiny-gpt", "tiny-bert"])
def test_the_bundled_models_end_in_their_own_prediction(name: str):
    model = viz_core.load(name)
    recording = model.record("The dog bit the man", all_logits=True)
    found = lens_of(model.transformer, recording, EVERY)
    assert torch.equal(found.token_ids[-1], recording.logits.argmax(-1))
