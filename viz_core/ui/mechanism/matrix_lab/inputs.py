"""What is experimented on: examples, matrices edited cell by cell or written as text, and how they are used."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import pandas as pd
import streamlit as st
from torch import Tensor

from viz_core import matrices
from viz_core.analysis import lab
from viz_core.analysis.lab import Example, Experiment, Matrices, Sizes
from viz_core.language import _
from viz_core.matrices import UnusableMatrix
from viz_core.ui import settings, show, state
from viz_core.ui.mechanism.matrix_lab import words

OWN = 8.0  # a divisor to begin with
RANDOM = "random"
START = Sizes(queries=4, keys=4, d_k=3, d_v=3, width=5)
MOST_SEEDS = 999
DIVISOR = "own_divisor"
HOW = ("divide_by", DIVISOR, "only_before", "softmax_over")
ROW = 28  # pixels of a row of a table
MANY = 6  # rows from which a table scrolls in itself, so that the strip below stays in sight
HALF_SEEN = 6.5  # the rows of such a table that are seen, the last one cut: there is more
DIVISORS = (0.01, 1e6)


@dataclass(frozen=True)
class Refused:
    """What was given for a matrix or the divisor and could not be used, while what it was for stays `of`.

    text  as it was written; None where cells were edited, whose table keeps them itself
    """

    text: str | None
    says: str
    of: str


def asked() -> Experiment:
    """Draws the inputs; returns what is to be computed: what is asked for, or the last that could be."""
    left, right = st.columns([1, 2.4], gap="medium", vertical_alignment="bottom")
    with left:
        way = _way()
    with right:
        name = _example(way)
    example = _drawn(way) if name == RANDOM else lab.examples(way)[name]
    note, mode = st.columns([2.4, 1], gap="medium", vertical_alignment="center")
    with mode:
        modes = {"cells": _("Cells"), "text": _("Text, to write or paste")}
        typed = settings.one_of("typed", _("Edit as"), modes, hidden=True)
    given, complaints = _given(way, example)
    found = lab.mismatches(given)
    for mismatch in found:
        complaints.setdefault(mismatch.second, []).append(mismatch.says)
    _matrices(way, typed, given, complaints)
    kept: tuple[str, Matrices] = st.session_state.get("lab good", (way, example.matrices))
    good = given if not found else kept[1] if kept[0] == way else example.matrices
    if complaints:
        _say_still_shown(good)
    st.session_state["lab good"] = (way, good)
    experiment = _used(good, example)
    note.caption(words.of_example(name) if lab.is_of(experiment, example) else words.changed(name))
    return experiment


# -- what to start from ----------------------------------------------------------------------------------------


def _way() -> str:
    ways = {"qkv": "Q, K, V", "xw": _("X and W_Q, W_K, W_V")}
    return settings.one_of("given", _("What is given"), ways)


def _example(way: str) -> str:
    names = [*lab.examples(way), RANDOM]
    chosen = state.setting("example") if state.setting("example") in names else names[0]
    called = words.example_names()
    settings.put("lab-example", chosen, called[chosen])
    st.pills(
        _("Start from"),
        names,
        format_func=called.__getitem__,
        key="lab-example",
        required=True,
        wrap=True,
        on_change=_start_from,
        args=(names, way),
    )
    return chosen


def _start_from(names: list[str], way: str) -> None:
    name = st.session_state["lab-example"]
    if name not in names:  # a word from before the page was drawn anew
        return
    state.put_setting("example", "" if name == next(iter(lab.examples(way))) else name)
    _refused().clear()
    _forget((*lab.GIVEN[way], *HOW, "cell"))


def _forget(names: tuple[str, ...]) -> None:
    for name in names:
        state.put_setting(name, "")
    state.show()


def _drawn(way: str) -> Example:
    """A random example, of the sizes and the seed that the visitor chooses."""
    least_most = (1, matrices.MOST)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        n = _number("n_queries", _("queries n") if way == "qkv" else _("tokens n"), least_most, START.queries, way)
        m = _number("n_keys", _("keys m"), least_most, START.keys, way) if way == "qkv" else n
        width = _number("d_model", _("d_model"), least_most, START.width, way) if way == "xw" else START.width
        d_k = _number("d_k", "dₖ", least_most, START.d_k, way)
        d_v = _number("d_v", "dᵥ", least_most, START.d_v, way)
        seed = _number("lab_seed", _("seed"), (0, MOST_SEEDS), 0, way)
        st.button(_("Draw again"), icon=":material/casino:", on_click=lambda: _draw_again(way, seed))
    return lab.at_random(way, Sizes(n, m, d_k, d_v, width), seed)


def _draw_again(way: str, seed: int) -> None:
    state.put_setting("lab_seed", str((seed + 1) % (MOST_SEEDS + 1)))
    _forget(lab.GIVEN[way])


def _number(name: str, label: str, least_most: tuple[int, int], default: int, way: str) -> int:
    """As settings.whole_number; a change draws all matrices anew."""
    said, (least, most) = state.setting(name), least_most
    readable = said.isascii() and said.isdigit() and len(said) <= state.MOST_DIGITS
    chosen = min(max(int(said), least), most) if readable else default
    key = f"setting-{name}"
    settings.put(key, chosen)

    def take() -> None:
        state.put_setting(name, "" if st.session_state[key] == default else str(st.session_state[key]))
        _forget(lab.GIVEN[way])

    st.number_input(label, least, most, step=1, key=key, width=112, on_change=take)
    return chosen


# -- the matrices ----------------------------------------------------------------------------------------------


def _given(way: str, example: Example) -> tuple[dict[str, Tensor], dict[str, list[str]]]:
    """The matrices as they are asked for, and what is to be said of some; the example's where an address says none."""
    given, complaints = dict(example.matrices), {}
    for name in lab.GIVEN[way]:
        said = state.setting(name)
        try:
            given[name] = matrices.from_address(said) if said else given[name]
        except UnusableMatrix as error:
            complaints[name] = [_("The address gives no matrix: {error}").format(error=error)]
        refused = _refused().get(name)
        if refused and refused.of == matrices.addressed(given[name]):
            complaints[name] = [refused.says]
        else:
            _refused().pop(name, None)
    return given, complaints


