"""What each step of the chain draws: its formula with the actual shapes, a sentence, its heatmaps.

Every function returns the keys of the figures whose cells the page's bridge links.
"""

from dataclasses import replace
from typing import Any

import streamlit as st
import torch

from viz_core.figures import limits_of, palette
from viz_core.language import _
from viz_core.ui import arithmetic, formulas, maps, reading
from viz_core.ui.scene import HeadScene
from viz_core.ui.show import number, quoted

# -- X: what arrives ------------------------------------------------------------------------------------


def draw_input(scene: HeadScene) -> list[str]:
    walk, recording, s = scene.walk, scene.recording, scene.shape
    first = scene.choice.layer == 0
    maps.explain(
        rf"X_{{[{s['n']}\times{s['d']}]}} = {formulas.attention_input(scene.config, scene.choice.layer)}",
        _("Each token is a vector of {d} numbers, one row here.").format(**s)
        if first
        else _("Each token's own vector plus what the blocks before this one have added: {d} numbers a token.").format(
            **s
        ),
        _how_positions_enter(scene) if first else "",
        _("The norm brings every row to the same spread.") if scene.config.norm_place == "pre" else "",
    )
    panels = [("residual", walk.residual, _("residual stream"), _("what arrives at this layer"))]
    if first and recording.positions is not None:
        panels = [
            ("embedding", recording.embeddings, _("token vectors"), _("one row a token, looked up in a table")),
            ("position", recording.positions, _("position vectors"), _("one row a place, the same for every text")),
            ("residual", walk.residual, _("their sum: the residual stream"), _("on the same colour scale")),
        ]
    limit = limits_of(*(tensor.numpy() for _key, tensor, *_words in panels), share=maps.CLIPPED)
    rules: list[dict[str, Any]] = [{"limit": limit} for _panel in panels]
    if scene.config.norm_place == "pre":
        panels.append(("x", walk.x, "X", _("the same after the norm: what this head reads")))
        rules.append({"limit": limits_of(walk.x.numpy(), share=maps.CLIPPED)})
    columns = st.columns(2, gap="medium")
    for index, (panel, rule) in enumerate(zip(panels, rules, strict=True)):
        with columns[index % 2]:
            maps.vectors(scene, *panel, **rule)
    st.caption(_("Colours end at the values that 99 % stay below; stronger cells have the last colour."))
    return [key for key, *_rest in panels]


def _how_positions_enter(scene: HeadScene) -> str:
    return {
        "learned": _("A second vector says where it stands; the two are added."),
        "sinusoidal": _("A second vector says where it stands; the two are added."),
        "rotary": _("Positions enter in the next step, where queries and keys are turned."),
        "alibi": _("Positions enter later, as a penalty on scores that grows with distance."),
        "none": _("This model is told nothing about positions."),
    }[scene.config.positions]


# -- Q, K, V ---------------------------------------------------------------------------------------------


def draw_projections(scene: HeadScene) -> list[str]:
    if scene.path is None:
        return _vectors_alone(scene)
    walk, s = scene.walk, scene.shape
    bias = "" if walk.query.bias is None else " + b_{}"
    maps.explain(
        rf"\begin{{array}}{{l}} Q = XW_Q{bias.format('Q')} \quad K = XW_K{bias.format('K')} \quad "
        rf"V = XW_V{bias.format('V')} \\[4pt] {formulas.product(s['n'], s['d'], s['k'])} \end{{array}}",
        _(
            "Three learned matrices turn each token into a query (what it looks for), a key (what it offers to be "
            "found by) and a value (what it hands over)."
        ),
    )
    named = {"Q": (walk.query, palette.QUERY), "K": (walk.key, palette.KEY), "V": (walk.value, palette.VALUE)}
    limit = limits_of(*(projection.product.numpy() for projection, _hue in named.values()))
    linked = []
    for column, (name, (projection, hue)) in zip(st.columns(3, gap="small"), named.items(), strict=True):
        with column:
            rule: dict[str, Any] = {"hue": hue, "limit": limit, "rows_are": "query" if name == "Q" else "key"}
            linked.append(maps.vectors(scene, name.lower(), projection.product, name, f"[{s['n']}×{s['k']}]", **rule))
    if scene.config.positions == "rotary":
        linked += _draw_rotation(scene)
    with st.expander(_("The learned matrices W_Q, W_K, W_V"), icon=":material/grid_on:"):
        limit = limits_of(*(projection.weight.numpy() for projection, _hue in named.values()))
        for column, (name, (projection, hue)) in zip(st.columns(3, gap="small"), named.items(), strict=True):
            with column:
                rule = {"hue": hue, "limit": limit, "tokens": (), "height": 420}
                maps.vectors(scene, f"w-{name.lower()}", projection.weight, f"W_{name}", f"[{s['d']}×{s['k']}]", **rule)
    return linked


