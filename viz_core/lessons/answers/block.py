"""Answers about a block: the residual stream, norms, and the feed-forward part."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from viz_core.analysis.depth import Start, depth_of
from viz_core.analysis.feed_forward import neurons_of
from viz_core.analysis.residual import normed, stream_of
from viz_core.config import NormPlace
from viz_core.lessons.answers.fitting import largest, only, range_of
from viz_core.lessons.asked import Asked
from viz_core.models import Model, Translator
from viz_core.recording import Recording
from viz_core.transformer import Block, Transformer

ROUNDING = 1e-4  # of float32, in numbers of some 100
POST, PRE = "tiny-translator", "tiny-gpt"  # a model of either kind
A_SENTENCE = "I give this book to the child and the doctor."

Change = Callable[[Tensor], Tensor]
FORMULAS: dict[str, Callable[[Tensor, Change, Change], Tensor]] = {
    "norm(x + f(x))": lambda x, f, norm: norm(x + f(x)),
    "x + f(norm(x))": lambda x, f, norm: x + f(norm(x)),
    "x + norm(f(x))": lambda x, f, norm: x + norm(f(x)),
}


def growth_of_stream(asked: Asked, limits: Sequence[float]) -> int:
    """How many times as long a token's vector is at the end as after the embedding, on average: between which
    limits."""
    return range_of(times_longer(asked), limits)


def times_longer(asked: Asked) -> float:
    means = stream_of(asked.model.transformer, asked.recording).norms.mean(1)
    return float(means[-1] / means[0])


@torch.inference_mode()
def moves_between_tokens(asked: Asked, between: Sequence[str]) -> int:
    """The part of the preset's layer (attention, norm, feed_forward) that changes the last token's vector when another
    token's changes."""
    module, block = asked.model.transformer.block(asked.layer), asked.recording.blocks[asked.layer]
    around = asked.model.transformer.surroundings(len(asked.recording.token_ids))
    parts: dict[str, Change] = {
        "attention": lambda x: module.attention(module.attention_norm(x), around)[0],
        "norm": module.attention_norm,
        "feed_forward": lambda x: module.feed_forward(module.feed_forward_norm(x)),
    }
    before = block.residual_in
    after = before.clone()
    after[0] = before[0].flip(0)
    return only(bool((parts[part](before)[-1] - parts[part](after)[-1]).abs().max() > ROUNDING) for part in between)


def layernorm_leaves(asked: Asked, between: Sequence[Mapping[str, float]]) -> int:
    """Which of some statements on mean, variance, length and sum holds of every token's vector after LayerNorm alone,
    before gain and bias, of the preset's layer."""
    found = normed(asked.model.transformer, asked.recording, "attention", asked.layer).layernorm
    measures = {
        "mean": found.mean(-1),
        "variance": found.var(-1, correction=0),
        "length": found.norm(dim=-1),
        "sum": found.sum(-1),
    }
    return only(
        all(bool(((measures[name] - value).abs() < 1e-2).all()) for name, value in said.items()) for said in between
    )


def norm_places(asked: Asked, between: Sequence[Mapping[str, str]]) -> int:
    """Which pair of formulas, one for "post" and one for "pre", is what a Post-LN and a Pre-LN model compute: tried on
    the first block of each."""
    return only(_computes(asked, POST, said["post"]) and _computes(asked, PRE, said["pre"]) for said in between)


@torch.inference_mode()
def _computes(asked: Asked, name: str, formula: str) -> bool:
    """Whether a formula, with f the attention of the first block, gives the stream that the model left behind."""
    network, recording = _one_side(asked, asked.load(name))
    module, block = cast(Block, network.blocks[0]), recording.blocks[0]
    around = network.surroundings(len(recording.token_ids))
    found = FORMULAS[formula](block.residual_in, lambda x: module.attention(x, around)[0], module.attention_norm)
    return bool((found - block.residual_mid).abs().max() < ROUNDING)


def _one_side(asked: Asked, model: Model | Translator) -> tuple[Transformer, Recording]:
    """A translator's encoder, or a model itself, and what it leaves of a sentence."""
    if isinstance(model, Model):
        return model.transformer, asked.record(model=model)
    network, recording = cast(Any, model.network), cast(Any, model.record(A_SENTENCE))
    return network.encoder, recording.encoder


def grows_with_depth(_asked: Asked, between: Sequence[NormPlace], layers: int, start: Start = "xavier") -> int:
    """In a stack of random blocks: the place of the norm with which a token's vector is longest at the end."""
    return largest([float(depth_of(place, layers, start).norms[-1]) for place in between])


def share_of_open_neurons(asked: Asked, limits: Sequence[float]) -> int:
    """Of the preset's layer at the preset's token: the share of hidden neurons with an input above 0, between which
    limits."""
    return range_of(open_neurons(asked), limits)


def open_neurons(asked: Asked) -> float:
    found = neurons_of(asked.model.transformer, asked.recording, asked.layer)
    return float(found.positive[asked.query])


ANSWERS: dict[str, Callable[..., Any]] = {
    "growth_of_stream": growth_of_stream,
    "moves_between_tokens": moves_between_tokens,
    "layernorm_leaves": layernorm_leaves,
    "norm_places": norm_places,
    "grows_with_depth": grows_with_depth,
    "share_of_open_neurons": share_of_open_neurons,
}
