"""What each step of the chain draws: its formula with the actual shapes, a sentence, its heatmaps.

Every function returns the keys of the figures whose cells the page's bridge links.
"""

from typing import Any

import numpy as np
import streamlit as st
from torch import Tensor

from viz_core.analysis.walk import Projection
from viz_core.figures import attention_heatmap, limits_of, palette, vectors_heatmap
from viz_core.language import _
from viz_core.ui import arithmetic, show
from viz_core.ui.scene import Scene
from viz_core.ui.show import number, quoted


def _explain(formula: str, sentence: str) -> None:
    with st.container(key="explain"):
        left, right = st.columns([1, 1.2], vertical_alignment="center", gap="medium")
        left.latex(formula)
        right.markdown(sentence)


def _product(rows: int, inner: int, columns: int) -> str:
    return rf"[{rows}\times{inner}]\cdot[{inner}\times{columns}] = [{rows}\times{columns}]"


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.numpy()


# -- X: what arrives ------------------------------------------------------------------------------------


def draw_input(scene: Scene) -> list[str]:
    walk, recording, s = scene.walk, scene.recording, scene.shape
    normalised = scene.model.transformer.config.norm_place == "pre"
    if scene.choice.layer == 0:
        _explain(
            rf"X_{{[{s['n']}\times{s['d']}]}} = \mathrm{{Norm}}(\text{{token}} + \text{{position}})"
            if recording.positions is not None
            else rf"X_{{[{s['n']}\times{s['d']}]}} = \mathrm{{Norm}}(\text{{token}})",
            _("Each token is a vector of {d} numbers, one row here.").format(**s) + " " + _how_positions_enter(scene),
        )
    else:
        _explain(
            rf"X_{{[{s['n']}\times{s['d']}]}} = \mathrm{{Norm}}(\text{{residual}})",
            _("What the blocks before this one have written, one vector of {d} numbers a token.").format(**s),
        )
    panels: list[tuple[str, str, Tensor, str]] = []
    if scene.choice.layer == 0 and recording.positions is not None:
        panels += [
            ("embedding", _("token vectors"), recording.embeddings, _("one row a token, looked up in a table")),
            ("position", _("position vectors"), recording.positions, _("one row a place, the same for every text")),
        ]
    panels.append(("residual", _("residual stream"), walk.residual, _("what arrives at this layer")))
    if normalised:
        panels.append(("x", "X", walk.x, _("the same after the norm: what this head reads")))
    return _stacked(scene, panels)


def _how_positions_enter(scene: Scene) -> str:
    return {
        "learned": _("A second vector says where it stands; the two are added."),
        "sinusoidal": _("A second vector says where it stands; the two are added."),
        "rotary": _("Positions enter in the next step, where queries and keys are turned."),
        "alibi": _("Positions enter later, as a penalty on scores that grows with distance."),
        "none": _("This model is told nothing about positions."),
    }[scene.model.transformer.config.positions]


def _stacked(scene: Scene, panels: list[tuple[str, str, Tensor, str]]) -> list[str]:
    columns = st.columns(2, gap="medium")
    for index, (key, name, tensor, subtitle) in enumerate(panels):
        with columns[index % 2]:
            drawn = vectors_heatmap(
                _array(tensor), scene.tokens, title=name, subtitle=subtitle, theme=scene.theme, height=_height(scene)
            )
            show.figure(drawn, key, name)
    return [panel[0] for panel in panels]


def _height(scene: Scene, most: int = 460) -> int:
    return min(most, 150 + 22 * len(scene.tokens))


# -- Q, K, V ---------------------------------------------------------------------------------------------


