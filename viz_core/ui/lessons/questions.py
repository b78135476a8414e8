"""A question before the page is seen, and what came of it after."""

from typing import Any

import streamlit as st

from viz_core.figures.blank import blank_map
from viz_core.figures.labels import numbered
from viz_core.language import _
from viz_core.lessons.asked import Asked
from viz_core.ui import settings, show, state, themes
from viz_core.ui.components.bridge import bridge
from viz_core.ui.head_roles import picked
from viz_core.ui.lessons import score
from viz_core.ui.lessons.course import Place
from viz_core.ui.lessons.said import Asks, Said, asked_at
from viz_core.ui.lessons.score import Given, Guess

MOST_TOLD = 3  # right cells or tokens that are named one by one


def draw(place: Place, said: Said) -> None:
    """The question, and a way to go on without an answer."""
    asks = said.asks
    if asks is None:
        return
    with st.container(key="lesson-question"):
        st.caption(":material/psychology_alt: " + _("Predict first; then the page shows it."))
        st.markdown(f"#### {asks.question}")
        guess = _chosen(place, asks)
        _choices(place, asks)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                _("Check"),
                key="lesson-check",
                type="primary",
                icon=":material/check:",
                disabled=guess is None,
                on_click=_check,
                args=(place, asks),
            )
            st.button(
                _("Show me without answering"),
                key="lesson-show",
                type="tertiary",
                on_click=_answer,
                args=(place, asks, None),
            )


def _check(place: Place, asks: Asks) -> None:
    """Takes what is chosen now: a click that came while the page ran belongs to a button of before."""
    guess = _chosen(place, asks)
    if guess is not None:
        _answer(place, asks, guess)


def _chosen(place: Place, asks: Asks) -> Guess:
    if asks.click == "cell":
        row, column = _kept_cells().get(place.name, (None, None))
        return None if row is None or column is None else (row, column)
    chosen: int | None = st.session_state.get(_key("token" if asks.click else "option", place))
    return chosen


def _key(of: str, place: Place) -> str:
    return f"lesson-{of}-{place.name}"


def _kept_cells() -> dict[str, tuple[int | None, int | None]]:
    kept: dict[str, tuple[int | None, int | None]] = st.session_state.setdefault("lesson cells", {})
    return kept


def _answer(place: Place, asks: Asks, guess: Guess) -> None:
    score.give(place, Given(guess, guess in asks.right))
    if asks.click == "cell":  # the page frames the cell that was asked for
        query, key = min(_cells(asks))
        state.show(query=query, key=key)
    else:
        state.show()


def _cells(asks: Asks) -> list[tuple[int, int]]:
    return [answer for answer in asks.right if isinstance(answer, tuple)]


def _choices(place: Place, asks: Asks) -> None:
    if asks.click == "cell":
        _cell(place, asked_at(place))
    elif asks.click == "token":
        _token(place, asked_at(place))
    else:
        _option(place, asks)


def _option(place: Place, asks: Asks) -> None:
    key, numbers = _key("option", place), range(len(asks.options))
    before: int | None = st.session_state.get(key)
    if before is not None and before in numbers:  # in another language they are called otherwise
        settings.put(key, before, asks.options[before])
    st.radio(
        asks.question,
        numbers,
        format_func=asks.options.__getitem__,
        index=None,
        key=key,
        label_visibility="collapsed",
    )


def _token(place: Place, preset: Asked) -> None:
    names = [show.literal(name) for name in numbered(preset.recording.tokens)]  # equal names would be one button
    st.pills(
        _("Tokens"),
        range(len(names)),
        format_func=names.__getitem__,
        key=_key("token", place),
        label_visibility="collapsed",
    )


def _cell(place: Place, preset: Asked) -> None:
    """A blank map to click, and choosers of row and column, which do the same."""
    kept = _kept_cells()
    row, column = kept.get(place.name, (None, None))
    record = preset.recording.blocks[preset.layer].attention.head(preset.head)
    n = len(preset.recording.tokens)
    allowed = record.allowed.expand(1, n, n)[0].numpy()

    def take(query: int, key: int, **_head: int) -> None:
        kept[place.name] = (query, column if key < 0 else key)  # a click on a row's name says no column
        state.show()

    _choosers(place, preset, (row, column), kept)
    title = _("Which cell? Click it, or choose row and column")
    drawn = blank_map(allowed, preset.recording.tokens, title=title, theme=themes.theme())
    show.figure(drawn, "blank", f"{title}. " + _("A map of {n} tokens without weights.").format(n=n))
    bridge(
        ["blank"],
        of=place.name,
        chosen={"layer": 0, "head": 0, "query": -1 if row is None else row, "key": -1 if column is None else column},
        limits={"layer": 1, "head": 1, "query": n, "key": n},
        on_choose=take,
        on_window=lambda _part: None,
        role=picked(),
    )


def _choosers(
    place: Place,
    preset: Asked,
    cell: tuple[int | None, int | None],
    kept: dict[str, tuple[int | None, int | None]],
) -> None:
    names = numbered(preset.recording.tokens)
    labels = (_("Row looks (query)"), _("at column (key)"))
    keys = [_key(end, place) for end in ("row", "column")]

    def take() -> None:
        row, column = (st.session_state[key] for key in keys)
        if {row, column} <= {None, *range(len(names))}:  # else a word of the sentence before
            kept[place.name] = (row, column)

    with st.container(horizontal=True):
        for key, label, chosen in zip(keys, labels, cell, strict=True):
            settings.put(key, chosen, None if chosen is None else names[chosen])
            st.selectbox(
                label, range(len(names)), format_func=names.__getitem__, index=None, key=key, width=172, on_change=take
            )


# -- after the answer --------------------------------------------------------------------------------------


def answered(place: Place, asks: Asks, given: Given) -> None:
    """What was asked, what was said, what is right, and why."""
    with st.container(border=True, key="lesson-answer"):
        if given.guess is None:
            st.markdown(":material/visibility: **" + _("Shown without an answer") + "**")
        elif given.right:
            st.markdown(":green[:material/check_circle:] **" + _("Right") + "**")
        else:
            st.markdown(":orange[:material/cancel:] **" + _("Not so") + "**")
        st.markdown(asks.question)
        tokens = asked_at(place).recording.tokens if asks.click else ()
        if given.guess is not None and not given.right:
            st.markdown(_("You said: {guess}").format(guess=_named(asks, given.guess, tokens)))
        words = _("The answer (see {source}): {right}") if asks.source else _("The answer: {right}")
        st.markdown(words.format(source=asks.source, right=_right(asks, tokens)))
        st.markdown(asks.why)


def _right(asks: Asks, tokens: tuple[str, ...]) -> str:
    answers: list[Any] = sorted(asks.right)
    named = [_named(asks, answer, tokens) for answer in answers]
    if len(named) <= MOST_TOLD:
        return _(" or ").join(named)
    return _("{first}, or any of {count} others").format(first=named[0], count=len(named) - 1)


def _named(asks: Asks, answer: int | tuple[int, int], tokens: tuple[str, ...]) -> str:
    if isinstance(answer, tuple):
        row, column = answer
        words = _("row {row}, column {column}")
        return words.format(row=_token_named(tokens, row), column=_token_named(tokens, column))
    return _token_named(tokens, answer) if asks.click else f"**{asks.options[answer]}**"


def _token_named(tokens: tuple[str, ...], at: int) -> str:
    return f"{show.quoted(tokens[at])} ({at})"
