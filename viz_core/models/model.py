"""The face of every model, wherever its weights came from: text in, recording out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

import torch

from viz_core import memory
from viz_core.edits import AS_IT_IS, Edits
from viz_core.language import _
from viz_core.models.chat import Chat, Message
from viz_core.models.errors import UnusableText
from viz_core.models.foreign import Foreign, Outline
from viz_core.models.gradients import gradients
from viz_core.models.room import gradient_bytes, most_tokens, recording_bytes
from viz_core.models.tokens import Tokenizer
from viz_core.recording import Recording, Unrecorded
from viz_core.transformer import Transformer

MASK = "<mask>"  # stands for a hidden word in the text of our own encoders
MASKS = (MASK, "[MASK]")  # of all encoders: RoBERTa's, BERT's and their like
MOST_PIECES = 4  # tokens one character can be spread over: UTF-8 takes at most four bytes
Text = str | Sequence[int] | Sequence[Message]  # as it is written, as token ids, or as a conversation
Source = Literal["bundled", "folder", "hub", "given"]


@contextmanager
def _enough_memory(n: int) -> Iterator[None]:
    """What was estimated to fit may not: other programs take memory too. Raises UnusableText then."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not memory.ran_out(error):
            raise
        message = _(
            "This machine ran out of memory while the model read the text of {n} tokens. Shorten it, or choose a "
            "smaller model."
        )
        # without its frames, which would keep what was made so far
        raise UnusableText(message.format(n=f"{n:,}"), n_tokens=n) from error.with_traceback(None)


@dataclass(frozen=True)
class NextToken:
    """A token that may stand in a place, next or hidden, and how likely the model holds it, 0 to 1."""

    token_id: int
    label: str
    probability: float


