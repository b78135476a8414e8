"""The kinds of mask a visitor can choose, and the numbers that each needs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import streamlit as st
import torch
from torch import Tensor

from viz_core import masks
from viz_core.edits import Heads
from viz_core.language import _
from viz_core.ui import settings, state
from viz_core.ui.mechanism.masks import painted
from viz_core.ui.scene import Scene

WIDEST = 1_024  # of a window, also in a text that is shorter
MOST_GLOBAL = 32  # tokens that an address may name


@dataclass(frozen=True, eq=False)
class Mask:
    """kind     "own": nothing is changed, whatever layers have masks of their own
    name     for titles
    allowed  bool [n, n]
    pattern  makes it for a text of any length, where the kind is one that is used on long texts
    """

    kind: str
    name: str
    allowed: Tensor
    pattern: Callable[[int], Tensor] | None = None


def own(scene: Scene) -> Tensor:
    """The chosen head's own, [n, n]."""
    return scene.allowed


def usual(scene: Scene) -> Tensor:
    """What most models of this kind have in every layer, [n, n]: a decoder causal, an encoder none."""
    n = len(scene.tokens)
    return masks.full(n, n) if scene.model.both_sides else masks.causal(n)


def own_layers(scene: Scene) -> list[Tensor]:
    """The model's own, of every layer: [1 or head, n, n]."""
    n = len(scene.tokens)
    found = [block.attention.allowed for block in scene.recording.blocks]
    return [allowed.expand(1, n, n) if allowed.dim() < 3 else allowed for allowed in found]


def alike(scene: Scene, at: Heads | None) -> bool:
    """Whether all of these heads have the chosen one's own mask; None = all of the model."""
    layers = own_layers(scene)
    if at is None:
        return all(bool((allowed == own(scene)).all()) for allowed in layers)
    return all(torch.equal(layers[layer][min(head, len(layers[layer]) - 1)], own(scene)) for layer, head in at)


def kinds(scene: Scene) -> dict[str, str]:
    """Those to choose from; the model's own is marked, or, where that is none of them, stands first."""
    words = {
        "causal": _("causal"),
        "none": _("none"),
        "padding": _("padding"),
        "window": _("sliding window"),
        "dilated": _("dilated"),
        "global": _("local + global"),
        "painted": _("painted"),
    }
    own_kind = default(scene)
    if own_kind == "own":
        return {"own": _("as it is")} | words
    return words | {own_kind: words[own_kind] + " " + _("(as it is)")}


def default(scene: Scene) -> str:
    """The kind that the model has in every layer; "own" where that is none of the others, or differs by layer."""
    if not (alike(scene, None) and torch.equal(own(scene), usual(scene))):
        return "own"
    return "none" if scene.model.both_sides else "causal"


def chosen(scene: Scene) -> str:
    """The kind, as a row of buttons."""
    return settings.one_of("mask", _("Mask"), kinds(scene), default=default(scene))


