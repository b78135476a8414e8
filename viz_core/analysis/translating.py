"""What cross-attention says of a translation: where each written token looks, word by word, and in which order.

Row i of a map is where the decoder looks to write token i; what goes into that row is the token before it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from viz_core.recording import Recording
from viz_core.recurrent import RecurrentRecording

PREPOSITIONS = frozenset(("at", "by", "from", "in", "on", "to", "with"))
PARTICLES = ("에", "에서", "에게", "로", "와", "과")  # of nouns, for what English says by these


def cross_weights(recording: Recording | RecurrentRecording) -> Tensor:
    """[layer, head, written token, source token]; of a GRU one layer of one head. Rows sum to 1.

    Raises ValueError when the recording has no attention across.
    """
    if isinstance(recording, RecurrentRecording):
        found = [] if recording.attention is None else [recording.attention.weights[None]]
    else:
        found = [block.cross_attention.weights for block in recording.blocks if block.cross_attention is not None]
    if not found:
        raise ValueError("the recording has no cross-attention; expected that of an encoder–decoder with attention")
    return torch.stack(found)


def farthest(weights: Tensor, rows: Sequence[int]) -> int:
    """Of these rows of [written, source] the one that looks, surely, farthest from its own place: by the largest
    weight, times the distance between the row's place and the column's, both from 0 to 1. There word order crosses.
    The last column, the sign that ends the text, is left out where there are others."""
    n_row, n_column = weights.shape
    strongest = weights[:, : max(1, n_column - 1)].max(-1)
    apart = torch.linspace(0, 1, n_row) - torch.linspace(0, 1, n_column)[strongest.indices]
    return max(rows, key=(strongest.values * apart.abs()).tolist().__getitem__)


def words_of(tokens: Sequence[str]) -> list[list[int]]:
    """The tokens of each word, by number. `tokens` are labels, where "·" is the blank before a word; marks of
    punctuation and the last token, the sign that ends a text, are words of their own."""
    words: list[list[int]] = []
    for number, token in enumerate(tokens):
        begins = token.startswith("·") or not any(map(str.isalnum, token)) or number == len(tokens) - 1
        if begins or not words:
            words.append([number])
        else:
            words[-1].append(number)
    return words


def by_word(weights: Tensor, rows: Sequence[Sequence[int]], columns: Sequence[Sequence[int]]) -> Tensor:
    """[written token, source token] → [written word, source word]: of a word's rows the one that writes its first
    token, of its columns the sum. As in `viz_core.training.translation_evaluation.alignment`, which the card tells of.
    """
    first = weights[[word[0] for word in rows]]
    return torch.stack([first[:, list(word)].sum(-1) for word in columns], dim=-1)


class Crossings(NamedTuple):
    """pairs    of rows
    crossed  those of them whose columns stand the other way round
    """

    pairs: int
    crossed: int


def crossings(columns: Sequence[int]) -> Crossings:
    """Of the column that each row looks at most: how many pairs of rows cross (inversions)."""
    n = len(columns)
    pairs = [(one, other) for one in range(n) for other in range(one + 1, n)]
    return Crossings(len(pairs), sum(columns[one] > columns[other] for one, other in pairs))


def crossed_farthest(columns: Sequence[int], weights: Sequence[float]) -> tuple[int, int]:
    """The two rows that cross and whose columns stand farthest apart; of several such the two with the largest product
    of `weights`, one a row. Raises ValueError where none cross."""
    rows = range(len(columns))
    crossed = [(one, other) for one in rows for other in rows[one + 1 :] if columns[one] > columns[other]]
    return max(crossed, key=lambda at: (columns[at[0]] - columns[at[1]], weights[at[0]] * weights[at[1]]))


def particles_found(looked_at: Sequence[int], written: Sequence[str], read: Sequence[str]) -> list[tuple[int, int]]:
    """(row, column) of the Korean words that look most at an English preposition and end in a particle: what the
    preposition says stands there, and the noun beside it is what the rest of the word says."""
    return [
        (row, column)
        for row, column in enumerate(looked_at)
        if read[column].lower() in PREPOSITIONS and written[row].endswith(PARTICLES)
    ]


def same_word(word: str, place: int, written: Sequence[str]) -> int | None:
    """Where another text has the word; of several places the one nearest to `place`, None where it has it nowhere."""
    places = [at for at, other in enumerate(written) if other == word]
    return min(places, key=lambda at: abs(at - place), default=None)


class Held(NamedTuple):
    """token_ids [row, count] and their probabilities, the likeliest first."""

    token_ids: Tensor
    probabilities: Tensor


def likeliest(logits: Tensor, count: int) -> Held:
    """What the model holds likeliest at each row of logits [row, vocab]."""
    found = torch.softmax(logits.double(), dim=-1).topk(min(count, logits.shape[-1]))
    return Held(found.indices, found.values)