def draw_projections(scene: Scene) -> list[str]:
    walk, s = scene.walk, scene.shape
    bias = walk.query.bias is not None
    _explain(
        rf"Q = XW_Q{' + b_Q' if bias else ''} \quad {_product(s['n'], s['d'], s['k'])}",
        _(
            "Three learned matrices turn each token into a query (what it looks for), a key (what it offers to be "
            "found by) and a value (what it hands over)."
        ),
    )
    vectors: list[tuple[str, str, Projection, dict[str, str]]] = [
        ("q", "Q", walk.query, palette.QUERY),
        ("k", "K", walk.key, palette.KEY),
        ("v", "V", walk.value, palette.VALUE),
    ]
    limit = limits_of(*(_array(projection.product) for _key, _name, projection, _hue in vectors))
    for column, (key, name, projection, hue) in zip(st.columns(3, gap="small"), vectors, strict=True):
        with column:
            drawn = vectors_heatmap(
                _array(projection.product),
                scene.tokens,
                title=name,
                subtitle=f"[{s['n']}×{s['k']}]",
                theme=scene.theme,
                hue=hue,
                limit=limit,
                rows_are="query" if name == "Q" else "key",
                height=_height(scene, 420),
            )
            show.figure(drawn, key, name)
    linked = [key for key, *_rest in vectors]
    if scene.model.transformer.config.positions == "rotary":
        linked += _draw_rotation(scene)
    with st.expander(_("The learned matrices W_Q, W_K, W_V"), icon=":material/grid_on:"):
        weight_limit = limits_of(*(_array(projection.weight) for _key, _name, projection, _hue in vectors))
        for column, (key, name, projection, hue) in zip(st.columns(3, gap="small"), vectors, strict=True):
            with column:
                drawn = vectors_heatmap(
                    _array(projection.weight),
                    (),
                    title=f"W_{name}",
                    subtitle=f"[{s['d']}×{s['k']}]",
                    theme=scene.theme,
                    hue=hue,
                    limit=weight_limit,
                )
                show.figure(drawn, f"w-{key}", f"W_{name}")
    return linked


def _draw_rotation(scene: Scene) -> list[str]:
    st.markdown(
        _(
            "**Positions enter here.** This model turns each query and key by an angle that grows with its place "
            "(rotary positions), so that their product depends on how far apart two tokens stand. The next steps "
            "use the turned vectors."
        )
    )
    record = scene.walk.record
    turned = [
        ("q-turned", _("Q, turned"), record.query[0], palette.QUERY, "query"),
        ("k-turned", _("K, turned"), record.key[0], palette.KEY, "key"),
    ]
    limit = limits_of(*(_array(vector) for _k, _n, vector, _h, _r in turned))
    for column, (key, name, vector, hue, rows_are) in zip(st.columns(2, gap="medium"), turned, strict=True):
        with column:
            drawn = vectors_heatmap(
                _array(vector),
                scene.tokens,
                title=name,
                subtitle=_("after the rotation"),
                theme=scene.theme,
                hue=hue,
                limit=limit,
                rows_are=rows_are,
                height=_height(scene, 420),
            )
            show.figure(drawn, key, name)
    return [key for key, *_rest in turned]


# -- the four maps ---------------------------------------------------------------------------------------


def _map(  # noqa: PLR0917  the words, in the order they stand on the page
    scene: Scene, key: str, values: Tensor, name: str, subtitle: str, unit: str, **rule: Any
) -> str:
    drawn = attention_heatmap(
        _array(values),
        scene.tokens,
        title=scene.title(name),
        subtitle=subtitle,
        theme=scene.theme,
        unit=unit,
        **rule,
    )
    show.figure(drawn, key, f"{scene.title(name)}. {subtitle}")
    return key


def draw_scores(scene: Scene) -> list[str]:
    s, scores = scene.shape, scene.walk.record.scores[0]
    _explain(
        rf"S = QK^\top \quad {_product(s['n'], s['k'], s['n'])}",
        _(
            "Every query meets every key: multiply them component by component and add up. "
            "A large score is a good match."
        )
        + " "
        + _best_match(scene, scores),
    )
    left, right = st.columns([1.1, 1], gap="medium")
    with left:
        subtitle = _("cell = query of the row · key of the column")
        _map(scene, "scores", scores, _("scores QKᵀ"), subtitle, _("score"))
    with right:
        arithmetic.products(scene)
    return ["scores"]


