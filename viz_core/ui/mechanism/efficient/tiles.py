"""FlashAttention's arithmetic over the scores of the chosen head: tile by tile, with a running maximum and sum."""

import numpy as np
import streamlit as st

from viz_core.efficiency.online_softmax import Step
from viz_core.efficiency.tile_walk import Walk, tile_walk, watched
from viz_core.figures import limits_of, numbered
from viz_core.figures.tile_maps import tile_map
from viz_core.language import _
from viz_core.ui import controls, maps, settings, show, state, store
from viz_core.ui.components.player import Words, player
from viz_core.ui.components.tile_rows import Place, tile_rows
from viz_core.ui.mechanism.efficient import tile_bytes, tile_words
from viz_core.ui.scene import Scene
from viz_core.ui.show import quoted

SIZES = [1, 2, 3, 4, 8, 16, 32, 64, 128]  # rows, or keys, of a tile
FEW = 64  # tiles of the map where nobody has chosen a size
MOST_ACROSS = 128  # tiles in a block of rows
MOST_SHOWN = 8  # rows of a block beside the map
MOST_TICKS = 7  # blocks of rows that the player names
PACE = 450  # ms a tile
MAP_HEIGHT = 400  # with the player above it all on one screen


def tile_by_tile(scene: Scene) -> list[str]:
    rows, keys = _asked(scene)
    walk = _walk(scene, rows, keys)
    at = _step(scene, walk)
    with st.container(key="player-bar"):
        _player(scene, walk, at)
    left, right = st.columns([1, 1], gap="medium")
    with left:
        _map(scene, walk, at, (rows, keys))
    with right:
        _rows(scene, walk)
        _filled_in(scene, walk.steps[at])
    maps.explain(
        r"\begin{aligned} m' &= \max(m, \max_j S_j) \\ \ell' &= e^{m - m'}\,\ell + \textstyle\sum_j e^{S_j - m'}"
        r"\\ o' &= e^{m - m'}\,o + \textstyle\sum_j e^{S_j - m'} v_j \end{aligned}",
        _(
            "A softmax divides by the sum of a whole row; its largest score is only taken off so that no power "
            "overflows, and cancels. **Online softmax** keeps both as they are so far (m, ℓ), beside the output so far "
            "(o), and rescales when a larger score comes. So keys go by tile by tile."
        ),
    )
    st.markdown(" ".join(_said(scene, walk, (rows, keys))))
    tile_bytes.against_length(scene)
    return ["tiles"]


