"""Why scores are divided by √d_k: random vectors, the variance of their products, and what the softmax passes back."""

import math

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from viz_core.analysis import scaling
from viz_core.figures import Curve, curves, palette
from viz_core.language import _
from viz_core.ui import maps, settings, show
from viz_core.ui.scene import Scene
from viz_core.ui.show import number

WIDTHS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
SPREADS = [2 ** (power / 2) for power in range(-2, 10)]  # standard deviations of scores, 0.5 to 22.6


def why(scene: Scene) -> list[str]:
    maps.explain(
        r"q\cdot k=\sum_{i=1}^{d_k} q_i k_i \qquad \mathrm{Var}(q\cdot k)=d_k \qquad "
        r"\mathrm{Var}\!\left(\tfrac{q\cdot k}{\sqrt{d_k}}\right)=1",
        _(
            "A score is a sum of $d_k$ products. When components are independent, with mean 0 and variance 1, every "
            "product adds a variance of 1. So it is the **width of a head** that makes scores large; how long the "
            "sentence is plays no part."
        ),
    )
    width = settings.slider("width", _("dₖ, the components of q and k"), WIDTHS, default=64, says=lambda d: f"{d:.0f}")
    products = scaling.dot_products(int(width))
    left, right = st.columns(2, gap="medium")
    with left:
        _histogram(scene, products, int(width))
    with right:
        _variances(scene, width)
    st.markdown(
        _(
            "Measured on {pairs:,} random pairs at dₖ = {width:.0f}: the variance of q·k is **{variance}**, after "
            "division by √dₖ = {root} it is **{scaled}**."
        ).format(
            pairs=len(products),
            width=width,
            variance=number(float(products.var())),
            root=number(math.sqrt(width)),
            scaled=number(float((products / math.sqrt(width)).var())),
        )
    )
    left, right = st.columns(2, gap="medium")
    with left:
        _gradients(scene, width)
    with right:
        _saturation(scene, width)
    divided, whole = scaling.mean_jacobian_norm(1.0), scaling.mean_jacobian_norm(math.sqrt(width))
    st.markdown(
        _(
            "Divided, scores have a standard deviation of 1 and the Jacobian diag(p) − ppᵀ a norm of **{divided}**, "
            "whatever dₖ is; undivided it is **{whole}** at dₖ = {width:.0f}. Where the softmax has made up its mind, "
            "a change of the scores changes next to nothing, and training has no gradient to follow."
        ).format(divided=number(divided), whole=number(whole), width=width)
    )
    st.caption(
        _(
            "The Jacobian's norms are means over 2,000 random rows of 16 scores. The vectors here are random, as those "
            "of a model are before training. A trained head's components are neither independent nor of variance 1: "
            "what its scores do is measured in the first part of this page."
        )
    )
    return []


def _histogram(scene: Scene, products: Tensor, width: int) -> None:
    root = math.sqrt(width)
    edges = np.linspace(-4 * root, 4 * root, 61)
    density, _edges = np.histogram(products.numpy(), edges, density=True)
    middle = (edges[1:] + edges[:-1]) / 2
    normal = np.exp(-((middle / root) ** 2) / 2) / (root * math.sqrt(2 * math.pi))
    drawn = curves(
        [
            Curve(_("measured"), middle, density, like="bars", ink=palette.FAINT),
            Curve(_("normal, variance dₖ"), middle, normal, like="theory", ink=palette.QUERY),
        ],
        title=_("Scores of random vectors, dₖ = {width}").format(width=width),
        subtitle=_("how often each value of q·k comes, of {pairs:,}").format(pairs=len(products)),
        x_title=_("q·k"),
        y_title=_("density"),
        theme=scene.theme,
        zero=True,
    )
    show.figure(drawn, "histogram", _("Histogram of q·k of random vectors against the normal curve"))


def _variances(scene: Scene, width: float) -> None:
    measured = [float(scaling.dot_products(d).var()) for d in WIDTHS]
    divided = [variance / d for variance, d in zip(measured, WIDTHS, strict=True)]
    widths = np.array(WIDTHS)
    drawn = curves(
        [
            Curve(_("q·k, measured"), widths, np.array(measured), like="measured", ink=palette.QUERY),
            Curve(_("theory: dₖ"), widths, widths, like="theory", ink=palette.QUERY),
            Curve(_("q·k / √dₖ, measured"), widths, np.array(divided), like="measured", ink=palette.KEY),
            Curve(_("theory: 1"), widths, np.ones(len(widths)), like="theory", ink=palette.KEY),
        ],
        title=_("Variance of scores against dₖ"),
        subtitle=_("both axes logarithmic"),
        x_title="dₖ",
        y_title=_("variance"),
        theme=scene.theme,
        log_x=True,
        log_y=True,
        mark=width,
    )
    show.figure(drawn, "variances", _("Variance of q·k against d_k, measured and by theory"))


def _gradients(scene: Scene, width: float) -> None:
    spreads = np.array(SPREADS)
    norms = np.array([scaling.mean_jacobian_norm(spread) for spread in SPREADS])
    drawn = curves(
        [Curve(_("‖∂softmax/∂scores‖"), spreads, norms, ink=palette.OUTPUT)],
        title=_("What the softmax passes back"),
        subtitle=_("norm of its Jacobian, rows of 16 random scores"),
        x_title=_("standard deviation of the scores; line: √dₖ"),
        y_title=_("Frobenius norm"),
        theme=scene.theme,
        log_x=True,
        zero=True,
        mark=math.sqrt(width),
    )
    show.figure(drawn, "gradients", _("Norm of the softmax's Jacobian against the spread of scores"))


def _saturation(scene: Scene, width: float) -> None:
    """The same scores, divided and not, as shares."""
    scores = scaling.dot_products(int(width))[:16]
    shares = [torch.softmax(scores / by, dim=0).sort(descending=True).values for by in (math.sqrt(width), 1.0)]
    place = np.arange(16)
    norms = [float(scaling.jacobian_norm(share)) for share in shares]
    drawn = curves(
        [
            Curve(_("÷ √dₖ"), place, shares[0].numpy(), ink=palette.KEY),
            Curve(_("not divided"), place, shares[1].numpy(), ink=palette.QUERY),
        ],
        title=_("One row of 16 such scores, as weights"),
        subtitle=_("largest first; its Jacobian's norm: {first} and {second}").format(
            first=number(norms[0]), second=number(norms[1])
        ),
        x_title=_("key, the strongest first"),
        y_title=_("weight"),
        theme=scene.theme,
        zero=True,
    )
    show.figure(drawn, "saturation", _("Softmax of sixteen random scores, divided and not"))
