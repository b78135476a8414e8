import pytest
import torch
from torch.testing import assert_close

from tests.examples import sharp_transformer
from viz_core.analysis.parameters import shape_of
from viz_core.config import TransformerConfig
from viz_core.efficiency.kv_cache import Cache, _of_the_newest, with_cache

IDS = torch.tensor([3, 1, 4, 1, 5, 9, 2])
SHAPE = {"vocab_size": 11, "context": 7, "n_layer": 2, "n_head": 4, "d_model": 16}
VARIANTS = [
    {},
    {"positions": "sinusoidal", "norm_place": "post", "scale_embedding": True},
    {"positions": "rotary", "n_kv_head": 2, "norm": "rmsnorm", "activation": "swiglu"},
    {"positions": "alibi", "n_kv_head": 1},
    {"positions": "none", "divide_by_layer": True},
]


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
@pytest.mark.parametrize("at_a_time", [1, 3])
def test_one_token_at_a_time_gives_the_logits_of_all_at_once(settings: dict, at_a_time: int):
    model = sharp_transformer(TransformerConfig(**(SHAPE | settings))).requires_grad_(False)
    whole, cache = model(IDS).logits, Cache()
    for start in range(0, len(IDS), at_a_time):
        new = IDS[start : start + at_a_time]
        assert_close(with_cache(model, new, cache), whole[start + len(new) - 1], atol=1e-4, rtol=1e-4)
        assert cache.length == start + len(new)
        assert cache.nbytes == shape_of(model).cache_bytes(cache.length, width=4)


@pytest.mark.parametrize("tokens", [0, 8])
def test_no_tokens_and_too_many(tokens: int):
    model = sharp_transformer(TransformerConfig(**SHAPE))
    with pytest.raises(ValueError, match="at most 7 in all"):
        with_cache(model, torch.zeros(tokens, dtype=torch.long), Cache())


def test_an_encoders_rows_change_so_nothing_can_be_kept():
    model = sharp_transformer(TransformerConfig(**SHAPE, architecture="encoder"))
    with pytest.raises(ValueError, match="only a decoder's rows never change"):
        with_cache(model, IDS, Cache())


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
@pytest.mark.parametrize(("start", "stop"), [(0, 1), (0, 5), (3, 4), (2, 7)])
def test_the_newest_rows_are_told_what_all_rows_are_told(settings: dict, start: int, stop: int):
    model = sharp_transformer(TransformerConfig(**(SHAPE | settings)))
    newest, whole = _of_the_newest(model.config, start, stop), model.surroundings(stop)
    assert_close(newest.allowed, whole.allowed[start:])
    assert (newest.bias is None) == (whole.bias is None)
    if newest.bias is not None:
        assert_close(newest.bias, whole.bias[:, start:])
    assert (newest.angles is None) == (whole.angles is None)
    if newest.angles is not None:
        assert_close(newest.angles, whole.angles[start:])
