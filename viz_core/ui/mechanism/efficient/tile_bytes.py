"""Bytes that attention keeps and moves against the length of the text, with tiles and without: counted, and formula."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

from viz_core.efficiency import tiling
from viz_core.efficiency.tiling import Growth, Tile
from viz_core.figures import Curve, palette
from viz_core.figures.growth import growth as growth_figure
from viz_core.language import _
from viz_core.ui import settings, show, store, waiting
from viz_core.ui.mechanism.efficient.tables import large
from viz_core.ui.scene import Scene
from viz_core.ui.show import in_bytes, number
from viz_core.ui.workshop import Progress

LENGTHS = (64, 128, 256, 512, 1024, 2048)
SIZES = [1 << power for power in (14, 17, 20, 23, 26)]  # bytes, beside the curves
FAST = {"48": "48 KiB", "96": "96 KiB", "192": "192 KiB (A100)"}


def against_length(scene: Scene) -> None:
    st.markdown("#### " + _("Bytes, against the length of the text"))
    d = scene.config.d_head
    left, right = st.columns([1, 1.6], gap="medium", vertical_alignment="center")
    with left:
        fast = int(settings.one_of("fast_memory", _("Fast memory for one head"), FAST, default="192")) << 10
    tile = tiling.tile_of(fast, d)
    with right:
        st.markdown(
            _(
                "One head of d = {d} on random vectors, every cell allowed. With this much fast memory a tile has "
                "{rows} rows and {keys} keys."
            ).format(d=d, rows=tile.rows, keys=tile.keys)
        )
    growth = _measured(d, fast)
    left, right = st.columns(2, gap="medium")
    with left:
        _kept(scene, growth, d, tile)
    with right:
        _moved(scene, growth, d, tile)
    left, right = st.columns([1, 1], gap="large")
    with left:
        _table(growth)
    with right:
        st.markdown(_said(growth, d, fast))
    with st.expander(_("How this was counted")):
        st.caption(
            _(
                "Points: counted while PyTorch ran here; dashed: the formulas. Kept: the most that its allocator had "
                "given at one time, besides Q, K, V; the fused kernel takes a buffer for each thread. Moved: each "
                "operation reads its operands and writes its result; what belongs to a tile stays in fast memory. "
                "Time: the fastest of several runs. The processor's caches, the backward pass and a GPU's time are not "
                "shown."
            )
        )


def _measured(d: int, fast: int) -> Growth:
    of = ("attention against n", LENGTHS, d, fast)
    with waiting.shown(st.container(), "growth", _counting) as report:
        return store.measurement(of, lambda note: tiling.growth(LENGTHS, d, fast, note), report)


def _counting(progress: Progress) -> str:
    words = _("Counting bytes: length {done} of {total}")
    return words.format(done=progress.done + 1, total=progress.total) if progress.total else _("Counting bytes …")


def _kept(scene: Scene, growth: Growth, d: int, tile: Tile) -> None:
    n = np.array(growth.lengths)
    drawn = [
        Curve(_("standard"), n, np.array([one.kept for one in growth.standard]), "measured", palette.QUERY),
        Curve("8n²", n, _each(n, tiling.kept_by_standard), "theory", palette.QUERY),
        Curve(_("in tiles"), n, np.array([one.kept for one in growth.tiles]), "measured", palette.KEY),
        Curve(_("4nd + tile"), n, _each(n, lambda m: tiling.kept_by_tiles(m, d, tile)), "theory", palette.KEY),
        Curve(_("PyTorch's fused"), n, np.array(growth.fused_kept), "measured", palette.VALUE),
    ]
    words = _("Kept at one time"), _("both axes logarithmic: n² rises twice as steeply as n")
    _figure(scene, ("kept", d, tile), drawn, words)


def _moved(scene: Scene, growth: Growth, d: int, tile: Tile) -> None:
    n = np.array(growth.lengths)
    drawn = [
        Curve(_("standard"), n, np.array([one.moved for one in growth.standard]), "measured", palette.QUERY),
        Curve("16n² + 16nd", n, _each(n, lambda m: tiling.moved_by_standard(m, d)), "theory", palette.QUERY),
        Curve(_("in tiles"), n, np.array([one.moved for one in growth.tiles]), "measured", palette.KEY),
        Curve(_("8nd(1 + ⌈n/rows⌉)"), n, _each(n, lambda m: tiling.moved_by_tiles(m, d, tile)), "theory", palette.KEY),
    ]
    words = (
        _("Read from and written to slow memory"),
        _("standard: n²; in tiles: linear up to n = {rows}, then n²").format(rows=tile.rows),
    )
    _figure(scene, ("moved", d, tile), drawn, words)


def _each(lengths: np.ndarray, formula: Callable[[int], int]) -> np.ndarray:
    return np.array([formula(int(n)) for n in lengths])


def _figure(scene: Scene, of: tuple[str, int, Tile], drawn: list[Curve], words: tuple[str, str]) -> None:
    """`of` is all that the curves depend on, the figure's key first; `words` are its title and subtitle."""
    title, subtitle = words
    figure = store.figure(
        ("bytes", *of, scene.theme),
        lambda: growth_figure(
            drawn,
            title=title,
            subtitle=subtitle,
            x_title=_("n, tokens"),
            y_title="",
            theme=scene.theme,
            height=320,
            x_ticks={n: f"{n:,}" for n in LENGTHS},
            y_ticks={size: in_bytes(size) for size in SIZES},
        ),
    )
    show.figure(figure, of[0], f"{title}. {subtitle}")


