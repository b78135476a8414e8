"""The mask as its own matrix, chosen or painted; the head's weights and the prediction under it."""

import streamlit as st
import torch
from torch import Tensor

from viz_core.analysis import masking
from viz_core.analysis.masking import Coverage
from viz_core.analysis.parameters import MISTRAL_7B
from viz_core.edits import AS_IT_IS, Cells, Edits, Heads
from viz_core.language import _
from viz_core.ui import controls, maps, settings, store, whatif
from viz_core.ui.components.mask_painter import mask_painter
from viz_core.ui.mechanism import where
from viz_core.ui.mechanism.masks import kinds, painted, rows
from viz_core.ui.mechanism.masks.kinds import Mask
from viz_core.ui.scene import Scene
from viz_core.ui.show import quoted

LONG = 1_000  # tokens: where a pattern shows what it saves


def lab(scene: Scene) -> list[str]:
    mask, scope = _asked(scene)
    edits = _edits(scene, mask, scope)
    left, right = st.columns([1, 1.1], gap="medium")
    with left:
        _painter(scene, mask)
    with right:
        weights = _weights(scene, mask, edits)
    st.markdown(" ".join(_said(scene, mask, edits, scope, weights)))
    left, right = st.columns([1, 1.15], gap="large")
    with left:
        whatif.prediction(scene, edits, key="change", name=mask.name)
    with right:
        _compared(scene)
    return ["weights"]


def _asked(scene: Scene) -> tuple[Mask, str]:
    """The mask, and where it is set: "head", "layer" or "all"."""
    kind = kinds.chosen(scene)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        with st.container(width=200):
            controls.head_and_cell(scene.choice, scene.recording, ("layer", "head"))
        scope = where.asked("set_in", _("Mask set in"), default="all")
        with st.container(width="content"):
            return kinds.made(scene, kind), scope


def _edits(scene: Scene, mask: Mask, scope: str) -> Edits:
    return _edits_of(scene, mask.kind, mask.allowed, where.heads(scene, scope))


def _edits_of(scene: Scene, kind: str, allowed: Tensor, at: Heads | None) -> Edits:
    """None where every head that would get the mask has it already."""
    if kind == "own" or (torch.equal(allowed, kinds.own(scene)) and kinds.alike(scene, at)):
        return AS_IT_IS
    return Edits(allowed=Cells.of(allowed), at=at)


def _painter(scene: Scene, mask: Mask) -> None:
    n = len(scene.tokens)

    def paint(text: str) -> None:
        if painted.read(text, n) is not None:
            settings.keep("mask", "painted")
            settings.keep("cells", text)

    mask_painter(
        scene.tokens,
        mask.allowed.numpy(),
        kinds.own(scene).numpy(),
        title=_("Mask · {name}").format(name=mask.name),
        painted=painted.written(mask.allowed) if n <= painted.MOST else "",
        paintable=n <= painted.MOST,
        on_paint=paint,
        key="painter",
    )


def _weights(scene: Scene, mask: Mask, edits: Edits) -> Tensor:
    """The map of the chosen head's weights; returns them, [query, key]."""
    weights = store.stages(scene.model, scene.text, scene.choice.layer, scene.choice.head, edits).weights[0]
    maps.cells(
        scene,
        "weights",
        weights,
        _("weights · {name}").format(name=mask.name),
        _("row looks at column; grey: may not"),
        of=edits,
        unit=_("weight"),
        weights=True,
        allowed=mask.allowed.numpy(),
        height=500,
    )
    return weights


# -- what is said of it ----------------------------------------------------------------------------------------


def _said(scene: Scene, mask: Mask, edits: Edits, scope: str, weights: Tensor) -> list[str]:
    found = masking.coverage(mask.allowed)
    if found.of == 1:
        return [_("A text of one token has one cell, the token itself: there is nothing to mask.")]
    said = [_share(scene, found)]
    if found.cells < found.of:
        said.append(_("The others get −∞ in place of their score, before the softmax: a weight of exactly 0."))
    said += _of_the_kind(scene, mask)
    if found.empty:
        words = _(
            "**{count} may look nowhere**: {rows}. A softmax over nothing is 0/0, so here weights and context are set "
            "to 0, and only the residual stream carries these tokens on."
        )
        said.append(words.format(count=_rows(len(found.empty)), rows=rows.named(scene, found.empty)))
    elif len(found.single) > 1:
        said.append(
            _("{count} may look at one token alone, which gets all of their weight.").format(
                count=_rows(len(found.single))
            )
        )
    if found.ahead and not scene.model.both_sides:
        ahead = float(masking.on_allowed(weights, torch.ones_like(mask.allowed).triu(1)).mean())
        words = _(
            "This model was trained never to look ahead; now this head gives {share:.0%} of its weight to later tokens."
        )
        said.append(words.format(share=ahead))
    if edits != AS_IT_IS and not kinds.alike(scene, None) and scope == "all":
        said.append(_("As the model is, its layers have different masks: here all of them get this one."))
    return [*said, *_heard(scene, edits, scope)]


def _share(scene: Scene, found: Coverage) -> str:
    kept = found.cells - found.ahead
    words = _("**{cells:,} of {of:,} cells** may be looked at: {share:.1%} of the map.")
    if not scene.model.both_sides:
        words += " " + _of_the_triangle(whole=kept == found.triangle, ahead=found.ahead)
    return words.format(
        cells=found.cells,
        of=found.of,
        share=found.cells / found.of,
        inside=kept / found.triangle,
        ahead=f"{found.ahead:,}",
    )


