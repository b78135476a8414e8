"""The feed-forward of the chosen layer: activation curves, its hidden neurons on this text, and what they write."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st
import torch

from viz_core.analysis.feed_forward import Neurons, curve, neurons_of, promoted
from viz_core.figures import Curve, curves, palette
from viz_core.language import _
from viz_core.ui import controls, maps, show, store
from viz_core.ui.mechanism.block.rows import rows_near, say_which, steps_map
from viz_core.ui.scene import Scene
from viz_core.ui.show import number, quoted

DRAWN = 24  # neurons
RANGE = (-6.0, 4.0)  # of the inputs that are drawn
TOLD = 8
PROMOTED = 4  # tokens
NAMES = {
    "gelu": "GELU",
    "gelu_tanh": "GELU (tanh)",
    "relu": "ReLU",
    "silu": "SiLU",
    "tanh": "tanh",
    "swiglu": "SwiGLU",
}


def feed_forward(scene: Scene) -> list[str]:
    config, s = scene.config, scene.shape
    wide, own = config.d_feed_forward, NAMES[config.activation]
    maps.explain(
        _formula(config.activation, bias=config.bias),
        _(
            "Each token on its own: **{d} → {wide} → {d}** numbers, here {times} times as wide inside. "
            "{n} tokens give $[{n}\\times{wide}]$ hidden numbers in every layer; this model's activation is {own}."
        ).format(d=s["d"], n=s["n"], wide=wide, times=number(wide / s["d"]), own=own),
    )
    controls.head_and_cell(scene.choice, scene.recording, ("layer", "query"))
    layer = scene.choice.layer
    rows = rows_near(scene.choice.query, s["n"])
    found = neurons_of(scene.model.transformer, scene.recording, layer, rows)
    strongest = found.strongest_of_all(DRAWN)
    key = steps_map(
        scene,
        "neurons",
        found.hidden[:, strongest],
        [str(neuron) for neuron in strongest],
        rows,
        title=_("Layer {layer}: hidden neurons on this text").format(layer=layer),
        subtitle=_("row: token; column: the {count} strongest neurons of {wide}").format(
            count=len(strongest), wide=wide
        ),
        unit=_("activation"),
        colours="signed",
        says=_("after the activation"),
        above=_("neuron"),
    )
    say_which(scene, rows)
    row = scene.choice.query - rows.start
    st.markdown(_said(scene, found, row))
    left, right = st.columns(2, gap="medium")
    with left:
        _curves(scene)
    with right:
        _inputs(scene, found)
    _strongest(scene, found, row)
    return [key]


def _formula(activation: str, *, bias: bool) -> str:
    up, gate, down = (rf"W_{name} + b_{name}" if bias else f"W_{name}" for name in ("1", "g", "2"))
    if activation == "swiglu":
        return rf"\mathrm{{FF}}(x) = (\mathrm{{SiLU}}(x{gate}) \odot (x{up}))\,{down}"
    return rf"\mathrm{{FF}}(x) = \mathrm{{{NAMES[activation].split()[0]}}}(x{up})\,{down}"


def _said(scene: Scene, found: Neurons, row: int) -> str:
    wrote = (found.hidden[row].abs() * found.writes).sort(descending=True).values ** 2
    half = int((wrote.cumsum(0) < wrote.sum() / 2).sum()) + 1
    words = _(
        "For {token} **{positive:.0%}** of the {wide} neurons of layer {layer} have an input above 0 ({all:.0%} over "
        "all tokens), and {shut:.0%} put out less than 0.0005 in size. "
    ) + (
        _("One neuron alone makes up half of what all of them write (lengths squared, added up).")
        if half == 1
        else _("{half} neurons make up half of what all of them write (lengths squared, added up).")
    )
    return words.format(
        token=quoted(scene.tokens[scene.choice.query]),
        positive=float(found.positive[row]),
        all=float(found.positive.mean()),
        shut=float(found.shut[row]),
        wide=len(found.writes),
        layer=scene.choice.layer,
        half=half,
    )


def _curves(scene: Scene) -> None:
    x = torch.linspace(*RANGE, 201)
    silu = curve("silu", x)
    lines = [
        Curve(_own(scene, "ReLU", "relu"), x.numpy(), curve("relu", x).numpy(), ink=palette.MUTED),
        Curve(_own(scene, "GELU", "gelu", "gelu_tanh"), x.numpy(), curve("gelu", x).numpy(), ink=palette.QUERY),
        Curve(_own(scene, _("SiLU: SwiGLU, u = 1"), "silu", "swiglu"), x.numpy(), silu.numpy(), ink=palette.KEY),
        Curve(_("SwiGLU, u = −½"), x.numpy(), (-silu / 2).numpy(), ink=palette.VALUE),
    ]
    if scene.config.activation == "tanh":
        lines.append(Curve(_own(scene, "tanh", "tanh"), x.numpy(), x.tanh().numpy(), ink=palette.OUTPUT))
    drawn = curves(
        lines,
        title=_("Activation functions"),
        subtitle=_("SwiGLU: SiLU(z) times u, another linear map of x"),
        x_title=_("input z of a neuron"),
        y_title=_("output"),
        theme=scene.theme,
    )
    show.figure(drawn, "activation-curves", _("Curves of ReLU, GELU, SiLU and SwiGLU"))


def _own(scene: Scene, name: str, *activations: str) -> str:
    return _("{name} (this model)").format(name=name) if scene.config.activation in activations else name


def _inputs(scene: Scene, found: Neurons) -> None:
    """Where on those curves this layer's neurons are."""
    inputs = found.before.flatten().numpy()
    density, edges = np.histogram(inputs.clip(*RANGE), np.linspace(*RANGE, 81))
    middle = (edges[1:] + edges[:-1]) / 2
    outside = float(((inputs < RANGE[0]) | (inputs > RANGE[1])).mean())
    drawn = curves(
        [Curve(_("neurons"), middle, density / len(inputs), like="bars", ink=palette.OUTPUT)],
        title=_("Where this layer's neurons are on them"),
        subtitle=_("inputs z of all its neurons; {share} lie further out").format(share=f"{outside:.1%}"),
        x_title=_("input z of a neuron"),
        y_title=_("share"),
        theme=scene.theme,
        zero=True,
    )
    show.figure(drawn, "inputs", _("Histogram of the inputs of this layer's neurons"))


