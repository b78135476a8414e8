"""The logit that gradient × attention is taken of: which prediction, and of which token."""

from dataclasses import dataclass

import torch

from viz_core.language import _
from viz_core.ui import settings, show, store, whatif
from viz_core.ui.reading.asked import valid
from viz_core.ui.scene import Scene

MOST = 6  # tokens to choose from


@dataclass(frozen=True)
class Aim:
    """`label` is the token's whose logit it is, predicted at `row`."""

    row: int
    token_id: int
    label: str


def chosen(scene: Scene) -> Aim:
    row = _row(scene)
    labels = {str(token_id): label for token_id, label, _probability in _candidates(scene, row)}
    token = valid("toward", labels)
    return Aim(row, int(token), labels[token])


def choosers(scene: Scene) -> None:
    if not scene.model.both_sides:
        settings.one_of("toward_at", _("Of the prediction at"), _rows())
    said = {
        str(token_id): f"{label} · {show.share(probability)}"
        for token_id, label, probability in _candidates(scene, _row(scene))
    }
    settings.choice("toward", _("For the token"), said)


def _rows() -> dict[str, str]:
    return {"last": _("the last row"), "chosen": _("the chosen row")}


def _row(scene: Scene) -> int:
    """A decoder's last row or the chosen one; an encoder's hidden word, else the chosen row."""
    if not scene.model.both_sides and valid("toward_at", _rows()) == "chosen":
        return scene.choice.query
    return whatif.row_of(scene) % len(scene.tokens)


def _candidates(scene: Scene, row: int) -> list[tuple[int, str, float]]:
    """(id, label, probability) of the likeliest tokens there, the likeliest first."""

    def found() -> list[tuple[int, str, float]]:
        last = not scene.model.both_sides and row == len(scene.tokens) - 1
        recording = scene.recording if last else store.recording(scene.model, scene.text, all_logits=True)
        likely = torch.softmax(recording.logits[-1 if last else row].float(), dim=-1)
        best = likely.topk(min(MOST, len(likely)))
        ids = best.indices.tolist()
        labels = [scene.model.labels([token_id])[0] for token_id in ids]
        return list(zip(ids, labels, best.values.tolist(), strict=True))

    return store.measurement(
        ("candidates", scene.model.name, scene.model.revision, scene.text, row),
        lambda _note: found(),
        heavy=scene.is_heavy(),
    )