def _vectors_alone(scene: HeadScene) -> list[str]:
    """Of a model that runs by its own code."""
    s, record = scene.shape, scene.record
    widths = {"Q": s["k"], "K": s["k"], "V": record.value.shape[-1]}
    maps.explain(
        r" \quad ".join(rf"{name}_{{[{s['n']}\times{wide}]}}" for name, wide in widths.items()),
        _(
            "Each token's query (what it looks for), key (what it offers to be found by) and value (what it hands "
            "over), as this model's own code gives them to attention: where it turns or normalises queries and keys, "
            "that is done already. The matrices that make them of X are not handed over."
        ),
    )
    hues = {"q": palette.QUERY, "k": palette.KEY, "v": palette.VALUE}
    named = dict(zip(hues, (record.query[0], record.key[0], record.value[0]), strict=True))
    limit = limits_of(*(vectors.numpy() for vectors in named.values()))
    for column, (name, vectors) in zip(st.columns(3, gap="small"), named.items(), strict=True):
        with column:
            rule: dict[str, Any] = {"hue": hues[name], "limit": limit, "rows_are": "query" if name == "q" else "key"}
            maps.vectors(scene, name, vectors, name.upper(), f"[{s['n']}×{vectors.shape[-1]}]", **rule)
    heads, shared = scene.recording.blocks[scene.choice.layer].attention, s["h"]
    if heads.key.shape[0] < shared:
        words = _("{heads} query heads share {kv} key and value heads: K and V here are those of several heads.")
        st.caption(words.format(heads=shared, kv=heads.key.shape[0]))
    return list(named)


def _draw_rotation(scene: HeadScene) -> list[str]:
    st.markdown(
        _(
            "**Positions enter here.** This model turns each query and key by an angle that grows with its place "
            "(rotary positions), so that their product depends on how far apart two tokens stand. The next steps "
            "use the turned vectors."
        )
    )
    query, key = scene.walk.record.query[0], scene.walk.record.key[0]
    rule: dict[str, Any] = {"limit": limits_of(query.numpy(), key.numpy())}
    left, right = st.columns(2, gap="medium")
    with left:
        maps.vectors(scene, "q-turned", query, _("Q, turned"), _("after the rotation"), hue=palette.QUERY, **rule)
    with right:
        rule |= {"hue": palette.KEY, "rows_are": "key"}
        maps.vectors(scene, "k-turned", key, _("K, turned"), _("after the rotation"), **rule)
    return ["q-turned", "k-turned"]


# -- the four maps ---------------------------------------------------------------------------------------


def draw_scores(scene: HeadScene) -> list[str]:
    s, scores = scene.shape, scene.stages.scores[0]
    row = scores[scene.choice.query]
    best = int(row.argmax())
    maps.explain(
        rf"S = QK^\top \quad {formulas.product(s['n'], s['k'], s['n'])}",
        _("Every query meets every key: multiply them component by component and add up. A large score is a match."),
        _("Q and K are the turned ones.") if scene.rotary else "",
        (
            _("The query of {query} matches best the key of {key}, with {score}.")
            if scene.model.both_sides
            else _("The query of {query} matches best the key of {key}, with {score} (later tokens are still in).")
        ).format(
            query=quoted(scene.tokens[scene.choice.query]),
            key=quoted(scene.tokens[best]),
            score=number(float(row[best])),
        ),
    )
    left, right = st.columns([1.1, 1], gap="medium")
    with left:
        subtitle = _("cell = query of the row · key of the column")
        maps.cells(
            scene, "scores", scores, _("scores QKᵀ"), subtitle, unit=_("score"), relation=_("{row} meets {column}")
        )
    with right:
        arithmetic.products(scene)
    return ["scores"]


