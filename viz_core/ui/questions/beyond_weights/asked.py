"""What the measures of a prediction are asked about: one row, and one of the tokens that are likeliest there."""

from collections.abc import Hashable
from dataclasses import dataclass

import streamlit as st
from torch import Tensor

from viz_core.analysis.lens import logits_at
from viz_core.language import _
from viz_core.ui import long_work, settings, show, state, store, waiting, whatif
from viz_core.ui.scene import Scene
from viz_core.ui.show import quoted

MOST = 10  # tokens


@dataclass(frozen=True, eq=False)
class Asked:
    """row        whose prediction it is, from 0
    logits     [vocab] there
    token_ids  the likeliest, the first one first
    token      the chosen one of them
    label      of that token
    """

    row: int
    logits: Tensor
    token_ids: list[int]
    token: int
    label: str

    @property
    def place(self) -> int:
        """Which of `token_ids` is chosen."""
        return self.token_ids.index(self.token)

    def identity(self, scene: Scene) -> tuple[Hashable, ...]:
        return (*identity(scene), self.row, self.token)


def identity(scene: Scene) -> tuple[Hashable, ...]:
    """What everything that is measured of this text depends on."""
    return scene.model.name, scene.model.revision, scene.text


def asked(scene: Scene) -> Asked:
    """Draws the two choosers."""
    n = len(scene.tokens)
    rows = {str(row): f"{row} {token}" for row, token in enumerate(scene.tokens)}
    left, right = st.columns(2, gap="medium")
    with left:
        label = _("What the model makes of token") if scene.model.both_sides else _("What comes next, after token")
        row = int(settings.choice("predicted", label, rows, default=str(whatif.row_of(scene) % n)))
    logits = logits_of(scene, row)
    shares = logits.double().softmax(-1)
    ids = shares.topk(min(MOST, len(shares))).indices.tolist()
    labels = dict(zip(ids, scene.model.labels(ids), strict=True))
    likeliest = {str(index): f"{labels[index]}  {show.share(float(shares[index]))}" for index in ids}
    if state.setting("of_token") not in likeliest:
        state.put_setting("of_token", "")  # of another row, or text
    with right:
        token = int(settings.choice("of_token", _("The logit of"), likeliest))
    return Asked(row, logits, ids, token, labels[token])


def logits_of(scene: Scene, row: int) -> Tensor:
    """[vocab] at any row, whichever rows the recording has them for."""
    recording, n, place = scene.recording, len(scene.tokens), st.container()
    if len(recording.logits) == n or row == n - 1:
        return recording.logits[row if len(recording.logits) == n else -1]
    key = ("logits at", scene.model.name, scene.model.revision, scene.text, row)
    if scene.model.own:
        return store.finding(key, lambda: logits_at(scene.model.transformer, recording, row))
    says = long_work.told(_("Running the model: layer {done} of {total}"))
    with waiting.shown(place, "logits", says) as report:
        return store.measurement(
            key,
            lambda _note: store.recording(scene.model, scene.text, all_logits=True).logits[row].clone(),
            report,
            heavy=scene.is_heavy(),
        )


def heads_of(scene: Scene) -> list[int]:
    """How many heads each layer has."""
    return [block.attention.n_head for block in scene.recording.blocks]


def subject(scene: Scene, asked: Asked) -> str:
    """What is measured, to begin a sentence with: the logit of a token, and where."""
    words = (
        _("The logit of {token} at {row} (token {place})")
        if scene.model.both_sides
        else _("The logit of {token} as what comes after {row} (token {place})")
    )
    return words.format(token=quoted(asked.label), row=quoted(scene.tokens[asked.row]), place=asked.row)
