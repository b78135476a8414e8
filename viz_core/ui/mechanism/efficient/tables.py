"""Tables with more columns than a phone is wide, which scroll in themselves; and large numbers as people read them."""

from collections.abc import Collection, Sequence
from html import escape
from pathlib import Path

import streamlit as st

STYLE = (Path(__file__).parent / "tables.css").read_text(encoding="utf-8")
WRITTEN_OUT = 100_000  # from here on as a power of ten
POWERS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def table(
    heading: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    key: str,
    chosen: int = -1,
    pale: Collection[tuple[int, int]] = (),
    compact: bool = False,
) -> None:
    """Texts as they are, the first of a row its name.

    chosen   the number of the column that is looked at
    pale     cells (row, column) that are said with a reservation
    compact  no wider than it must be
    """

    def cell(row: int, column: int, text: str) -> str:
        kinds = ["here"] * (column == chosen) + ["pale"] * ((row, column) in pale)
        return f"<td class='{' '.join(kinds)}'>{escape(text)}</td>"

    head = "".join(
        f"<th scope='col'{' class=here' if column == chosen else ''}>{escape(text)}</th>"
        for column, text in enumerate(heading)
    )
    body = "".join(
        f"<tr><th scope='row'>{escape(row[0])}</th>"
        + "".join(cell(number, column, text) for column, text in enumerate(row[1:], start=1))
        + "</tr>"
        for number, row in enumerate(rows)
    )
    kind = "wide compact" if compact else "wide"
    drawn = f"<table class='{kind}'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    st.html(f"<style>{STYLE}</style>")
    st.html(f"<div class='scrolls' data-testid='{escape(key)}' tabindex='0'>{drawn}</div>")


def large(value: float) -> str:
    """Whole, with commas, or from 100,000 on to three digits and a power of ten, e.g. 5.37·10⁸."""
    if value < WRITTEN_OUT:
        return f"{value:,.0f}"
    mantissa, _e, exponent = f"{value:.2e}".partition("e")
    return f"{mantissa}·10{str(int(exponent)).translate(POWERS)}"


def duration(seconds: float) -> str:
    """Three digits, in the unit that reads best."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g}\u00a0{unit}"
    return f"{seconds * 1e6:.3g}\u00a0µs"
