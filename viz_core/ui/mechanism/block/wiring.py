"""Post-LN and Pre-LN: drawn, and measured in stacks of random blocks."""

import numpy as np
import streamlit as st

from viz_core.analysis.depth import SEEDS, SHAPE, STACKED, TEXTS, Depth, Start, depth_of
from viz_core.config import NormPlace
from viz_core.figures import Curve, curves, palette
from viz_core.figures.wiring import wiring
from viz_core.language import _
from viz_core.ui import settings, show, store
from viz_core.ui.scene import Scene
from viz_core.ui.show import number

INKS: dict[NormPlace, dict[str, str]] = {"post": palette.QUERY, "pre": palette.KEY}


def wirings(scene: Scene) -> list[str]:
    st.markdown(
        _(
            "**Post-LN**, the original of 2017, normalises the sum: $\\mathrm{LN}(x + f(x))$. **Pre-LN**, as in GPT-2 "
            "and most models since, normalises only what the layer reads: $x + f(\\mathrm{LN}(x))$. The two are often "
            "told the wrong way round."
        )
        + " "
        + (_("This model is **Pre-LN**.") if scene.config.norm_place == "pre" else _("This model is **Post-LN**."))
    )
    left, right = st.columns(2, gap="medium")
    with left:
        _drawn(scene, "post", _("every token's stream passes through each norm"))
    with right:
        _drawn(scene, "pre", _("the stream runs from end to end; only copies of it are normalised"))
    st.markdown("#### " + _("Measured: stacks of random blocks, before any training"))
    left, right = st.columns([1, 1.6], gap="medium")
    with left:
        layers = int(
            settings.slider("depth", _("Blocks in the stack"), STACKED, default=16, says=lambda depth: f"{depth:.0f}")
        )
    with right:
        kinds: dict[Start, str] = {"xavier": _("Xavier, as in the 2020 paper"), "gpt2": _("GPT-2's, smaller")}
        asked = settings.one_of("start", _("Random weights"), {str(kind): words for kind, words in kinds.items()})
        start = next(kind for kind in kinds if kind == asked)
    with st.spinner(_("Measuring …")):
        found = {place: _depth(place, layers, start) for place in INKS}
        ends = {place: [float(_depth(place, depth, start).gradients[-1]) for depth in STACKED] for place in INKS}
    first, second, third = st.columns(3, gap="medium")
    with first:
        _activations(scene, found)
    with second:
        _gradients(scene, found)
    with third:
        _last(scene, ends, layers, start)
    st.markdown(_said(found, ends, layers, start))
    _source()
    return []


def _drawn(scene: Scene, place: NormPlace, says: str) -> None:
    title = {"post": _("Post-LN: LN(x + f(x))"), "pre": _("Pre-LN: x + f(LN(x))")}[place]
    drawn = store.figure(
        ("wiring", place, scene.theme),
        lambda: wiring(
            place,
            title=title,
            subtitle=says,
            theme=scene.theme,
            norm="LN",
            layers=(_("attention"), _("feed-forward")),
        ),
    )
    show.figure(drawn, f"wiring-{place}", f"{title}. {says}")


def _depth(place: NormPlace, layers: int, start: Start) -> Depth:
    return store.measurement(("depth", place, layers, start), lambda _note: depth_of(place, layers, start), heavy=False)


def _names() -> dict[NormPlace, str]:
    return {"post": _("Post-LN"), "pre": _("Pre-LN")}


def _activations(scene: Scene, found: dict[NormPlace, Depth]) -> None:
    drawn = curves(
        [
            Curve(name, np.arange(len(found[place].norms)), found[place].norms.numpy(), ink=INKS[place])
            for place, name in _names().items()
        ],
        title=_("Activations"),
        subtitle=_("mean length of x after each block, ÷ √d"),
        x_title=_("blocks passed"),
        y_title=_("‖x‖ / √d"),
        theme=scene.theme,
        zero=True,
    )
    show.figure(drawn, "activations", _("Length of activations after each block, Post-LN and Pre-LN"))


