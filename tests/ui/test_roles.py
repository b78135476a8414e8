"""Which head does a role most, what a head is known for, and the text on which a role shows."""

import math

import pytest
import torch

from tests.models.conftest import byte_level_tokenizer, transformer
from viz_core.analysis.heads import ROLES, rows_with
from viz_core.models import Model
from viz_core.models.tokens import Tokenizer
from viz_core.ui.controls import EXAMPLES
from viz_core.ui.head_roles import waking_text
from viz_core.ui.roles import Best, Known, Roles, asleep, names

NOWHERE = [[math.nan, math.nan], [math.nan, math.nan]]


def roles(stored: dict, here: dict) -> Roles:
    return Roles.of(stored, {role: torch.tensor(scores) for role, scores in here.items()})


def test_stored_scores_go_before_those_of_this_text() -> None:
    known = roles({"induction": [[0.1, 0.9], [0.2, 0.3]]}, {"induction": NOWHERE, "self": [[0.1, 0.2], [0.7, 0.3]]})
    assert known.best("induction") == Best(0, 1, 0.9)
    found = known.best("self")
    assert found is not None
    assert (found.name, found.score) == ("L1·H0", pytest.approx(0.7))


def test_without_stored_scores_a_sleeping_role_has_no_head() -> None:
    assert roles({}, {"induction": NOWHERE}).best("induction") is None


def test_a_card_may_hold_more_or_less_than_is_measured_here() -> None:
    known = roles({"next": NOWHERE, "alignment": NOWHERE}, {"self": [[0.1, 0.2], [0.7, 0.3]]})
    assert not known.stored
    assert list(known.here) == ["self"]


def test_what_a_head_is_known_for() -> None:
    stored = {
        "previous": [[0.5, 0.3], [0.1, 0.1]],
        "duplicate": [[0.6, 0.3], [0.1, 0.1]],
        "local": [[0.9, 0.95], [0.5, 0.1]],
        "broad": [[0.9, 0.9], [0.99, 0.9]],
    }
    known = roles(stored, stored)
    assert known.known(0, 0) == Known("duplicate", 0.6)
    assert known.known(0, 1) == Known("local", 0.95)  # only where nothing more exact is known
    assert known.known(1, 0) is None
    assert roles({}, stored).known(0, 0) is None


@pytest.mark.parametrize("both_sides", [False, True])
def test_every_role_has_a_name_of_its_own(both_sides: bool) -> None:
    assert set(names(both_sides)) == set(ROLES)
    assert len(set(names(both_sides).values())) == len(ROLES)


def test_why_a_role_sleeps() -> None:
    assert asleep("duplicate", torch.arange(9), both_sides=False) == "no token of this text repeats"
    assert asleep("duplicate", torch.tensor([1, 2, 1]), both_sides=False) == "almost no token of this text repeats"
    assert asleep("previous", torch.arange(2), both_sides=False) == "this text is too short"
    assert asleep("previous", torch.arange(9), both_sides=False) == ""


def model(context: int = 64) -> Model:
    return Model("small", transformer(context=context), Tokenizer(byte_level_tokenizer()), "folder")


def test_own_words_said_twice_wake_a_role() -> None:
    said = waking_text(model(), " The man bit the dog. ", "induction")
    assert said == "The man bit the dog. The man bit the dog."
    assert rows_with(torch.tensor(model().token_ids(said)))["induction"] >= 3


def test_an_example_where_own_words_do_not_fit_twice() -> None:
    own = "The man bit the dog. " * 9
    needed = len(model().token_ids(EXAMPLES["a repeated sentence"]))
    assert waking_text(model(context=needed), own, "duplicate") == EXAMPLES["a repeated sentence"]
    assert waking_text(model(context=9), own, "duplicate") == ""
