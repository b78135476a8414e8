"""Additive scores beside dot products: what differs in the formula, what is counted, and what is measured here."""

import numpy as np
import streamlit as st

from viz_core.analysis import additive
from viz_core.efficiency import score_functions
from viz_core.efficiency.score_functions import Timed
from viz_core.figures import Curve, curves, palette
from viz_core.figures.palette import ThemeName
from viz_core.language import _
from viz_core.recurrent import AdditiveRecord
from viz_core.ui import show, store, waiting
from viz_core.ui.show import number
from viz_core.ui.workshop import Progress

LENGTHS = (32, 64, 128, 256, 512, 1024)
ROUNDS = 5
MEASURED = "additive cost"  # in the session: whether the visitor has asked


def beside_a_dot_product(record: AdditiveRecord, theme: ThemeName) -> None:
    with st.expander(_("Beside a dot product: what differs, and what it costs"), icon=":material/timer:"):
        _formulas(record)
        _measured(len(record.v), theme)


def _formulas(record: AdditiveRecord) -> None:
    width = len(record.v)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**" + _("Additive") + "** · Bahdanau, Cho & Bengio 2015")
        st.latex(r"e_{ij} = v\cdot\tanh(W s_{i-1} + b + U h_j)")
        st.markdown(
            _(
                "A hidden layer of {d} units stands between the two. A cell is {d} additions, {d} tanh and {d} "
                "multiply–adds, and no score leaves ±Σ|v| = ±{most}."
            ).format(d=width, most=number(additive.bound(record)))
        )
    with right:
        st.markdown("**" + _("Scaled dot product") + "** · Vaswani et al. 2017, 3.2.1")
        st.latex(r"e_{ij} = \frac{q_i \cdot k_j}{\sqrt{d_k}} = \frac{(W_Q s_i)\cdot(W_K h_j)}{\sqrt{d_k}}")
        st.markdown(
            _(
                "The two are multiplied component by component: all cells are one product of matrices. A cell is {d} "
                "multiply–adds at this width, and its sum spreads like √dₖ, hence the division."
            ).format(d=width)
        )


def _measured(width: int, theme: ThemeName) -> None:
    place = st.container()
    of = ("additive cost", LENGTHS, width, ROUNDS)
    if store.measured(of) is None and not st.session_state.get(MEASURED):
        with place.container(horizontal=True, vertical_alignment="center"):
            st.button(
                _("Measure both on this machine"),
                key="measure-additive",
                icon=":material/timer:",
                on_click=lambda: st.session_state.update({MEASURED: True}),
            )
            words = _("Scores of n queries and n keys, {width} wide, n from {low} to {high:,}; a few seconds.")
            st.caption(words.format(width=width, low=LENGTHS[0], high=LENGTHS[-1]))
        return
    with waiting.shown(place, "additive cost", _measuring) as report:
        timed = store.measurement(of, lambda note: score_functions.timed(LENGTHS, width, ROUNDS, note), report)
    _drawn(timed, theme)


def _measuring(progress: Progress) -> str:
    return _("Measuring: {done} of {total}").format(done=progress.done, total=progress.total)


def _drawn(timed: Timed, theme: ThemeName) -> None:
    n = np.array(timed.lengths)
    left, right = st.columns([1.35, 1], gap="medium")
    with left:
        drawn = curves(
            [
                Curve(_("additive"), n, 1_000 * np.array(timed.additive), ink=palette.QUERY),
                Curve(_("scaled dot product"), n, 1_000 * np.array(timed.dot), ink=palette.KEY),
            ],
            title=_("Time for all n × n scores"),
            subtitle=_("on this machine: the fastest run, rounds: {rounds}, {threads}").format(
                rounds=timed.rounds, threads=_threads(timed.threads)
            ),
            x_title=_("n queries and n keys, {width} wide").format(width=timed.width),
            y_title=_("milliseconds"),
            theme=theme,
            log_x=True,
            log_y=True,
        )
        show.figure(drawn, "additive-cost", _("Milliseconds against length, both axes logarithmic"))
    with right:
        _said(timed)


def _threads(count: int) -> str:
    return _("one thread") if count == 1 else _("{count} threads").format(count=count)


def _said(timed: Timed) -> None:
    longest = timed.lengths[-1]
    dot, sums = score_functions.counted(longest, timed.width)
    times = [slow / fast for slow, fast in zip(timed.additive, timed.dot, strict=True)]
    st.dataframe(
        {
            "n": [f"{n:,}" for n in timed.lengths],
            _("dot product, ms"): [number(1_000 * seconds) for seconds in timed.dot],
            _("additive, ms"): [number(1_000 * seconds) for seconds in timed.additive],
            _("times as long"): [f"{ratio:.1f}" for ratio in times],
        },
        hide_index=True,
    )
    words = _(
        "At n = {n:,} additive scores took **{ratio:.1f} times** as long (from {least:.1f} to {most:.1f} over these "
        "lengths), with as many multiply–adds: {count:,} each. On top come {count:,} additions and as many tanh, and "
        "{between:,} numbers made on the way, each sum and its tanh; a product of matrices makes none."
    )
    said = words.format(
        n=longest,
        ratio=times[-1],
        least=min(times),
        most=max(times),
        count=dot.multiply_adds,
        between=sums.between,
    )
    st.markdown(said)
    st.caption(
        _(
            "Both begin with queries and keys that are there (W s and U h; W_Q s and W_K h), random numbers. Additive "
            "scores are worked out some rows at a time, so that their n × n × {width} numbers need not be in memory at "
            "once. The paper says of the two: similar in theoretical complexity, dot products much faster in practice."
        ).format(width=timed.width)
    )
