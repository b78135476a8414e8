"""The face of the models that read one text and write another: text in, text and recording out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from viz_core.language import _
from viz_core.models.errors import UnusableText
from viz_core.models.tokens import Tokenizer
from viz_core.recording import Recording
from viz_core.recurrent import Recurrent, RecurrentRecording
from viz_core.transformer import Transformer

END = 0  # the token that closes the source, opens the target and closes it
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


@dataclass(frozen=True, eq=False)
class Translator:
    """An encoder–decoder with its tokenizer. Holds no state: any number of visitors may share one.

    network    float32, in evaluation mode, without gradients
    tokenizer  one vocabulary for both languages
    card       what is known besides: "parameters", "licence", "readme", … (see viz_core.models.bundled)
    """

    name: str
    network: Transformer | Recurrent
    tokenizer: Tokenizer
    card: Mapping[str, Any] = field(default_factory=dict)

    @property
    def context(self) -> int:
        """The longest text of either language, in tokens, with the one that ends it."""
        return self.network.config.context

    @torch.inference_mode()
    def translate(self, text: str) -> str:
        """`text` in the other language by greedy decoding: always the likeliest token, until the end or the
        context is reached. Raises UnusableText."""
        return self.tokenizer.text(greedy(self.network, [self._read(text)[:-1]])[0])

    @torch.inference_mode()
    def record(self, text: str, target: str | None = None) -> Recording | RecurrentRecording:
        """What it leaves behind to write `target` (its own translation when None) after reading `text`.

        Row i of the cross-attention is where the model looks to write target token i: the row's input is the token
        before it. `tokens` labels those inputs, the first of which is the end-of-text sign that starts a text.

        Raises UnusableText.
        """
        source = self._read(text)
        written = greedy(self.network, [source[:-1]])[0] if target is None else self._read(target)[:-1]
        ids = [END, *written]
        recording: Recording | RecurrentRecording = self.network(torch.tensor(ids), source_ids=torch.tensor(source))
        labels, read = self.tokenizer.labels(ids), self.tokenizer.labels(source)
        if isinstance(recording, RecurrentRecording):
            return replace(recording, tokens=labels, source_tokens=read)
        encoder = None if recording.encoder is None else replace(recording.encoder, tokens=read)
        return replace(recording, tokens=labels, encoder=encoder)

    def seen(self, text: str) -> dict[str, int]:
        """Each word of `text`, in lower case and in order, and how many of the sentence pairs to train on have it;
        empty for a model whose card does not tell."""
        counts = self.card.get("words")
        return {} if counts is None else {word: counts.get(word, 0) for word in words(text)}

    def _read(self, text: str) -> list[int]:
        """Token ids, END last."""
        if not text.strip():
            raise UnusableText(_("There is no text. Type at least one word."), n_tokens=0)
        least, limit = self.tokenizer.fewest_tokens(text), self.context - 1
        if least > limit:
            message = _("The text has at least {n} tokens; this model takes at most {limit}. Shorten it.")
            raise UnusableText(message.format(n=f"{least:,}", limit=limit), n_tokens=least, limit=limit)
        ids = self.tokenizer.token_ids(text)
        if len(ids) > limit:
            message = _("The text has {n} tokens; this model takes at most {limit}. Shorten it.")
            raise UnusableText(message.format(n=f"{len(ids):,}", limit=limit), n_tokens=len(ids), limit=limit)
        return [*ids, END]


def words(text: str) -> list[str]:
    """The distinct words of a text, in lower case, in the order in which they come first."""
    return list(dict.fromkeys(word.lower().replace("’", "'") for word in WORD.findall(text)))


@torch.inference_mode()
def greedy(network: Transformer | Recurrent, sources: Sequence[list[int]]) -> list[list[int]]:
    """Each source's translation: the likeliest token, then the likeliest after it, until END or the context is full.

    Token ids in and out, without END; the sources go through the network together.
    """
    device = next(network.parameters()).device
    source = [torch.tensor([*ids, END], device=device) for ids in sources]
    read = pad_sequence(source, batch_first=True, padding_value=END)
    lengths = torch.tensor([len(ids) for ids in source], device=device)
    is_token = torch.arange(read.shape[1], device=device) < lengths[:, None]
    written = torch.full((len(source), 1), END, device=device)
    ended = torch.zeros(len(source), dtype=torch.bool, device=device)
    while written.shape[1] < network.config.context and not ended.all():
        recording = network(written, last_only=True, source_ids=read, source_is_token=is_token)
        token = torch.where(ended, END, recording.logits[:, -1].argmax(-1))
        written = torch.cat([written, token[:, None]], dim=1)
        ended |= token == END
    return [ids[: ids.index(END)] if END in ids else ids for ids in written[:, 1:].tolist()]
