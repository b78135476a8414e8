import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from tests.efficiency.test_kv_cache import IDS, VARIANTS
from tests.examples import sharp_transformer
from viz_core.config import TransformerConfig
from viz_core.efficiency.generation import both_ways, multiply_adds, planned
from viz_core.efficiency.kv_cache import Cache, with_cache
from viz_core.transformer import Transformer

SHAPE = {"vocab_size": 11, "context": 13, "n_layer": 2, "n_head": 4, "d_model": 16}


def model(**settings: object) -> Transformer:
    return sharp_transformer(TransformerConfig(**(SHAPE | settings))).requires_grad_(False)


@pytest.mark.parametrize("settings", [*VARIANTS, {"d_head": 6, "d_feed_forward": 7}], ids=str)
def test_what_is_counted_is_what_pytorch_counts(settings: dict) -> None:
    transformer, cache = model(**settings), Cache()
    config, n = transformer.config, len(IDS)
    with sdpa_kernel(SDPBackend.MATH), torch.inference_mode():  # fused kernels on the CPU are not counted
        with FlopCounterMode(display=False) as whole:
            transformer(IDS, last_only=True)
        with FlopCounterMode(display=False) as first:
            with_cache(transformer, IDS[:-1], cache)
        with FlopCounterMode(display=False) as newest:
            with_cache(transformer, IDS[-1:], cache)
    assert whole.get_total_flops() == 2 * multiply_adds(config, n, n)
    assert first.get_total_flops() == 2 * multiply_adds(config, n - 1, n - 1)
    assert newest.get_total_flops() == 2 * multiply_adds(config, 1, n)


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
def test_both_ways_write_what_a_plain_loop_writes(settings: dict) -> None:
    transformer, expected = model(**settings), IDS
    for _step in range(5):
        expected = torch.cat([expected, transformer(expected).logits[-1].argmax()[None]])
    told: list[tuple[int, int]] = []
    both = both_ways(transformer, IDS, 5, repetitions=2, note=lambda *progress: told.append(progress))
    assert both.same
    assert list(both.cached.token_ids) == expected[len(IDS) :].tolist()
    assert len(both.differences) == 5
    assert max(both.differences) < 1e-4
    assert both.without.rows == (7, 8, 9, 10, 11)
    assert both.cached.rows == (7, 1, 1, 1, 1)
    assert (sum(both.without.multiply_adds), sum(both.cached.multiply_adds)) == planned(transformer.config, 7, 5)
    assert told == [(done, 20) for done in range(20)]


def test_kept_is_what_the_cache_holds() -> None:
    transformer, cache = model(n_kv_head=2), Cache()
    both = both_ways(transformer, IDS, 3)
    held = []
    for new in (IDS, *torch.tensor(both.cached.token_ids[:2])[:, None]):
        with_cache(transformer, new, cache)
        held.append(cache.nbytes)
    assert both.cached.kept == tuple(held)
    assert both.without.kept == (0, 0, 0)


def test_ways_that_part_are_compared_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    from viz_core.efficiency import generation  # noqa: PLC0415  to change it

    honest = generation.with_cache
    monkeypatch.setattr(generation, "with_cache", lambda *given: -honest(*given))
    both = both_ways(model(), IDS, 4, repetitions=1)
    assert not both.same
    assert len(both.differences) == 1


def test_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="the model's context"):
        both_ways(model(), IDS, 8)
    assert len(both_ways(model(), IDS, 7, repetitions=1).cached.token_ids) == 7  # the last one is not read again
    with pytest.raises(ValueError, match="only a decoder's rows never change"):
        both_ways(model(architecture="encoder"), IDS, 2)
