"""What is said of a head, and which head and cell are taken where the address names none that exists."""

from types import SimpleNamespace

import pytest
import torch

from viz_core import masks
from viz_core.ui.choice import chosen_in, observation
from viz_core.ui.roles import Known
from viz_core.ui.state import View


def looking(rows: list[int]) -> torch.Tensor:
    """Weights [query, key] of rows that look at one column each."""
    return torch.nn.functional.one_hot(torch.tensor(rows), len(rows)).float()


def test_the_habit_is_named_with_its_share() -> None:
    said = observation(looking([0, *range(11)]), torch.arange(12))
    assert said == "On this text its rows give 100% of their weight to the token just before."


def test_one_row_is_no_habit() -> None:
    """Twenty rows look four back; one, the only one with an earlier copy, looks at it."""
    ids = torch.arange(21)
    ids[20] = ids[2]
    said = observation(looking([0, 0, 0, 0, *range(16), 2]), ids)
    assert "earlier copy of" not in said
    assert "none of the simple patterns" in said


def test_a_habit_of_some_rows_says_how_many() -> None:
    ids = torch.tensor([1, 2, 3, 4, 1, 2, 3, 4])
    said = observation(looking([0, 0, 0, 0, 1, 2, 3, 4]), ids)
    assert said.startswith(
        "4 tokens here repeat an earlier one. They give 100% of their weight to the token that came right"
    )


def test_where_every_token_is_a_copy_a_high_share_is_no_sign_of_induction() -> None:
    ids = torch.full((9,), 3)
    said = observation(masks.causal(9) / torch.arange(1, 10)[:, None], ids)
    assert "induction head" not in said
    assert "here that tells little" in said or "none of the simple" in said or "alike" in said
    copying = observation(looking([0, 0, 1, 2, 3, 4, 5, 6, 7]), ids)
    assert "induction head" not in copying
    twice = observation(looking([0, 0, 0, 0, 1, 2, 3, 4]), torch.tensor([1, 2, 3, 4, 1, 2, 3, 4]))
    assert twice.endswith("An induction head does this.")


def test_what_the_window_forces_is_no_habit() -> None:
    """Rows that see 4 tokens look at most 3 away, whatever they do."""
    window = masks.sliding_window(20, 4)
    said = observation(window / window.sum(-1, keepdim=True), torch.arange(20), allowed=window)
    assert "at most 3 away" not in said
    assert "almost everywhere alike: their weights have 100%" in said


def test_what_hides_behind_the_window_sleeps() -> None:
    ids = torch.tensor([1, 2, 3, 4, 5, 6] * 2)
    window = masks.sliding_window(12, 3)
    said = observation(window / window.sum(-1, keepdim=True), ids, known=INDUCTION, allowed=window)
    assert "but the mask leaves almost no row a choice there, so that cannot show here." in said


def test_a_very_short_text_has_no_habits() -> None:
    assert "sum to 1" in observation(torch.ones(1, 1), torch.tensor([5]))


INDUCTION = Known("induction", 0.94)


def test_a_role_that_sleeps_is_named_with_what_is_known() -> None:
    said = observation(looking([0, *range(11)]), torch.arange(12), known=INDUCTION)
    assert said == (
        "This head is known for looking at what followed an earlier copy (0.94 on random repeated tokens), but no "
        "token of this text repeats, so that cannot show here. "
        "On this text its rows give 100% of their weight to the token just before."
    )


def test_a_role_awake_is_not_said_to_sleep() -> None:
    ids = torch.arange(40)
    ids[30:33] = ids[:3]  # three rows are no habit of forty, unless the head is known for it
    rows = [0, *range(39)]
    rows[30:33] = [1, 2, 3]
    said = observation(looking(rows), ids, known=INDUCTION)
    assert said.startswith("3 tokens here repeat an earlier one. They give 100%")
    assert "just before" in observation(looking(rows), ids)


def test_few_repeats_are_almost_none() -> None:
    ids = torch.arange(12)
    ids[11] = ids[4]
    assert "but almost no token of this text repeats" in observation(looking([0] * 12), ids, known=INDUCTION)


def test_a_text_too_short_to_have_far_tokens() -> None:
    said = observation(looking([0, 0, 1, 2]), torch.arange(4), known=Known("local", 0.9))
    assert "its neighbours (0.90 on held-out text), but this text is too short" in said


def test_near_is_named_where_no_single_place_is() -> None:
    weights = torch.ones(20, 20).tril().triu(-3)
    said = observation(weights / weights.sum(-1, keepdim=True), torch.arange(20))
    assert said == "On this text its rows give 100% of their weight to tokens at most 3 away."


def test_even_weights_are_named() -> None:
    weights = torch.ones(40, 40).tril()
    said = observation(weights / weights.sum(-1, keepdim=True), torch.arange(40))
    assert "look almost everywhere alike" in said
    assert "100% of the entropy" in said


def test_an_encoders_rows_look_ahead() -> None:
    after = looking([*range(1, 12), 0])
    said = observation(after, torch.arange(12), both_sides=True)
    assert said == "On this text its rows give 100% of their weight to the token just after."
    ids = torch.tensor([1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6])
    copies = observation(looking([*range(6, 12), *range(6)]), ids, both_sides=True)
    assert copies == "12 tokens here have a copy elsewhere. They give 100% of their weight to a copy."


@pytest.fixture
def seen() -> tuple[SimpleNamespace, SimpleNamespace]:
    """A model of two layers × three heads and a recording of four tokens."""
    weights = looking([0, 0, 1, 2])
    attention = SimpleNamespace(n_head=3, head=lambda _index: SimpleNamespace(weights=weights[None]))
    block = SimpleNamespace(attention=attention)
    return SimpleNamespace(card={"start": [1, 2]}, mask_id=None), SimpleNamespace(
        token_ids=torch.arange(4), blocks=(block, block), tokens=("one", "·two", "·3", ".")
    )


def test_without_a_choice_the_models_own_head_and_what_the_last_word_looks_at(seen) -> None:
    choice = chosen_in(View(), *seen)
    assert (choice.layer, choice.head, choice.query, choice.key) == (1, 2, 2, 1)


def test_a_choice_is_taken_as_it_is(seen) -> None:
    choice = chosen_in(View(layer=0, head=1, query=2, key=0), *seen)
    assert (choice.layer, choice.head, choice.query, choice.key) == (0, 1, 2, 0)


def test_an_encoder_starts_at_what_is_hidden(seen) -> None:
    model, recording = seen
    model.mask_id = 1
    assert chosen_in(View(), model, recording).query == 1


def test_what_does_not_exist_falls_back(seen) -> None:
    choice = chosen_in(View(layer=9, head=9, query=9, key=9), *seen)
    assert (choice.layer, choice.head, choice.query, choice.key) == (1, 2, 2, 1)
