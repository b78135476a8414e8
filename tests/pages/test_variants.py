"""The pages on every kind of model that can be loaded, and on models that cannot take the first sentence."""

from pathlib import Path

import pytest
import torch

from tests.models.conftest import byte_level_tokenizer
from tests.pages.test_pages import PAGES, SENTENCE, drawn, opened
from viz_core.config import TransformerConfig
from viz_core.models import bundled
from viz_core.transformer import Transformer
from viz_core.ui.chain import STEPS

SHAPE = {"context": 32, "n_layer": 2, "n_head": 4, "d_model": 16}
VARIANTS = [
    {"positions": "learned"},
    {"positions": "sinusoidal", "norm_place": "post"},
    {"positions": "alibi"},
    {"positions": "none", "bias": False},
    {"divide_by_layer": True},
    {"divide_by_sqrt_d_head": False},
    {"n_kv_head": 2, "norm": "rmsnorm", "activation": "swiglu"},
]


def bundle(folder: Path, **settings: object) -> str:
    """A model of random weights in `folder`; its name, another one each time: the app keeps models by name.

    Beside it, the bundled ones stay.
    """
    name = folder.name
    tokenizer = byte_level_tokenizer()
    config = TransformerConfig(vocab_size=tokenizer.get_vocab_size(), **(SHAPE | settings))
    transformer = Transformer(config)
    for weight in transformer.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    bundled.save(folder / name, transformer, tokenizer)
    for model in bundled.FOLDER.iterdir():
        (folder / model.name).symlink_to(model)
    return name


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
def test_every_step_draws_every_variant(settings: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = bundle(tmp_path, **settings)
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    for step in STEPS:
        app = opened("pages/inside_one_head.py", model=name, text="a dog", layer="1", head="3", step=step.name)
        assert not app.exception, step.name
        assert not app.error, step.name
        assert drawn(app) > 0, step.name
        said = " ".join(latex.value for latex in app.latex)
        if step.name == "scale":
            assert (r"\sqrt{d_k}" in said) == settings.get("divide_by_sqrt_d_head", True)
            assert (r"\cdot 2" in said) == settings.get("divide_by_layer", False)
        if step.name == "mask":
            assert ("b_{ij}" in said) == (settings.get("positions") == "alibi")


@pytest.mark.parametrize("page", PAGES)
def test_a_model_too_small_for_the_sentence_still_shows_something(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = bundle(tmp_path, context=3)
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    app = opened(page, model=name, text=SENTENCE)
    assert not app.exception
    assert "at most 3" in app.error[0].value
    assert drawn(app) > 0


@pytest.mark.parametrize("page", PAGES)
def test_a_checkpoint_without_a_tokenizer_says_so(page: str, tmp_path: Path, transformers_checkpoint: Path) -> None:
    app = opened(page, model=str(transformers_checkpoint), text=SENTENCE)
    assert not app.exception
    assert "without a tokenizer" in app.error[0].value
    assert drawn(app) > 0


@pytest.fixture
def transformers_checkpoint(tmp_path: Path) -> Path:
    from transformers import GPT2Config, GPT2LMHeadModel  # noqa: PLC0415  only this test needs seconds of import

    shape = {"n_layer": 1, "n_head": 2, "n_embd": 8, "vocab_size": 11, "n_positions": 7}
    GPT2LMHeadModel(GPT2Config(**shape)).save_pretrained(tmp_path)
    return tmp_path
