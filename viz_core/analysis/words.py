"""Words in place of tokens: which tokens make up a word, and a map of words made from one of tokens.

A word's columns are added up and its rows averaged, so that rows still sum to 1 (Clark et al. 2019, "What Does BERT
Look At?", section 4.1).
"""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

SPACES = "·▁"  # before a word, in labels (viz_core.models.readable) and in SentencePiece's own pieces
BREAKS = "⏎⇥␍"
UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")  # scripts that leave words unparted

_SPECIAL = re.compile(r"<[^<>]+>|\[[A-Z]+\d*\]")
_PIECE = re.compile(r"##\w")  # WordPiece: goes on with the word before
_PART = re.compile(r"(◌?.)\((\d+)/(\d+)\)", re.DOTALL)  # of a character whose bytes several tokens share

Span = tuple[int, int]


def words_of(tokens: Sequence[str]) -> list[Span]:
    """The words that token labels spell: (start, stop) of each, in order, covering every token once.

    A token that starts with a blank begins a word, or in WordPiece every one without "##". Special tokens, punctuation
    and, in scripts without blanks (Chinese, Japanese, Thai …), all tokens stand alone; those that share a character
    never part.
    """
    pieces = _are_pieces(tokens)
    starts = [at for at in range(len(tokens)) if at == 0 or _parted(tokens[at - 1], tokens[at], pieces=pieces)]
    return list(pairwise([*starts, len(tokens)]))


def word_labels(tokens: Sequence[str], spans: Sequence[Span]) -> tuple[str, ...]:
    """A label for each word: those of its tokens, put together."""
    return tuple(_spelled(tokens[start:stop]) for start, stop in spans)


def merged(weights: Tensor, spans: Sequence[Span]) -> Tensor:
    """[…, query, key] of tokens → […, words, words]: the sum over a word's keys, the mean over its queries.

    Raises ValueError when the spans do not cover the map's rows and columns.
    """
    n = spans[-1][1] if spans else 0
    if weights.shape[-2:] != (n, n):
        raise ValueError(f"weights are {list(weights.shape)}; expected [..., {n}, {n}] for words of {n} tokens")
    lengths = torch.tensor([stop - start for start, stop in spans])
    word = torch.repeat_interleave(torch.arange(len(spans)), lengths)
    summed = weights.new_zeros(*weights.shape[:-1], len(spans)).index_add_(-1, word, weights)
    whole = weights.new_zeros(*weights.shape[:-2], len(spans), len(spans)).index_add_(-2, word, summed)
    return whole / lengths[:, None]


def _are_pieces(tokens: Sequence[str]) -> bool:
    """Whether these are WordPiece's tokens: in another vocabulary ## is but two signs of a text."""
    spaced = any(token[:1] in SPACES and token for token in tokens)
    return any(token in {"[CLS]", "[SEP]"} for token in tokens) or (not spaced and any(map(_PIECE.match, tokens)))


def _parted(before: str, token: str, *, pieces: bool) -> bool:
    """Whether a word ends between two tokens that follow each other."""
    part = _PART.match(token)
    if part and int(part[2]) > 1:
        return False
    if pieces:
        return not _PIECE.match(token)
    if not before.strip(SPACES):  # a blank on its own belongs to what comes after it
        return token[0] in SPACES + BREAKS
    if token[0] in SPACES + BREAKS or before[-1] in BREAKS or before[-1] in SPACES:
        return True
    return any(_alone(one) for one in (before, token)) or _unspaced(token)


def _alone(token: str) -> bool:
    """A special token, or nothing but punctuation and symbols; a blank before a word is no more than a blank."""
    shown = _PART.sub(r"\1", token).lstrip(SPACES)
    if _SPECIAL.fullmatch(shown):
        return True
    return bool(shown) and all(unicodedata.category(character)[0] in "PS" for character in shown)


def _unspaced(token: str) -> bool:
    return unicodedata.name(token[0], "").startswith(UNSPACED)


def _spelled(tokens: Sequence[str]) -> str:
    """Labels put together; of a character that several share, the character once."""
    whole = [token[2:] if at and _PIECE.match(token) else token for at, token in enumerate(tokens)]
    return "".join(_PART.sub(lambda part: part[1] if part[2] == "1" else "", token) for token in whole)