def _best_match(scene: Scene, scores: Tensor) -> str:
    row = scores[scene.choice.query]
    key = int(row.argmax())
    return _("The query of {query} matches best the key of {key}, with {score}.").format(
        query=quoted(scene.tokens[scene.choice.query]), key=quoted(scene.tokens[key]), score=number(float(row[key]))
    )


def draw_scaled(scene: Scene) -> list[str]:
    record, config = scene.walk.record, scene.model.transformer.config
    before, after = record.scores[0], record.scaled_scores[0]
    divisors = [r"\sqrt{d_k}"] if config.divide_by_sqrt_d_head else []
    divisors += [rf"{scene.choice.layer + 1}"] if config.divide_by_layer else []
    said = r" \cdot ".join(divisors) or "1"
    sentences = [
        _(
            "A score is a sum of {k} products, so its spread grows with √{k}. Dividing takes that growth back and "
            "keeps the softmax from saturating. The length of the sentence plays no part."
        ).format(**scene.shape)
        if config.divide_by_sqrt_d_head
        else _("This model does not divide its scores by √dₖ.")
    ]
    if config.divide_by_layer:
        sentences.append(
            _("This model also divides the scores of its first layer by 1, of its second by 2, and so on.")
        )
    _explain(rf"\frac{{QK^\top}}{{{said}}} = \frac{{QK^\top}}{{{number(1 / record.scale)}}}", " ".join(sentences))
    limit = limits_of(_array(before))
    left, right = st.columns(2, gap="medium")
    with left:
        first = _map(scene, "before", before, _("before"), _("scores QKᵀ"), _("score"), limit=limit)
    with right:
        subtitle = _("divided by {divisor}, on the same colour scale").format(divisor=number(1 / record.scale))
        second = _map(scene, "scaled", after, _("after"), subtitle, _("scaled score"), limit=limit)
    return [first, second]


def draw_mask(scene: Scene) -> list[str]:
    record = scene.walk.record
    allowed = record.allowed.expand(1, *scene.choice.size)[0]
    _explain(
        r"M_{ij} = \begin{cases} S_{ij}/\sqrt{d_k} & j \le i \\ -\infty & j > i \end{cases}",
        _(
            "A token may look at itself and at what stands before it. What comes later is set to −∞, not to 0: e⁰ = 1 "
            "would still let it in."
        )
        + " "
        + _("Here {share:.0%} of the cells may be looked at.").format(share=float(allowed.float().mean())),
    )
    scaled, masked = record.scaled_scores[0], record.masked_scores[0]
    limit = limits_of(_array(scaled), _array(masked))
    left, right = st.columns(2, gap="medium")
    with left:
        first = _map(scene, "unmasked", scaled, _("before"), _("scaled scores"), _("scaled score"), limit=limit)
    with right:
        second = _map(
            scene,
            "masked",
            masked,
            _("after"),
            _("grey: may not be looked at, −∞"),
            _("masked score"),
            limit=limit,
            allowed=_array(allowed),
        )
    return [first, second]


def draw_softmax(scene: Scene) -> list[str]:
    record = scene.walk.record
    allowed, weights = record.allowed.expand(1, *scene.choice.size)[0], record.weights[0]
    row = weights[scene.choice.query]
    key = int(row.argmax())
    _explain(
        r"A_{ij} = \frac{e^{M_{ij}}}{\sum_{j'} e^{M_{ij'}}}",
        _("Each row becomes shares that sum to 1.")
        + " "
        + _("{query} gives its largest share, {share:.1%}, to {key}.").format(
            query=quoted(scene.tokens[scene.choice.query]), share=float(row[key]), key=quoted(scene.tokens[key])
        ),
    )
    left, right = st.columns(2, gap="medium")
    with left:
        first = _map(
            scene,
            "masked",
            record.masked_scores[0],
            _("before"),
            _("masked scores"),
            _("masked score"),
            allowed=_array(allowed),
        )
    with right:
        second = _map(
            scene,
            "weights",
            weights,
            _("weights"),
            _("row looks at column; each row sums to 1"),
            _("weight"),
            weights=True,
            allowed=_array(allowed),
        )
    arithmetic.row_table(scene)
    return [first, second]


