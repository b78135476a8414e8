"""Translate: the task of an encoder–decoder, Transformer or recurrent."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from viz_core.config import TransformerConfig
from viz_core.models.translator import END, greedy
from viz_core.recurrent import Recurrent
from viz_core.training.loop import IGNORED, Batch
from viz_core.training.pairs import PairCorpus
from viz_core.training.recipe import Recipe, shares_of
from viz_core.transformer import Transformer

TARGETS_AT_ONCE = 384  # tokens of a piece: smaller ones are padded less

Translating = Transformer | Recurrent


class Translation:
    """Sentence pairs; the decoder is shown the true words so far and guesses the next."""

    def __init__(self, recipe: Recipe, corpora: list[PairCorpus], tokenizer: Tokenizer) -> None:
        self.recipe, self.corpora, self.tokenizer = recipe, corpora, tokenizer
        self.shares = shares_of([corpus.source for corpus in corpora])

    def new_model(self) -> Translating:
        config = self.recipe.model
        return Transformer(config) if isinstance(config, TransformerConfig) else Recurrent(config)

    def pieces(self, step: int) -> list[Batch]:
        """(target so far, source, which of it is no padding, target), pairs of like length together."""
        rng = np.random.default_rng([self.recipe.training.seed, step])
        drawn = []
        for _ in range(self.recipe.training.batch):
            corpus = self.corpora[rng.choice(len(self.corpora), p=self.shares)]
            drawn.append(corpus.train[rng.integers(len(corpus.train))])
        drawn.sort(key=lambda pair: (len(pair[1]), len(pair[0])))
        rows = max(1, TARGETS_AT_ONCE * len(drawn) // sum(len(target) + 1 for _, target in drawn))
        return [padded(drawn[start : start + rows]) for start in range(0, len(drawn), rows)]

    def logits(self, model: nn.Module, *inputs: Tensor) -> Tensor:
        target, source, is_token = inputs
        logits: Tensor = model(target, source_ids=source, source_is_token=is_token).logits
        return logits

    def notes(self, model: Any) -> dict[str, float]:
        """The share of a hundred held-out sentences of the first source that come out word for word."""
        english, korean = zip(*self.corpora[0].held_out[:100], strict=True)
        written = translations(model, self.tokenizer, english)
        return {"exact": round(float(np.mean([ours == right for ours, right in zip(written, korean, strict=True)])), 4)}


def translations(model: Translating, tokenizer: Tokenizer, texts: Sequence[str]) -> list[str]:
    """Each text in the other language, by greedy decoding."""
    sources = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
    written = [ids for start in range(0, len(sources), 100) for ids in greedy(model, sources[start : start + 100])]
    decoded: list[str] = tokenizer.decode_batch(written)
    return decoded


def padded(pairs: Sequence[tuple[list[int], list[int]]]) -> Batch:
    source = [torch.tensor([*ids, END]) for ids, _ in pairs]
    target = [torch.tensor([END, *ids]) for _, ids in pairs]
    wanted = [torch.tensor([*ids, END]) for _, ids in pairs]
    is_token = [torch.ones(len(ids), dtype=torch.bool) for ids in source]
    return (
        pad_sequence(target, batch_first=True, padding_value=END),
        pad_sequence(source, batch_first=True, padding_value=END),
        pad_sequence(is_token, batch_first=True, padding_value=False),
        pad_sequence(wanted, batch_first=True, padding_value=IGNORED),
    )