def made(scene: Scene, kind: str) -> Mask:
    """The mask of that kind, after asking for the numbers it needs."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        return _MAKERS[kind](scene)


def compared(scene: Scene) -> dict[str, str]:
    """The kinds that are set beside each other, with the numbers `of_kind` gives them."""
    known = kinds(scene)
    numbers = {
        "window": _("window, w = 4"),
        "dilated": _("dilated, w = 4, step 2"),
        "global": _("w = 4, first global"),
    }
    shown = [kind for kind in ("own", "causal", "none", "window", "dilated", "global") if kind in known]
    return {kind: numbers.get(kind, known[kind]) for kind in shown}


def of_kind(scene: Scene, kind: str) -> Tensor:
    """The mask of a kind with the numbers that `compared` says."""
    n, both = len(scene.tokens), scene.model.both_sides
    return {
        "own": lambda: own(scene),
        "causal": lambda: masks.causal(n),
        "none": lambda: masks.full(n, n),
        "window": lambda: masks.sliding_window(n, 4, both_sides=both),
        "dilated": lambda: masks.dilated(n, 4, 2, both_sides=both),
        "global": lambda: masks.local_and_global(n, 4, {0}, both_sides=both),
    }[kind]()


def _own(scene: Scene) -> Mask:
    return Mask("own", _("as it is"), own(scene))


def _causal(scene: Scene) -> Mask:
    return Mask("causal", _("causal"), masks.causal(len(scene.tokens)))


def _none(scene: Scene) -> Mask:
    n = len(scene.tokens)
    return Mask("none", _("no mask"), masks.full(n, n))


def _padding(scene: Scene) -> Mask:
    n = len(scene.tokens)
    if n == 1:
        st.caption(_("A text of one token has nothing to pad."))
        return Mask("own", _("no padding"), own(scene))
    count = settings.whole_number("padded", _("Filling tokens"), 1, n - 1, default=min(2, n - 1))
    ends = {"first": _("the first"), "last": _("the last")}
    side = settings.one_of("side", _("which"), ends, default="last" if scene.model.both_sides else "first")
    is_token = torch.ones(n, dtype=torch.bool)
    is_token[slice(count) if side == "first" else slice(n - count, None)] = False
    if side == "last" and not scene.model.both_sides:
        st.caption(_("The last row is filling itself then: nobody uses what it predicts."))
    name = (_("first {count} are padding") if side == "first" else _("last {count} are padding")).format(count=count)
    return Mask("padding", name, masks.padding(is_token) & own(scene))


def _window_asked() -> int:
    return settings.whole_number("window", _("Window w"), 1, WIDEST, default=4)


def _step_asked() -> int:
    return settings.whole_number("gap", _("Step"), 1, WIDEST, default=2)


def numbers(scene: Scene) -> tuple[int, int, list[int]]:
    """Those of the patterns for long texts, asked for at once: window, step, global tokens."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        return _window_asked(), _step_asked(), _everyone(scene)


def _window(scene: Scene) -> Mask:
    window = _window_asked()
    pattern = partial(masks.sliding_window, window=window, both_sides=scene.model.both_sides)
    return _patterned(scene, "window", _("window, w = {window}").format(window=window), pattern)


def _dilated(scene: Scene) -> Mask:
    window, step = _window_asked(), _step_asked()
    pattern = partial(masks.dilated, window=window, step=step, both_sides=scene.model.both_sides)
    return _patterned(
        scene, "dilated", _("dilated, w = {window}, step {step}").format(window=window, step=step), pattern
    )


def _global(scene: Scene) -> Mask:
    window, everyone = _window_asked(), _everyone(scene)
    pattern = partial(masks.local_and_global, window=window, everyone=everyone, both_sides=scene.model.both_sides)
    name = _("w = {window}, {count} global").format(window=window, count=len(everyone))
    return _patterned(scene, "global", name, pattern)


def _patterned(scene: Scene, kind: str, name: str, pattern: Callable[[int], Tensor]) -> Mask:
    return Mask(kind, name, pattern(len(scene.tokens)), pattern)


def _everyone(scene: Scene) -> list[int]:
    """The positions that see, and are seen by, every one; the first where nobody has chosen."""
    names = [f"{place} {token}" for place, token in enumerate(scene.tokens)]
    return settings.several("everyone", _("Global tokens"), names, default=[0], most=MOST_GLOBAL)


def _painted(scene: Scene) -> Mask:
    n = len(scene.tokens)
    said = state.setting("cells")
    allowed = painted.read(said, n)
    if allowed is None:
        st.caption(_unpainted(said, n))
        return Mask("own", _("not painted yet"), own(scene))
    return Mask("painted", _("painted"), allowed)


def _unpainted(said: str, n: int) -> str:
    if n > painted.MOST:
        words = _("This text has {n} tokens; a mask is painted by hand up to {most}. Below: the model's own.")
        return words.format(n=n, most=painted.MOST)
    if said:
        return _("What was painted is for a text of another length. Below: the model's own; click its cells to paint.")
    return _("Nothing is painted yet. Below: the model's own mask; click its cells to paint.")


_MAKERS = {
    "own": _own,
    "causal": _causal,
    "none": _none,
    "padding": _padding,
    "window": _window,
    "dilated": _dilated,
    "global": _global,
    "painted": _painted,
}
