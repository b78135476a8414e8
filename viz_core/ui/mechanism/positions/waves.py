"""Positions: the sinusoidal matrix, one of its numbers worked out, and its waves."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from viz_core import positions
from viz_core.analysis import places
from viz_core.figures import Curve, curves, palette
from viz_core.figures.grids import grid
from viz_core.language import _
from viz_core.ui import maps, settings, show, store
from viz_core.ui.formulas import digits
from viz_core.ui.scene import Scene
from viz_core.ui.show import number

ROWS = [8, 16, 32, 64, 128, 256]
COMPONENTS = [4, 8, 16, 32, 64, 128, 256]
WAVES = 4  # curves of so many pairs


def sinusoidal(scene: Scene) -> list[str]:
    maps.explain(
        r"\begin{array}{l} PE_{(pos,\,2i)}=\sin\!\left(pos / 10000^{2i/d}\right) \\[6pt] "
        r"PE_{(pos,\,2i+1)}=\cos\!\left(pos / 10000^{2i/d}\right) \end{array}",
        _(
            "Every position gets a vector of $d$ numbers, which is added to its token's. Components come in pairs, "
            "sine and cosine of one wave: the first pair turns once in 6.28 positions, the last hardly at all, like "
            "the hands of a clock. Nothing of it is learned."
        ),
    )
    with st.container(horizontal=True, gap="medium"):
        n = int(settings.slider("rows", _("Positions"), ROWS, default=64, says=lambda size: f"{size:.0f}"))
        d = int(
            settings.slider("components", _("Components d"), COMPONENTS, default=32, says=lambda size: f"{size:.0f}")
        )
        position = settings.whole_number("position", _("Position"), 0, n - 1, default=7)
        component = settings.whole_number("component", _("Component"), 0, d - 1, default=4)
    found = places.cell(position, component, d)
    left, right = st.columns([1.15, 1], gap="medium")
    with left:
        _matrix(scene, n, d, found)
    with right:
        _worked(found, d)
        _waves(scene, n, d, found)
    return []


def _matrix(scene: Scene, n: int, d: int, found: places.Cell) -> None:
    def drawn() -> go.Figure:
        cells = [places.cell(0, component, d) for component in range(d)]
        told = np.empty((n, d, 3), dtype=np.float32)
        told[..., 0] = [each.pair for each in cells]
        told[..., 1] = [each.wavelength for each in cells]
        told[..., 2] = np.arange(n)[:, None] / np.array([each.divisor for each in cells])
        return grid(
            positions.sinusoidal(n, d).numpy(),
            title=_("Sinusoidal positions, {n} × {d}").format(n=n, d=d),
            subtitle=_("one row a position; even components are sines, odd ones cosines"),
            x_title=_("component"),
            y_title=_("position"),
            theme=scene.theme,
            says=_("position %{y}, component %{x} (pair i = %{customdata[0]})")
            + "<br>"
            + _("wavelength %{customdata[1]:.4~g}, angle %{customdata[2]:.4~g} rad")
            + "<br><b>%{z:.4~g}</b>",
            told=told,
            limit=1.0,
            framed=(found.position, found.component),
            height=460,
        )

    of = ("waves", n, d, found.position, found.component, scene.theme)
    show.figure(store.figure(of, drawn), "matrix", _("Matrix of sines and cosines, a row for each position"))


def _worked(found: places.Cell, d: int) -> None:
    name = r"\cos" if found.component % 2 else r"\sin"
    row, pair = found.position, found.pair
    st.markdown(
        "**"
        + _("Position {position}, component {component}: pair i = {pair}, the {which}").format(
            position=row, component=found.component, pair=pair, which=_("cosine") if found.component % 2 else _("sine")
        )
        + "**"
    )
    st.latex(
        rf"\begin{{array}}{{l}} {name}\!\left(\dfrac{{{row}}}{{10000^{{2\cdot {pair}/{d}}}}}\right) ="
        rf" {name}\!\left(\dfrac{{{row}}}{{{digits(found.divisor, 6)}}}\right) \\[14pt] "
        rf"= {name}({digits(found.angle, 6)}) = {digits(found.value)} \end{{array}}"
    )
    st.caption(
        _("This wave comes round every 2π · {divisor} = {wavelength} positions.").format(
            divisor=number(found.divisor), wavelength=number(found.wavelength)
        )
    )


def _waves(scene: Scene, n: int, d: int, found: places.Cell) -> None:
    parity, wave = found.component % 2, np.cos if found.component % 2 else np.sin
    spread = [round(index * (d // 2 - 1) / (WAVES - 1)) for index in range(WAVES)]
    pairs = [found.pair, *(pair for pair in dict.fromkeys(spread) if pair != found.pair)][:WAVES]
    x = np.linspace(0, n - 1, 8 * (n - 1) + 1)  # between positions too: a wave is seen as one
    lines = [
        Curve(
            _("component {component}").format(component=2 * pair + parity),
            x,
            wave(x / places.cell(0, 2 * pair, d).divisor),
            ink=palette.QUERY if pair == found.pair else None,
        )
        for pair in pairs
    ]
    point = Curve(
        _("the chosen number"), np.array([found.position]), np.array([found.value]), like="measured", ink=palette.QUERY
    )
    drawn = curves(
        [*lines, point],
        title=_("Some of its columns, as waves"),
        subtitle=_("all {name}; the upright line is position {position}").format(
            name=_("cosines") if parity else _("sines"), position=found.position
        ),
        x_title=_("position"),
        y_title=_("value"),
        theme=scene.theme,
        mark=float(found.position),
        height=250,
    )
    show.figure(drawn, "waves", _("Values of a few components over the positions"))