def _asked(scene: Scene) -> tuple[int, int]:
    """Rows and keys of a tile."""
    n = len(scene.tokens)
    sizes = [size for size in SIZES if size <= max(2, n)]
    default = next((size for size in sizes[1:] if (-(-n // size)) ** 2 <= FEW), sizes[-1])
    head, down, across = st.columns([1.5, 1, 1], gap="medium", vertical_alignment="bottom")
    with head:
        controls.head_and_cell(scene.choice, scene.recording, ("layer", "head", "query"))
    with down:
        rows = settings.slider("tile_rows", _("Rows of a tile"), sizes, default=default, says=str)
    with across:
        few = [size for size in sizes if -(-n // size) <= MOST_ACROSS]
        keys = settings.slider("tile_keys", _("Keys of a tile"), few, default=default, says=str)
    return int(rows), int(keys)


def _walk(scene: Scene, rows: int, keys: int) -> Walk:
    row = scene.choice.query
    of = ("tiles", *scene.choice.identity(scene.model, scene.text), rows, keys)
    walk = store.finding((*of, None), lambda: tile_walk(scene.record, rows, keys, row))
    if walk.rows[0] <= row < walk.rows[1]:
        return walk
    return store.finding((*of, row // rows), lambda: tile_walk(scene.record, rows, keys, row))


def _step(scene: Scene, walk: Walk) -> int:
    """The step that was played to since the cell was chosen, else that of the cell's tile."""
    values = [_written(scene, step) for step in range(len(walk.steps))]
    said = state.setting("tile_step")
    return values.index(said) if said in values else walk.step_of(scene.choice.query, scene.choice.key)


def _written(scene: Scene, step: int) -> str:
    return f"{step}.{scene.choice.query}.{scene.choice.key}"


def _player(scene: Scene, walk: Walk, at: int) -> None:
    steps = range(len(walk.steps))
    of = ("tiles said", *scene.choice.identity(scene.model, scene.text), scene.choice.query)
    first = walk.steps[0]
    size = (first.rows[1] - first.rows[0], first.keys[1] - first.keys[0], walk.rows)
    player(
        _ticks(walk),
        list(steps),
        store.finding((*of, size), lambda: [tile_words.of_step(scene, walk, step) for step in steps]),
        moment=at,
        event=-1,
        curves=[],
        on_moment=lambda moment: settings.keep("tile_step", _written(scene, moment)),
        key="tile-player",
        words=Words(_("Walk over the tiles"), _("Tile"), _("Tile before"), _("Next tile")),
        pace=PACE,
        steps=True,
    )


def _ticks(walk: Walk) -> list[str]:
    """At the first tile of some blocks of rows, which rows they are: as far apart as a phone needs."""
    names, free = [], 0.0
    for index, step in enumerate(walk.steps):
        named = _begins(step) and index >= free
        names.append(_("row {row}").format(row=step.rows[0]) if named else "")
        free = index + len(walk.steps) / MOST_TICKS if named else free
    return names


def _begins(step: Step) -> bool:
    return bool((step.before.total == 0).all())


def _map(scene: Scene, walk: Walk, at: int, size: tuple[int, int]) -> None:
    step = walk.steps[at]
    stages = store.stages(scene.model, scene.text, scene.choice.layer, scene.choice.head)
    of = ("tile map", *scene.choice.identity(scene.model, scene.text), size, walk.rows, at, scene.window)
    title, subtitle = scene.title(_("masked scores, in tiles")), _subtitle(walk)
    drawn = store.figure(
        (*of, scene.theme),
        lambda: tile_map(
            stages.masked_scores[0].numpy(),
            scene.tokens,
            size=size,
            walked=walk.rows,
            current=(*step.rows, *step.keys),
            skipped=walk.skipped,
            theme=scene.theme,
            title=title,
            subtitle=subtitle,
            allowed=scene.allowed.numpy(),
            limit=limits_of(stages.scaled_scores[0].numpy()),
            unit=_("masked score"),
            relation=_("{row} meets {column}"),
            window=scene.window,
            height=MAP_HEIGHT,
        ),
    )
    show.figure(drawn, "tiles", f"{title}. {subtitle}")


def _subtitle(walk: Walk) -> str:
    crossed = _("; crossed: skipped") if walk.skipped else ""
    return _("framed: now; pale: not yet{crossed}").format(crossed=crossed)


def _rows(scene: Scene, walk: Walk) -> None:
    ends = store.stages(scene.model, scene.text, scene.choice.layer, scene.choice.head).context[0]
    most = min(MOST_SHOWN, max(step.rows[1] - step.rows[0] for step in walk.steps))
    numbers = np.full((len(walk.steps), most, 4), np.nan, dtype=np.float32)
    contexts = np.full((len(walk.steps), most, ends.shape[1]), np.nan, dtype=np.float32)
    places = []
    for index, step in enumerate(walk.steps):
        first, count = _shown(step, scene.choice.query)
        own = slice(first - step.rows[0], first - step.rows[0] + count)
        context = step.after.context[own]
        distance = (context - ends[first : first + count]).abs().amax(-1)
        told = (step.after.largest[own], step.rescaled[own], step.after.total[own], distance)
        numbers[index, :count] = np.stack([one.numpy() for one in told], axis=-1)
        contexts[index, :count] = context.numpy()
        places.append(Place((*step.rows, *step.keys), (first, count), _begins(step)))
    tile_rows(
        places,
        numbers,
        contexts,
        ends.numpy(),
        tokens=numbered(scene.tokens),
        n_key=len(scene.tokens),
        map_key="tiles",
        key="tile-rows",
    )


def _shown(step: Step, row: int) -> tuple[int, int]:
    """First row, and how many: all of the block, or those around the chosen one."""
    top, bottom = step.rows
    count = min(MOST_SHOWN, bottom - top)
    middle = row if top <= row < bottom else top
    return min(max(middle - count // 2, top), bottom - count), count


def _filled_in(scene: Scene, step: Step) -> None:
    row = step.rows[0] + watched(step, scene.choice.query)
    words = _("**{token} (row {row}) in this tile**")
    st.markdown(words.format(token=quoted(scene.tokens[row]), row=row))
    with st.container(key="explain-row"):
        st.latex(tile_words.filled_in(step, scene.choice.query))


def _said(scene: Scene, walk: Walk, size: tuple[int, int]) -> list[str]:
    said = [
        _(
            "**The result equals the full computation**: max |Δ| = {whole} against the context from the whole matrix, "
            "{fused} against PyTorch's fused kernel (float32: rounding)."
        ).format(whole=show.power(walk.differences.whole), fused=show.power(walk.differences.fused))
    ]
    first, stop = walk.rows
    if stop - first < len(scene.tokens):
        words = _("The whole map has {tiles:,} tiles of this size; walked, and compared, are rows {first} to {last}.")
        said.append(words.format(tiles=walk.tiles, first=first, last=stop - 1))
    if walk.skipped:
        words = _("{skipped} of {tiles} tiles are wholly masked and never computed.")
        said.append(words.format(skipped=len(walk.skipped), tiles=len(walk.skipped) + len(walk.steps)))
    rescaled = sum(int(((step.rescaled > 0) & (step.rescaled < 1)).sum()) for step in walk.steps)
    of = sum(len(step.rescaled) for step in walk.steps if not _begins(step))
    if of:
        words = _("Rows were rescaled {rescaled:,} of {of:,} times that a further tile came.")
        said.append(words.format(rescaled=rescaled, of=of))
    n = len(scene.tokens)
    if n == 1:
        return [*said, _("A text of one token has one score: one tile, and nothing to walk over.")]
    words = _("In fast memory there are at most {tile} scores at a time, of {all} of the map.")
    return [*said, words.format(tile=f"{min(size[0], n) * min(size[1], n):,}", all=f"{n * n:,}")]
