"""The face of every model, wherever its weights came from: text in, recording out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch

from viz_core.edits import AS_IT_IS, Edits
from viz_core.language import _
from viz_core.models.errors import UnusableText
from viz_core.models.tokens import Tokenizer
from viz_core.recording import Recording
from viz_core.transformer import Transformer

MASK = "<mask>"  # stands for a hidden word in the text of an encoder
MOST_PIECES = 4  # tokens one character can be spread over: UTF-8 takes at most four bytes
Source = Literal["bundled", "folder", "hub"]


@dataclass(frozen=True)
class NextToken:
    """A token that may stand in a place, next or hidden, and how likely the model holds it, 0 to 1."""

    token_id: int
    label: str
    probability: float


@dataclass(frozen=True, eq=False)
class Model:
    """Weights, tokenizer and what is known about them. Holds no state: any number of visitors may share one.

    name         as it was asked for: a bundled name, a folder, a Hub id
    transformer  float32, in evaluation mode, without gradients
    tokenizer    None for a checkpoint without one: then the model takes token ids only
    source       where the weights came from
    revision     the Hub commit they belong to; "" when they are local
    card         what is known besides: "parameters", "licence", "readme", … (see the loaders)
    """

    name: str
    transformer: Transformer
    tokenizer: Tokenizer | None
    source: Source
    revision: str = ""
    card: Mapping[str, Any] = field(default_factory=dict)

    @torch.inference_mode()
    def record(
        self,
        text: str | Sequence[int],
        edits: Edits = AS_IT_IS,
        *,
        all_logits: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> Recording:
        """What one forward pass over `text` (or over token ids) leaves behind, with `edits` made in it; the same
        input, the same recording.

        logits are those of the last position, [1, vocab], or of every one, [seq, vocab], with `all_logits`.
        `progress` is called with (layers done, layers) before each layer; what it raises ends the pass.

        Raises UnusableText when there is nothing to read, too much of it, or a token the model does not have, and
        ValueError when the edits are for a model or a text of another shape.
        """
        ids = self.token_ids(text) if isinstance(text, str) else [int(index) for index in text]
        n, limit, vocab = len(ids), self.context, self.transformer.config.vocab_size
        if not ids:
            raise UnusableText(_("There is nothing to read. Type at least one word."), n_tokens=0)
        if n > limit:
            message = _("The text has {n} tokens; this model takes at most {limit}. Shorten it.")
            raise UnusableText(message.format(n=f"{n:,}", limit=f"{limit:,}"), n_tokens=n, limit=limit)
        for index in ids:
            if not 0 <= index < vocab:
                message = _("Token {id} is not in this model's vocabulary, which goes from 0 to {last}.")
                raise UnusableText(message.format(id=index, last=vocab - 1))
        recording: Recording = self.transformer(
            torch.tensor(ids), last_only=not all_logits, progress=progress, edits=edits
        )
        if not (recording.logits.isfinite().all() and recording.blocks[-1].residual_out.isfinite().all()):
            raise UnusableText(_("This model's numbers overflow on this text; there is nothing true to draw."))
        return replace(recording, tokens=self.labels(ids))

    def cut(self, text: str) -> str:
        """The longest prefix of `text` that fits the model's context, never cutting within a character.

        Raises UnusableText when the model has no tokenizer, or the text is no text.
        """
        return self._tokenizer().cut(text, self.context)

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
            recording = self.transformer(torch.tensor([*before, *new]), last_only=True)
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
        start, end = self._tokenizer().backend.encode(text).offsets[row]
        start += len(text[start:end]) - len(text[start:end].lstrip())
        return text[:start] + MASK + text[end:] if start < end else text

    def filled(self, text: str, row: int, token_id: int) -> str:
        """`text` with another token at `row`; as it was where that token is only part of a character."""
        tokenizer = self._tokenizer()
        start, end = tokenizer.backend.encode(text).offsets[row]
        if start == end or not tokenizer.is_whole([token_id]):
            return text
        new = tokenizer.text([token_id])
        before = text[:start].rstrip() if new[:1].isspace() else text[:start]
        return before + (new if before else new.lstrip()) + text[end:]

    @property
    def both_sides(self) -> bool:
        """Whether a row looks ahead as well as back, as in an encoder."""
        return self.transformer.config.architecture == "encoder"

    @property
    def mask_id(self) -> int | None:
        """The token that hides a word from an encoder, or None where there is none to guess."""
        return self.tokenizer.backend.token_to_id(MASK) if self.both_sides and self.tokenizer else None

    @property
    def context(self) -> int:
        """The longest text, in tokens."""
        return self.transformer.config.context

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