# -- values and output -----------------------------------------------------------------------------------


def draw_values(scene: Scene) -> list[str]:
    s, record = scene.shape, scene.walk.record
    _explain(
        rf"Z = AV \quad {_product(s['n'], s['n'], s['k'])}",
        _("Each row mixes the values of the tokens it looks at, in the shares of its weights: its context vector."),
    )
    value, context = record.value[0], record.context[0]
    limit = limits_of(_array(value), _array(context))
    allowed = _array(record.allowed.expand(1, *scene.choice.size)[0])
    columns = st.columns(3, gap="small")
    with columns[0]:
        _map(
            scene,
            "weights",
            record.weights[0],
            "A",
            f"[{s['n']}×{s['n']}]",
            _("weight"),
            weights=True,
            allowed=allowed,
            height=_height(scene, 420),
        )
    for column, key, name, tensor, rows_are, hue in (
        (columns[1], "v", "V", value, "key", palette.VALUE),
        (columns[2], "context", _("Z, the context"), context, "query", None),
    ):
        with column:
            drawn = vectors_heatmap(
                _array(tensor),
                scene.tokens,
                title=name,
                subtitle=f"[{s['n']}×{s['k']}]",
                theme=scene.theme,
                hue=hue,
                limit=limit,
                rows_are=rows_are,
                height=_height(scene, 420),
            )
            show.figure(drawn, key, name)
    return ["weights", "v", "context"]


def draw_output(scene: Scene) -> list[str]:
    walk, s = scene.walk, scene.shape
    wide = s["h"] * s["k"]
    _explain(
        rf"\mathrm{{concat}}(Z_0 \ldots Z_{{{s['h'] - 1}}})\,W_O \quad {_product(s['n'], wide, s['d'])}",
        _(
            "The {h} heads of this layer are set side by side ({h} × {k} = {wide}), not added. W_O mixes them back to "
            "{d} numbers a token, which are added to the residual stream."
        ).format(wide=wide, **s),
    )
    norm_own, norm_all = float(walk.own_output.norm()), float(walk.output.norm())
    first = scene.choice.head * s["k"]
    drawn = vectors_heatmap(
        _array(walk.concatenated),
        scene.tokens,
        title=_("concatenated contexts"),
        subtitle=_("framed: this head, components {first} to {last}").format(first=first, last=first + s["k"] - 1),
        theme=scene.theme,
        height=_height(scene, 380),
    )
    drawn.add_shape(
        type="rect",
        x0=first - 0.5,
        x1=first + s["k"] - 0.5,
        y0=-0.5,
        y1=s["n"] - 0.5,
        line={"color": palette.CHOSEN[scene.theme], "width": 2},
    )
    show.figure(drawn, "concatenated", _("concatenated contexts"))
    # a few components of the residual are many times larger than all others: colours end below them
    limit = limits_of(_array(walk.output), _array(walk.own_output), share=0.99)
    left, right = st.columns(2, gap="medium")
    for column, key, name, tensor, subtitle in (
        (
            left,
            "own",
            _("this head's share"),
            walk.own_output,
            _("its context times its rows of W_O; length {own} of {all}").format(
                own=number(norm_own), all=number(norm_all)
            ),
        ),
        (
            right,
            "output",
            _("the layer's output"),
            walk.output,
            _("all heads together, plus the bias: goes to the residual"),
        ),
    ):
        with column:
            drawn = vectors_heatmap(
                _array(tensor),
                scene.tokens,
                title=name,
                subtitle=subtitle,
                theme=scene.theme,
                hue=palette.OUTPUT,
                limit=limit,
                height=_height(scene, 380),
            )
            show.figure(drawn, key, name)
    return ["concatenated", "own", "output"]
