"""Text files → a tokenizer and arrays of token ids, made once and kept in the run's folder."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from viz_core.training.recipe import END_OF_TEXT, Recipe, Source

HELD_OUT = 0.01  # the last hundredth of every source is never trained on
TOKENIZER_SAMPLE = 2_000_000  # characters a source, so that plain modern English is not drowned by long novels


class CorpusMissing(Exception):
    """A recipe's text file is not where it was looked for."""


@dataclass(frozen=True, eq=False)
class Corpus:
    source: Source
    train: NDArray[np.uint16]
    held_out: NDArray[np.uint16]


def documents(source: Source, folder: Path) -> Iterator[str]:
    """The source's documents. Raises CorpusMissing, saying where it was looked for and what to pass."""
    path = folder / source.file
    if not path.is_file():
        raise CorpusMissing(
            f"{source.name}: no file at {path}. Pass --corpora with the folder that holds {source.file}."
        )
    if source.layout == "line":
        yield from path.read_text(encoding="utf-8").splitlines()
    elif source.layout == "question-answer":
        with path.open(encoding="utf-8", newline="") as file:
            yield from (f"{row['Q']}\n{row['A']}" for row in csv.DictReader(file))
    elif source.layout == "text":
        yield from path.read_text(encoding="utf-8").split(END_OF_TEXT)
    else:
        raise ValueError(f"{source.name}: layout {source.layout!r}; expected text, line or question-answer")


def train_tokenizer(recipe: Recipe, folder: Path) -> Tokenizer:
    """Byte-level BPE as in GPT-2: any text has tokens, and every text comes back whole."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=recipe.model.vocab_size,
        special_tokens=[AddedToken(END_OF_TEXT, special=True, normalized=False)],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    samples = (_first_characters(documents(source, folder), TOKENIZER_SAMPLE) for source in recipe.sources)
    tokenizer.train_from_iterator(chain.from_iterable(samples), trainer)
    return tokenizer


def _first_characters(texts: Iterator[str], limit: int) -> Iterator[str]:
    for text in texts:
        if limit <= 0:
            return
        yield text[:limit]
        limit -= len(text)


def load_corpora(recipe: Recipe, tokenizer: Tokenizer, folder: Path, run: Path) -> list[Corpus]:
    """Every source as token ids, documents joined by the end-of-text token; encoded once, then read from `run`."""
    corpora = []
    for index, source in enumerate(recipe.sources):
        path = run / f"source-{index}.npy"
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
