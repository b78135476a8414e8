"""What is said of a head, and which head and cell are taken where the address names none that exists."""

from types import SimpleNamespace

import pytest
import torch

from viz_core.ui.choice import chosen_in, observation
from viz_core.ui.state import View


def looking(rows: list[int]) -> torch.Tensor:
    """Weights [query, key] of rows that look at one column each."""
    return torch.nn.functional.one_hot(torch.tensor(rows), len(rows)).float()


def test_the_habit_is_named_with_its_share() -> None:
    said = observation(looking([0, *range(11)]), torch.arange(12))
    assert said == "On this text its rows give 100% of their weight to the token just before."


def test_one_row_is_no_habit() -> None:
    """Eleven rows look two back; one, the only one with an earlier copy, looks at it."""
    ids = torch.arange(12)
    ids[11] = ids[4]
    said = observation(looking([0, 0, *range(9), 4]), ids)
    assert "earlier copy of" not in said
    assert "none of five simple patterns" in said


def test_a_habit_of_some_rows_says_how_many() -> None:
    ids = torch.tensor([1, 2, 3, 4, 1, 2, 3, 4])
    said = observation(looking([0, 0, 0, 0, 1, 2, 3, 4]), ids)
    assert said.startswith(
        "4 tokens here repeat an earlier one. They give 100% of their weight to the token that came right"
    )


def test_a_very_short_text_has_no_habits() -> None:
    assert "sum to 1" in observation(torch.ones(1, 1), torch.tensor([5]))


@pytest.fixture
def seen() -> tuple[SimpleNamespace, SimpleNamespace]:
    """A model of two layers × three heads and a recording of four tokens."""
    weights = looking([0, 0, 1, 2])
    attention = SimpleNamespace(n_head=3, head=lambda _index: SimpleNamespace(weights=weights[None]))
    block = SimpleNamespace(attention=attention)
    return SimpleNamespace(card={"start": [1, 2]}), SimpleNamespace(
        token_ids=torch.arange(4), blocks=(block, block), tokens=("one", "·two", "·3", ".")
    )


def test_without_a_choice_the_models_own_head_and_what_the_last_word_looks_at(seen) -> None:
    choice = chosen_in(View(), *seen)
    assert (choice.layer, choice.head, choice.query, choice.key) == (1, 2, 2, 1)


def test_a_choice_is_taken_as_it_is(seen) -> None:
    choice = chosen_in(View(layer=0, head=1, query=2, key=0), *seen)
    assert (choice.layer, choice.head, choice.query, choice.key) == (0, 1, 2, 0)


def test_what_does_not_exist_falls_back(seen) -> None:
    choice = chosen_in(View(layer=9, head=9, query=9, key=9), *seen)
    assert (choice.layer, choice.head, choice.query, choice.key) == (1, 2, 2, 1)
