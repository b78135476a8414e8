"""Generic answers, against what the recording itself says."""

from typing import Any

import pytest
import torch

import viz_core
from viz_core.analysis.heads import ROLES
from viz_core.edits import Edits
from viz_core.lessons.answers import ANSWERS, TOPICS
from viz_core.lessons.answers import weights as weights_of_any
from viz_core.lessons.answers.weights import MEASURES, measured
from viz_core.lessons.asked import Asked, Outside, asked
from viz_core.lessons.lesson import ROOT
from viz_core.lessons.values import VALUES
from viz_core.lessons.values import weights as numbers_of_any

TEXT = "The dog bit the man"


@pytest.fixture(scope="module")
def preset() -> Asked:
    return asked({"text": TEXT, "layer": "1", "head": "3", "query": "3"})


def weights(preset: Asked, **edits: Any) -> torch.Tensor:
    recording = viz_core.load("tiny-gpt").record(TEXT, Edits(**edits))
    return recording.blocks[preset.layer].attention.head(preset.head).weights[0]


def test_a_preset_without_a_head_has_the_pages_own():
    found = asked({})
    assert (found.layer, found.head) == tuple(found.model.card["start"])
    recorded = found.recording.blocks[found.layer].attention.head(found.head)
    assert found.key == int(recorded.weights[0, found.query].argmax())


@pytest.mark.parametrize("name", ["layer", "head", "query", "key"])
def test_a_preset_names_only_what_is_there(name: str):
    with pytest.raises(Outside, match=f"{name} is 99"):
        asked({name: "99"})
    with pytest.raises(Outside, match="whole number"):
        asked({name: "-1"})


def test_the_strongest(preset: Asked):
    own = weights(preset)
    assert ANSWERS["strongest_in_row"](preset) == {int(own[3].argmax())}
    assert ANSWERS["strongest_in_row"](preset, row=4) == {int(own[4].argmax())}
    assert ANSWERS["strongest_cell_in_row"](preset, row=4) == {(4, int(own[4].argmax()))}
    assert ANSWERS["strongest_cell"](preset) == {(0, 0)}, "the first row has one cell, of weight 1"
    (cell,) = ANSWERS["strongest_cell"](preset, but_first=True)
    assert own[cell] == own[1:].max()


def test_the_forbidden(preset: Asked):
    ahead = {(row, key) for row in range(5) for key in range(5) if key > row}
    assert ANSWERS["forbidden"](preset) == ahead
    assert ANSWERS["forbidden"](preset, row=3) == {(3, 4)}
    assert ANSWERS["forbidden_tokens"](preset, row=2) == {3, 4}


@pytest.mark.parametrize(
    ("state", "edits"),
    [
        ({}, {}),
        ({"divide_by": 1}, {"scale": 1.0}),
        ({"temperature": 3}, {"temperature": 3.0}),
        ({"temperature": 3, "only": "head"}, {"temperature": 3.0, "at": frozenset({(1, 3)})}),
        ({"divide_by": 1, "only": "head", "head": 3}, {"scale": 1.0, "at": frozenset({(1, 3)})}),
        ({"heads_off": [[0, 0], [0, 1]]}, {"ablated": frozenset({(0, 0), (0, 1)})}),
        ({"positions": "zeroed"}, {"positions": "zeroed"}),
    ],
)
def test_a_state_is_the_model_run_again(preset: Asked, state: dict[str, Any], edits: dict[str, Any]):
    row = weights(preset, **edits)[3]
    assert measured(preset, "largest_weight", state) == pytest.approx(float(row.max()))
    entropy = -float((row[row > 0] * row[row > 0].log()).sum())
    assert measured(preset, "entropy", state) == pytest.approx(entropy, abs=1e-6)
    assert measured(preset, "row_sum", state) == pytest.approx(1)


def test_only_its_head_leaves_what_it_is_given_as_it_is(preset: Asked):
    state = {"divide_by": 1, "only": "head"}
    own = preset.recording.blocks[1].attention.head(3)
    alone = torch.softmax(own.stages().masked_scores[0, 3] * own.divisor, -1)
    assert measured(preset, "largest_weight", state) == pytest.approx(float(alone.max()))
    assert measured(preset, "largest_weight", {"divide_by": 1}) != pytest.approx(float(alone.max()))
    with pytest.raises(ValueError, match="expected head"):
        measured(preset, "entropy", {"only": "layer"})


def test_without_a_mask_the_first_row_looks_ahead(preset: Asked):
    state = {"mask": "none", "query": 0, "key": 4}
    assert measured(preset, "weight", state) > 0
    assert measured(preset, "weight", {"query": 0, "key": 4}) == 0


def test_the_extremes_are_the_numbers_of_states(preset: Asked):
    states = [{"temperature": 1}, {"temperature": 5}, {"temperature": 0.2}]
    assert ANSWERS["largest"](preset, of="entropy", between=states) == 1
    assert ANSWERS["smallest"](preset, of="entropy", between=states) == 2
    with pytest.raises(ValueError, match="more than one"):
        ANSWERS["largest"](preset, of="entropy", between=[{}, {}])


def test_every_measure_and_role_is_a_number(preset: Asked):
    for name in [*MEASURES, "previous", "first", "self", "broad"]:
        assert measured(preset, name, {}) == measured(preset, name, {}), name
    assert measured(preset, "first", {}) == pytest.approx(float(weights(preset)[1:, 0].mean()))
    with pytest.raises(ValueError, match="expected one of"):
        measured(preset, "beauty", {})


def test_values_are_those_of_the_model(preset: Asked):
    assert VALUES["count"](preset, of="tokens") == "5"
    assert VALUES["count"](preset, of="layers") == "4"
    assert VALUES["token"](preset) == "the"
    assert VALUES["token"](preset, at=1) == "dog"
    assert VALUES["share"](preset, of="largest_weight") == f"{100 * float(weights(preset)[3].max()):.0f}%"
    assert VALUES["measure"](preset, of="largest_weight", temperature=3) == (
        f"{float(weights(preset, temperature=3.0)[3].max()):.3g}"
    )


@pytest.mark.parametrize("guide", ["teaching.md", "teaching.ko.md"])
def test_the_guide_for_teachers_names_all_that_holds_for_any_head(guide: str):
    told = (ROOT / "docs" / guide).read_text(encoding="utf-8")
    names = [*weights_of_any.ANSWERS, *weights_of_any.EDITS, *MEASURES, *ROLES, *numbers_of_any.VALUES]
    assert [name for name in names if f"`{name}`" not in told] == []


def test_no_topic_takes_the_name_of_anothers_answer() -> None:
    assert sum(len(topic.ANSWERS) for topic in TOPICS) == len(ANSWERS)
