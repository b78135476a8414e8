"""A figure to take along: its numbers as a table, and the whole of it as one page that needs no network."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from itertools import chain
from re import sub
from typing import Any

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio
from numpy.typing import NDArray

from viz_core.figures import palette
from viz_core.figures.heatmaps import FONT, Array
from viz_core.figures.palette import ThemeName
from viz_core.language import _

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")  # a spreadsheet would run what begins so
TOOLBAR = {
    "displaylogo": False,
    "responsive": True,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
    "toImageButtonOptions": {"format": "png", "scale": 2},
}
NOTHING_FROM_ELSEWHERE = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
)
NO_GAP = """
const drawn = document.getElementById("figure"), around = drawn.parentElement, full = drawn.layout.height;
drawn.style.height = around.style.height = "auto";
const fit = async () => {
  await Plotly.relayout(drawn, {width: around.clientWidth, height: full});
  const {yaxis, _size} = drawn._fullLayout;
  await Plotly.relayout(drawn, {height: full - Math.round(_size.h * yaxis.domain[0])});
};
fit();
window.addEventListener("resize", fit);
"""  # a map of square cells is lower on a narrow screen: what is under it comes up to it
NUMBER = int | float | np.number
HEADING = ("row", "row token", "column", "column token")


@dataclass(frozen=True, eq=False)
class Cells:
    """Every number of a map: [row, column], also where less is drawn. Columns without tokens are numbered.

    allowed  bool, like the values: False = the row may not look there, and the number is left out
    also     further numbers of each cell by name
    """

    values: Array
    rows: Sequence[str]
    columns: Sequence[str] = ()
    allowed: NDArray[np.bool_] | None = None
    also: dict[str, Array] = field(default_factory=dict)


def name_of(figure: go.Figure) -> str:
    """Its name alone, the first line of its title."""
    return _plain((figure.layout.title.text or "").split("<br>")[0])


def pooled(figure: go.Figure) -> tuple[int, int]:
    """How many rows and columns of a map each cell drawn stands for; (1, 1): every cell is there."""
    return max(((round(trace.dy or 1), round(trace.dx or 1)) for trace in _maps(figure)), default=(1, 1))


# -- its numbers ---------------------------------------------------------------------------------------


def table(figure: go.Figure, cells: Cells | None = None) -> str:
    """Its numbers as CSV (RFC 4180), a line for each cell, bar or point, at their full precision: of a map all of
    `cells`, or, where those are not given, the cells that are drawn, under a heading that says what each stands for.

    A text that begins like a formula gets a ' in front, as OWASP advises for files that a spreadsheet may open: tokens
    are somebody's text.
    """
    maps = _maps(figure)
    if cells is not None:
        lines = _of_cells(cells)
    elif maps:
        lines = _of_maps(figure, maps)
    else:
        lines = _of_points(figure)
    return "".join(f"{line}\r\n" for line in lines)


def has_numbers(figure: go.Figure) -> bool:
    """False for a drawing, which tells nothing under the pointer either."""
    return figure.layout.hovermode is not False and bool(_maps(figure) or _points(figure))


def _points(figure: go.Figure) -> list[Any]:
    return [trace for trace in figure.data if trace.type in {"bar", "scatter"} and trace.x is not None]


def _maps(figure: go.Figure) -> list[go.Heatmap]:
    """Those of numbers: not the grey below them, nor what is written over them."""
    return [trace for trace in figure.data if trace.type == "heatmap" and trace.showscale is not False]


def _of_cells(cells: Cells) -> Iterator[str]:
    told = [_written(values) for values in cells.also.values()]
    allowed = cells.allowed
    yield ",".join([*HEADING, "value", *(["allowed"] if allowed is not None else []), *map(_text, cells.also)])
    across = [f"{column},{_text(_at(cells.columns, column))}" for column in range(cells.values.shape[1])]
    for row, numbers in enumerate(_written(cells.values)):
        down = f"{row},{_text(_at(cells.rows, row))}"
        further: list[Sequence[str]] = [values[row] for values in told]
        seen = numbers
        if allowed is not None:
            may = allowed[row].tolist()
            seen = [number if there else "" for number, there in zip(numbers, may, strict=True)]
            further = [["1" if there else "0" for there in may], *further]
        for line in zip(across, seen, *further, strict=True):
            yield f"{down},{','.join(line)}"


def _of_maps(figure: go.Figure, maps: Sequence[go.Heatmap]) -> Iterator[str]:
    down, across = pooled(figure)
    value = f"strongest of {down} x {across}" if down * across > 1 else "value"
    named = ["map"] if len(maps) > 1 else []
    masked = any(_is_grey(trace) for trace in figure.data)
    texts = [_texts(trace, (down, across)) for trace in maps]
    written = ["text"] if any(texts) else []
    yield ",".join([*named, *HEADING, value, *(["allowed"] if masked else []), *written])
    for trace, text in zip(maps, texts, strict=True):
        numbers = _written(np.asarray(trace[(trace.meta or {}).get("numbers", "z")]))
        columns = _places(figure, trace, "x", len(numbers[0]))
        name = f"{_text(_plain(trace.name or ''))}," if named else ""
        for i, row in enumerate(_places(figure, trace, "y", len(numbers))):
            for j, column in enumerate(columns):
                number = numbers[i][j]
                further = f",{int(number != '')}" * masked + (f",{text[i][j] if text else ''}" if written else "")
                yield f"{name}{row},{column},{number}{further}"


def _is_grey(trace: Any) -> bool:
    """Whether it is the cells that a row may not look at."""
    flat = trace.type == "heatmap" and trace.colorscale is not None
    return flat and {colour for _at, colour in trace.colorscale} <= set(palette.NOT_ALLOWED.values())


def _texts(trace: go.Heatmap, covered: tuple[int, int]) -> list[list[str]]:
    """What the hover tells of each cell, as fields; nothing where cells stand for several."""
    if trace.hovertext is None or covered != (1, 1):
        return []
    return [[_text(_plain(str(text))) for text in row] for row in trace.hovertext]


def _of_points(figure: go.Figure) -> Iterator[str]:
    """A line for each bar and each point of a curve."""
    drawn = _points(figure)
    labelled = [axis for axis in "xy" if any(_ticks(figure, trace, axis) for trace in drawn)]
    told = [_told(trace) for trace in drawn]
    further = list(dict.fromkeys(name for names in told for name in names))
    heading = [[axis, f"{axis} label"] if axis in labelled else [axis] for axis in "xy"]
    yield ",".join(["name", *chain.from_iterable(heading), *map(_text, further)])
    for trace, more in zip(drawn, told, strict=True):
        columns: list[Sequence[str]] = [[_text(_plain(trace.name or ""))] * len(trace.x)]
        for axis in "xy":
            columns.append(_written(np.asarray(trace[axis])))
            if axis in labelled:
                ticks = _ticks(figure, trace, axis)
                columns.append([_text(ticks.get(_key(place), "")) for place in trace[axis]])
        columns += [more.get(name, [""] * len(trace.x)) for name in further]
        yield from map(",".join, zip(*columns, strict=True))


def _told(trace: Any) -> dict[str, Sequence[str]]:
    """What the hover tells besides: a text for each point; numbers, where the figure says what they are: meta["told"],
    a name for each column."""
    names = trace.meta.get("told", ()) if isinstance(trace.meta, dict) else ()
    told: dict[str, Sequence[str]] = {
        name: _written(np.asarray(trace.customdata)[:, index]) for index, name in enumerate(names)
    }
    texts = trace.text if trace.hovertext is None else trace.hovertext
    if trace.type == "scatter" and isinstance(texts, list | tuple | np.ndarray):
        told["text"] = [_text(_plain(str(text))) for text in texts]
    return told


def _text(text: str) -> str:
    """As a field of the file."""
    safe = f"'{text}" if text.startswith(FORMULA) else text
    return '"' + safe.replace('"', '""') + '"' if set(safe) & set(',"\r\n') else safe


def _written(values: NDArray[Any]) -> list[Any]:
    """Numbers in as few digits as bring back the same number, nothing for those that are none; words as fields."""
    if values.dtype.kind in "OU":
        return [_text(_plain(str(value))) for value in values.tolist()]
    texts = values.astype(str)
    if values.dtype.kind == "f":
        texts[np.isnan(values)] = ""
    written: list[Any] = texts.tolist()
    return written


def _at(tokens: Sequence[str], index: int) -> str:
    return tokens[index] if index < len(tokens) else ""


def _places(figure: go.Figure, trace: go.Heatmap, axis: str, count: int) -> list[str]:
    """Number and name of each row ("y") or column ("x") of a map; of a pooled one the number of the first covered."""
    given = trace[axis]
    first, step = (trace[f"{axis}0"] or 0, trace[f"d{axis}"] or 1) if given is None else (0, 1)
    places = [first + step * index for index in range(count)] if given is None else list(given)
    names = _ticks(figure, trace, axis)
    return [f"{_first(place, step)},{_text(names.get(_key(place), ''))}" for place in places]


def _first(place: Any, step: float) -> str:
    return str(round(place - (step - 1) / 2)) if isinstance(place, NUMBER) else _text(_plain(str(place)))


def _ticks(figure: go.Figure, trace: Any, axis: str) -> dict[Any, str]:
    """Place → what is written there."""
    own = figure.layout[f"{axis}axis{(trace[f'{axis}axis'] or axis)[1:]}"]
    if own.ticktext is None or own.tickvals is None:
        return {}
    return {_key(place): _plain(text) for place, text in zip(own.tickvals, own.ticktext, strict=False)}


def _key(place: Any) -> Any:
    return round(float(place), 3) if isinstance(place, NUMBER) else place


def _plain(text: str) -> str:
    """Words on a figure as they are read: our own markup gone, theirs as they wrote it."""
    return unescape(sub(r"<[^>]*>", "", text))


# -- the whole of it -----------------------------------------------------------------------------------


def standalone(figure: go.Figure, *, theme: ThemeName, about: Sequence[str] = (), language: str = "en") -> str:
    """One HTML file with the figure, to hover and zoom; opens without a network and asks for nothing.

    about  lines under the figure: model, sentence, what it shows
    """
    drawn = figure.to_dict()
    drawn["layout"]["paper_bgcolor"] = palette.BACKGROUND[theme]
    script = NO_GAP if figure.layout.yaxis.scaleanchor == "x" else None
    how = {"config": TOOLBAR | {"responsive": script is None}, "div_id": "figure", "default_width": "100%"}
    body = pio.to_html(drawn, include_plotlyjs=True, full_html=False, validate=False, post_script=script, **how)
    lines = "".join(f"<p>{escape(line)}</p>" for line in about if line)
    return f"""<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{NOTHING_FROM_ELSEWHERE}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(name_of(figure))}</title>
<style>
:root {{ color-scheme: {theme}; }}
body {{ margin: 0 auto; max-width: 62rem; padding: 1.2rem; font: 15px/1.5 {FONT}; color: {palette.TEXT[theme]};
  background: {palette.BACKGROUND[theme]}; }}
main {{ overflow-x: auto; }}
p {{ margin: .2rem 0; overflow-wrap: anywhere; }}
footer {{ margin-top: .8rem; color: {palette.MUTED[theme]}; }}
</style>
</head>
<body>
<main>{body}</main>
{lines}
<footer>{escape(_("Inside attention"))}</footer>
</body>
</html>
"""
