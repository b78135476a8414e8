"""How large a KV cache gets, at any length: the loaded model's beside those of published ones."""

import math

import numpy as np
import streamlit as st

from viz_core.analysis.parameters import GPT2, GPT3, LLAMA_2_70B, MISTRAL_7B, Shape, shape_of
from viz_core.figures import Curve
from viz_core.figures.growth import growth
from viz_core.language import _
from viz_core.ui import settings, show, state, store
from viz_core.ui.mechanism.efficient.tables import table
from viz_core.ui.scene import Scene
from viz_core.ui.show import in_bytes

PUBLISHED = GPT2 | {"GPT-3": GPT3, "Llama 2 70B": LLAMA_2_70B, "Mistral 7B": MISTRAL_7B}
LENGTHS = (1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072, 200_000, 1_000_000)
WIDTHS = {"fp32": 4, "fp16": 2, "int8": 1}  # bytes a number
DRAWN = ("GPT-2 small", "GPT-2 XL", "GPT-3", "Llama 2 70B", "Mistral 7B")  # all in the table; these as curves too
FIRST = 128  # tokens, where the curves begin
DEFAULT = 131072
FIXED = 3  # columns before those of the lengths


def at_any_length(scene: Scene) -> None:
    st.markdown("#### " + _("How large it gets"))
    width_place, length_place = st.columns([1, 2], gap="medium")
    with width_place:
        names = {name: name for name in WIDTHS}
        name = settings.one_of("kept_width", _("Each number kept as"), names, default="fp16")
    with length_place:
        length = int(settings.slider("kept_length", _("Tokens read so far"), LENGTHS, default=DEFAULT, says=_tokens))
    width = WIDTHS[name]
    shapes = {scene.model.name: shape_of(scene.model.transformer)} | PUBLISHED
    left, right = st.columns([1.2, 1], gap="large")
    with left:
        _curves(scene, shapes, length, width, name)
    with right:
        _formula(scene, shapes[scene.model.name], length, width)
        st.markdown(_said(shapes, length, width))
        if scene.model.both_sides:
            st.caption(
                _("An encoder keeps nothing: the line of {model} is a decoder's of its shape.").format(
                    model=show.literal(scene.model.name)
                )
            )
    _table(shapes, length, width)
    _more(scene)


def _tokens(length: float) -> str:
    if length >= 1_000_000:
        return "1M"
    return f"{length / 1024:.0f}k" if length % 1024 == 0 else f"{length / 1000:.0f}k"


def _curves(scene: Scene, shapes: dict[str, Shape], length: int, width: int, name: str) -> None:
    own = scene.model.name
    drawn = [own, *DRAWN]
    x = np.unique(np.array([FIRST, *LENGTHS, *(shapes[name].context for name in drawn)]))
    x = x[x >= FIRST]

    of = ("cache sizes", own, scene.model.revision, length, name, scene.theme)
    figure = store.figure(
        of,
        lambda: growth(
            [
                Curve(model, x, np.array([float(shapes[model].cache_bytes(int(n), width)) for n in x]))
                for model in drawn
            ],
            title=_("KV cache at any length"),
            subtitle=_("{name}; dotted: longer than the model was made for").format(name=name),
            x_title=_("tokens; line: chosen above"),
            y_title=_("keys and values kept"),
            theme=scene.theme,
            x_ticks={128: "128", 1024: "1k", 8192: "8k", 32768: "32k", 131072: "128k", 1_000_000: "1M"},
            y_ticks={1024.0**power: f"1 {unit}" for power, unit in enumerate(("B", "KiB", "MiB", "GiB", "TiB"))},
            until=[float(shapes[model].context) for model in drawn],
            mark=length,
            height=400,
        ),
    )
    show.figure(figure, "cache-sizes", _("Bytes of the KV cache over the number of tokens"))


def _formula(scene: Scene, shape: Shape, length: int, width: int) -> None:
    whole = shape.cache_bytes(length, width)
    st.latex(
        rf"\begin{{array}}{{l}}\text{{{_('bytes')}}}"
        rf" = 2 \cdot n_{{layer}} \cdot n_{{kv}} \cdot d_{{head}} \cdot n \cdot"
        rf" \text{{{_('width')}}} \\[4pt] = 2 \cdot {shape.n_layer} \cdot {shape.n_kv_head} \cdot {shape.d_head} \cdot"
        rf" {length:,} \cdot {width} = {whole:,}\end{{array}}".replace(",", "{,}")
    )
    st.caption(
        _("Of {model}; one token more: {each:,} bytes.").format(
            model=show.literal(scene.model.name), each=shape.cache_bytes(1, width)
        )
    )


