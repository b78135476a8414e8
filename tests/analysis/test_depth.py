"""Stacks of random blocks: what the page says of Post-LN and Pre-LN holds where it is measured."""

import pytest
import torch
from torch.testing import assert_close

from viz_core.analysis.depth import SEEDS, STACKED, depth_of


@pytest.mark.parametrize("layers", STACKED)
def test_sizes(layers: int):
    for place in ("pre", "post"):
        found = depth_of(place, layers, "xavier")
        assert found.norms.shape == (layers + 1,)
        assert found.gradients.shape == (layers,)
        assert found.each.shape == (SEEDS, layers)
        assert found.gradients.isfinite().all()
        assert (found.gradients > 0).all()


def test_the_same_in_every_run_and_in_inference_mode():
    first = depth_of("pre", 4, "xavier")
    torch.manual_seed(1)
    with torch.inference_mode():
        second = depth_of("pre", 4, "xavier")
    assert torch.equal(first.norms, second.norms)
    assert torch.equal(first.gradients, second.gradients)


@pytest.mark.parametrize("start", ["xavier", "gpt2"])
def test_post_norm_activations_keep_their_length(start: str):
    assert_close(depth_of("post", 32, start).norms[1:], torch.ones(32), atol=1e-2, rtol=0)


def test_pre_norm_activations_grow_like_the_root_of_depth():
    norms = depth_of("pre", 32, "xavier").norms
    assert (norms[1:] > norms[:-1]).all()
    # of four times 8 other seeds: 2.11 to 2.24
    assert float(norms[32] / norms[8]) == pytest.approx(2, abs=0.35)


def test_the_last_gradient_falls_like_1_over_the_root_of_depth_in_pre_norm_alone():
    """Xiong et al. 2020, theorem 1."""
    last = {
        place: [float(depth_of(place, depth, "xavier").gradients[-1]) for depth in STACKED] for place in ("pre", "post")
    }
    # means of 8 seeds spread by some 5 %; Post-LN's of 32 blocks are 1.03 to 1.11 times those of 2
    for depth, gradient in zip(STACKED, last["pre"], strict=True):
        assert gradient / last["pre"][0] == pytest.approx((STACKED[0] / depth) ** 0.5, rel=0.2)
    assert 0.8 < last["post"][-1] / last["post"][0] < 1.3


def test_small_weights_make_the_wiring_matter_little():
    last = {place: float(depth_of(place, 32, "gpt2").gradients[-1]) for place in ("pre", "post")}
    # twice 8 seeds: 1.02 and 1.03, and lengths up to 1.009
    assert last["pre"] / last["post"] == pytest.approx(1, abs=0.1)
    assert_close(depth_of("pre", 32, "gpt2").norms, torch.ones(33), atol=0.05, rtol=0)


def test_towards_the_input_pre_norm_gradients_grow_and_post_norm_gradients_show_no_clear_trend():
    """First block's to last block's, measured once. Post-LN: 64 stacks of 16 blocks 0.99 ± 0.06 (0.4 to 2.9), 32 of 32
    blocks 0.87 ± 0.10 (0.1 to 3.2). Pre-LN: 3.5 (2.2 to 5.2) and 4.8 (3.3 to 6.7)."""
    for layers in (16, 32):
        post, pre = (depth_of(place, layers, "xavier").first_to_last for place in ("post", "pre"))
        assert post.min() < 1 < post.max()
        assert (pre > 2).all()
