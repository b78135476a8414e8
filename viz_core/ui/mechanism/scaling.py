"""The parts of the page "Scaling"."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st
import torch
from torch import Tensor

from viz_core.analysis import scaling, worked
from viz_core.analysis.scaling import Rows
from viz_core.edits import AS_IT_IS, Edits
from viz_core.figures import Curve, curves, palette
from viz_core.language import _
from viz_core.ui import controls, maps, settings, show, store, whatif
from viz_core.ui.scene import Scene
from viz_core.ui.show import number

TEMPERATURES = [0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0]
WIDTHS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
SPREADS = [2 ** (power / 2) for power in range(-2, 10)]  # standard deviations of scores, 0.5 to 22.6


# -- a real head, with and without ---------------------------------------------------------------------------


def with_and_without(scene: Scene) -> list[str]:
    own = scene.record.divisor
    divisor, temperature, scope = _asked(scene, own)
    same = divisor == own and temperature == 1
    edits = AS_IT_IS if same else _edits(scene, divisor, temperature, scope)
    before = store.stages(scene.model, scene.text, scene.choice.layer, scene.choice.head)
    after = store.stages(scene.model, scene.text, scene.choice.layer, scene.choice.head, edits)
    name = _name(divisor, temperature)
    left, right = st.columns(2, gap="medium")
    with left:
        _weights(scene, "own", before.weights, _("as the model does, ÷ {own}").format(own=number(own)), AS_IT_IS)
    with right:
        _weights(scene, "other", after.weights, name, edits)
    rows = [scaling.rows_of(stages.weights[0], scene.allowed) for stages in (before, after)]
    st.markdown(_said(scene, before.scores[0], own, rows, name))
    left, right = st.columns(2, gap="medium")
    with left:
        _entropies(scene, rows, name)
    with right:
        _largest(scene, rows, name)
    _predictions(scene, edits, divisor, temperature, name)
    return ["own", "other"]


def _asked(scene: Scene, own: float) -> tuple[float, float, str]:
    """Divisor, temperature, and where: "head", "layer" or "all"."""
    heads, by, temperature, where = st.columns([1.25, 1.2, 1.2, 1.45], gap="medium")
    with heads:
        controls.head_and_cell(scene.choice, scene.recording, ("layer", "head"))
    with by:
        divisor = settings.slider(
            "divisor",
            _("Scores divided by"),
            _divisors(own, scene.config.d_head),
            default=1.0 if own != 1 else math.sqrt(scene.config.d_head),
            says=lambda value: _says(value, own, scene.config.d_head),
        )
    with temperature:
        chosen = settings.slider(
            "temperature", _("and by a temperature"), TEMPERATURES, default=1.0, says=lambda value: f"{value:g}"
        )
    with where:
        scope = settings.one_of("scope", _("in"), _scopes())
    return divisor, chosen, scope


def _scopes() -> dict[str, str]:
    return {"head": _("this head"), "layer": _("its layer"), "all": _("all layers")}


def _divisors(own: float, d_head: int) -> list[float]:
    """From none to d_k, the model's own and √d_k exactly."""
    exact = {own, 1.0, math.sqrt(d_head), float(d_head)}
    between = (2.0, 0.5 * math.sqrt(d_head), 2 * math.sqrt(d_head))
    return sorted(exact | {value for value in between if all(abs(value - other) > 0.01 for other in exact)})


def _says(value: float, own: float, d_head: int) -> str:
    words = {1.0: _("1 (not at all)"), math.sqrt(d_head): f"{number(value)} = √dₖ", float(d_head): f"{d_head} = dₖ"}
    said = words.get(value, number(value))
    return said + " " + _("(as it is)") if value == own and value != math.sqrt(d_head) else said


def _name(divisor: float, temperature: float) -> str:
    name = _("undivided") if divisor == 1 else "÷ " + number(divisor)
    return name if temperature == 1 else f"{name}, T = {temperature:g}"


