"""Which query heads share which keys and values: in the loaded model, in others, and if this one's were shared."""

from dataclasses import replace

import streamlit as st

from viz_core.analysis.grouped import with_shared_keys
from viz_core.analysis.parameters import GPT3, LLAMA_2_70B, MISTRAL_7B, PALM_540B, Shape, shape_of
from viz_core.analysis.predictions import Change, change_of
from viz_core.figures import palette
from viz_core.figures.palette import ThemeName
from viz_core.language import _
from viz_core.ui import maps, settings, show, store, whatif
from viz_core.ui.mechanism.many_heads.concat import STYLE
from viz_core.ui.scene import Scene
from viz_core.ui.show import number

KNOWN = {
    "gpt3": ("GPT-3", GPT3, "Brown et al. 2020, table 2.1"),
    "llama": ("Llama 2 70B", LLAMA_2_70B, "Touvron et al. 2023, section A.2.1"),
    "mistral": ("Mistral 7B", MISTRAL_7B, "Jiang et al. 2023, table 1"),
    "palm": ("PaLM 540B", PALM_540B, "Chowdhery et al. 2022, table 1"),
}


def grouped(scene: Scene) -> list[str]:
    maps.explain(
        _(r"\text{query head } i \;\longmapsto\; \text{key/value head } \lfloor i \cdot h_{kv}/h \rfloor"),
        _(
            "Every head has queries of its own. Keys and values can be **shared**: by no heads (multi-head), by groups "
            "of them (grouped-query, Ainslie et al. 2023), or by all (multi-query, Shazeer 2019). Less is learned, and "
            "less is kept for every token read."
        ),
    )
    which = settings.one_of(
        "shape", _("Model"), {"own": show.literal(scene.model.name)} | {name: words[0] for name, words in KNOWN.items()}
    )
    shape, source = (shape_of(scene.model.transformer), "") if which == "own" else KNOWN[which][1:]
    shared = _asked(shape, which)
    st.html(f"<style>{STYLE}</style>")
    st.html(_drawing(shape, shared, scene.theme))
    st.markdown(_said(shape, shared, scene, source if which != "own" else ""))
    left, right = st.columns([1.1, 1], gap="large")
    with left:
        _cache(shape, shared, encoder=which == "own" and scene.model.both_sides)
    with right:
        if which == "own":
            _what_if(scene, shared)
        else:
            _known_models()
    return []


def _asked(shape: Shape, which: str) -> int:
    """How many key/value heads: the model's own, or a divisor of its query heads."""
    divisors = [count for count in range(1, shape.n_head + 1) if shape.n_head % count == 0]
    if which == "own":  # a what-if on the real weights can only pool what is there
        divisors = [count for count in divisors if shape.n_kv_head % count == 0]
    if len(divisors) == 1:
        return divisors[0]

    def says(count: float) -> str:
        own = " " + _("(as it is)") if count == shape.n_kv_head else ""
        return f"{count:.0f}{own}"

    return int(settings.slider("kv_heads", _("Key/value heads"), divisors, default=shape.n_kv_head, says=says))


def _drawing(shape: Shape, shared: int, theme: ThemeName) -> str:
    """A box a key/value head, with the query heads that read it."""
    size = shape.n_head // shared
    hue = palette.CATEGORIES[theme]
    groups = []
    for group in range(shared):
        queries = "".join(f"<i>Q<sub>{head}</sub></i>" for head in range(group * size, (group + 1) * size))
        keys = f"<b>K<sub>{group}</sub> V<sub>{group}</sub></b>"
        groups.append(f"<div style='--hue:{hue[group % len(hue)]};--queries:{size}'><p>{queries}</p>{keys}</div>")
    return f"<div class='groups' data-testid='groups'>{''.join(groups)}</div>"


def _said(shape: Shape, shared: int, scene: Scene, source: str) -> str:
    size = shape.n_head // shared
    if shared == shape.n_head:
        said = _("**Multi-head**: each of the {heads} query heads has keys and values of its own.")
    elif shared == 1:
        said = _("**Multi-query**: all {heads} query heads read one set of keys and values.")
    else:
        said = _("**Grouped-query**: {heads} query heads in {shared} groups; the {size} of a group read the same keys.")
    said = said.format(heads=shape.n_head, shared=shared, size=size)
    if source and shared == shape.n_kv_head:
        return said + " " + _("So it is in this model ({source}).").format(source=source)
    if shared == shape.n_kv_head:
        return said + " " + _("So it is in {model}.").format(model=show.literal(scene.model.name))
    return said + " " + _("The model itself has {own}.").format(own=shape.n_kv_head)


