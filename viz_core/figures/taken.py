"""A figure to take along: its numbers as a table, and the whole of it as one page that needs no network."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import chain
from typing import Any

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio
from numpy.typing import NDArray

from viz_core.figures import contents, palette
from viz_core.figures.heatmaps import CLEAR, FONT, Array
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


# -- its numbers ---------------------------------------------------------------------------------------


def table(figure: go.Figure, cells: Cells | None = None) -> str:
    """Its numbers as CSV (RFC 4180), a line for each cell, bar or point, at their full precision: of a map all of
    `cells`, or, where those are not given, the cells that are drawn, under a heading that says what each stands for.

    A text that begins like a formula gets a ' in front, as OWASP advises for files that a spreadsheet may open: tokens
    are somebody's text.
    """
    drawn = contents.maps(figure)
    if cells is not None:
        lines = _of_cells(cells)
    elif drawn:
        lines = _of_maps(figure, drawn)
    else:
        lines = _of_points(figure)
    return "".join(f"{line}\r\n" for line in lines)


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
    down, across = contents.pooled(figure)
    value = f"strongest of {down} x {across}" if down * across > 1 else "value"
    named = ["map"] if len(maps) > 1 else []
    masked = any(_is_grey(trace) for trace in figure.data)
    texts = [_texts(trace, (down, across)) for trace in maps]
    written = ["text"] if any(texts) else []
    yield ",".join([*named, *HEADING, value, *(["allowed"] if masked else []), *written])
    for trace, text in zip(maps, texts, strict=True):
        numbers = _written(contents.values(trace))
        columns = _fields(contents.places(figure, trace, "x", len(numbers[0])))
        name = f"{_text(contents.plain(trace.name or ''))}," if named else ""
        for i, row in enumerate(_fields(contents.places(figure, trace, "y", len(numbers)))):
            for j, column in enumerate(columns):
                number = numbers[i][j]
                further = f",{int(number != '')}" * masked + (f",{text[i][j] if text else ''}" if written else "")
                yield f"{name}{row},{column},{number}{further}"


def _is_grey(trace: Any) -> bool:
    """Whether it is the cells that a row may not look at."""
    flat = trace.type == "heatmap" and trace.colorscale is not None
    return flat and {colour for _at, colour in trace.colorscale} <= {*palette.NOT_ALLOWED.values(), CLEAR}


def _texts(trace: go.Heatmap, covered: tuple[int, int]) -> list[list[str]]:
    """What the hover tells of each cell, as fields; nothing where cells stand for several."""
    if trace.hovertext is None or covered != (1, 1):
        return []
    return [[_text(contents.plain(str(text))) for text in row] for row in trace.hovertext]


def _of_points(figure: go.Figure) -> Iterator[str]:
    """A line for each bar and each point of a curve."""
    drawn = contents.points(figure)
    labelled = [axis for axis in "xy" if any(contents.ticks(figure, trace, axis) for trace in drawn)]
    told = [_told(trace) for trace in drawn]
    further = list(dict.fromkeys(name for names in told for name in names))
    heading = [[axis, f"{axis} label"] if axis in labelled else [axis] for axis in "xy"]
    yield ",".join(["name", *chain.from_iterable(heading), *map(_text, further)])
    for trace, more in zip(drawn, told, strict=True):
        columns: list[Sequence[str]] = [[_text(contents.plain(trace.name or ""))] * len(trace.x)]
        for axis in "xy":
            columns.append(_written(np.asarray(trace[axis])))
            if axis in labelled:
                ticks = contents.ticks(figure, trace, axis)
                columns.append([_text(ticks.get(contents.place_key(place), "")) for place in trace[axis]])
        columns += [more.get(name, [""] * len(trace.x)) for name in further]
        yield from map(",".join, zip(*columns, strict=True))


def _told(trace: Any) -> dict[str, Sequence[str]]:
    """What the hover tells besides: a text for each point; numbers, where the figure says what they are: meta["told"],
    a name for each column."""
    told: dict[str, Sequence[str]] = {
        name: _written(np.asarray(trace.customdata)[:, index]) for index, name in enumerate(contents.told(trace))
    }
    texts = trace.text if trace.hovertext is None else trace.hovertext
    if trace.type == "scatter" and isinstance(texts, list | tuple | np.ndarray):
        told["text"] = [_text(contents.plain(str(text))) for text in texts]
    return told


def _fields(places: Sequence[tuple[str, str]]) -> list[str]:
    return [f"{at if at.lstrip('-').isdigit() else _text(at)},{_text(name)}" for at, name in places]


def _text(text: str) -> str:
    """As a field of the file."""
    safe = f"'{text}" if text.startswith(FORMULA) else text
    return '"' + safe.replace('"', '""') + '"' if set(safe) & set(',"\r\n') else safe


def _written(values: NDArray[Any]) -> list[Any]:
    """Numbers in as few digits as bring back the same number, nothing for those that are none; words as fields."""
    if values.dtype.kind in "OU":
        return [_text(contents.plain(str(value))) for value in values.tolist()]
    texts = values.astype(str)
    if values.dtype.kind == "f":
        texts[np.isnan(values)] = ""
    written: list[Any] = texts.tolist()
    return written


def _at(tokens: Sequence[str], index: int) -> str:
    return tokens[index] if index < len(tokens) else ""


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
<title>{escape(contents.name_of(figure))}</title>
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