def _edits(scene: Scene, divisor: float, temperature: float, scope: str) -> Edits:
    layer, head = scene.choice.layer, scene.choice.head
    at = {
        "head": frozenset({(layer, head)}),
        "layer": frozenset((layer, other) for other in range(scene.config.n_head)),
        "all": None,
    }
    return Edits(scale=1 / divisor, temperature=temperature, at=at[scope])


def _weights(scene: Scene, key: str, weights: Tensor, title: str, edits: Edits) -> None:
    rule = {"unit": _("weight"), "weights": True, "allowed": scene.allowed.numpy()}
    maps.cells(scene, key, weights[0], title, _("row looks at column; each row sums to 1"), of=edits, **rule)


def _said(scene: Scene, scores: Tensor, own: float, rows: Sequence[Rows], name: str) -> str:
    """How far scores spread, and what that does to the rows."""
    seen = scores[scene.allowed]
    spread = float(seen.std()) if len(seen) > 1 else 0.0
    several = rows[0].most > 0  # a row with a single key gives it everything, whatever the scores
    if not several.any():
        return _("Every row may look at one token alone, so it gives that one everything; scaling plays no part.")
    before, after = (
        {"entropy": number(float(r.entropy[several].mean())), "largest": f"{float(r.largest[several].mean()):.0%}"}
        for r in rows
    )
    words = _(
        "This head's scores on this text have a standard deviation of {spread}; divided by {own}, {scaled}. As it is a "
        "row gives {old[largest]} to its strongest key, on average, and has an entropy of {old[entropy]} nats; "
        "{name}: {new[largest]} and {new[entropy]} nats."
    )
    scaled = number(spread / own)
    return words.format(spread=number(spread), own=number(own), scaled=scaled, old=before, new=after, name=name)


def _entropies(scene: Scene, rows: Sequence[Rows], name: str) -> None:
    place = np.arange(len(scene.tokens))
    most = Curve(_("equal weights"), place, rows[0].most.numpy(), like="theory", ink=palette.MUTED)
    drawn = curves(
        [*_pair(place, rows[0].entropy, rows[1].entropy, name), most],
        title=_("Entropy of each row"),
        subtitle=_("how widely it looks, in nats: 0 = one key gets all"),
        x_title=_("row (query)"),
        y_title=_("nats"),
        names=_names(scene),
        theme=scene.theme,
        zero=True,
    )
    show.figure(drawn, "entropy", _("Entropy of each row, as it is and changed"))


def _largest(scene: Scene, rows: Sequence[Rows], name: str) -> None:
    place = np.arange(len(scene.tokens))
    drawn = curves(
        _pair(place, rows[0].largest, rows[1].largest, name),
        title=_("Largest weight of each row"),
        subtitle=_("1 = all of it goes to one key"),
        x_title=_("row (query)"),
        y_title=_("weight"),
        names=_names(scene),
        theme=scene.theme,
        zero=True,
    )
    show.figure(drawn, "largest", _("Largest weight of each row, as it is and changed"))


def _pair(place: np.ndarray, before: Tensor, after: Tensor, name: str) -> list[Curve]:
    return [
        Curve(_("as it is"), place, before.numpy(), ink=palette.KEY),
        Curve(name, place, after.numpy(), ink=palette.QUERY),
    ]


def _names(scene: Scene) -> list[str]:
    return [f"{token} {index}" for index, token in enumerate(scene.tokens)]


def _predictions(scene: Scene, edits: Edits, divisor: float, temperature: float, name: str) -> None:
    left, right = st.columns([1.15, 1], gap="large")
    with left:
        whatif.prediction(scene, edits, key="change", name=name)
    with right:
        st.markdown("**" + _("The same change in one head, its layer, all layers") + "**")
        st.dataframe(_by_scope(scene, divisor, temperature, edits), hide_index=True)
        st.caption(
            _(
                "Each line is a run of the whole model: what changes in one layer changes what all later layers are "
                "given. The weights above are those of the run chosen above."
            )
        )


