"""A figure as PNG or SVG, drawn by the browser of this machine, without a network (kaleido)."""

import kaleido
import plotly.graph_objects as go
from kaleido.errors import BrowserClosedError, BrowserFailedError, ChromeNotFoundError, JavascriptError, KaleidoError

from viz_core.command.errors import Refused
from viz_core.figures import palette
from viz_core.figures.palette import ThemeName
from viz_core.language import _

EDGE = 20  # pixels of background around the drawing
WIDTH = 1000  # pixels
LEAST_WIDTH = 500  # of a single map, whose name stands over it


def image(figure: go.Figure, kind: str, *, theme: ThemeName, width: int | None, resolution: float) -> bytes:
    """kind "png" or "svg"; a single map is as wide as it must be unless `width` is given; `resolution` dots a pixel.

    Raises Refused where there is no browser, or it fails.
    """
    drawn = _framed(figure, theme)
    size = {"width": width or _width(drawn), "height": drawn.layout.height}
    drawn.for_each_trace(
        lambda trace: trace.colorbar.update(x=EDGE / size["width"], y=EDGE / size["height"]),
        selector={"type": "heatmap", "colorbar.xref": "container"},
    )
    try:
        content: bytes = kaleido.calc_fig_sync(
            drawn,
            opts={"format": kind, "scale": resolution if kind == "png" else 1, **size},
            kopts={"mathjax": False},  # would be asked for from the network, and nothing here is TeX
        )
    except ChromeNotFoundError as error:
        message = _(
            "{kind} is drawn by Chromium or Chrome, and there is none on this machine. Install one "
            "(apt-get install chromium), name it in BROWSER_PATH, or write .html, which needs none."
        )
        raise Refused(message.format(kind=kind.upper())) from error
    except (BrowserClosedError, BrowserFailedError, JavascriptError, KaleidoError, TimeoutError) as error:
        message = _("The browser could not draw this ({reason}). Write .html, which needs none.")
        raise Refused(message.format(reason=str(error).split("\n", maxsplit=1)[0] or type(error).__name__)) from error
    return content


def _framed(figure: go.Figure, theme: ThemeName) -> go.Figure:
    """On the page's background, with an edge: a page has its own around the figure."""
    framed = go.Figure(figure)
    layout = framed.layout
    layout.paper_bgcolor = palette.BACKGROUND[theme]
    layout.height = (layout.height or 450) + 2 * EDGE
    layout.title.pad = {"t": (layout.title.pad.t or 0) + EDGE, "l": (layout.title.pad.l or 0) + EDGE}
    layout.margin = {side: (layout.margin[side] or 0) + EDGE for side in "lrtb"}
    return framed


def _width(figure: go.Figure) -> int:
    """Its own, where it has one. Cells are square, so a single map is about as wide as it is high."""
    layout = figure.layout
    if layout.width:
        return int(layout.width) + 2 * EDGE
    maps = [trace for trace in figure.data if trace.type == "heatmap" and trace.showscale is not False]
    if len(maps) != 1 or layout.yaxis.scaleanchor != "x":
        return WIDTH
    rows, columns = maps[0].z.shape
    across = (layout.height - layout.margin.t - layout.margin.b) * columns / rows
    return int(max(LEAST_WIDTH, min(layout.margin.l + across + layout.margin.r, 2 * WIDTH)))
