import pytest
import torch
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.testing import assert_close
from torch.utils.flop_counter import FlopCounterMode

from viz_core.efficiency.costs import Kind, multiply_adds
from viz_core.efficiency.layers import KINDS, Attention, layer, near_attention, timings


@pytest.mark.parametrize("n", [1, 2, 7, 12, 30])
@pytest.mark.parametrize("r", [1, 2, 3, 4, 7, 64])
def test_restricted_attention_is_masked_attention(n: int, r: int) -> None:
    torch.manual_seed(n * 100 + r)
    query, key, value = torch.randn(3, 2, n, 5).mul(3)
    place = torch.arange(n)
    ahead = place - place[:, None]
    allowed = (ahead >= -((r - 1) // 2)) & (ahead <= r // 2)
    assert r > n or int(allowed.sum(-1).max()) <= r
    assert_close(near_attention(query, key, value, r), F.scaled_dot_product_attention(query, key, value, allowed))


def test_a_layer_that_sees_far_enough_is_the_whole_layer() -> None:
    whole = Attention(128)
    near = Attention(128, near=40)
    near.load_state_dict(whole.state_dict())
    x = torch.randn(20, 128)
    assert_close(near(x), whole(x))
    assert not torch.allclose(Attention(128, near=3)(x), whole(x), atol=1e-3)


def test_no_neighbours() -> None:
    with pytest.raises(ValueError, match="r is 0; expected at least 1"):
        near_attention(*torch.randn(3, 1, 4, 2), 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n", "d"), [(24, 64), (37, 128)])
def test_what_is_counted_is_what_pytorch_counts(kind: Kind, n: int, d: int) -> None:
    compute, x = layer(kind, d, k=3, r=8), torch.randn(n, d)
    with sdpa_kernel(SDPBackend.MATH), torch.inference_mode(), FlopCounterMode(display=False) as counted:
        compute(x)
    assert counted.get_total_flops() == 2 * multiply_adds(kind, n, d, k=3, r=8)


def test_timings_of_every_kind_at_every_length() -> None:
    told: list[tuple[int, int]] = []
    found = timings(64, k=2, r=4, lengths=(3, 6, 9), rounds=2, note=lambda *progress: told.append(progress))
    assert found.lengths == (3, 6, 9)
    assert list(found.seconds) == list(KINDS)
    assert all(len(taken) == 3 and min(taken) > 0 for taken in found.seconds.values())
    assert found.rounds == 2
    assert told == [(done, 36) for done in range(36)]  # with the first round, which is not counted
