"""The face of T5, BART and their like: one text in, another one out, and what both sides looked at."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import torch

from viz_core import memory
from viz_core.edits import AS_IT_IS, Edits
from viz_core.language import _
from viz_core.models.errors import WeightsUnavailable
from viz_core.models.foreign import Foreign
from viz_core.models.model import Model, Source
from viz_core.models.tokens import Tokenizer
from viz_core.recording import Recording

MOST_WRITTEN = 128  # tokens of an answer


@dataclass(frozen=True, eq=False)
class SequenceToSequence:
    """An encoder–decoder that runs by its own code. Holds no state: any number of visitors may share one."""

    name: str
    network: Foreign
    tokenizer: Tokenizer | None
    source: Source
    revision: str = ""
    card: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reader(self) -> Model:
        """Its encoder alone: a model of one text, which sees both sides and predicts nothing."""
        card = dict(self.card) | {"reads_for": "decoder"}
        return Model(self.name, self.network.encoder, self.tokenizer, self.source, self.revision, card)

    @torch.inference_mode()
    def write(self, text: str | Sequence[int]) -> list[int]:
        """The token ids of its answer to `text`, always the likeliest next, without the signs of beginning and end.

        Raises UnusableText.
        """
        most = min(MOST_WRITTEN, self.network.config.context - 1)
        written = self._generated(self.reader.checked(text), most)
        ends = self._ends
        return written[: next((place for place, index in enumerate(written) if index in ends), len(written))]

    @torch.inference_mode()
    def must_write(self) -> None:
        """Raises WeightsUnavailable where its settings of writing (generation_config.json) say what cannot be done."""
        try:
            self._generated([0], 1)
            self._check_signs()
        except Exception as error:  # whatever transformers raises on settings that contradict each other
            if memory.ran_out(error):
                raise
            message = _("This model's settings of writing cannot be followed ({reason}).")
            reason = str(error).strip().split("\n")[0]
            raise WeightsUnavailable(message.format(reason=reason)) from error

    def _check_signs(self) -> None:
        vocab = self.network.config.vocab_size
        signs = {self._start, *self._ends} - {None}
        if not all(type(index) is int and 0 <= index < vocab for index in signs):
            raise ValueError(f"token ids {sorted(map(str, signs))} of a vocabulary of {vocab}")

    def _generated(self, ids: Sequence[int], most: int) -> list[int]:
        read = torch.tensor([ids])
        written: list[int] = (
            cast(Any, self.network.model)
            .generate(
                read,
                attention_mask=torch.ones_like(read),
                do_sample=False,
                num_beams=1,
                max_new_tokens=most,
            )[0, 1:]
            .tolist()
        )
        return written

    @torch.inference_mode()
    def record(
        self,
        text: str | Sequence[int],
        target: str | Sequence[int] | None = None,
        edits: Edits = AS_IT_IS,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> Recording:
        """What it leaves behind to write `target` (its own answer when None) after reading `text`; `edits` change the
        decoder's self-attention.

        Row i of the cross-attention is where the model looks to write target token i: the row's input is the token
        before it. `tokens` labels those inputs, the first of which is the sign that begins a text.

        Raises UnusableText, and ValueError when the edits are of another shape.
        """
        reader = self.reader
        source = reader.checked(text)
        written = self.write(source) if target is None else reader.checked(target)
        ids = [self._start, *(written[:-1] if written and written[-1] in self._ends else written)]
        recording = self.network(torch.tensor(ids), source_ids=torch.tensor(source), progress=progress, edits=edits)
        encoder = None if recording.encoder is None else replace(recording.encoder, tokens=reader.labels(source))
        return replace(recording, tokens=reader.labels(ids), encoder=encoder)

    @property
    def _start(self) -> int:
        settings = cast(Any, self.network.model).generation_config or cast(Any, self.network.model).config
        start = getattr(settings, "decoder_start_token_id", None)
        return int(cast(Any, self.network.model).config.decoder_start_token_id if start is None else start)

    @property
    def _ends(self) -> set[int]:
        settings = cast(Any, self.network.model).generation_config or cast(Any, self.network.model).config
        ends = getattr(settings, "eos_token_id", None)
        return set(ends if isinstance(ends, list) else [ends])
