"""Text files → a tokenizer and arrays of token ids, made once and kept in the run's folder."""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from viz_core.training.recipe import END_OF_TEXT, RECIPES, Recipe, Source, read_recipe

HELD_OUT = (
    0.01  # the last hundredth of every source is never trained on, only (some) words for the tokenizer are found in it
)
TOKENIZER_SAMPLE = 2_000_000  # characters a source, so that plain modern English is not drowned by long novels


class CorpusMissing(Exception):
    """A recipe's text file is not where it was looked for."""


@dataclass(frozen=True, eq=False)
class Corpus:
    source: Source
    train: NDArray[np.uint16]
    held_out: NDArray[np.uint16]


def corpus_file(source: Source, folder: Path) -> Path:
    """Raises CorpusMissing, saying where it was looked for and what to pass."""
    path = folder / source.file
    if not path.is_file():
        raise CorpusMissing(
            f"{source.name}: no file at {path}. Pass --corpora with the folder that holds {source.file}."
        )
    return path


def documents(source: Source, folder: Path) -> Iterator[str]:
    """The source's documents. Raises CorpusMissing."""
    path = corpus_file(source, folder)
    if source.layout == "line":
        yield from path.read_text(encoding="utf-8").splitlines()
    elif source.layout == "question-answer":
        with path.open(encoding="utf-8", newline="") as file:
            yield from (f"{row['Q']}\n{row['A']}" for row in csv.DictReader(file))
    elif source.layout == "text":
        yield from path.read_text(encoding="utf-8").split(END_OF_TEXT)
    else:
        raise ValueError(f"{source.name}: layout {source.layout!r}; expected text, line or question-answer")


def tokenizer_for(recipe: Recipe, folder: Path) -> Tokenizer:
    """The one that the recipe shares with another, or a new one trained on its text."""
    owner = read_recipe(RECIPES / f"{recipe.tokenizer_of}.toml") if recipe.tokenizer_of else recipe
    tokenizer = train_tokenizer(owner, folder)  # the same text and settings always give the same tokenizer
    if recipe.mask:  # it stands for a whole word, so the space before it is part of it
        tokenizer.add_special_tokens([AddedToken(recipe.mask, special=True, normalized=False, lstrip=True)])
    return tokenizer


def train_tokenizer(recipe: Recipe, folder: Path) -> Tokenizer:
    samples = (_first_characters(documents(source, folder), TOKENIZER_SAMPLE) for source in recipe.sources)
    return bpe(chain.from_iterable(samples), recipe.model.vocab_size)


def bpe(texts: Iterator[str], vocab_size: int) -> Tokenizer:
    """Byte-level BPE as in GPT-2: any text has tokens, and every text comes back whole."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[AddedToken(END_OF_TEXT, special=True, normalized=False)],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def _first_characters(texts: Iterator[str], limit: int) -> Iterator[str]:
    for text in texts:
        if limit <= 0:
            return
        yield text[:limit]
        limit -= len(text)


def _content_of(source: Source, folder: Path) -> str:
    path = corpus_file(source, folder)
    return f"{path.stem}-{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"


def tokenizer_key(tokenizer: Tokenizer) -> str:
    return hashlib.sha256(tokenizer.to_str().encode()).hexdigest()[:16]


def load_corpora(recipe: Recipe, tokenizer: Tokenizer, folder: Path, cache: Path) -> list[Corpus]:
    """Every source as token ids, documents joined by the end-of-text token; encoded once, then read from `cache`,
    where each tokenizer has a folder of its own."""
    encoded = cache / tokenizer_key(tokenizer)
    encoded.mkdir(parents=True, exist_ok=True)
    corpora = []
    for source in recipe.sources:
        path = encoded / f"{_content_of(source, folder)}.npy"
        if not path.exists():
            ids = _encode(documents(source, folder), tokenizer)
            partial = path.with_suffix(".partial.npy")
            np.save(partial, ids)
            partial.replace(path)
        ids = np.load(path, mmap_mode="r")
        cut = int(len(ids) * (1 - HELD_OUT))
        corpora.append(Corpus(source, ids[:cut], ids[cut:]))
    return corpora


def _encode(texts: Iterator[str], tokenizer: Tokenizer) -> NDArray[np.uint16]:
    end = np.array([tokenizer.token_to_id(END_OF_TEXT)], dtype=np.uint16)
    parts: list[NDArray[np.uint16]] = []
    stripped = (text.strip() for text in texts)
    pieces = (text[i : i + 100_000] for text in stripped if text for i in range(0, len(text), 100_000))
    while batch := list(islice(pieces, 1000)):
        for encoding in tokenizer.encode_batch(batch):
            parts += [np.array(encoding.ids, dtype=np.uint16), end]
    return np.concatenate(parts)
