"""Which tokens may stand in place of another."""

from viz_core.ui import store
from viz_core.ui.scene import Scene

OFFERED = 8


def offered(scene: Scene, row: int) -> list[int]:
    """The model's likeliest tokens for that place, without the one that stands there and those that are no text."""

    def found() -> list[int]:
        own = int(scene.recording.token_ids[row])
        logits = store.recording(scene.model, scene.text, all_logits=True).logits
        likeliest = logits[row if scene.model.both_sides else row - 1].topk(min(10 * OFFERED, logits.shape[-1]))
        tokenizer = scene.model.tokenizer
        special = set(tokenizer.backend.get_added_tokens_decoder()) if tokenizer else set()
        whole = [
            index
            for index in likeliest.indices.tolist()
            if index not in special | {own} and tokenizer is not None and tokenizer.is_whole([index])
        ]
        others = [index for index in scene.recording.token_ids.tolist() if index != own]
        return whole[:OFFERED] or others[:1] or [own]

    key = ("offered", scene.model.name, scene.model.revision, scene.text, row)
    return store.measurement(key, lambda _note: found(), heavy=scene.is_heavy())
