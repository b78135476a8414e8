"""LayerNorm and RMSNorm on one token of the real model: before, after, and the other kind on the same vector."""

import numpy as np
import pandas as pd
import streamlit as st
import torch
from torch import Tensor

from viz_core.analysis.residual import Normed, Place, normed
from viz_core.figures import Curve, curves, numbered, palette, steep
from viz_core.language import _
from viz_core.ui import controls, maps, settings, show
from viz_core.ui.formulas import digits
from viz_core.ui.scene import Scene
from viz_core.ui.show import number, quoted

PLACES: tuple[Place, ...] = ("attention", "feed_forward", "final")
BINS = 31


def norm(scene: Scene) -> list[str]:
    layer_norm = scene.config.norm == "layernorm"
    maps.explain(
        r"\begin{array}{l}\mathrm{LayerNorm}(x)=\dfrac{x-\mu}{\sqrt{\sigma^2+\varepsilon}}\odot\gamma+\beta \\[14pt] "
        r"\mathrm{RMSNorm}(x)=\dfrac{x}{\sqrt{\tfrac1d\sum_i x_i^2+\varepsilon}}\odot\gamma\end{array}",
        _(
            "Both work on one token's vector at a time, over its $d$ components: {d} here. LayerNorm takes their mean "
            "away and divides by their standard deviation; RMSNorm only divides, by their root mean square."
        ).format(d=scene.config.d_model),
        (_("This model uses **LayerNorm**.") if layer_norm else _("This model uses **RMSNorm**.")),
    )
    place = _asked(scene)
    found = normed(scene.model.transformer, scene.recording, place, scene.choice.layer)
    row = scene.choice.query
    st.latex(_worked(found, row, layer_norm=layer_norm))
    left, right = st.columns(2, gap="medium")
    with left:
        _components(scene, found, row)
    with right:
        _against(scene, found, row)
    st.markdown(_said(scene, found, row))
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**" + _("The same vector, in numbers") + "**")
        st.dataframe(_numbers(found, row, layer_norm=layer_norm), hide_index=True)
    with right:
        _every_token(scene, found)
    return []


def _asked(scene: Scene) -> Place:
    options = {"attention": _("attention's"), "feed_forward": _("feed-forward's")}
    if scene.config.norm_place == "pre":
        options["final"] = _("the final one")
    left, right = st.columns([1, 1.4], gap="medium")
    with right:
        asked = settings.one_of("norm", _("Norm"), options)
        place = next(place for place in PLACES if place == asked)
    with left:
        # the final norm is of no layer
        controls.head_and_cell(scene.choice, scene.recording, ("query",) if place == "final" else ("layer", "query"))
    if scene.config.norm_place == "post":
        st.caption(_("A Post-LN model: each norm stands after the sum x + f(x), and there is no final one."))
    return place


def _worked(found: Normed, row: int, *, layer_norm: bool) -> str:
    """The formula with the numbers of the largest component."""
    x = found.before[row]
    index = int(x.abs().argmax())
    gain = float(found.gain[index])
    mean, variance = (float(tensor[row]) for tensor in (found.mean, found.variance))
    square = float(x.square().mean())
    over = rf"{digits(float(x[index]))} - ({digits(mean)})" if layer_norm else digits(float(x[index]))
    under = digits(variance if layer_norm else square)
    bias = rf" + ({digits(float(found.bias[index]))})" if found.bias is not None else ""
    return (
        rf"y_{{{index}}} = \frac{{{over}}}{{\sqrt{{{under} + {digits(found.epsilon)}}}}} \cdot ({digits(gain)}){bias}"
        rf" = {digits(float(found.after[row, index]))}"
    )


def _components(scene: Scene, found: Normed, row: int) -> None:
    """How the components spread before and after, each histogram over its own range: as wide as it is."""
    own = [
        ("before", _("before"), found.before[row], palette.FAINT),
        ("after", _("after"), found.after[row], palette.OUTPUT),
    ]
    for (key, name, x, ink), column in zip(own, st.columns(2, gap="small"), strict=True):
        with column:
            share, edges = np.histogram(x.numpy(), BINS)
            drawn = curves(
                [Curve(name, (edges[1:] + edges[:-1]) / 2, share, like="bars", ink=ink)],
                title=_("Components {name}").format(name=name),
                subtitle=_("mean {mean}, variance {variance}").format(
                    mean=number(float(x.mean())), variance=number(float(x.var(correction=0)))
                ),
                x_title=_("value of a component"),
                y_title=_("how many"),
                theme=scene.theme,
                zero=True,
            )
            show.figure(drawn, f"components-{key}", _("Histogram of the components {name}").format(name=name))


