"""A recording in a notebook: figures of it without the app, and the lines of Python that show what the app shows.

import viz_core
recording = viz_core.load("tiny-gpt").record("The dog bit the man")
viz_core.show(recording, view="head", layer=2, head=5)
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args
from zlib import compress

import numpy as np
import plotly.graph_objects as go
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from viz_core.attention import AttentionRecord
from viz_core.edits import AS_IT_IS, Edits
from viz_core.figures import Curve, attention_heatmap, curves, limits_of, numbered
from viz_core.figures.head_tiles import head_tiles
from viz_core.figures.heatmaps import Array, Window
from viz_core.figures.labels import shortened
from viz_core.figures.palette import ThemeName
from viz_core.figures.side_by_side import side_by_side
from viz_core.language import _
from viz_core.recording import Recording

View = Literal["head", "heads", "chain", "row"]
Which = Literal["self", "cross", "encoder"]
MOST_CELLS = 200_000  # of all heads' tiles together: what a notebook stores does not grow with the text
LEAST_SIDE, MOST_SIDE = 8, 64  # cells along a tile
MOST_ROWS = 128  # whose weights are worked on at a time
MOST_PLAIN = 64  # bytes of a mask that are written as they are; more are packed


@dataclass(frozen=True, eq=False)
class _Seen:
    """What is looked at: one kind of attention of every layer, and the tokens of its rows and columns."""

    records: Sequence[AttentionRecord]
    rows: Sequence[str]
    columns: Sequence[str]
    kind: str


def show(
    recording: Recording,
    view: View = "head",
    *,
    layer: int | None = None,
    head: int | None = None,
    row: int | None = None,
    which: Which = "self",
    theme: ThemeName = "light",
    window: Window | None = None,
) -> go.Figure:
    """A Plotly figure of a recording, which a notebook displays by itself; `.write_html(…)` and `.write_image(…)` are
    Plotly's.

    view    "head"   the weights of one head as a map, rows look at columns
            "heads"  every head of every layer, or of `layer`, as tiles
            "chain"  one head's scores, scaled scores, masked scores and weights
            "row"    the weights of one `row` (a token's number; the last one unless said) over all tokens, as bars
    which   "self" (the attention of a text to itself), "cross" (of a decoder to its encoder) or "encoder" (of the
            encoder to itself)
    layer, head   from 0; 0 unless said
    window  the part of a map to draw: first row, last row, first column, last column. Of more than 256 rows or columns
            each cell drawn is the strongest of several, and the figure says so

    Raises TypeError for what is no Recording, and ValueError naming what was asked for and what there is.
    """
    _check("view", view, get_args(View))
    _check("theme", theme, get_args(ThemeName))
    seen = _seen(recording, which)
    if view == "heads":
        if head is not None or row is not None:
            raise ValueError(f"view 'heads' shows every head and row; head is {head} and row is {row}, expected None")
        layers = range(len(seen.records)) if layer is None else [_index("layer", layer, len(seen.records))]
        return _heads(seen, layers, theme)
    layer = _index("layer", layer or 0, len(seen.records))
    head = _index("head", head or 0, seen.records[layer].n_head)
    record, name = seen.records[layer].head(head), f"L{layer}·H{head}{seen.kind}"
    if view == "row":
        row = _index("row", len(seen.rows) - 1 if row is None else row, len(seen.rows))
        return _row(record.rows(row, row + 1), seen, name, row, theme)
    if row is not None:
        raise ValueError(f"row is {row}; view {view!r} shows all rows, expected None")
    if window is not None:
        _check_window(window, len(seen.rows), len(seen.columns))
    draw: Callable[..., go.Figure] = _map if view == "head" else _chain
    return draw(record, seen, name, theme, window)


def _check(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; expected one of {', '.join(map(repr, allowed))}")


def _index(name: str, value: int, count: int) -> int:
    if not 0 <= value < count:
        raise ValueError(f"{name} is {value}; expected 0 to {count - 1}")
    return value


def _check_window(window: Window, rows: int, columns: int) -> None:
    top, bottom, left, right = window
    if not (0 <= top <= bottom < rows and 0 <= left <= right < columns):
        raise ValueError(
            f"window is {window}; expected first and last of rows 0 to {rows - 1}, of columns 0 to {columns - 1}"
        )


def _seen(recording: Recording, which: Which) -> _Seen:
    if not isinstance(recording, Recording):
        raise TypeError(
            f"recording is a {type(recording).__name__}; expected a Recording, as model.record(…) returns it"
        )
    _check("which", which, get_args(Which))
    own = _tokens(recording)
    if which == "self":
        return _Seen([block.attention for block in recording.blocks], own, own, "")
    if recording.encoder is None:
        raise ValueError(f"which is {which!r}, but this recording has no encoder; expected 'self'")
    source = _tokens(recording.encoder)
    if which == "encoder":
        records = [block.attention for block in recording.encoder.blocks]
        return _Seen(records, source, source, " · " + _("encoder"))
    crossing = [block.cross_attention for block in recording.blocks]
    records = [record for record in crossing if record is not None]
    return _Seen(records, own, source, " · " + _("cross-attention"))


def _tokens(recording: Recording) -> Sequence[str]:
    return recording.tokens or [str(index) for index in recording.token_ids.tolist()]


def _map(record: AttentionRecord, seen: _Seen, name: str, theme: ThemeName, window: Window | None) -> go.Figure:
    stages = record.stages()
    return attention_heatmap(
        stages.weights[0].numpy(),
        seen.columns,
        rows=seen.rows,
        title=f"{name} · " + _("weights"),
        subtitle=_("row looks at column; each row sums to 1"),
        theme=theme,
        weights=True,
        allowed=_allowed(record),
        unit=_("weight"),
        also={_("score"): stages.scores[0].numpy(), _("scaled"): stages.scaled_scores[0].numpy()},
        window=window,
    )


def _chain(record: AttentionRecord, seen: _Seen, name: str, theme: ThemeName, window: Window | None) -> go.Figure:
    stages, allowed = record.stages(), _allowed(record)
    scaled = limits_of(stages.scaled_scores[0].numpy(), stages.masked_scores[0].numpy())  # compared: one scale
    panels: tuple[tuple[str, str, str, Tensor, dict[str, Any]], ...] = (
        (_("scores"), "QKᵀ", _("score"), stages.scores, {}),
        (_("scaled scores"), "QKᵀ/√dₖ", _("scaled score"), stages.scaled_scores, {"limit": scaled}),
        (_("masked scores"), _("−∞ where grey"), _("masked score"), stages.masked_scores, {"limit": scaled}),
        (_("weights"), _("softmax: each row sums to 1"), _("weight"), stages.weights, {"weights": True}),
    )
    maps = [
        attention_heatmap(
            values[0].numpy(),
            seen.columns,
            rows=seen.rows,
            title=title,
            subtitle=subtitle,
            theme=theme,
            unit=unit,
            small=True,
            window=window,
            allowed=allowed if title in {panels[2][0], panels[3][0]} else None,
            **rule,
        )
        for title, subtitle, unit, values, rule in panels
    ]
    return side_by_side(maps, title=name, subtitle=_("from scores to weights; row looks at column"), theme=theme)


def _row(record: AttentionRecord, seen: _Seen, name: str, row: int, theme: ThemeName) -> go.Figure:
    weights = F.pad(record.weights[0, 0], (0, len(seen.columns) - record.key.shape[-2])).numpy()  # `rows` left keys out
    return curves(
        [Curve(_("weight"), np.arange(len(weights)), weights, like="bars")],
        title=f"{name} · " + _("row {row}, “{token}”").format(row=row, token=shortened(seen.rows[row])),
        subtitle=_("how much of its weight this row gives to each token; they sum to 1"),
        x_title=_("key (column)"),
        y_title=_("weight"),
        names=numbered(seen.columns),
        theme=theme,
        zero=True,
    )


@torch.inference_mode()
def _heads(seen: _Seen, layers: Sequence[int], theme: ThemeName) -> go.Figure:
    records = [seen.records[layer] for layer in layers]
    heads, longest = sum(record.n_head for record in records), max(len(seen.rows), len(seen.columns))
    side = min(longest, MOST_SIDE, max(LEAST_SIDE, int((MOST_CELLS / heads) ** 0.5)))
    size = -(-longest // side)
    return head_tiles(
        [_tiles(record, size) for record in records],
        layers=layers,
        allowed=[_anywhere_allowed(record, size) for record in records],
        rows=seen.rows,
        columns=seen.columns,
        size=size,
        title=_("Every head") + seen.kind,
        subtitle=_("rows look at columns; colours by √weight"),
        theme=theme,
    )


def _tiles(record: AttentionRecord, size: int) -> Array:
    """The strongest weight of every size × size cells, [head, row, column]; some rows at a time, which is quicker."""
    n_query, n_key = record.query.shape[-2], record.key.shape[-2]
    step, cells, rows = size * max(1, MOST_ROWS // size), -(-n_key // size), []
    for first in range(0, n_query, step):
        small = F.max_pool2d(record.rows(first, min(first + step, n_query)).weights, size, ceil_mode=True)
        rows.append(F.pad(small, (0, cells - small.shape[-1])))
    tiles: Array = torch.cat(rows, dim=-2).numpy()
    return tiles


def _anywhere_allowed(record: AttentionRecord, size: int) -> NDArray[np.bool_]:
    """bool [row, column]: whether a head may look at one of the size × size cells."""
    allowed = record.allowed.reshape(-1, *record.allowed.shape[-2:]).any(0)
    pooled: NDArray[np.bool_] = F.max_pool2d(allowed.float()[None], size, ceil_mode=True)[0].numpy() > 0
    return pooled


def _allowed(record: AttentionRecord) -> NDArray[np.bool_]:
    """bool [query, key] of a record of one head."""
    cells = record.query.shape[-2], record.key.shape[-2]
    allowed: NDArray[np.bool_] = record.allowed.expand(1, *cells)[0].numpy()
    return allowed


# -- the lines of Python -------------------------------------------------------------------------------


def snippet(
    model: str,
    text: str,
    *,
    edits: Edits = AS_IT_IS,
    layer: int,
    head: int,
    theme: ThemeName,
    reader: bool = False,
    also: Sequence[str] = (),
) -> str:
    """A program of a few lines that leaves the same numbers behind as the app: `recording`, and `record` of one head;
    with `edits` also `edited`. Its last line shows the head. Model and text are literals: nothing in them is run.

    reader  whether it is the encoder of an encoder–decoder of that name
    also    further lines, once there is a `record`
    """
    changed = edits != AS_IT_IS
    shown = "edited" if changed else "recording"
    lines = [
        "import viz_core",
        "",
        f"model = viz_core.load({model!r})" + (".reader" if reader else ""),
        f"text = {text!r}",
        "recording = model.record(text)",
    ]
    if changed:
        lines += [
            "",
            *_packed(edits),
            f"edits = viz_core.Edits({_arguments(edits)})",
            "edited = model.record(text, edits=edits)",
        ]
    lines += [
        "",
        f"record = {shown}.blocks[{layer}].attention.head({head})",
        "record.scores, record.scaled_scores, record.masked_scores, record.weights, record.context",
        *also,
        "",
        f'viz_core.show({shown}, view="head", layer={layer}, head={head}, theme="{theme}")',
    ]
    return "\n".join(lines)


def measured(measure: str, layer: int, head: int, toward: tuple[int, int] | None = None) -> list[str]:
    """Lines for `snippet`: `measured`, [query, key], what "Show as" draws in place of the weights.

    measure  "values" (‖αv‖), "output" (‖αvW_O‖) or "gradient" (gradient × α)
    toward   the row and the token whose logit the gradient is of
    """
    if measure == "values":
        return ["from viz_core.analysis.value_weighted import value_norms", "measured = value_norms(record)[0]  # ‖αv‖"]
    if measure == "output":
        return [
            "from viz_core.analysis.value_weighted import output_norms, own_rows_of",
            f"rows = own_rows_of(model.output_weight({layer}), {head}, record.value.shape[-1])",
            "measured = output_norms(record, rows)[0]  # ‖αvW_O‖",
        ]
    if measure == "gradient" and toward is not None:
        row, token_id = toward
        return [f"measured = model.gradients(text, {row}, {token_id})[{layer}][{head}]  # gradient × α"]
    raise ValueError(
        f"measure is {measure!r} toward {toward}; expected 'values', 'output', or 'gradient' toward a token"
    )


def _arguments(edits: Edits) -> str:
    """What differs from no edit, as keyword arguments."""
    told = [(field.name, getattr(edits, field.name), getattr(AS_IT_IS, field.name)) for field in fields(edits)]
    return ", ".join(f"{name}={_literal(name, value)}" for name, value, default in told if value != default)


def _literal(name: str, value: object) -> str:
    if name == "allowed":
        return "allowed"
    return f"frozenset({{{', '.join(map(repr, sorted(value)))}}})" if isinstance(value, frozenset) else repr(value)


def _packed(edits: Edits) -> list[str]:
    """The mask, eight cells a byte; a long one packed."""
    if edits.allowed is None:
        return []
    size, bits = edits.allowed.size, edits.allowed.bits
    if len(bits) <= MOST_PLAIN:
        return [f"allowed = viz_core.Cells({size}, {bits!r})"]
    packed = b64encode(compress(bits, 9)).decode()
    unpacked = f'zlib.decompress(base64.b64decode("{packed}"))'
    return ["import base64, zlib", "", f"allowed = viz_core.Cells({size}, {unpacked})"]
