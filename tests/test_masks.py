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