def _refused() -> dict[str, Refused]:
    kept: dict[str, Refused] = st.session_state.setdefault("lab refused", {})
    return kept


def forget_edits(keep: Collection[str] = ()) -> None:
    """Of tables that are not on the page, for there Streamlit forgets them too."""
    for name in {name for names in lab.GIVEN.values() for name in names}.difference(keep):
        st.session_state.pop(f"lab cells {name}", None)


def _matrices(way: str, typed: str, given: Matrices, complaints: dict[str, list[str]]) -> None:
    forget_edits(keep=lab.GIVEN[way] if typed == "cells" else ())
    for column, name in zip(st.columns(len(lab.GIVEN[way]), gap="small"), lab.GIVEN[way], strict=True):
        with column:
            st.markdown(words.heading(name, given[name]))
            (_cells if typed == "cells" else _text)(name, given[name])
            for complaint in complaints.get(name, []):
                st.error(show.literal(complaint), icon=":material/error:")
    if typed == "text":
        st.caption(words.of_text())


def _take(name: str, text: str | None, of: str, read: Callable[[], Tensor]) -> str:
    """What a visitor gives for a matrix, where it can be used; returns how the address has it, "" where it cannot."""
    try:
        matrix = read()
    except UnusableMatrix as error:
        counted = "" if text is not None else " " + _("(Rows and columns counted from 1.)")  # the table's begin at 0
        _refused()[name] = Refused(text, f"{error}{counted}", of)
        state.show()
        return ""
    _refused().pop(name, None)
    settings.keep(name, matrices.addressed(matrix))
    return state.setting(name)