def draw_scaled(scene: HeadScene) -> list[str]:
    record, rule_here = scene.record, scene.rule
    before, after = scene.stages.scores[0], scene.stages.scaled_scores[0]
    by = rule_here.divisor
    maps.explain(
        rf"\frac{{QK^\top}}{{{by}}} = \frac{{QK^\top}}{{{number(record.divisor)}}}" if by else r"QK^\top",
        _(
            "A score is a sum of {k} products; were they independent and of like size, its spread would grow with "
            "√{k}. Dividing takes that growth back: the same pattern, paler, and a softmax that does not saturate. "
            "The length of the sentence plays no part."
        ).format(**scene.shape)
        if "sqrt" in by
        else _("This model does not divide its scores by √dₖ."),
        _("It also divides the scores of its first layer by 1, of its second by 2, and so on.")
        if scene.model.own and scene.config.divide_by_layer
        else "",
    )
    rule: dict[str, Any] = {"limit": limits_of(before.numpy()), "relation": _("{row} meets {column}")}
    left, right = st.columns(2, gap="medium")
    with left:
        maps.cells(scene, "before", before, _("before"), _("scores QKᵀ"), unit=_("score"), **rule)
    with right:
        subtitle = _("divided by {divisor}, on the same colour scale").format(divisor=number(record.divisor))
        maps.cells(scene, "scaled", after, _("after"), subtitle, unit=_("scaled score"), **rule)
    return ["before", "scaled"]


def draw_mask(scene: HeadScene) -> list[str]:
    record = scene.record
    allowed, masked = scene.allowed, scene.stages.masked_scores[0]
    before = replace(record, allowed=torch.ones_like(record.allowed)).masked_scores[0]
    said = _("scaled scores") if record.bias is None else _("scaled scores, plus the bias")
    said = (
        said if record.bound is None else _("{scores}, capped at ±{cap}").format(scores=said, cap=number(record.bound))
    )
    maps.explain(
        scene.rule.mask,
        {
            "all": _(
                "This model is an encoder: every token may look at every other, before it and after it. Nothing is "
                "masked."
            ),
            "causal": _(
                "A token may look at itself and at what stands before it. What comes later is set to −∞, not to 0: "
                "e⁰ = 1 would still let it in."
            ),
            "some": _(
                "In this layer the mask is neither empty nor causal alone: a window, for instance. What a token "
                "may not look at is set to −∞, not to 0: e⁰ = 1 would still let it in."
            ),
        }[scene.rule.cells],
        _("Here {share:.0%} of the cells may be looked at.").format(share=float(allowed.float().mean())),
    )
    rule: dict[str, Any] = {"limit": limits_of(before.numpy())}
    left, right = st.columns(2, gap="medium")
    with left:
        maps.cells(
            scene,
            "unmasked",
            before,
            _("before"),
            said,
            unit=_("scaled score"),
            relation=_("{row} meets {column}"),
            **rule,
        )
    with right:
        rule |= {"unit": _("masked score"), "allowed": allowed.numpy()}
        nothing = scene.rule.cells == "all"
        grey = _("the same: nothing is masked") if nothing else _("grey: may not be looked at, −∞")
        maps.cells(scene, "masked", masked, _("after"), grey, **rule)
    return ["unmasked", "masked"]


