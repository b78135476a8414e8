"""A recipe: everything that decides what a bundled model becomes. One TOML file each, in recipes/."""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viz_core.config import TransformerConfig

RECIPES = Path(__file__).parent / "recipes"
END_OF_TEXT = "<|endoftext|>"


@dataclass(frozen=True)
class Source:
    """One corpus: `share` of the natural sequences come from it. Layout: text, line or question-answer."""

    name: str
    file: str
    language: str
    licence: str
    share: float
    layout: str = "text"


@dataclass(frozen=True)
class Training:
    """Hyperparameters; the recipe file says what each one means."""

    seed: int
    steps: int
    batch: int
    learning_rate: float
    warmup: int
    decay: float
    weight_decay: float
    checkpoint_every: int
    repeats: float


@dataclass(frozen=True)
class Recipe:
    name: str
    purpose: str
    model: TransformerConfig
    training: Training
    sources: tuple[Source, ...]
    fingerprint: str  # of the file: a checkpoint of another recipe is not resumed


def recipe_names() -> list[str]:
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def read_recipe(path: Path) -> Recipe:
    """Raises FileNotFoundError, or TypeError/ValueError naming a setting that is not known."""
    text = path.read_text(encoding="utf-8")
    settings: dict[str, Any] = tomllib.loads(text)
    return Recipe(
        name=path.stem,
        purpose=settings["purpose"],
        model=TransformerConfig.from_dict({**settings["model"], **settings["tokenizer"]}),
        training=Training(**settings["training"]),
        sources=tuple(Source(**source) for source in settings["source"]),
        fingerprint=hashlib.sha256(text.encode()).hexdigest()[:16],
    )
