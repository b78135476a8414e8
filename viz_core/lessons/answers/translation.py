"""Answers about an encoder and a decoder: what each sees, what goes between them, and where a word looks."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from viz_core.analysis import one_side
from viz_core.analysis.translating import cross_weights
from viz_core.lessons.answers.fitting import largest, only
from viz_core.lessons.asked import Asked
from viz_core.recording import Recording
from viz_core.transformer import Transformer

TRANSFORMER = "tiny-translator"
ENGLISH = "At night her bird will chase the cat that the children saw."  # the page's, where a preset names none
SURE = 0.5  # of a row's weight: from there a Korean word is said to look at an English one


def better_guess(asked: Asked, hidden: int, between: Sequence[str]) -> int:
    """Which of an encoder and a decoder gives the true token of one place more probability, the encoder with that
    token hidden, the decoder with what stands before it."""
    return largest([guessed(asked, hidden, model) for model in between])


def guessed(asked: Asked, hidden: int, model: str) -> float:
    """The probability of the true token."""
    reader = asked.load(model)
    ids = torch.tensor(reader.token_ids(asked.text))
    if reader.both_sides:
        return float(
            one_side.hidden_each(reader.transformer, ids, reader.mask_id, lambda _done, _all: None)[hidden].exp()
        )
    logits = asked.record(model=reader, all_logits=True).logits
    return float(one_side.from_the_left(logits, ids)[hidden - 1].exp())


def forbids_cells(asked: Asked, between: Sequence[str]) -> int:
    """Which of the three attentions (encoder, decoder, cross) has cells that may not be looked at."""
    recording = translated(asked)
    block = recording.blocks[0]
    records = {
        "encoder": _encoder(recording).blocks[0].attention,
        "decoder": block.attention,
        "cross": block.cross_attention,
    }
    return only(not bool(cast(Any, records[name]).allowed.all()) for name in between)


@torch.inference_mode()
def cross_attention_from(asked: Asked, between: Sequence[Mapping[str, str]]) -> int:
    """Which option says where cross-attention has its queries ("query"), keys ("key") and values ("value")
    from, "english" or "korean": each projection is tried on what the encoder and the decoder hold."""
    recording, network = translated(asked), cast(Transformer, asked.load(TRANSFORMER).network)
    block, module = recording.blocks[0], cast(Any, network.blocks[0]).cross_attention
    sides = {"english": _encoder(recording).blocks[-1].residual_out, "korean": cast(Tensor, block.residual_attended)}
    record = cast(Any, block.cross_attention)

    def made_of(side: str, which: int, found: Tensor) -> bool:
        made = module.projections(sides[side])[which]
        return made.shape == found.shape and bool((made - found).abs().max() < 1e-4)

    return only(
        made_of(said["query"], 0, record.query)
        and made_of(said["key"], 1, record.key)
        and made_of(said["value"], 2, record.value)
        for said in between
    )


def looked_at(asked: Asked, writing: str, between: Sequence[str], layer: int = 1, head: int = 2) -> int:
    """The English word that a head of cross-attention looks at most while a Korean token is written."""
    recording = translated(asked)
    weights = cross_weights(recording)[layer, head, _row(recording, writing)]
    english = [token.removeprefix("·") for token in _encoder(recording).tokens]
    return only(english.index(word) == int(weights.argmax()) for word in between)


def largest_weight(asked: Asked, writing: str, layer: int = 1, head: int = 2) -> float:
    """Of the row that writes a Korean token."""
    recording = translated(asked)
    return float(cross_weights(recording)[layer, head, _row(recording, writing)].max())


def crosses_most(asked: Asked, between: Sequence[str], layer: int = 1, head: int = 2) -> int:
    """Of Korean tokens the one whose line to the English crosses most of the others' lines."""
    recording = translated(asked)
    return largest([crossed(recording, token, layer, head) for token in between])


def crossed(recording: Recording, token: str, layer: int = 1, head: int = 2) -> int:
    """How many lines the line of one Korean token crosses, of those tokens with letters that surely look at one English
    token."""
    weights = cross_weights(recording)[layer, head]
    strongest = weights.max(-1)
    own = _row(recording, token)
    sure = [
        row
        for row, written in enumerate(recording.tokens[1:])
        if strongest.values[row] >= SURE and any(map(str.isalnum, written))
    ]
    column = strongest.indices.tolist()
    return sum((row - own) * (column[row] - column[own]) < 0 for row in sure)


def translated(asked: Asked) -> Recording:
    return cast(Recording, asked.load(TRANSFORMER).record(asked.view.get("english", ENGLISH)))


def _row(recording: Recording, token: str) -> int:
    """Row i writes token i + 1 of the recording."""
    return [label.removeprefix("·") for label in recording.tokens[1:]].index(token)


def _encoder(recording: Recording) -> Recording:
    return cast(Recording, recording.encoder)


ANSWERS: dict[str, Callable[..., Any]] = {
    "better_guess": better_guess,
    "forbids_cells": forbids_cells,
    "cross_attention_from": cross_attention_from,
    "looked_at": looked_at,
    "crosses_most": crosses_most,
}