def _gradients(scene: Scene, found: dict[NormPlace, Depth]) -> None:
    drawn = curves(
        [
            Curve(name, np.arange(1, len(found[place].norms)), found[place].gradients.numpy(), ink=INKS[place])
            for place, name in _names().items()
        ],
        title=_("Gradients, block by block"),
        subtitle=_("‖∂loss/∂W₂‖ of each block's feed-forward"),
        x_title=_("block, from the input"),
        y_title=_("norm"),
        theme=scene.theme,
        zero=True,
    )
    show.figure(drawn, "gradients", _("Norm of gradients block by block, Post-LN and Pre-LN"))


def _last(scene: Scene, ends: dict[NormPlace, list[float]], layers: int, start: Start) -> None:
    depths, fine = np.array(STACKED), np.geomspace(STACKED[0], STACKED[-1], 60)
    lines = [
        Curve(name, depths, np.array(ends[place]), like="measured", ink=INKS[place]) for place, name in _names().items()
    ]
    if start == "xavier":  # what the theorem is about
        fall = ends["pre"][0] * np.sqrt(STACKED[0] / fine)
        lines.append(Curve(_("∝ 1/√L"), fine, fall, like="theory", ink=palette.MUTED))
    drawn = curves(
        lines,
        title=_("The last block's gradient"),
        subtitle=_("against the number of blocks L"),
        x_title=_("blocks in the stack, L"),
        y_title=_("norm"),
        theme=scene.theme,
        log_x=True,
        zero=True,
        mark=float(layers),
    )
    show.figure(drawn, "last-gradient", _("Gradient of the last block against depth, Post-LN and Pre-LN"))


def _said(found: dict[NormPlace, Depth], ends: dict[NormPlace, list[float]], layers: int, start: Start) -> str:
    left = {place: f"{values[-1] / values[0]:.0%}" for place, values in ends.items()}
    words = _(
        "After {layers} blocks Pre-LN's activations are **{pre}** times √d long; Post-LN's {post}, for each block ends "
        "in a norm. In a stack of {many} blocks the last block's gradient is **{pre_left}** of that in a stack of "
        "{few} with Pre-LN, and **{post_left}** with Post-LN."
    )
    said = words.format(
        layers=layers,
        pre=number(float(found["pre"].norms[-1])),
        post=number(float(found["post"].norms[-1])),
        few=STACKED[0],
        many=STACKED[-1],
        pre_left=left["pre"],
        post_left=left["post"],
    )
    if start == "gpt2":
        words = _(
            "With weights so small each block adds next to nothing, and the wiring makes little difference at the "
            "start: the random weights matter as much as the place of the norm."
        )
        return f"{said} {words}"
    words = _(
        "Theorem 1 of the paper says {theory} (1/√L) and 100%: that Post-LN's gradients stay large near the output "
        "however deep the stack is, is its reason why Post-LN wants a learning rate that is warmed up. In the paper's "
        "larger stacks Post-LN's gradients also become smaller towards the input; at this size **no clear trend** "
        "shows: in the stacks of {layers} here the first block's is {share} of the last's on average, and {least} to "
        "{most} from one random stack to another (of 64 stacks of 16, measured once, 99% ± 6%). In Pre-LN it is "
        "{other}."
    )
    shares = found["post"].first_to_last
    return f"{said} " + words.format(
        theory=f"{(STACKED[0] / STACKED[-1]) ** 0.5:.0%}",
        layers=layers,
        share=f"{float(shares.mean()):.0%}",
        least=f"{float(shares.min()):.0%}",
        most=f"{float(shares.max()):.0%}",
        other=f"{float(found['pre'].first_to_last.mean()):.0%}",
    )


def _source() -> None:
    told = _(
        "Xiong et al. 2020, “On Layer Normalization in the Transformer Architecture”, section 3. Measured here, now, "
        "with this program's own Transformer: d = {d}, {heads} heads, ReLU, {texts} texts of {n} random tokens, the "
        "loss of the next token, means of {seeds} random stacks. W₂ is the second matrix of the feed-forward. Random "
        "stacks say how training starts, not how it ends."
    ).format(d=SHAPE["d_model"], heads=SHAPE["n_head"], texts=TEXTS, n=SHAPE["context"], seeds=SEEDS)
    st.caption(told)