def _cells(name: str, matrix: Tensor) -> None:
    """A table to edit in place. What Streamlit keeps are the edits, so it is given the matrix from before them."""
    kept = st.session_state.get(f"lab cells {name}")
    text = matrices.addressed(matrix)
    if kept is None or kept[2] != text:
        st.session_state["lab edition"] = st.session_state.get("lab edition", 0) + 1
        kept = st.session_state[f"lab cells {name}"] = (st.session_state["lab edition"], matrix, text)
    edition, base, _text_now = kept
    key = f"cells-{name}-{edition}"

    def take() -> None:
        edits = st.session_state[key]["edited_rows"]
        changes = {int(row): {int(column): typed for column, typed in cells.items()} for row, cells in edits.items()}
        taken = _take(name, None, text, lambda: matrices.edited(base, changes))
        if taken:
            st.session_state[f"lab cells {name}"] = (edition, base, taken)

    n, d = base.shape
    numbers = [[f"{value:.{matrices.DIGITS}g}".replace("-", "−") for value in row] for row in base.tolist()]
    # text, for a column of numbers would take what it makes of "1,5" or "2e3" without a word
    column = st.column_config.TextColumn(width=50, alignment="right")
    st.data_editor(
        pd.DataFrame(numbers, index=words.rows(name, n), columns=list(map(str, range(d)))),
        key=key,
        height="content" if n <= MANY else round((HALF_SEEN + 1) * ROW) + 8,
        row_height=ROW,
        column_config={str(number): column for number in range(d)},
        on_change=take,
    )


def _text(name: str, matrix: Tensor) -> None:
    key, of = f"text-{name}", matrices.addressed(matrix)
    refused = _refused().get(name)
    settings.put(key, refused.text if refused and refused.text is not None else matrices.lines(matrix))

    def take() -> None:
        text = st.session_state[key]
        _take(name, text, of, lambda: matrices.parse(text))

    st.text_area(
        name,
        key=key,
        height=round(min(max(len(matrix), 3), HALF_SEEN) * 25) + 30,
        label_visibility="collapsed",
        on_change=take,
    )


# -- how they are used -----------------------------------------------------------------------------------------


def _used(given: Matrices, example: Example) -> Experiment:
    own = {None: "root", 1.0: "none"}.get(example.divisor, "own")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        ways = {"root": "√dₖ", "none": _("nothing"), "own": _("a number")}
        by = settings.one_of("divide_by", _("Scores are divided by"), ways, default=own)
        divisor = {"root": None, "none": 1.0}.get(by) if by != "own" else _own_divisor(example.divisor or OWN)
        if by != "own":  # its place is kept, so that nothing moves when it is wanted
            st.text_input(_("Divisor"), show.number(Experiment(given, divisor).divided_by), disabled=True, width=100)
        masks = {"no": _("none"), "yes": _("causal: row i sees 0 … i")}
        causal = settings.one_of("only_before", _("Mask"), masks, default="yes" if example.causal else "no")
        axes = {"rows": _("each row"), "columns": _("each column: a mistake")}
        axis = settings.one_of("softmax_over", _("Softmax over"), axes)
    if by == "own" and (refused := _refused().get(DIVISOR)):
        still = _("Still shown below: divided by {divisor}.").format(divisor=show.number(divisor or OWN))
        st.error(f"{show.literal(refused.says)} {still}", icon=":material/error:")
    return Experiment(given, divisor, causal == "yes", axis == "columns")


def _own_divisor(default: float) -> float:
    said, chosen = state.setting(DIVISOR), default
    key, of = f"setting-{DIVISOR}", said or repr(default)
    refused = _refused().pop(DIVISOR, None)
    refused = refused if refused and refused.of == of else None
    try:
        chosen = matrices.number(said, *DIVISORS) if said else default
    except UnusableMatrix as error:
        refused = refused or Refused(said, _("The address gives no divisor: {error}").format(error=error), of)
    if refused:
        _refused()[DIVISOR] = refused
    settings.put(key, refused.text if refused else f"{chosen:.{matrices.DIGITS}g}")

    def take() -> None:
        typed = st.session_state[key]
        try:
            taken = matrices.number(typed, *DIVISORS)
        except UnusableMatrix as error:
            _refused()[DIVISOR] = Refused(typed, str(error), of)
            state.show()
            return
        _refused().pop(DIVISOR, None)
        settings.keep(DIVISOR, repr(taken))

    st.text_input(_("Divisor"), key=key, width=100, on_change=take)
    return chosen


def _say_still_shown(good: Matrices) -> None:
    shapes = ", ".join(
        f"{name} {rows} × {columns}" for name, (rows, columns) in ((n, m.shape) for n, m in good.items())
    )
    st.caption(_("Still shown below, the last that could be computed: {shapes}.").format(shapes=shapes))