def _by_scope(scene: Scene, divisor: float, temperature: float, edits: Edits) -> pd.DataFrame:
    lines = []
    for scope, words in _scopes().items():
        made = edits if edits == AS_IT_IS else _edits(scene, divisor, temperature, scope)
        change = whatif.changed(scene, made)
        best = max(range(len(change.after)), key=change.after.__getitem__)
        lines.append(
            {
                _("changed in"): words,
                _("likeliest then"): scene.model.labels([change.token_ids[best]])[0],
                _("probability"): f"{change.after[best]:.1%}",
                _("KL, nats"): whatif.size_of(change.divergence),
            }
        )
    return pd.DataFrame(lines)


# -- why √d_k ------------------------------------------------------------------------------------------------


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


# -- worked examples -----------------------------------------------------------------------------------------


def worked_examples(_scene: Scene) -> list[str]:
    st.markdown("#### " + _("Three words, four components"))
    axis = settings.one_of(
        "axis", _("The softmax goes over"), {"rows": _("each row, as in attention"), "columns": _("columns: a mistake")}
    )
    record = worked.three_words()
    weights = record.weights[0] if axis == "rows" else worked.over_the_wrong_axis(record.masked_scores[0])
    left, right = st.columns(2, gap="medium")
    left.latex(rf"Q={_matrix(record.query[0], 1)}")
    right.latex(rf"K={_matrix(record.key[0], 1)}")
    left, right = st.columns(2, gap="medium")
    left.latex(rf"S=QK^\top={_matrix(record.scores[0], 2)}")
    right.latex(rf"\sigma(S)={_matrix(weights, 4)}\;{_sums(weights)}")
    st.markdown(_of_the_first(record.scores[0], axis))
    st.markdown("#### " + _("dₖ = 64: what dividing by 8 does"))
    whole, divided = worked.of_64_components(1.0), worked.of_64_components(1 / math.sqrt(64))
    left, right = st.columns(2, gap="medium")
    with left:
        st.latex(rf"S=QK^\top={_matrix(whole.scores[0], 4)}")
        st.latex(rf"\sigma(S)={_matrix(whole.weights[0], 4)}")
    with right:
        st.latex(rf"S/\sqrt{{64}}={_matrix(divided.scaled_scores[0], 4)}")
        st.latex(rf"\sigma(S/\sqrt{{64}})={_matrix(divided.weights[0], 4)}")
    rows = [float(record.weights[0].amax()) for record in (whole, divided)]
    st.markdown(
        _(
            "The order of the keys stays the same in every row; the largest share of all falls from {before:.1%} to "
            "{after:.1%}."
        ).format(before=rows[0], after=rows[1])
    )
    st.caption(
        _("σ is the softmax, Σ the sum of a row.")
        + " "
        + _("Computed in float64 and shown rounded; the 64-component vectors behind the scores are not known.")
    )
    return []


def _of_the_first(scores: Tensor, axis: str) -> str:
    first = " + ".join(f"{q:g}·{k:g}" for q, k in zip(worked.QUERIES[0], worked.KEYS[0], strict=True))
    sums = _("The first score: {products} = {score:.2f}.").format(products=first, score=float(scores[0, 0]))
    if axis == "rows":
        return sums + " " + _("Every row of weights sums to 1: each query shares out one whole.")
    return sums + " " + _("Over columns (softmax with dim=0) the columns sum to 1 and the rows to anything.")


def _matrix(values: Tensor, digits: int) -> str:
    rows = (" & ".join(f"{value:.{digits}f}" for value in row) for row in values.tolist())
    return r"\begin{bmatrix}" + r"\\".join(rows) + r"\end{bmatrix}"


def _sums(weights: Tensor) -> str:
    sums = r"\\".join(rf"\Sigma\,{total:.4f}" for total in weights.sum(-1).tolist())
    return r"\begin{matrix}" + sums + r"\end{matrix}"
