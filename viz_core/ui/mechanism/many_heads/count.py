"""How many numbers multi-head attention learns, step by step, for the loaded model and for two well-known ones."""

import numpy as np
import streamlit as st

from viz_core.analysis.parameters import BASE, GPT3, Shape, kinds_of, shape_of
from viz_core.figures.ranked import ranked_bars
from viz_core.language import _
from viz_core.ui import maps, settings, show
from viz_core.ui.scene import Scene


def parameters(scene: Scene) -> list[str]:
    maps.explain(
        r"\underbrace{h\,d\,d_k}_{W_Q}+\underbrace{2\,h_{kv}\,d\,d_k}_{W_K,\,W_V}+\underbrace{h\,d_k\,d}_{W_O}",
        _(
            "Three matrices a head turn the stream into its query, key and value; one more for all heads together, "
            "W_O, turns their results back. With $h \\cdot d_k = d$ and keys and values for every head ($h_{kv} = h$) "
            "that is $4d^2$ a layer, **however many heads** the width is split into."
        ),
    )
    chosen = settings.one_of(
        "counted",
        _("Count for"),
        {
            "own": show.literal(scene.model.name),
            "paper": _("Transformer 2017: 512 / 8"),
            "gpt3": "GPT-3: 12288 / 96",
        },
    )
    shape = {"own": shape_of(scene.model.transformer), "paper": BASE, "gpt3": GPT3}[chosen]
    left, right = st.columns([1.25, 1], gap="large")
    with left:
        st.markdown(_steps(shape))
        st.markdown(_share(shape, chosen))
    with right:
        _bars(scene, shape, chosen)
        st.markdown(_one_and_all(shape))
        if chosen == "own":
            _checked(scene)
    return []


def _steps(shape: Shape) -> str:
    d, h, kv, k = shape.d_model, shape.n_head, shape.n_kv_head, shape.d_head
    keys = f"{kv:,} × {shape.one_head:,}"
    lines = [
        (_("one head's W_Q (likewise its W_K, W_V)"), f"{d:,} × {k}", shape.one_head),
        (_("W_Q of {count} heads").format(count=h), f"{h:,} × {shape.one_head:,}", shape.query),
        (_("W_K of {count} heads").format(count=kv), keys, shape.key),
        (_("W_V of {count} heads").format(count=kv), keys, shape.key),
        (_("W_O, of all heads together"), f"({h} × {k}) × {d:,}", shape.output),
    ]
    if shape.bias:
        width = f"({h} + 2 × {kv}) × {k} + {d:,}"
        lines.append((_("biases b_Q, b_K, b_V, b_O"), width, shape.biases))
    table = "".join(f"| {name} | {sum_} | {count:,} |\n" for name, sum_, count in lines)
    heading = f"| {_('part of one layer')} | {_('worked out')} | {_('numbers')} |\n|---|---:|---:|\n"
    total = f"| **{_('one attention layer')}** | | **{shape.layer:,}** |\n"
    all_layers = _("all {count} of them").format(count=shape.n_layer)
    layers = f"| {all_layers} | {shape.n_layer} × {shape.layer:,} | **{shape.total:,}** |"
    return heading + table + total + layers


def _share(shape: Shape, chosen: str) -> str:
    share = shape.total / shape.all_parameters
    words = {
        "own": _("Of this model's {all:,} numbers that is **{share:.1%}**."),
        "paper": _(
            "6 encoder layers have one attention each, 6 decoder layers two (self and cross): 18. Of about {all:,} "
            "numbers that is **{share:.0%}** (Vaswani et al. 2017, table 3, base; its linear maps here without biases)."
        ),
        "gpt3": _("Of about {all:,} numbers that is **{share:.0%}** (Brown et al. 2020, table 2.1)."),
    }
    return words[chosen].format(all=shape.all_parameters, share=share)


def _one_and_all(shape: Shape) -> str:
    """One head's matrices against those of all heads."""
    one, every = 3 * shape.one_head, shape.query + 2 * shape.key
    if shape.n_head == 1:
        return _("This model has one head a layer: its W_Q, W_K and W_V are all there are.")
    if shape.n_kv_head != shape.n_head:
        return _(
            "One head alone would have 3 × {matrix:,} = {one:,} numbers; {heads} query heads with {kv} key/value heads "
            "have **{every:,}**, plus W_O with **{output:,}**."
        ).format(
            matrix=shape.one_head,
            one=one,
            heads=shape.n_head,
            kv=shape.n_kv_head,
            every=every,
            output=shape.output,
        )
    if shape == BASE:
        words = _(
            "**A common mistake:** “{d:,} dimensions × {heads} heads = {one:,} weights.” {d:,} × {heads} is "
            "{product:,}; {one:,} = 3 × {d:,} × {k} are *one* head's W_Q, W_K and W_V. All {heads} heads have "
            "**{every:,}**, and W_O another **{output:,}**."
        )
    else:
        words = _(
            "One head's W_Q, W_K and W_V have 3 × {d:,} × {k} = {one:,} numbers; those of all {heads} heads have "
            "**{every:,}**, and W_O another **{output:,}**."
        )
    return words.format(
        d=shape.d_model,
        heads=shape.n_head,
        product=shape.d_model * shape.n_head,
        one=one,
        k=shape.d_head,
        every=every,
        output=shape.output,
    )


def _bars(scene: Scene, shape: Shape, chosen: str) -> None:
    """What all numbers of the model are for."""
    words = {
        "attention": _("attention"),
        "feed-forward": _("feed-forward"),
        "tokens": _("token vectors"),
        "unembedding": _("unembedding"),
        "positions": _("positions"),
        "norms": _("norms"),
    }
    counts = {words[kind]: count for kind, count in kinds_of(scene.model.transformer).items()}
    if chosen != "own":
        counts = {_("attention"): shape.total, _("all the rest"): shape.all_parameters - shape.total}
    drawn = ranked_bars(
        list(counts),
        np.array(list(counts.values()), np.float32),
        title=_("What the model's numbers are for"),
        subtitle=_("all layers together"),
        theme=scene.theme,
        signed=False,
        texts=[f"{count / shape.all_parameters:.1%}" for count in counts.values()],
    )
    show.figure(drawn, "kinds", _("How many numbers of the model each kind of part has"))


def _checked(scene: Scene) -> None:
    real = kinds_of(scene.model.transformer)["attention"]
    same = _("Checked: counted tensor by tensor, the loaded model's attention layers hold {real:,} numbers.")
    st.caption(":material/verified: " + same.format(real=real))
