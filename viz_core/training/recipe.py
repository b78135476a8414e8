"""A recipe: everything that decides what a bundled model becomes. One TOML file each, in recipes/."""

import hashlib
import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viz_core.config import TransformerConfig
from viz_core.recurrent import RecurrentConfig

RECIPES = Path(__file__).parent / "recipes"
END_OF_TEXT = "<|endoftext|>"


@dataclass(frozen=True)
class Source:
    """One corpus: `share` of the natural sequences come from it.

    Layout: text, line, question-answer, pairs or grammar.
    """

    name: str
    file: str
    language: str
    licence: str
    share: float
    layout: str = "text"


def shares_of(sources: Sequence[Source]) -> NDArray[np.float64]:
    """How often each is drawn from; sums to 1."""
    shares = np.array([source.share for source in sources])
    return np.asarray(shares / shares.sum())


@dataclass(frozen=True, kw_only=True)
class Finish:
    """A second stage, after the first one's last step: the same, with shuffled pairs among the sequences."""

    steps: int
    learning_rate: float
    shuffled_pairs: float


@dataclass(frozen=True, kw_only=True)
class Training:
    """Hyperparameters; the recipe files say what each one means."""

    seed: int
    steps: int
    batch: int
    learning_rate: float
    warmup: int
    decay: float
    weight_decay: float
    checkpoint_every: int
    beta2: float = 0.95
    length: int = 0  # tokens a sequence; 0 = the model's context
    keep_every: int = 0  # steps between weights that are kept, beside every power of two; 0 = none are
    random_repeats: float = 0.0
    text_repeats: float = 0.0
    masked: float = 0.0
    finish: Finish | None = None
    bfloat16: bool = True  # matrix products; the weights are float32 throughout

    @property
    def all_steps(self) -> int:
        return self.steps + (self.finish.steps if self.finish else 0)


@dataclass(frozen=True)
class Recipe:
    name: str
    purpose: str
    model: TransformerConfig | RecurrentConfig
    training: Training
    sources: tuple[Source, ...]
    fingerprint: str  # of all settings: a checkpoint of another recipe is not resumed
    tokenizer_of: str = ""  # another recipe whose tokenizer this one shares
    mask: str = ""  # the token that hides a word

    @property
    def length(self) -> int:
        """Tokens of a training sequence."""
        return self.training.length or self.model.context

    @property
    def transformer(self) -> TransformerConfig:
        """The model's shape. Raises TypeError where it is no Transformer."""
        if not isinstance(self.model, TransformerConfig):
            raise TypeError(f"{self.name} is a recurrent network; expected a Transformer")
        return self.model

    @property
    def translates(self) -> bool:
        return any(source.layout in {"grammar", "pairs"} for source in self.sources)


def recipe_names() -> list[str]:
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def read_recipe(path: Path) -> Recipe:
    """A recipe may begin with `like = "NAME"`: what it does not say itself is then as in that recipe beside it.

    Raises FileNotFoundError, or TypeError/ValueError naming a setting that is not known.
    """
    settings = _read(path)
    tokenizer = settings["tokenizer"]
    return Recipe(
        name=path.stem,
        purpose=settings["purpose"],
        model=_shape(settings, tokenizer["vocab_size"]),
        training=_training(settings["training"]),
        sources=tuple(Source(**source) for source in settings["source"]),
        fingerprint=hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16],
        tokenizer_of=tokenizer.get("of", ""),
        mask=tokenizer.get("mask", ""),
    )


def _training(settings: dict[str, Any]) -> Training:
    finish = settings.get("finish")
    return Training(**{**settings, "finish": Finish(**finish) if finish else None})


def _shape(settings: dict[str, Any], vocab_size: int) -> TransformerConfig | RecurrentConfig:
    if "recurrent" in settings:
        return RecurrentConfig(**settings["recurrent"], vocab_size=vocab_size)
    return TransformerConfig.from_dict({**settings["model"], "vocab_size": vocab_size})


def _read(path: Path) -> dict[str, Any]:
    settings: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    if "like" not in settings:
        return settings
    merged = _read(path.with_stem(settings.pop("like")))
    for key, value in settings.items():
        merged[key] = {**merged[key], **value} if isinstance(value, dict) and key in merged else value
    return merged
