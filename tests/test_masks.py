import pytest
import torch

from viz_core import masks


def picture(allowed: torch.Tensor) -> list[str]:
    return ["".join("x" if cell else "." for cell in row) for row in allowed.tolist()]


def test_causal_sees_itself_and_everything_before():
    assert picture(masks.causal(3)) == ["x..", "xx.", "xxx"]


def test_full_sees_everything():
    assert picture(masks.full(2, 3)) == ["xxx", "xxx"]


def test_padding_is_seen_by_nobody():
    assert picture(masks.padding(torch.tensor([True, False, True]))) == ["x.x", "x.x", "x.x"]


def test_sliding_window_sees_itself_and_the_window_before():
    assert picture(masks.sliding_window(5, 3)) == ["x....", "xx...", "xxx..", ".xxx.", "..xxx"]
    assert picture(masks.sliding_window(3, 1)) == ["x..", ".x.", "..x"]
    assert masks.sliding_window(5, 99).equal(masks.causal(5))


@pytest.mark.parametrize("window", [0, -1])
def test_a_window_that_sees_nothing_is_refused(window: int):
    with pytest.raises(ValueError, match=f"window is {window}; expected at least 1"):
        masks.sliding_window(5, window)


@pytest.mark.parametrize("is_token", [torch.ones(3), torch.ones(3, 3, dtype=torch.bool)])
def test_padding_wants_one_boolean_a_position(is_token: torch.Tensor):
    with pytest.raises(ValueError, match=r"expected torch.bool \[n\]"):
        masks.padding(is_token)


def test_only_the_causal_mask_is_causal():
    assert masks.is_causal(masks.causal(5))
    assert masks.is_causal(masks.causal(5).clone())
    assert masks.is_causal(masks.full(1, 1))
    assert not masks.is_causal(masks.full(5, 5))
    assert not masks.is_causal(masks.causal(5).tril(-1))
    assert not masks.is_causal(masks.causal(5)[:3])
    assert not masks.is_causal(masks.causal(5).expand(2, 5, 5))


def test_a_mask_made_while_recording_can_be_used_in_training():
    with torch.inference_mode():
        allowed = masks.causal(23)
    assert not allowed.is_inference()


def test_a_dilated_window_has_gaps():
    assert masks.dilated(6, 3, 2)[5].tolist() == [False, True, False, True, False, True]
    assert masks.dilated(6, 2, 3, both_sides=True)[3].tolist() == [True, False, False, True, False, False]
    assert torch.equal(masks.dilated(7, 3, 1), masks.sliding_window(7, 3))


def test_a_window_of_an_encoder_looks_to_both_sides():
    assert masks.sliding_window(5, 2, both_sides=True)[2].tolist() == [False, True, True, True, False]


def test_a_window_wider_than_the_text_is_all_of_it():
    assert torch.equal(masks.sliding_window(4, 99), masks.causal(4))
    assert torch.equal(masks.sliding_window(4, 99, both_sides=True), masks.full(4, 4))


def test_global_positions_see_and_are_seen():
    allowed = masks.local_and_global(5, 1, {1}, both_sides=True)
    by_hand = torch.eye(5, dtype=torch.bool)
    by_hand[1], by_hand[:, 1] = True, True
    assert torch.equal(allowed, by_hand)
    assert torch.equal(masks.local_and_global(5, 1, {1}), by_hand & masks.causal(5))


@pytest.mark.parametrize(("window", "step", "name"), [(0, 1, "window is 0"), (2, 0, "step is 0")])
def test_a_dilated_window_of_nothing_is_refused(window: int, step: int, name: str):
    with pytest.raises(ValueError, match=name):
        masks.dilated(5, window, step)


def test_a_global_position_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"everyone is \[5\]; expected positions from 0 to 4"):
        masks.local_and_global(5, 1, {5})
