"""Sentence pairs → a joint tokenizer and token ids: what translators are trained on."""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from viz_core import files, grammar
from viz_core.models.translator import words
from viz_core.training.corpora import bpe, corpus_file
from viz_core.training.recipe import Recipe, Source

GRAMMAR_PAIRS = 200_000  # distinct pairs drawn from the grammar to train on
GRAMMAR_HELD_OUT = 100  # pairs to look at while training; an evaluation draws more
TOKENIZER_PAIRS = 20_000  # of them, those that the tokenizer is trained on
HELD_OUT = 20  # one English sentence in so many is never trained on

Sentences = tuple[str, str]


@dataclass(frozen=True, eq=False)
class PairCorpus:
    """Token ids of the pairs to train on, without END, and the texts of those that never are."""

    source: Source
    train: list[tuple[list[int], list[int]]]
    held_out: list[Sentences]


def file_pairs(source: Source, folder: Path) -> Iterator[Sentences]:
    """A table with the columns en and ko, divided by tabs. Raises CorpusMissing."""
    path = corpus_file(source, folder)
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        yield from ((row["en"], row["ko"]) for row in rows)


def split(source: Source, folder: Path, seed: int, cache: Path) -> tuple[list[Sentences], list[Sentences]]:
    """The source's pairs to train on, and those held out: of a file, all pairs of one English sentence in twenty."""
    if source.layout == "grammar":
        return _drawn_once(seed, cache), [
            (pair.source, pair.target) for pair in grammar.pairs(seed, GRAMMAR_HELD_OUT, held_out=True)
        ]
    if source.layout != "pairs":
        raise ValueError(f"{source.name}: layout {source.layout!r}; expected grammar or pairs")
    parts: tuple[list[Sentences], list[Sentences]] = ([], [])
    for english, korean in file_pairs(source, folder):
        digest = hashlib.sha256(english.encode()).digest()
        parts[digest[0] * 256 + digest[1] < 65536 // HELD_OUT].append((english, korean))
    return parts


def _drawn_once(seed: int, cache: Path) -> list[Sentences]:
    """The grammar's pairs to train on; a minute's work, so kept in `cache` for as long as the grammar is the same."""
    modules = sorted(Path(grammar.__file__).parent.glob("*.py"))
    version = hashlib.sha256(b"".join(module.read_bytes() for module in modules)).hexdigest()[:16]
    path = cache / f"grammar-{version}-{seed}.json"
    if not path.exists():
        drawn = [(pair.source, pair.target) for pair in grammar.pairs(seed, GRAMMAR_PAIRS, held_out=False)]
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, json.dumps(drawn))
    return [(english, korean) for english, korean in json.loads(path.read_text(encoding="utf-8"))]


def load_pairs(recipe: Recipe, folder: Path, run: Path) -> tuple[Tokenizer, list[PairCorpus]]:
    """The joint tokenizer, kept in `run`, and every source in its token ids. Raises CorpusMissing."""
    texts = [split(source, folder, recipe.training.seed, run.parent / "encoded") for source in recipe.sources]
    path = run / "tokenizer.json"
    if not path.exists():
        sample = (sentence for train, _ in texts for pair in train[:TOKENIZER_PAIRS] for sentence in pair)
        files.write(path, bpe(sample, recipe.model.vocab_size).to_str(pretty=True))
    tokenizer = Tokenizer.from_file(str(path))
    limit = recipe.model.context - 1
    corpora = []
    for source, (train, held_out) in zip(recipe.sources, texts, strict=True):
        sides = [[found.ids for found in tokenizer.encode_batch(list(side))] for side in zip(*train, strict=True)]
        fitting = [pair for pair in zip(*sides, strict=True) if max(map(len, pair)) <= limit]
        corpora.append(PairCorpus(source, fitting, held_out))
    return tokenizer, corpora


def word_counts(tokenizer: Tokenizer, corpora: Iterable[PairCorpus]) -> dict[str, int]:
    """The words of the texts to be read, in alphabetical order, and the number of pairs to train on that have each."""
    counts: Counter[str] = Counter()
    for corpus in corpora:
        for text in tokenizer.decode_batch([source for source, _target in corpus.train]):
            counts.update(words(text))
    return dict(sorted(counts.items()))