def _table(growth: Growth) -> None:
    standard, tiles, n = growth.standard[-1], growth.tiles[-1], growth.lengths[-1]
    time, fused = (_("{ms} ms").format(ms=number(1000 * taken)) for taken in growth.seconds)
    st.markdown("**" + _("One head at n = {n:,}").format(n=n) + "**")
    work = large(growth.multiply_adds)
    lines = [
        (_("standard"), in_bytes(standard.kept), in_bytes(standard.moved), work, time),
        (_("in tiles, step by step"), in_bytes(tiles.kept), in_bytes(tiles.moved), work, "–"),
        (_("PyTorch's fused kernel"), in_bytes(growth.fused_kept[-1]), "–", "–", fused),
    ]
    columns = ["", _("kept"), _("moved"), _("multiply–adds"), _("time")]
    st.table(pd.DataFrame(lines, columns=columns), hide_index=True)  # its headings wrap


def _said(growth: Growth, d: int, fast: int) -> str:
    standard, tiles, n = growth.standard[-1], growth.tiles[-1], growth.lengths[-1]
    real, given = growth.fused_kept[-1], tiling.given(n, d)

    def less(kept: int, besides: int = 0) -> str:
        return number(round((standard.kept + besides) / (kept + besides)))

    return _(
        "At {n:,} tokens one head in fp32 keeps **{kept}× less** in these idealised tiles, {real}× less in PyTorch's "
        "real kernel; with Q, K, V counted too, {kept_in_all}× and {real_in_all}×. FlashAttention's authors saw about "
        "10× on a GPU at 2k (their repository). What is saved is memory and traffic, not arithmetic: the products are "
        "the same.\n\n"
        "Moved is **{moved}× less**. It grows linearly while all rows fit at once (n\u00a0≤\u00a0{rows:,}), then as "
        "n²·d²/M up to a constant (Dao et al. 2022, theorem 2; for d\u00a0≤\u00a0M\u00a0≤\u00a0nd, here "
        "n\u00a0≥\u00a0{least:,}). A smaller fast memory of M numbers has smaller tiles: it **keeps less, but moves "
        "more**.\n\n"
        "**A common mistake:** “FlashAttention saves 5–20 % memory.” Attention's memory is O(n) instead of O(n²), so "
        "what it saves grows with the text; and it is exact, no approximation."
    ).format(
        n=n,
        kept=less(tiles.kept),
        real=less(real),
        kept_in_all=less(tiles.kept, given),
        real_in_all=less(real, given),
        moved=number(round(standard.moved / tiles.moved)),
        rows=tiling.tile_of(fast, d).rows,
        least=-(-fast // (tiling.WIDTH * d)),
    )