def _cache(shape: Shape, shared: int, *, encoder: bool) -> None:
    st.markdown("**" + _("Kept for the tokens read so far (float16)") + "**")
    kinds: dict[int, list[str]] = {}
    for count, words in (
        (shape.n_head, _("multi-head")),
        (1, _("multi-query")),
        (shape.n_kv_head, _("as the model is")),
        (shared, _("chosen")),
    ):
        kinds.setdefault(count, []).append(words)
    lengths = sorted({1, min(1024, shape.context), shape.context})
    heading = [_("key/value heads")] + [
        (_("1 token") if n == 1 else _("{count} tokens")).format(count=f"{n:,}") for n in lengths
    ]
    lines = [_row(heading), "|---|" + "---:|" * len(lengths)]
    for count in sorted(kinds, reverse=True):
        sizes = [show.in_bytes(_with(shape, count).cache_bytes(n)) for n in lengths]
        bold = "**{}**" if count == shared else "{}"
        lines.append(_row([f"{bold.format(count)} · {', '.join(kinds[count])}", *map(bold.format, sizes)]))
    st.markdown("\n".join(lines))
    st.caption(_formula(shape, shared))
    if encoder:
        st.caption(_("An encoder reads everything at once and keeps nothing: these are a decoder's of this shape."))
    if shape.window:
        words = _("It keeps the last {window:,} tokens at most: its window.")
        st.caption(words.format(window=shape.window))
    if shared < shape.n_head:
        words = _("{ratio}× less than multi-head; W_K and W_V too: {before:,} → {after:,} numbers a layer.")
        before, after = 2 * _with(shape, shape.n_head).key, 2 * _with(shape, shared).key
        st.caption(words.format(ratio=number(shape.n_head / shared), before=before, after=after))
    if shape.window:
        st.markdown(_beyond(shape))


def _beyond(shape: Shape) -> str:
    """Of Mistral 7B v0.1, the one known model with a window."""
    return _(
        "**A common mistake:** “Mistral's context is its 32k sliding window.” In Mistral 7B v0.1 a token looks at the "
        "last {window:,} alone, itself included. What stands farther back reaches it through the layers only, each "
        "another {step:,} tokens: {reach:,} after {layers} at most (section 2 of the paper)."
    ).format(window=shape.window, step=shape.window - 1, reach=shape.n_layer * (shape.window - 1), layers=shape.n_layer)


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _with(shape: Shape, n_kv_head: int) -> Shape:
    return replace(shape, n_kv_head=n_kv_head)


def _formula(shape: Shape, shared: int) -> str:
    return _(
        "2 (keys, values) × {layers} (layers) × {shared} (key/value heads) × {width} (width) × 2 bytes = "
        "**{bytes:,} bytes** a token."
    ).format(layers=shape.n_layer, shared=shared, width=shape.d_head, bytes=_with(shape, shared).cache_bytes())


def _known_models() -> None:
    st.markdown("**" + _("Four known models") + "**")
    heading = ["", _("query / key heads"), _("bytes a token")]
    lines = [_row(heading), "|---|" + "---:|" * (len(heading) - 1)]
    for name, shape, _source in KNOWN.values():
        lines.append(_row([name, f"{shape.n_head} / {shape.n_kv_head}", f"{shape.cache_bytes():,}"]))
    st.markdown("\n".join(lines))
    st.caption("; ".join(f"{name}: {source}" for name, _shape, source in KNOWN.values()))


# -- what if this model's heads shared keys ------------------------------------------------------------------


def _what_if(scene: Scene, shared: int) -> None:
    st.markdown("**" + _("If this model's heads shared keys now") + "**")
    own = scene.config.n_kv_head
    if own == 1:
        st.markdown(_("All query heads of this model read the same keys and values already."))
        return
    change = _shared_change(scene, shared)
    name = _("{count} key/value heads").format(count=shared)
    whatif.compared(scene, change, edited=shared != own, key="shared-change", name=name)
    st.caption(
        _(
            "W_K and W_V of each group are replaced by their mean and the model is run, as it is done before training "
            "on (Ainslie et al. 2023, section 2.1). Here nothing is trained on, so much is lost; trained on "
            "for 5 % of the original compute, theirs came close to multi-head again."
        )
    )


def _shared_change(scene: Scene, shared: int) -> Change:
    row = whatif.row_of(scene)

    def found() -> Change:
        before, model = scene.recording, scene.model
        if shared == scene.config.n_kv_head:
            return change_of(before.logits[row], before.logits[row], whatif.MOST)
        after = with_shared_keys(model.transformer, before.token_ids, shared, last_only=not model.both_sides)
        return change_of(before.logits[row], after.logits[row], whatif.MOST)

    key = ("shared keys", scene.model.name, scene.model.revision, scene.text, shared, row)
    return store.measurement(key, lambda _note: found(), heavy=scene.is_heavy())
