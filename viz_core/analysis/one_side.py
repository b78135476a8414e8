"""The same hidden token guessed from both sides, by an encoder, and from the left alone, by a decoder."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from viz_core.recording import Recording
from viz_core.transformer import Transformer

AT_ONCE = 2_048  # tokens that go through the network together


class Guess(NamedTuple):
    """logits   [vocab] for one place
    weights  [query, key], the mean over all layers and heads
    """

    logits: Tensor
    weights: Tensor


def guess(recording: Recording, row: int) -> Guess:
    """What an encoder makes of a place; `recording` has logits for every row."""
    return Guess(recording.logits[row].clone(), mean_weights(recording))


def mean_weights(recording: Recording) -> Tensor:
    """Over all layers and heads, [query, key]."""
    return torch.stack([block.attention.weights.mean(0) for block in recording.blocks]).mean(0)


def said_before(token_ids: Tensor) -> Tensor:
    """bool [seq]: whether the token, and the one before it, stood together earlier in the text."""
    pairs = list(zip(token_ids[:-1].tolist(), token_ids[1:].tolist(), strict=True))
    first: dict[tuple[int, int], int] = {}
    again = [first.setdefault(pair, place) < place for place, pair in enumerate(pairs)]
    return torch.tensor([False, *again])


@torch.inference_mode()
def hidden_each(encoder: Transformer, token_ids: Tensor, mask_id: int, note: Callable[[int, int], None]) -> Tensor:
    """log p of the true token at every place, that one token hidden and all others shown, [seq], in nats.

    `note` is told (places done, places).
    """
    n = len(token_ids)
    found = []
    for places in torch.arange(n).split(max(1, AT_ONCE // n)):
        note(int(places[0]), n)
        shown = token_ids.repeat(len(places), 1)
        shown[torch.arange(len(places)), places] = mask_id
        blocks = encoder(shown).logits[torch.arange(len(places)), places]
        logs = torch.log_softmax(blocks.double(), dim=-1)
        found.append(logs.gather(-1, token_ids[places][:, None])[:, 0])
    return torch.cat(found)


def from_the_left(logits: Tensor, token_ids: Tensor) -> Tensor:
    """log p of every token but the first, given those before it, [seq − 1]; logits [seq, vocab] of a decoder."""
    logs = torch.log_softmax(logits[:-1].double(), dim=-1)
    return logs.gather(-1, token_ids[1:, None])[:, 0]


def rank(logits: Tensor, token_id: int) -> int:
    """1 = the likeliest: one more than there are likelier tokens. logits [vocab]."""
    return 1 + int((logits > logits[token_id]).sum())
