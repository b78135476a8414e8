"""What one more token adds: a row of attention, and its keys and values in the KV cache."""

import pandas as pd
import streamlit as st

from viz_core.analysis.parameters import shape_of
from viz_core.language import _
from viz_core.ui import maps, store
from viz_core.ui.scene import Scene
from viz_core.ui.show import number, quoted

WIDTH = 4  # bytes of a number: float32
MEASURED = 256  # tokens up to which the text is read again without its last one: of more it would take seconds


def attention(scene: Scene) -> str:
    """Draw the chosen head's weights; returns the map's key."""
    weights = store.stages(scene.model, scene.text, scene.choice.layer, scene.choice.head).weights[0]
    return maps.cells(
        scene,
        "growing",
        weights,
        _("weights"),
        _("row looks at column; the last row is what the last token added"),
        unit=_("weight"),
        weights=True,
        allowed=scene.allowed.numpy(),
    )


def cache(scene: Scene) -> None:
    """What the KV cache keeps of this text, and what one token more or less makes of it."""
    config, n = scene.config, len(scene.tokens)
    shape = shape_of(scene.model.transformer)
    each, whole = (shape.cache_bytes(count, WIDTH) for count in (1, n))
    st.markdown("**" + _("The KV cache beside it") + "**")
    st.latex(
        rf"\begin{{array}}{{l}}\text{{{_('bytes')}}}"
        rf" = 2 \cdot n_{{layer}} \cdot n_{{kv}} \cdot d_{{head}} \cdot n \cdot {WIDTH}"
        rf"\\[4pt] = 2 \cdot {config.n_layer} \cdot {config.n_kv_head} \cdot {config.d_head} \cdot {n} \cdot {WIDTH}"
        rf" = {whole:,}\end{{array}}".replace(",", r"{,}")
    )
    lines = [
        {
            _("tokens"): f"{count}",
            _("cells of this map"): f"{count * (count + 1) // 2:,}",
            _("KV cache, bytes"): f"{shape.cache_bytes(count, WIDTH):,}",
        }
        for count in (n - 1, n, n + 1)
        if 0 < count <= scene.model.context
    ]
    st.dataframe(pd.DataFrame(lines), hide_index=True)
    st.markdown(
        _(
            "One more token adds a row of {row} weights to this map and **{each:,} bytes** to the cache: its key and "
            "its value, in {layers} layers × {heads} key/value heads × {d} numbers of {width} bytes. The older ones "
            "are kept, not computed again: that is what a cache is for."
        ).format(row=n + 1, each=each, layers=config.n_layer, heads=config.n_kv_head, d=config.d_head, width=WIDTH)
    )
    st.markdown(
        _(
            "**A common mistake:** “the KV cache turns O(n²) memory into O(n).” What it saves is **work**: the next "
            "step computes queries, keys and values of one position, not of all {next}. Its own memory is what that "
            "costs, and grows with n."
        ).format(next=n + 1)
    )
    st.markdown(_old_rows(scene))


def _old_rows(scene: Scene) -> str:
    """Measured: what the rows before the last one are without the last token."""
    n = len(scene.tokens)
    if n == 1:
        return _("This text has a single token: one row of one cell, with nothing before it.")
    why = _("A row sees only what came before it, so what comes after cannot change it.")
    if n > MEASURED:
        return _("The {old} older rows stay as they are.").format(old=n - 1) + " " + why
    layer, head = scene.choice.layer, scene.choice.head

    def found() -> float:
        shorter = scene.model.record(scene.recording.token_ids[:-1].tolist()).blocks[layer].attention.head(head)
        return float((scene.record.weights[0, :-1, :-1] - shorter.weights[0]).abs().max())

    of = ("old rows", *scene.choice.identity(scene.model, scene.text))
    words = _(
        "The {old} older rows stay as they are: run without {token}, this head gives them the same weights, up to "
        "rounding (largest difference {difference})."
    )
    difference = number(store.finding(of, found))
    return words.format(old=n - 1, token=quoted(scene.tokens[-1]), difference=difference) + " " + why
