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
FEW = 8  # components, whose products' sum is visibly not normal


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
    if width <= FEW:
        st.caption(_("So few products do not make a normal curve yet; the more are added, the closer their sum comes."))
    left, right = st.columns(2, gap="medium")
    with left:
        _gradients(scene, width)
    with right:
        _saturation(scene, width)
    st.markdown(_said_of_gradients(int(width)))
    st.caption(
        _(
            "No sentence and no model here: random vectors. Rows of one random query and 16 random keys; 2,000 of them "
            "for each dₖ. A trained head's components are neither independent nor of variance 1: what its scores do is "
            "measured in the first part of this page."
        )
    )
    return []


def _said_of_gradients(width: int) -> str:
    divided, whole = scaling.passed_back(width, divided=True), scaling.passed_back(width, divided=False)
    return _(
        "The softmax's Jacobian diag(p) − ppᵀ says how the weights answer to the scores, and so how much training "
        "passes back to them. At dₖ = {width} its norm has a median of **{divided}** when scores are divided, and "
        "**{whole}** when not; below {dead} it is in **{dead_divided:.0%}** of the rows and **{dead_whole:.0%}**. "
        "Those rows have made up their mind: next to nothing comes back to their scores. This is what the paper "
        "suspects to slow training (section 3.2.1); in other rows an undivided gradient may be large."
    ).format(
        width=width,
        divided=number(divided.median),
        whole=number(whole.median),
        dead=scaling.DEAD,
        dead_divided=divided.dead,
        dead_whole=whole.dead,
    )


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
    widths = np.array(WIDTHS)
    found = {divided: [scaling.passed_back(d, divided=divided).median for d in WIDTHS] for divided in (True, False)}
    drawn = curves(
        [
            Curve(_("÷ √dₖ"), widths, np.array(found[True]), ink=palette.KEY),
            Curve(_("not divided"), widths, np.array(found[False]), ink=palette.QUERY),
        ],
        title=_("What the softmax passes back"),
        subtitle=_("norm of its Jacobian, median of 2,000 rows"),
        x_title="dₖ",
        y_title=_("Frobenius norm"),
        theme=scene.theme,
        log_x=True,
        zero=True,
        mark=width,
    )
    show.figure(drawn, "gradients", _("Norm of the softmax's Jacobian against d_k, divided and not"))


def _saturation(scene: Scene, width: float) -> None:
    """The same scores, divided and not, as shares."""
    scores = scaling.rows_of_scores(int(width))[0]
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
