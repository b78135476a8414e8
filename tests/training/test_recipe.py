from pathlib import Path

import pytest

from viz_core.config import TransformerConfig
from viz_core.training.recipe import RECIPES, read_recipe, recipe_names


@pytest.mark.parametrize("name", recipe_names())
def test_the_recipes_that_ship_are_read(name: str):
    recipe = read_recipe(RECIPES / f"{name}.toml")
    assert recipe.name == name
    assert sum(source.share for source in recipe.sources) == pytest.approx(1)


def test_a_changed_recipe_has_another_fingerprint(tmp_path: Path):
    path = tmp_path / "mine.toml"
    text = (RECIPES / f"{recipe_names()[0]}.toml").read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    before = read_recipe(path).fingerprint
    path.write_text(text.replace("seed = ", "seed = 1"), encoding="utf-8")
    assert read_recipe(path).fingerprint != before


def test_a_recipe_like_another_differs_only_in_what_it_says():
    rotary, none = (read_recipe(RECIPES / f"positions-{kind}.toml") for kind in ("rotary", "none"))
    assert (rotary.model.positions, none.model.positions) == ("rotary", "none")
    assert rotary.training == none.training
    assert rotary.sources == none.sources
    assert rotary.fingerprint != none.fingerprint


def test_a_recipe_changes_with_the_one_it_is_like(tmp_path: Path):
    for name in ("formation", "positions-rotary"):
        (tmp_path / f"{name}.toml").write_text((RECIPES / f"{name}.toml").read_text(encoding="utf-8"), encoding="utf-8")
    before = read_recipe(tmp_path / "positions-rotary.toml").fingerprint
    path = tmp_path / "formation.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("seed = 0", "seed = 1"), encoding="utf-8")
    assert read_recipe(tmp_path / "positions-rotary.toml").fingerprint != before


def test_the_five_differ_in_positions_alone():
    shapes = [read_recipe(RECIPES / f"{name}.toml").transformer for name in recipe_names() if "positions-" in name]
    assert {shape.positions for shape in shapes} == {"learned", "sinusoidal", "rotary", "alibi", "none"}
    same = {(shape.n_layer, shape.n_head, shape.d_model, shape.d_feed_forward, shape.context) for shape in shapes}
    assert len(same) == 1


def test_a_recurrent_network_is_no_transformer():
    with pytest.raises(TypeError, match="gru-plain is a recurrent network; expected a Transformer"):
        _ = read_recipe(RECIPES / "gru-plain.toml").transformer


def test_the_translators_share_data_and_words():
    recipes = [read_recipe(RECIPES / f"{name}.toml") for name in ("tiny-translator", "gru-attention", "gru-plain")]
    assert len({recipe.sources for recipe in recipes}) == 1
    assert len({recipe.model.vocab_size for recipe in recipes}) == 1
    assert isinstance(recipes[0].model, TransformerConfig)
    assert all(recipe.translates for recipe in recipes)
