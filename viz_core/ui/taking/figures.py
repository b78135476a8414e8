"""A small button at every figure: the picture, the figure as a page that needs no network, its numbers."""

from collections.abc import Callable
from functools import partial
from re import sub

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from viz_core.figures import contents, palette, tabled, taken
from viz_core.figures.palette import ThemeName
from viz_core.language import _, speak, spoken
from viz_core.ui import state, themes
from viz_core.ui.components.snapshot import snapshot
from viz_core.ui.taking import shown

LONGEST_NAME = 80  # characters of a file's name
LONGEST_QUOTE = 300  # of a sentence under a figure
WIDTH, HEIGHT, ROW_HEIGHT = 560, 400, 32  # pixels of a table, at most, and of a row
AT_ONCE = 300_000  # cells, from which making the table takes long enough to say so


def offer(drawn: go.Figure, key: str, says: str, cells: Callable[[], taken.Cells] | None) -> None:
    """The button under the figure in the container `key`. What it opens is made when it is opened: a page full of
    figures is not slower for it.

    says   what the figure shows, in words
    cells  every number of a map, where it may be drawn with fewer
    """
    menu = st.popover(
        _("Take this figure with you, or read its numbers"),
        icon=":material/download:",
        help=_("Take this figure with you, or read its numbers"),
        type="tertiary",
        key=f"taking-{key}",
        on_change="rerun",
    )
    if menu.open:
        with menu, st.container(gap="small"):
            _menu(drawn, key, says, cells() if cells else None)


def _menu(drawn: go.Figure, key: str, says: str, cells: taken.Cells | None) -> None:
    theme = themes.theme()
    name = file_name(drawn)
    snapshot(of=key, name=name, background=palette.BACKGROUND[theme], key=f"taken-picture-{key}")
    st.download_button(
        _("Interactive page (HTML)"),
        partial(_page, spoken(), drawn, theme, [_read(shown.text()), says]),
        f"{name}.html",
        "text/html",
        key=f"taken-html-{key}",
        on_click="ignore",
        icon=":material/web_asset:",
        width="stretch",
    )
    if not contents.has_numbers(drawn):
        return
    st.download_button(
        _("Its numbers (CSV)"),
        partial(_table, drawn, cells),
        f"{name}.csv",
        "text/csv",
        key=f"taken-csv-{key}",
        on_click="ignore",
        icon=":material/table:",
        width="stretch",
    )
    if note := _note(drawn, cells):
        st.caption(note)
    if st.toggle(_("Its numbers as a table"), key=f"taken-table-{key}"):
        _tables(drawn, key, cells)


def _tables(drawn: go.Figure, key: str, cells: taken.Cells | None) -> None:
    """Its numbers, to be read here: of a large map the chosen row."""
    for place, table in enumerate(tabled.tables(drawn, cells, max(state.current().query, 0))):
        if table.of and len(table.columns) == 1:
            words = _("One row of {n} numbers: click another in the map. The file has all of them.")
            st.caption(words.format(n=f"{table.of:,}"))
        elif table.of:
            st.caption(_("The first of {n} numbers: the file has all of them.").format(n=f"{table.of:,}"))
        frame = pd.DataFrame(table.values, index=pd.Index(table.rows, name=table.name or None), columns=table.columns)
        st.dataframe(
            frame,
            key=f"taken-numbers-{key}-{place}",
            width=WIDTH,
            height=min(HEIGHT, ROW_HEIGHT * (len(frame) + 1) + 3),
            row_height=ROW_HEIGHT,
            column_config={name: st.column_config.NumberColumn(format="%.4g") for name in table.columns},
            placeholder="–",
            alt=" ".join(filter(None, [contents.name_of(drawn), table.name])),
        )


def _page(language: str, drawn: go.Figure, theme: ThemeName, about: list[str]) -> str:
    speak(language)  # it runs where no page runs
    return taken.standalone(drawn, theme=theme, about=about, language=language)


def _table(drawn: go.Figure, cells: taken.Cells | None) -> bytes:
    return taken.table(drawn, cells).encode("utf-8-sig", "replace")  # Excel takes a file without the mark for Latin


def _read(seen: tuple[str, str] | None) -> str:
    if seen is None:
        return ""
    model, text = seen
    return f"{model}: “{text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + '…'}”"


def _note(drawn: go.Figure, cells: taken.Cells | None) -> str:
    down, across = contents.pooled(drawn)
    if cells is None:
        words = _("Its numbers are those drawn: each the strongest of {down} × {across} cells.")
        return words.format(down=down, across=across) if down * across > 1 else ""
    if cells.values.size < AT_ONCE:
        return _("Its numbers are all cells of the map, not only those drawn.") if down * across > 1 else ""
    words = _("Its numbers are all {n} cells of the map, a line each: a large file, which takes some seconds.")
    return words.format(n=f"{cells.values.size:,}")


def file_name(drawn: go.Figure) -> str:
    """Of what the figure is called; letters of any language, nothing that a file system minds."""
    seen = shown.text()
    called = f"{seen[0].rsplit('/', maxsplit=1)[-1] if seen else ''} {contents.name_of(drawn)}"
    return sub(r"[^\w.]+", "-", called).strip("-.")[:LONGEST_NAME] or "figure"
