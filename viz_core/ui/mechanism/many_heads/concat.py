"""Split, run, concatenate, mix: one layer's heads with the real numbers in every block, and the sum of their parts."""

from html import escape
from pathlib import Path

import numpy as np
import streamlit as st
from torch import Tensor

from viz_core.analysis.contributions import Mixing, mixing_of
from viz_core.figures import limits_of, palette
from viz_core.figures.labels import shortened
from viz_core.figures.pictures import picture
from viz_core.figures.ranked import ranked_bars
from viz_core.language import _
from viz_core.ui import controls, maps, settings, show, store
from viz_core.ui.roles import head_name
from viz_core.ui.scene import Scene
from viz_core.ui.show import number, quoted

STYLE = (Path(__file__).parent / "blocks.css").read_text(encoding="utf-8")
MOST_HEADS = 12  # drawn one by one; of more, the first ones


def blocks(scene: Scene) -> list[str]:
    controls.head_and_cell(scene.choice, scene.recording, ("layer", "head", "query"))
    transformer, layer, row = scene.model.transformer, scene.choice.layer, scene.choice.query
    s = scene.shape
    wide, bias = s["h"] * s["k"], " + b_O" if scene.config.bias else ""
    maps.explain(
        rf"\begin{{array}}{{l}} \mathrm{{MultiHead}}(X)=\mathrm{{concat}}(Z_0,\ldots,Z_{{{s['h'] - 1}}})\,W_O{bias}"
        rf" \\[4pt] [{s['n']}\times {s['h']}\cdot {s['k']}]\cdot[{wide}\times {s['d']}]=[{s['n']}\times {s['d']}]"
        r" \end{array}",
        _(
            "Each head looks by itself, in **{k}** components of its own. The {h} results are set **side by side**, "
            "not added: {h} × {k} = **{wide}** numbers a token. Only W_O mixes them, and brings them to the width of "
            "the stream, **{d}**."
        ).format(wide=wide, **s),
    )
    st.html(f"<style>{STYLE}</style>")

    def drawn() -> tuple[str, float]:
        mixing = mixing_of(transformer, scene.recording, layer)
        return _drawing(scene, mixing), mixing.difference

    of = scene.choice.identity(scene.model, scene.text)
    drawing, difference = store.finding(("blocks", *of, scene.theme), drawn)
    st.html(drawing)
    mixing = mixing_of(transformer, scene.recording, layer, row)  # of one row: not worth keeping
    left, right = st.columns([1.1, 1], gap="large")
    with left:
        _sum_of_parts(scene, mixing)
    with right:
        _same_by_parts(scene, mixing, difference)
    return []


# -- the drawing ---------------------------------------------------------------------------------------------


def _drawing(scene: Scene, mixing: Mixing) -> str:
    s = scene.shape
    wide = s["h"] * s["k"]
    shown = min(s["h"], MOST_HEADS)
    contexts = limits_of(mixing.contexts.numpy(), share=maps.CLIPPED)
    weights = limits_of(mixing.weight.numpy(), share=maps.CLIPPED)
    output = limits_of(mixing.output.numpy(), share=maps.CLIPPED)
    queries = scene.recording.blocks[scene.choice.layer].attention.query.transpose(0, 1).flatten(1)
    tiles = "".join(_head(scene, mixing, head, contexts) for head in range(shown))
    if shown < s["h"]:
        tiles += f"<p>{_('and {count} more').format(count=s['h'] - shown)}</p>"
    bands = "".join(f"<i style='--hue:{_hue(scene, head)}' title='H{head}'></i>" for head in range(s["h"]))
    mixed = _block(scene, "mixed", mixing.output, output, says=f"[{s['n']}×{s['d']}]")
    return (
        "<div class='heads-as-blocks'>"
        + _step(
            _("Split"),
            _("Q = X·W_Q, [{n}×{wide}]: every head reads all of X and has {k} columns of Q").format(wide=wide, **s),
            f"<div class='across'>{bands}</div>" + _image(queries, limits_of(queries.numpy()), scene, "split"),
        )
        + _step(_("Run"), _("each head: its map, then its context"), f"<div class='tiles'>{tiles}</div>")
        + _step(
            _("Concatenate"),
            f"[{s['n']}×{wide}]",
            f"<div class='across'>{bands}</div>" + _image(mixing.concatenated, contexts, scene, "concat"),
        )
        + _step(
            "× W_O",
            f"[{wide}×{s['d']}] = [{s['n']}×{s['d']}]",
            "<div class='product'>"
            f"<div class='weight'><div class='down'>{bands}</div>{_image(mixing.weight, weights, scene, 'w-o')}</div>"
            f"<b>=</b>{mixed}</div>",
        )
        + "</div>"
    )


def _step(title: str, says: str, content: str) -> str:
    return f"<section><h5>{escape(title)} <small>{escape(says)}</small></h5>{content}</section>"


