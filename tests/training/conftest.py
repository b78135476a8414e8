"""Small recipes and texts, trained in a second or two."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer

from viz_core.config import TransformerConfig
from viz_core.training.corpora import Corpus, load_corpora, train_tokenizer
from viz_core.training.language_model import NextToken
from viz_core.training.recipe import END_OF_TEXT, Recipe, Source, Training

CONTEXT = 97
RECIPE = Recipe(
    name="smallest",
    purpose="tests",
    model=TransformerConfig(vocab_size=263, context=CONTEXT, n_layer=1, n_head=2, d_model=12),
    training=Training(
        seed=7,
        steps=100,
        batch=2,
        learning_rate=0.01,
        warmup=5,
        decay=0.2,
        weight_decay=0.1,
        checkpoint_every=50,
        random_repeats=0.3,
        text_repeats=0.2,
    ),
    sources=(
        Source("stories", "stories.txt", "English", "own", share=0.75),
        Source("questions", "questions.csv", "Korean", "own", share=0.25, layout="question-answer"),
    ),
    fingerprint="one",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Holds the corpora, and "run" for what a training writes."""
    story = "The dog bit the man. The man bit the dog, and the dog ran."
    (tmp_path / "stories.txt").write_text(END_OF_TEXT.join([story] * 20), encoding="utf-8")
    rows = "".join(f'"개가 {i}번 물었어?",아니\n' for i in range(30))
    (tmp_path / "questions.csv").write_text("Q,A\n" + rows, encoding="utf-8")
    (tmp_path / "run").mkdir()
    return tmp_path


@pytest.fixture
def tokenizer(folder: Path) -> Tokenizer:
    return train_tokenizer(RECIPE, folder)


@pytest.fixture
def corpora(folder: Path, tokenizer: Tokenizer) -> list[Corpus]:
    return load_corpora(RECIPE, tokenizer, folder, folder / "encoded")


@pytest.fixture
def task(corpora: list[Corpus]) -> NextToken:
    return NextToken(RECIPE, corpora)
