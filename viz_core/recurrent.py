"""Attention before the Transformer: a GRU encoder–decoder, with additive attention or through one vector.

    source ids ─▶ embedding ─▶ GRU ⇄ (both ways) ─▶ annotations h [source, d_annotation]
                                                      │ attention: c_i = Σ_j weights_ij · h_j, new at every step
                                                      │ none:      c   = both ways' last states, the same at every step
    target ids ─▶ embedding ─▶ GRU s_i(s_{i−1}, y_{i−1}, c_i) ─▶ tanh ─▶ logits

The two differ in nothing but c. Sources: Bahdanau, Cho & Bengio 2015, "Neural Machine Translation by Jointly
Learning to Align and Translate", section 3 and appendix A; without attention, Cho et al. 2014, section 2.2.
Otherwise than there, s₀ comes from both ways' last states, and a tanh layer stands for the maxout.
"""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class RecurrentConfig:
    """The shape of a GRU encoder–decoder. Raises ValueError naming the field, its value and what is allowed."""

    vocab_size: int
    context: int  # the longest text of either language, in tokens
    d_embedding: int
    d_state: int  # of the decoder; each way of the encoder has half of it
    d_attention: int = 0  # width of the additive scores; 0 = no attention

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if type(value) is not int:
                raise ValueError(f"{name} is {value!r}; expected a whole number")
        for name in ("vocab_size", "context", "d_embedding"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected at least 1")
        if self.d_state < 2 or self.d_state % 2:
            raise ValueError(f"d_state is {self.d_state}; expected an even number, half for each way of reading")
        if self.d_attention < 0:
            raise ValueError(f"d_attention is {self.d_attention}; expected at least 1, or 0 for no attention")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class AdditiveStages(NamedTuple):
    """The stages of an `AdditiveRecord`, in the order they follow from each other."""

    scores: Tensor
    weights: Tensor
    context: Tensor


@dataclass(frozen=True, eq=False)
class AdditiveRecord:
    """What additive attention did: scores_ij = v · tanh(W s_{i−1} + U h_j).

    Rows are the words being written, columns those being read. A training batch puts its axis in front.

    query    [target, d_attention]: W s_{i−1} + b, from the state before word i is written
    key      [source, d_attention]: U h_j
    value    [source, d_annotation]: h_j
    v        [d_attention]
    allowed  bool [target, source]; True = the row may look at the column

    Raises ValueError naming the field, its shape and the shape expected.
    """

    query: Tensor
    key: Tensor
    value: Tensor
    v: Tensor
    allowed: Tensor

    def __post_init__(self) -> None:
        *batch, n_target, width = self.query.shape
        n_source = self.key.shape[-2]
        expected = {"key": [*batch, n_source, width], "v": [width], "allowed": [*batch, n_target, n_source]}
        expected["value"] = [*batch, n_source, self.value.shape[-1]]
        for name, shape in expected.items():
            if list(getattr(self, name).shape) != shape:
                raise ValueError(f"{name} is {list(getattr(self, name).shape)}; expected {shape}")

    @property
    def scores(self) -> Tensor:
        """[target, source]: between −Σ|v| and Σ|v|, no unit; no division by √d: no product grows with d."""
        return torch.tanh(self.query[..., :, None, :] + self.key[..., None, :, :]) @ self.v

    @property
    def weights(self) -> Tensor:
        """softmax over the source, [target, source]: rows sum to 1; a row that may look nowhere is all 0."""
        return self._shared_out(self.scores)

    @property
    def context(self) -> Tensor:
        """weights · h, [target, d_annotation]."""
        return self.weights @ self.value

    def stages(self) -> AdditiveStages:
        """All three, each computed once."""
        scores = self.scores
        weights = self._shared_out(scores)
        return AdditiveStages(scores, weights, weights @ self.value)

    def _shared_out(self, scores: Tensor) -> Tensor:
        masked = torch.where(self.allowed, scores, -torch.inf)
        return torch.where(self.allowed, torch.softmax(masked, dim=-1), 0.0)


@dataclass(frozen=True, eq=False)
class RecurrentRecording:
    """One pair of texts through one GRU encoder–decoder.

    source_ids, token_ids        [source], [target]
    source_tokens, tokens        readable labels; empty for a training batch
    annotations                  [source, d_state]: what the encoder says of each word, both ways beside each other
    states                       [target, d_state]: s_i
    contexts                     [target, d_state]: c_i
    attention                    the record, or None without attention
    logits                       [target, vocab], or [1, vocab] when only the last position was asked for
    """

    source_ids: Tensor
    token_ids: Tensor
    annotations: Tensor
    states: Tensor
    contexts: Tensor
    attention: AdditiveRecord | None
    logits: Tensor
    source_tokens: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()


class Recurrent(nn.Module):
    """The GRU encoder–decoder; the same `forward` trains (with a batch axis in front) and records (without)."""

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        self.config = config
        wide = config.d_state
        self.embedding = nn.Embedding(config.vocab_size, config.d_embedding)
        self.encoder = nn.GRU(config.d_embedding, wide // 2, batch_first=True, bidirectional=True)
        self.first_state = nn.Linear(wide, wide)
        self.decoder = nn.GRUCell(config.d_embedding + wide, wide)
        if config.d_attention:
            self.query = nn.Linear(wide, config.d_attention)  # W
            self.key = nn.Linear(wide, config.d_attention, bias=False)  # U
            self.v = nn.Parameter(torch.randn(config.d_attention) / config.d_attention**0.5)
        self.output = nn.Linear(config.d_embedding + 2 * wide, config.d_embedding)
        self.unembedding = nn.Linear(config.d_embedding, config.vocab_size)
        self.unembedding.weight = self.embedding.weight
        nn.init.normal_(self.embedding.weight, std=config.d_embedding**-0.5)

    def tie(self) -> None:
        """One matrix reads words and writes them."""
        self.unembedding.weight = self.embedding.weight

    def forward(
        self,
        token_ids: Tensor,
        last_only: bool = False,
        source_ids: Tensor | None = None,
        source_is_token: Tensor | None = None,
    ) -> RecurrentRecording:
        """As `Transformer.forward` of an encoder–decoder. Raises ValueError on no tokens, or too many."""
        if source_ids is None:
            raise ValueError("source_ids is None; an encoder–decoder expects the tokens of the text to be read")
        for ids in (source_ids, token_ids):
            if not 0 < ids.shape[-1] <= self.config.context:
                raise ValueError(f"{ids.shape[-1]} tokens; expected 1 to {self.config.context}, the model's context")
        allowed = torch.ones_like(source_ids, dtype=torch.bool) if source_is_token is None else source_is_token
        annotations, ends = self._read(source_ids, allowed)
        embedded = self.embedding(token_ids)
        key = self.key(annotations) if self.config.d_attention else None
        state = torch.tanh(self.first_state(ends))
        states, contexts, queries = [], [], []
        for word in embedded.unbind(-2):
            context = ends
            if key is not None:
                queries.append(self.query(state))
                step = AdditiveRecord(queries[-1][..., None, :], key, annotations, self.v, allowed[..., None, :])
                context = step.context[..., 0, :]
            state = self.decoder(torch.cat([word, context], -1), state)
            states.append(state)
            contexts.append(context)
        record = None
        if key is not None:
            cells = allowed[..., None, :].expand(*allowed.shape[:-1], len(queries), -1)
            record = AdditiveRecord(torch.stack(queries, -2), key, annotations, self.v, cells)
        written, looked = torch.stack(states, -2), torch.stack(contexts, -2)
        mixed = torch.tanh(self.output(torch.cat([embedded, written, looked], -1)))
        logits = self.unembedding(mixed[..., -1:, :] if last_only else mixed)
        return RecurrentRecording(source_ids, token_ids, annotations, written, looked, record, logits)

    def _read(self, source_ids: Tensor, is_token: Tensor) -> tuple[Tensor, Tensor]:
        """Annotations [source, d_state], and both ways' last states [d_state]; padding is not read."""
        embedded = self.embedding(source_ids)
        if embedded.dim() == 2:
            annotations, ends = self.encoder(embedded)
            return annotations, ends.flatten()
        lengths = is_token.sum(-1).cpu()
        packed = nn.utils.rnn.pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        packed_annotations, ends = self.encoder(packed)
        annotations, _ = nn.utils.rnn.pad_packed_sequence(
            packed_annotations, batch_first=True, total_length=source_ids.shape[-1]
        )
        return annotations, ends.transpose(0, 1).flatten(1)
