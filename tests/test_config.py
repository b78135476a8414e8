from dataclasses import FrozenInstanceError, replace

import pytest

from viz_core.config import TransformerConfig

SMALL = {"vocab_size": 11, "context": 7, "n_layer": 3, "n_head": 4, "d_model": 20}


def test_sizes_not_given_are_the_customary_ones():
    config = TransformerConfig(**SMALL)
    assert (config.n_kv_head, config.d_head, config.d_feed_forward) == (4, 5, 80)


def test_sizes_given_are_kept():
    config = TransformerConfig(**SMALL, n_kv_head=2, d_head=3, d_feed_forward=17)
    assert (config.n_kv_head, config.d_head, config.d_feed_forward) == (2, 3, 17)


def test_scores_are_divided_by_the_root_of_d_head_and_by_the_layer_where_asked():
    assert 1 / TransformerConfig(**SMALL, d_head=3).scale(layer=2) == pytest.approx(1.7320508, abs=5e-8)
    assert TransformerConfig(**SMALL, d_head=64).scale(layer=2) == 1 / 8
    assert TransformerConfig(**SMALL, divide_by_sqrt_d_head=False).scale(layer=2) == 1
    assert TransformerConfig(**SMALL, d_head=64, divide_by_layer=True).scale(layer=2) == 1 / 24


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_layer": 0}, "n_layer is 0; expected at least 1"),
        ({"context": -1}, "context is -1; expected at least 1"),
        ({"n_kv_head": -1}, "n_kv_head is -1; expected at least 1"),
        ({"n_kv_head": 3}, "n_kv_head is 3; expected a divisor of n_head = 4"),
        ({"d_model": 21}, "d_model is 21; expected a multiple of n_head = 4"),
        ({"positions": "rotary"}, "d_head is 5; rotary positions need an even number"),
        ({"positions": "sinusoidal", "d_model": 21, "d_head": 5}, "d_model is 21; sinusoidal positions need an even"),
        ({"positions": "t5"}, "positions is 't5'; expected one of learned, sinusoidal, rotary, alibi, none"),
        ({"norm": "batchnorm"}, "norm is 'batchnorm'; expected one of layernorm, rmsnorm"),
        ({"norm_place": "both"}, "norm_place is 'both'; expected one of pre, post"),
        ({"activation": "mish"}, "activation is 'mish'; expected one of gelu"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_value(settings: dict, message: str):
    with pytest.raises(ValueError, match=message):
        TransformerConfig(**{**SMALL, **settings})


def test_settings_come_back_whole():
    config = TransformerConfig(**SMALL, positions="alibi", norm="rmsnorm", n_kv_head=2, tied=False)
    assert TransformerConfig.from_dict(config.to_dict()) == config
    assert hash(replace(config)) == hash(config)


def test_a_setting_this_transformer_does_not_have_is_refused():
    with pytest.raises(ValueError, match="unknown setting dropout, parallel"):
        TransformerConfig.from_dict({**SMALL, "parallel": True, "dropout": 0.1})


def test_a_config_is_frozen():
    with pytest.raises(FrozenInstanceError):
        TransformerConfig(**SMALL).n_layer = 4