def draw_softmax(scene: HeadScene) -> list[str]:
    allowed = scene.allowed.numpy()
    row = scene.stages.weights[0, scene.choice.query]
    key = int(row.argmax())
    maps.explain(
        r"A_{ij} = \frac{e^{M_{ij}}}{\sum_{j'} e^{M_{ij'}}}",
        _("Each row becomes shares that sum to 1."),
        _("{query} gives its largest share, {share:.1%}, to {key}.").format(
            query=quoted(scene.tokens[scene.choice.query]), share=float(row[key]), key=quoted(scene.tokens[key])
        ),
    )
    reading.control(scene)
    left, right = st.columns(2, gap="medium")
    with left:
        limit = limits_of(scene.stages.scaled_scores[0].numpy())  # the colours of the mask step
        rule: dict[str, Any] = {"unit": _("masked score"), "allowed": allowed, "limit": limit}
        maps.cells(scene, "masked", scene.stages.masked_scores[0], _("before"), _("masked scores"), **rule)
    with right:
        linked = reading.weights_map(scene, "weights", above=lambda: None)  # maps side by side begin at one height
    arithmetic.row_table(scene)
    return ["masked", *linked]


# -- values and output -----------------------------------------------------------------------------------


def draw_values(scene: HeadScene) -> list[str]:
    s, record = scene.shape, scene.record
    maps.explain(
        rf"Z = AV \quad {formulas.product(s['n'], s['n'], s['k'])}",
        _("Each row mixes the values of the tokens it looks at, in the shares of its weights: its context vector."),
    )
    value, context = record.value[0], scene.stages.context[0]
    shape, limit = f"[{s['n']}×{s['k']}]", limits_of(value.numpy(), context.numpy())
    left, middle, right = st.columns(3, gap="small")
    with left:
        rule: dict[str, Any] = {"unit": _("weight"), "weights": True, "allowed": scene.allowed.numpy()}
        maps.cells(scene, "weights", scene.stages.weights[0], "A", f"[{s['n']}×{s['n']}]", **rule)
    with middle:
        maps.vectors(scene, "v", value, "V", shape, hue=palette.VALUE, limit=limit, rows_are="key")
    with right:
        maps.vectors(scene, "context", context, _("Z, the context"), shape, limit=limit)
    return ["weights", "v", "context"]


def draw_output(scene: HeadScene) -> list[str]:
    walk, s = scene.walk, scene.shape
    wide, bias = s["h"] * s["k"], " + b_O" if scene.config.bias else ""
    maps.explain(
        rf"\begin{{array}}{{l}} \mathrm{{concat}}(Z_0 \ldots Z_{{{s['h'] - 1}}})\,W_O{bias} \\[4pt] "
        rf"{formulas.product(s['n'], wide, s['d'])} \end{{array}}",
        _(
            "The {h} contexts are set side by side ({h} × {k} = {wide}). $W_O$ has {k} rows for each head; what the "
            "heads make of them adds up to the attention's output, {d} numbers a token."
        ).format(wide=wide, **s),
        _("That is added to the residual stream, and the sum normalised.")
        if scene.config.norm_place == "post"
        else _("That is added to the residual stream."),
        _("Then comes the feed-forward part (MLP), which this page does not show."),
    )
    first = scene.choice.head * s["k"]
    subtitle = _("framed: this head, components {first} to {last}").format(first=first, last=first + s["k"] - 1)
    framed = (first, first + s["k"])
    maps.vectors(scene, "concatenated", walk.concatenated, _("concatenated contexts"), subtitle, framed=framed)
    own, together = (number(float(part[scene.choice.query].norm())) for part in (walk.own_output, walk.output))
    rule: dict[str, Any] = {
        "hue": palette.OUTPUT,
        "limit": limits_of(walk.output.numpy(), walk.own_output.numpy(), share=maps.CLIPPED),
    }
    left, right = st.columns(2, gap="medium")
    with left:
        length = _("its context times its rows of W_O; the chosen row's length: {length}").format(length=own)
        maps.vectors(scene, "own", walk.own_output, _("this head's part of the output"), length, **rule)
    with right:
        length = _("all heads together; the chosen row's length: {length}").format(length=together)
        maps.vectors(scene, "output", walk.output, _("the attention's output"), length, **rule)
    st.caption(
        _("The heads' rows add up; their lengths do not, since heads can point against each other.")
        + " "
        + _("Colours end at the values that 99 % stay below; stronger cells have the last colour.")
    )
    return ["concatenated", "own", "output"]