def _against(scene: Scene, found: Normed, row: int) -> None:
    """Each component after against before: a norm alone is a straight line."""
    x = found.before[row]
    order = x.argsort()
    names = (_("LayerNorm alone"), _("RMSNorm alone"))
    own = _("with gain and bias") if found.bias is not None else _("with gain")
    whole, root = (values[row][order].numpy() for values in (found.layernorm, found.rmsnorm))
    drawn = curves(
        [
            Curve(names[0], x[order].numpy(), whole, ink=palette.KEY),
            Curve(names[1], x[order].numpy(), root, like="theory", ink=palette.QUERY),
            Curve(own, x.numpy(), found.after[row].numpy(), like="measured", ink=palette.OUTPUT),
        ],
        title=_("Each component: after against before"),
        subtitle=_("a norm alone is a straight line, RMSNorm's through 0, 0"),
        x_title=_("component before"),
        y_title=_("component after"),
        theme=scene.theme,
    )
    show.figure(drawn, "against", _("Components after the norm against before, and both kinds of norm"))


def _said(scene: Scene, found: Normed, row: int) -> str:
    mean, variance = float(found.mean[row]), float(found.variance[row])
    token = quoted(scene.tokens[row])
    apart = float((found.layernorm[row] - found.rmsnorm[row]).abs().max())
    words = _(
        "The {d} components of {token} come with mean {mean} and standard deviation {spread}. The mean is "
        "{share} of that deviation, so LayerNorm and RMSNorm differ by at most **{apart}** in any component here."
    )
    share = f"{abs(mean) / variance**0.5:.1%}" if variance else "∞"
    said = words.format(
        d=found.before.shape[1],
        token=token,
        mean=number(mean),
        spread=number(variance**0.5),
        share=share,
        apart=number(apart),
    )
    top = float(found.gain.abs().max() / found.gain.abs().min()) if found.gain.abs().min() else float("inf")
    gains = _("The learned gain goes from {least} to {most}, so what leaves has no variance of exactly 1.").format(
        least=number(float(found.gain.min())), most=number(float(found.gain.max()))
    )
    return f"{said} {gains}" if top > 1.001 else said


def _numbers(found: Normed, row: int, *, layer_norm: bool) -> pd.DataFrame:
    own = _("LayerNorm") if layer_norm else _("RMSNorm")
    after = _("{own}, gain, bias") if found.bias is not None else _("{own}, gain")
    vectors = {
        _("before"): found.before,
        _("LayerNorm alone"): found.layernorm,
        _("RMSNorm alone"): found.rmsnorm,
        after.format(own=own): found.after,
    }
    return pd.DataFrame([_line(name, vector[row]) for name, vector in vectors.items()])


def _line(name: str, x: Tensor) -> dict[str, str]:
    return {
        _("vector"): name,
        _("mean"): number(_exact(float(x.mean()))),
        _("variance"): number(float(x.var(correction=0))),
        _("RMS"): number(float(x.square().mean().sqrt())),
        _("‖x‖"): number(float(x.norm())),
    }


def _exact(mean: float) -> float:
    """A mean that is 0 but for rounding."""
    return 0.0 if abs(mean) < 1e-6 else mean


def _every_token(scene: Scene, found: Normed) -> None:
    place = np.arange(len(scene.tokens))
    spreads = torch.stack([found.variance, found.after.var(-1, correction=0)])
    drawn = curves(
        [
            Curve(_("variance before"), place, spreads[0].numpy(), ink=palette.MUTED),
            Curve(_("variance after"), place, spreads[1].numpy(), ink=palette.OUTPUT),
        ],
        title=_("The variance of every token's components"),
        subtitle=_("before and after this norm"),
        x_title=_("token"),
        y_title=_("variance"),
        names=numbered(scene.tokens),
        theme=scene.theme,
        log_y=steep(spreads.numpy()),
    )
    show.figure(drawn, "variances", _("Variance of every token's components before and after the norm"))