def _head(scene: Scene, mixing: Mixing, head: int, limit: float) -> str:
    record = scene.recording.blocks[scene.choice.layer].attention.head(head)
    allowed = record.allowed.expand(1, *scene.choice.size)[0].numpy()
    looks = picture(record.weights[0].numpy(), theme=scene.theme, weights=True, allowed=allowed)
    chosen = " class='chosen'" if head == scene.choice.head else ""
    shape = f"[{len(scene.tokens)}×{scene.config.d_head}]"
    return (
        f"<figure{chosen} style='--hue:{_hue(scene, head)}'><figcaption>H{head}</figcaption>"
        f"<img class='map' src='{looks}' alt='{escape(_('weights of head {head}').format(head=head), quote=True)}'>"
        + _block(scene, "context", mixing.contexts[head], limit, says=f"Z<sub>{head}</sub> {shape}")
        + "</figure>"
    )


def _block(scene: Scene, kind: str, values: Tensor, limit: float, *, says: str) -> str:
    return f"<div class='{kind}'>{_image(values, limit, scene, kind)}<small>{says}</small></div>"


def _image(values: Tensor, limit: float, scene: Scene, kind: str) -> str:
    source = picture(values.numpy(), theme=scene.theme, limit=limit)
    words = {
        "split": _("queries of all heads side by side"),
        "context": _("context vectors"),
        "concat": _("contexts of all heads side by side"),
        "w-o": _("the matrix W_O"),
        "mixed": _("the attention's output"),
    }
    return f"<img class='{kind}' src='{source}' alt='{escape(words[kind], quote=True)}'>"


def _hue(scene: Scene, head: int) -> str:
    categories = palette.CATEGORIES[scene.theme]
    return categories[head % len(categories)]


# -- the same as a sum ---------------------------------------------------------------------------------------


def _sum_of_parts(scene: Scene, mixing: Mixing) -> None:
    """One number of the output, as what each head's rows of W_O make of its context. `mixing` of the chosen row."""
    strongest = int(mixing.output[0].abs().argmax())
    component = settings.whole_number(
        "of_component",
        _("Component of the output"),
        0,
        scene.config.d_model - 1,
        default=strongest,
        width=190,
    )
    parts = mixing.parts[:, 0, component]
    bias = [] if mixing.bias is None else [float(mixing.bias[component])]
    values = np.array([*parts.tolist(), *bias, float(mixing.output[0, component])], np.float32)
    labels = [f"H{head}" for head in range(len(parts))] + ["b_O"] * len(bias) + [_("output")]
    drawn = ranked_bars(
        labels,
        values,
        title=_("What each head adds to component {component}").format(component=component),
        subtitle=_("row “{token}”: its context times its own {count} rows of W_O").format(
            token=shortened(scene.tokens[scene.choice.query]), count=scene.config.d_head
        ),
        theme=scene.theme,
        sum_last=True,
    )
    show.figure(drawn, "parts", _("Each head's part of one component of the output, and their sum"))
    st.markdown(_kept_width(scene))


def _same_by_parts(scene: Scene, mixing: Mixing, difference: float) -> None:
    s = scene.shape
    st.markdown("**" + _("Concatenate and mix = every head through its own rows of W_O, then add") + "**")
    st.latex(r"\mathrm{concat}(Z_0,\ldots)\,W_O=\sum_h Z_h\,W_O^{(h)}")
    st.markdown(
        _("On this text both ways give the same, up to rounding: max |Δ| = **{difference}**.").format(
            difference=show.power(difference)
        )
    )
    st.markdown(
        _(
            "**A common mistake:** “multi-head attention adds the heads' results.” The sum of the contexts is "
            "[{n}×{k}], and W_O has {wide} rows: they do not even fit. What is added are the heads' *parts*, after "
            "each went through other rows of W_O. At {token} the contexts are {contexts} numbers; their sum would keep "
            "{k}."
        ).format(
            n=s["n"],
            k=s["k"],
            wide=s["h"] * s["k"],
            token=quoted(scene.tokens[scene.choice.query]),
            contexts=s["h"] * s["k"],
        )
        if s["h"] > 1
        else _("This model has one head a layer: there is nothing to concatenate.")
    )
    own = float(mixing.parts[scene.choice.head, 0].norm())
    whole = float(mixing.output[0].norm())
    st.markdown(
        _("{head}'s part of this row has length {own}; all of the output has {whole}.").format(
            head=head_name(scene.choice.layer, scene.choice.head), own=number(own), whole=number(whole)
        )
    )


def _kept_width(scene: Scene) -> str:
    s = scene.shape
    lines = [
        (show.literal(scene.model.name), s["d"], s["h"], s["k"]),
        (_("a toy"), 10, 2, 5),
        (_("Transformer 2017"), 512, 8, 64),
        ("GPT-3", 12288, 96, 128),
    ]
    table = "\n".join(f"| {name} | {d:,} | {h} × {k} = {h * k:,} |" for name, d, h, k in lines)
    heading = f"| | {_('width of the stream')} | {_('heads × width of each')} |\n|---|---:|---:|\n"
    return heading + table