def _of_the_triangle(*, whole: bool, ahead: int) -> str:
    if whole:
        return (
            _("That is the whole causal triangle and {ahead} above it.")
            if ahead
            else _("That is the whole causal triangle.")
        )
    if ahead:
        return _("That is {inside:.1%} of the causal triangle and {ahead} above it.")
    return _("That is {inside:.1%} of the causal triangle.")


def _of_the_kind(scene: Scene, mask: Mask) -> list[str]:
    """What is to be known about this kind of mask, on this text and this model."""
    n = len(scene.tokens)
    if mask.kind == "own" and kinds.default(scene) == "own":
        return [_own(scene)]
    if mask.kind == "padding":
        return [_padding(scene)]
    if mask.kind == "none" and kinds.default(scene) == "none" and scene.model.both_sides:
        return [_("This model is an encoder: it has no causal mask, every token looks both ways.")]
    if mask.kind == "causal":
        return [_causal(scene)]
    if mask.kind == "window" and torch.equal(mask.allowed, kinds.usual(scene)):
        return [_("The window covers the whole text of {n} tokens, so it leaves out nothing.").format(n=n)]
    said = [_width(scene)] if mask.pattern is not None else []
    if mask.pattern is not None and n < LONG:
        kept = float(mask.pattern(LONG).float().mean())
        words = _("Its cells grow with n, not with n²: of a text of {n:,} tokens this pattern would leave {share:.1%}.")
        said.append(words.format(n=LONG, share=kept))
    return said


def _own(scene: Scene) -> str:
    """Of a model with masks of its own, such as sliding windows: whose mask this is."""
    layers = kinds.own_layers(scene)
    same = sum(bool((allowed == kinds.own(scene)).all()) for allowed in layers)
    if same == len(layers):
        return _("This is the model's own mask, the same in every layer.")
    words = _("This is {head}'s own mask. The model's layers differ; with this mask: {same} of {count}.")
    return words.format(head=scene.choice.name, same=same, count=len(layers))


def _width(scene: Scene) -> str:
    """What w counts, and where a mask like it is used."""
    if scene.model.both_sides:
        return _(
            "Here w counts to each side, the token itself included: a row with room on both sides looks at 2w − 1 "
            "tokens of the window (Beltagy et al. 2020 count the whole width)."
        )
    return _(
        "Mistral 7B v0.1 has a window of {window:,}; what stands farther back reaches a row only through its {layers} "
        "layers."
    ).format(window=MISTRAL_7B.window, layers=MISTRAL_7B.n_layer)


def _causal(scene: Scene) -> str:
    row = scene.choice.query
    even = _(
        "If all scores were 0, row i would give each token it sees 1/(i + 1): {token} ({row}) "
        "**1/{count} = {share:.1%}**."
    ).format(token=quoted(scene.tokens[row]), row=row, count=row + 1, share=1 / (row + 1))
    known = (
        _("This model is an encoder and was never trained with a causal mask: here it is a what-if.")
        if scene.model.both_sides
        else _("Row i, counted from 0, sees itself and the i tokens before it; in all that is (n + 1)/2n of the map.")
    )
    return f"{known} {even}"


def _padding(scene: Scene) -> str:
    common = _(
        "Texts of different length that share a batch are filled up, and nobody may look at the filling: encoders need "
        "this mask as much as decoders do. That masking is only for the decoder is a common mistake."
    )
    if scene.model.both_sides:
        return common
    return common + " " + _("The model's own mask stays on. A decoder that is to go on writing is filled at the start.")


def _heard(scene: Scene, edits: Edits, scope: str) -> list[str]:
    """How far the chosen row hears through all layers; of an encoder one in the middle, with room on both sides."""
    n = len(scene.tokens)
    row, layers = n // 2 if scene.model.both_sides else scene.choice.query, kinds.own_layers(scene)
    if edits == AS_IT_IS and kinds.default(scene) != "own":
        return []
    one = kinds.own(scene)
    if edits.allowed is not None:
        if scope == "head":
            return []
        one = edits.allowed.tensor
        layers = [one if edits.at is None or (at, 0) in edits.at else own for at, own in enumerate(layers)]
    heard = masking.reach(layers)[row]
    words = _(
        "Row {token} ({row}) looks at {cells} in such a layer; through all {layers} layers, {heard} of the text's {n} "
        "tokens can reach it."
    )
    return [
        words.format(
            token=quoted(scene.tokens[row]),
            row=row,
            cells=rows.tokens(int(one[row].sum())),
            layers=len(layers),
            heard=int(heard.sum()),
            n=n,
        )
    ]


def _rows(count: int) -> str:
    return _("1 row") if count == 1 else _("{count} rows").format(count=count)


# -- the kinds beside each other -------------------------------------------------------------------------------


def _compared(scene: Scene) -> None:
    """What each kind does to the prediction, a run of the model for each."""
    st.markdown("**" + _("Each kind of mask in all layers") + "**")
    lines = []
    for kind, name in kinds.compared(scene).items():
        allowed = kinds.of_kind(scene, kind)
        change = whatif.changed(scene, _edits_of(scene, kind, allowed, None))
        shares = [float(own.float().mean()) for own in (kinds.own_layers(scene) if kind == "own" else [allowed])]
        least, most = f"{min(shares):.0%}", f"{max(shares):.0%}"
        cells = least if least == most else _("{least} to {most}").format(least=least, most=most)
        lines.append(({_("mask"): name, _("cells"): cells}, change))
    whatif.table(scene, lines)
    st.caption(
        _(
            "Each line is a run of the whole model. It was trained with its own mask alone, so another one shows what "
            "the model relies on, not how well a model trained with that mask would do."
        )
    )
