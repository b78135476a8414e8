"""Tables of pages: what a visitor or a stranger wrote is text in them."""

import numpy as np
from streamlit.testing.v1 import AppTest

from viz_core.ui.components import tile_rows
from viz_core.ui.mechanism.efficient.tables import large


def page() -> None:
    from viz_core.ui.mechanism.efficient.tables import table  # noqa: PLC0415  AppTest runs this as a script

    table(["<i>head</i>", "b"], [["<b>name</b>", "<img src=x>"]], key="k")


def test_a_table_escapes_what_it_is_given() -> None:
    app = AppTest.from_function(page).run()
    drawn = " ".join(html.proto.body for html in app.get("html"))
    for markup in ("<i>", "<b>", "<img"):
        assert markup not in drawn
    for text in ("&lt;i&gt;head", "&lt;b&gt;name", "&lt;img src=x&gt;"):
        assert text in drawn


def test_large_numbers() -> None:
    assert [large(value) for value in (0, 99_999, 100_000, 2.684e8)] == ["0", "99,999", "1.00·10⁵", "2.68·10⁸"]


def test_levels_of_colour_run_from_minus_the_limit_to_it() -> None:
    assert tile_rows._levels(np.array([-2.0, 0.0, 2.0], dtype=np.float32), 2.0).tolist() == [0, 128, 255]