def _said(shapes: dict[str, Shape], length: int, width: int) -> str:
    """A paragraph for each model."""
    gpt3, llama, mistral = (shapes[name] for name in ("GPT-3", "Llama 2 70B", "Mistral 7B"))
    return "\n\n".join(
        [
            _of_gpt3(gpt3, length, width),
            _of_llama(gpt3, llama, shapes["GPT-2 XL"], length, width),
            _of_mistral(mistral, length, width),
        ]
    )


def _of_gpt3(gpt3: Shape, length: int, width: int) -> str:
    weights = gpt3.all_parameters * width
    return _(
        "At {length} tokens **GPT-3** keeps **{large}**, for {heads} heads in each of {layers} layers. From {n:,} "
        "tokens on, the cache of **one** text is larger than all of its weights ({weights})."
    ).format(
        length=_tokens(length),
        large=in_bytes(gpt3.cache_bytes(length, width)),
        heads=gpt3.n_head,
        layers=gpt3.n_layer,
        n=math.ceil(weights / gpt3.cache_bytes(1, width)),
        weights=in_bytes(weights),
    )


def _of_llama(gpt3: Shape, llama: Shape, xl: Shape, length: int, width: int) -> str:
    """What sharing saves and what the smaller shape does; and that it is as much as a far smaller model keeps."""
    less, shared = gpt3.cache_bytes(1, width) / llama.cache_bytes(1, width), llama.n_head / llama.n_kv_head
    return _(
        "**Llama 2 70B** keeps **{grouped}**, {less:.3g} times less: {shared:.3g} times because its {queries} query "
        "heads share {kv} key/value heads, {smaller:.3g} times because it has fewer layers and heads. A token then "
        "takes about as much as in GPT-2 XL ({each} and {other}): the two lines lie on one another."
    ).format(
        grouped=in_bytes(llama.cache_bytes(length, width)),
        less=less,
        shared=shared,
        queries=llama.n_head,
        kv=llama.n_kv_head,
        smaller=less / shared,
        each=in_bytes(llama.cache_bytes(1, width)),
        other=in_bytes(xl.cache_bytes(1, width)),
    )


def _of_mistral(mistral: Shape, length: int, width: int) -> str:
    kept = (
        _("**Mistral 7B** (v0.1) drops keys older than its window of {window:,}: **{bounded}**, however long the text.")
        if length >= mistral.window
        else _(
            "**Mistral 7B** (v0.1) keeps **{bounded}** so far, and stops growing at its window of {window:,} tokens."
        )
    ).format(window=mistral.window, bounded=in_bytes(mistral.cache_bytes(length, width)))
    mistake = _(
        "**A common mistake:** “Mistral's context is its 32k sliding window.” The window is {window:,}; farther back "
        "it reaches only through layers, {layers} × {window:,} at most."
    ).format(window=mistral.window, layers=mistral.n_layer)
    return kept + "\n\n" + mistake


def _table(shapes: dict[str, Shape], length: int, width: int) -> None:
    rows, pale = [], []
    for number, (name, shape) in enumerate(shapes.items()):
        sizes = [in_bytes(shape.cache_bytes(n, width)) for n in LENGTHS]
        made_for = f"{shape.context:,}"
        kept_by = f"{shape.n_layer} · {shape.n_kv_head} · {shape.d_head}"
        rows.append([name, kept_by, made_for, *sizes])
        pale += [(number, place + FIXED) for place, n in enumerate(LENGTHS) if n > shape.context]
    table(
        [_("model"), _("layers · kv heads · d_head"), _("made for"), *map(_tokens, LENGTHS)],
        rows,
        key="cache-table",
        chosen=LENGTHS.index(length) + FIXED,
        pale=set(pale),
    )
    st.caption(
        _(
            "Of one text; pale: longer than the model was made for; int8 needs a few scales more. Shapes: Radford et "
            "al. 2019, table 2, and the released configurations (heads); Brown et al. 2020, table 2.1; Touvron et al. "
            "2023, section A.2.1, and the released configuration; Jiang et al. 2023, table 1."
        )
    )


def _more(scene: Scene) -> None:
    here = state.View(model=scene.model.name, text=scene.text, layer=scene.choice.layer, head=scene.choice.head)
    for page, part, label in (
        ("many_heads", "shared", _("Many heads: which heads share keys")),
        ("block", "next", _("The block: what one more token adds")),
    ):
        st.page_link(
            f"pages/{page}.py",
            label=label,
            icon=":material/arrow_forward:",
            query_params=state.address_of(here) | {"part": part},
        )