def _strongest(scene: Scene, found: Neurons, row: int) -> None:
    token = quoted(scene.tokens[scene.choice.query])
    st.markdown("**" + _("What the strongest neurons write for {token}").format(token=token) + "**")
    st.dataframe(_table(scene, found, scene.choice.layer, row), hide_index=True)
    if scene.config.norm_place == "post":
        st.caption(
            _(
                "In a Post-LN model every later norm rescales the stream, so a neuron has no direct path to the "
                "logits, and no tokens are named here."
            )
        )
        return
    st.caption(
        _(
            "Up and down: the tokens whose logits this neuron's output moves most by the direct path, through its "
            "row of W₂, the final norm's gain and the unembedding (after Geva et al. 2022, who leave the norm out). "
            "What later layers make of it is left out, so it says most in the last layer, {last}."
        ).format(last=scene.config.n_layer - 1)
    )


def _table(scene: Scene, found: Neurons, layer: int, row: int) -> pd.DataFrame:
    lines = []
    for neuron in found.strongest(row, TOLD):
        hidden = float(found.hidden[row, neuron])
        line = {
            _("neuron"): str(neuron),
            _("input z"): number(float(found.before[row, neuron])),
            _("output"): number(hidden),
            _("length of what it writes"): number(abs(hidden) * float(found.writes[neuron])),
        }
        if scene.config.norm_place == "pre":
            up, down = store.finding(
                ("promoted", scene.model.name, scene.model.revision, layer, neuron),
                partial(promoted, scene.model.transformer, layer, neuron, PROMOTED),
            )
            up, down = (up, down) if hidden >= 0 else (down, up)
            line |= {_("moves up"): _named(scene, up), _("moves down"): _named(scene, down)}
        lines.append(line)
    return pd.DataFrame(lines)


def _named(scene: Scene, token_ids: Sequence[int]) -> str:
    return " | ".join(scene.model.labels([index])[0] for index in token_ids)