@dataclass(frozen=True, eq=False)
class Model:
    """Weights, tokenizer and what is known about them. Holds no state: any number of visitors may share one.

    name       as it was asked for: a bundled name, a folder, a Hub id
    network    our own Transformer, or one that runs by its own code; float32, in evaluation mode, without gradients
    tokenizer  None for a checkpoint without one: then the model takes token ids only
    source     where the weights came from
    revision   the Hub commit they belong to; "" when they are local
    card       what is known besides: "parameters", "licence", "readme", … (see the loaders)
    chat       how a conversation is written for a model that was trained on conversations, or None
    """

    name: str
    network: Transformer | Foreign
    tokenizer: Tokenizer | None
    source: Source
    revision: str = ""
    card: Mapping[str, Any] = field(default_factory=dict)
    chat: Chat | None = None

    @torch.inference_mode()
    def record(
        self,
        text: Text,
        edits: Edits = AS_IT_IS,
        *,
        all_logits: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> Recording:
        """What one forward pass over `text` (or over token ids, or over a conversation, a list of {"role": …,
        "content": …}, where the model has a chat template) leaves behind, with `edits` made in it; the same input, the
        same recording.

        logits are those of the last position, [1, vocab], or of every one, [seq, vocab], with `all_logits`.
        `progress` is called with (layers done, layers) before each layer; what it raises ends the pass.

        Raises UnusableText when there is nothing to read, too much of it, or a token the model does not have, and
        ValueError when the edits are for a model or a text of another shape.
        """
        ids = self.checked(text)
        with _enough_memory(len(ids)):
            recording = self.network(torch.tensor(ids), last_only=not all_logits, progress=progress, edits=edits)
            last = recording.blocks[-1]
            end = last.attention.value if last.stream is None else last.residual_out
            finite = bool(recording.logits.isfinite().all() and end.isfinite().all())
        if not finite:
            raise UnusableText(_("This model's numbers overflow on this text; there is nothing true to draw."))
        return replace(recording, tokens=self.labels(ids))

    def checked(self, text: Text) -> list[int]:
        """The token ids of what may be recorded. Raises UnusableText as `record` does."""
        ids = self._ids(text)
        n, limit, vocab = len(ids), self.context, self.vocab_size
        if not ids:
            raise UnusableText(_("There is nothing to read. Type at least one word."), n_tokens=0)
        if n > limit:
            message = _("The text has {n} tokens; this model takes at most {limit}. Shorten it.")
            raise UnusableText(message.format(n=f"{n:,}", limit=f"{limit:,}"), n_tokens=n, limit=limit)
        for index in ids:
            if not 0 <= index < vocab:
                message = _("Token {id} is not in this model's vocabulary, which goes from 0 to {last}.")
                raise UnusableText(message.format(id=index, last=vocab - 1))
        self._must_fit(n, recording_bytes(self.network, n))
        return ids

    def _ids(self, text: Text) -> list[int]:
        if isinstance(text, str):
            return self.token_ids(text)
        if text and isinstance(text[0], Mapping):
            return self.token_ids(self.conversation(cast(Sequence[Message], text)))
        return [int(index) for index in cast(Sequence[int], text)]

    def conversation(self, messages: Sequence[Message]) -> str:
        """Messages, {"role": …, "content": …} each, as the text that this model reads them as.

        Raises UnusableText where the model has no chat template, or its template does not take them.
        """
        if self.chat is None:
            raise UnusableText(_("This model has no chat template: it takes text, not messages."))
        for message in messages:
            self._tokenizer().check(str(message.get("content", "")))
        return self.chat.text(messages)

    def _must_fit(self, n: int, needed: int) -> None:
        """What this machine cannot hold is refused before it is begun."""
        free = memory.room_for(needed)
        if needed <= free:
            return
        limit = most_tokens(self.network, free) if needed == recording_bytes(self.network, n) else None
        message = _(
            "A recording of {n} tokens takes {needed:,.1f} GB with this model, and this machine has {free:,.1f} GB "
            "free: at most {limit} tokens fit."
        )
        if limit is None:
            message = _(
                "The gradients of all weights of {n} tokens take {needed:,.1f} GB with this model, and this machine "
                "has {free:,.1f} GB free. Shorten the text."
            )
        said = message.format(n=f"{n:,}", needed=needed / 1e9, free=free / 1e9, limit=f"{limit or 0:,}")
        raise UnusableText(said, n_tokens=n, limit=limit)

    def cut(self, text: str) -> str:
        """The longest prefix of `text` that fits the model's context and this machine's memory, never cutting within a
        character.

        Raises UnusableText when the model has no tokenizer, or the text is no text.
        """
        limit = min(self.context, most_tokens(self.network, memory.room()))
        return self._tokenizer().cut(text, limit)

    @torch.inference_mode()
    def extend(self, text: str, token_id: int) -> str:
        """`text` with one more token. Where that token is only part of a character, the likeliest tokens after it
        follow until the character is whole; if they never make it so, `text` comes back as it was.

        Raises UnusableText as `record` does.
        """
        tokenizer, before, new = self._tokenizer(), self.token_ids(text), [token_id]
        while not tokenizer.is_whole(new):
            if len(new) == MOST_PIECES or len(before) + len(new) >= self.context:
                return text
            recording = self.network(torch.tensor([*before, *new]), last_only=True)
            new.append(int(recording.logits[-1].argmax()))
        return text + tokenizer.text(new)

    def labels(self, ids: Sequence[int]) -> tuple[str, ...]:
        """A readable label for every token; without a tokenizer, the ids."""
        return self.tokenizer.labels(ids) if self.tokenizer else tuple(str(index) for index in ids)

    def spelled(self, ids: Sequence[int]) -> str:
        """The text that tokens spell; without a tokenizer, the ids."""
        return self.tokenizer.text(ids) if self.tokenizer else " ".join(map(str, ids))

    def next_tokens(self, recording: Recording, count: int) -> list[NextToken]:
        """The `count` most likely tokens after the recorded text, the likeliest first."""
        return self._likeliest(recording.logits[-1], recording.token_ids, count)

    def guesses(self, recording: Recording, row: int, count: int) -> list[NextToken]:
        """What an encoder holds likeliest to stand at `row`, likeliest first; `recording` has logits for every row."""
        return self._likeliest(recording.logits[row], recording.token_ids[:row], count)

    def _likeliest(self, logits: torch.Tensor, before_it: torch.Tensor, count: int) -> list[NextToken]:
        probabilities = torch.softmax(logits.float(), dim=-1)
        best = torch.topk(probabilities, min(count, len(probabilities)))
        # a token may complete a character that the text left unfinished: at most three bytes, so three tokens
        before = before_it[-3:].tolist()
        return [
            NextToken(index, self.labels([*before, index])[-1], probability)
            for index, probability in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]

    def hidden(self, text: str, row: int) -> str:
        """`text` with MASK for the token of `row`; as it was where that token is no more than blanks, or no text."""
        start, end = self._tokenizer().offsets(text)[row]
        start += len(text[start:end]) - len(text[start:end].lstrip())
        return text[:start] + (self.mask or MASK) + text[end:] if start < end else text

    def filled(self, text: str, row: int, token_id: int) -> str:
        """`text` with another token at `row`; as it was where that token is only part of a character."""
        tokenizer = self._tokenizer()
        start, end = tokenizer.offsets(text)[row]
        if start == end or not tokenizer.is_whole([token_id]):
            return text
        new = tokenizer.text([token_id])
        before = text[:start].rstrip() if new[:1].isspace() else text[:start]
        return before + (new if before else new.lstrip()) + text[end:]

    @property
    def both_sides(self) -> bool:
        """Whether a row looks ahead as well as back, as in an encoder."""
        return self.network.config.architecture == "encoder"

    @property
    def mask(self) -> str | None:
        """What hides a word from an encoder, as it is written in a text; None where there is none to guess."""
        if not (self.both_sides and self.predicts and self.tokenizer):
            return None
        return next((mask for mask in MASKS if self.tokenizer.backend.token_to_id(mask) is not None), None)

    @property
    def mask_id(self) -> int | None:
        """The token that it is."""
        return self.tokenizer.backend.token_to_id(self.mask) if self.mask and self.tokenizer else None

    @property
    def predicts(self) -> bool:
        """Whether it says which token comes next, or is hidden; else `logits` of its recordings are [0, vocab]."""
        return not isinstance(self.network, Foreign) or self.network.config.predicts

    @property
    def context(self) -> int:
        """The longest text, in tokens."""
        return self.network.config.context

    @property
    def own(self) -> bool:
        """Whether it runs in this program's own Transformer, whose inside can be seen whole."""
        return isinstance(self.network, Transformer)

    @property
    def transformer(self) -> Transformer:
        """Raises Unrecorded for a model that runs by its own code."""
        if not isinstance(self.network, Transformer):
            raise Unrecorded(f"{self.name} runs by its own code: its attention is recorded, what lies between is not")
        return self.network

    @property
    def vocab_size(self) -> int:
        return self.network.config.vocab_size

    @property
    def n_layer(self) -> int:
        return self.network.config.n_layer

    @property
    def heads(self) -> tuple[int, ...]:
        """How many each layer has."""
        config = self.network.config
        return config.n_head if isinstance(config, Outline) else (config.n_head,) * config.n_layer

    def output_weight(self, layer: int) -> torch.Tensor | None:
        """W_O, which takes a layer's contexts side by side to what it adds: [head·d_value, d_model]; None where it is
        not known."""
        if isinstance(self.network, Foreign):
            return self.network.output(layer)
        return self.network.block(layer).attention.output.weight.T

    def gradients(
        self,
        text: Text,
        row: int,
        token_id: int,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[torch.Tensor]:
        """Gradient × attention for the logit of `token_id` at `row`: one [head, query, key] a layer.

        Raises UnusableText as `record` does.
        """
        ids = torch.tensor(self.checked(text))
        self._must_fit(len(ids), gradient_bytes(self.network, len(ids)))
        with _enough_memory(len(ids)):
            return gradients(lambda edits: self.network(ids, progress=progress, edits=edits), row, token_id)

    def token_ids(self, text: str) -> list[int]:
        """The text as this model reads it. Raises UnusableText where there is nothing to read, or surely too much."""
        tokenizer = self._tokenizer()
        if not text:
            raise UnusableText(_("There is no text. Type at least one word."), n_tokens=0)
        if not text.strip():
            raise UnusableText(_("The text is blank: only spaces or line breaks. Type at least one word."))
        # a megabyte would be tokenized for seconds only to be refused
        least, limit = tokenizer.fewest_tokens(text), self.context
        if least > limit:
            message = _("The text has at least {n} tokens; this model takes at most {limit}. Shorten it.")
            raise UnusableText(message.format(n=f"{least:,}", limit=f"{limit:,}"), n_tokens=least, limit=limit)
        return tokenizer.token_ids(text)

    def _tokenizer(self) -> Tokenizer:
        if self.tokenizer is None:
            raise UnusableText(_("This model came without a tokenizer: it takes token ids, not text."))
        return self.tokenizer
