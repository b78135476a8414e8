"""Real layers of PyTorch, timed on the machine that serves the page, beside the slopes that theory gives them."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from viz_core.efficiency.costs import Kind, multiply_adds
from viz_core.efficiency.layers import KINDS, LENGTHS, Timings, timings
from viz_core.efficiency.timing import slope
from viz_core.figures import Curve
from viz_core.figures.growth import Slope, growth
from viz_core.language import _
from viz_core.ui import show, store, waiting
from viz_core.ui.mechanism.efficient.sizes import Sizes, names
from viz_core.ui.mechanism.efficient.tables import duration, large, table
from viz_core.ui.scene import Scene
from viz_core.ui.workshop import Progress

WIDEST, MOST_NEIGHBOURS, WIDEST_KERNEL, NARROWEST, FEWEST = 512, 256, 9, 64, 16
FITTED = 3  # the last points, where what a call costs whatever it does matters least
DISTURBED = 0.15  # of a slope
FLAT, STILL = 0.85, 1.05  # of the growth of the work; times
RUN = "timings run"
ENTRY = {"attention": 2, "recurrent": 1, "convolution": 1, "restricted": 1}  # exponents of n in the table


def on_this_machine(scene: Scene, sizes: Sizes) -> None:
    st.markdown("#### " + _("Measured on this machine"))
    timed, place = _timed(sizes), st.container()
    run = st.session_state.get(RUN, 0)
    found: Timings | None = store.measured((*_identity(timed), run))
    if found is None and st.session_state.get("time layers") == (timed, run):
        with waiting.shown(place, "layers", _measuring) as report:
            found = store.measurement(
                (*_identity(timed), run),
                lambda note: timings(timed.d, k=timed.k, r=timed.r, note=note),
                report,
            )
    if found is None:
        _offer(timed, run, _as_near_as(sizes, timed))
        return
    left, right = st.columns([1.3, 1], gap="large")
    with left:
        _figure(scene, found, timed, run)
    with right:
        st.markdown(_said(found, timed))
        st.button(_("Measure again"), key="again-layers", icon=":material/refresh:", on_click=_again, args=(timed,))
    _table(found, timed)
    _caption(found, timed, _as_near_as(sizes, timed))


def _timed(sizes: Sizes) -> Sizes:
    """What is measured in seconds rather than minutes; n is every length of LENGTHS."""
    return Sizes(
        0,
        min(max(sizes.d, NARROWEST), WIDEST),
        min(sizes.k, WIDEST_KERNEL),
        min(max(sizes.r, FEWEST), MOST_NEIGHBOURS),
    )


def _identity(timed: Sizes) -> tuple[str, Sizes]:
    return "layers timed", timed


def _as_near_as(sizes: Sizes, timed: Sizes) -> str:
    """Where what is chosen above would take too long, or nothing at all."""
    if sizes[1:] == timed[1:]:
        return ""
    return " " + _("These are as near to those chosen above as is measured here.")


def _offer(timed: Sizes, run: int, also: str) -> None:
    st.markdown(
        _(
            "One real layer of each kind is run at n = {first} … {last:,}, with d = {d}, k = {k} and r = {r}: a few "
            "seconds; leaving the page ends it. The numbers are this machine's, now."
        ).format(first=LENGTHS[0], last=LENGTHS[-1], d=timed.d, k=timed.k, r=timed.r)
        + also
    )
    st.button(
        _("Measure the four layers"),
        key="time-layers",
        icon=":material/timer:",
        on_click=lambda: st.session_state.update({"time layers": (timed, run)}),
    )


def _again(timed: Sizes) -> None:
    run = st.session_state.get(RUN, 0) + 1
    st.session_state.update({RUN: run, "time layers": (timed, run)})


def _measuring(progress: Progress) -> str:
    if not progress.total:
        return _("Measuring …")
    return _("Measuring the four layers: run {done} of {total}").format(done=progress.done + 1, total=progress.total)


# -- shown ---------------------------------------------------------------------------------------------------


def _figure(scene: Scene, found: Timings, timed: Sizes, run: int) -> None:
    lengths = np.array(found.lengths)
    drawn = store.figure(
        (*_identity(timed), run, found.seconds["attention"], scene.theme),
        lambda: growth(
            [Curve(names()[kind], lengths, np.array(found.seconds[kind]) * 1e3) for kind in KINDS],
            title=_("Time of one layer as the text grows"),
            subtitle=_("dashed: the table's slope, through the last point"),
            x_title=_("n, positions"),
            y_title=_("ms, on this machine"),
            theme=scene.theme,
            x_ticks={n: f"{n:,}" for n in found.lengths},
            slopes=[
                Slope(
                    found.lengths[-1],
                    found.seconds[kind][-1] * 1e3,
                    ENTRY[kind],
                    found.lengths[0] if ENTRY[kind] == 1 else found.lengths[len(lengths) // 2],
                    _("slope {slope}").format(slope=ENTRY[kind]) if kind in {"attention", "convolution"} else "",
                    number,
                )
                for number, kind in enumerate(KINDS)
            ],
        ),
    )
    show.figure(drawn, "layers-timed", _("Measured time of the four layers over the number of positions"))


def _fitted(found: Timings, values: Callable[[int], float] | Kind) -> float:
    """The slope of the last points: of measured times, or of a number that belongs to each length."""
    lengths = found.lengths[-FITTED:]
    numbers = [values(n) for n in lengths] if callable(values) else list(found.seconds[values][-FITTED:])
    return slope(lengths, numbers)


def _counted(kind: Kind, timed: Sizes) -> Callable[[int], float]:
    return lambda n: multiply_adds(kind, n, timed.d, k=timed.k, r=timed.r)


def _said(found: Timings, timed: Sizes) -> str:
    last = found.lengths[-1]
    attention, recurrent = (found.seconds[kind][-1] for kind in ("attention", "recurrent"))
    waits = _(
        "The GRU took **{each} a step** at n = {last:,}, {last:,} steps one after the other: {rate} multiply–adds a "
        "second, where attention reached {other}. Each step multiplies matrices by one vector, likely too little at a "
        "time to keep the machine busy."
    ).format(
        each=duration(recurrent / last),
        last=last,
        rate=large(_counted("recurrent", timed)(last) / recurrent),
        other=large(_counted("attention", timed)(last) / attention),
    )
    lines = (_grew(found, timed), _otherwise(found, timed), _flat(found, timed), waits, _met(found, timed))
    return "\n\n".join(line for line in lines if line)


def _grew(found: Timings, timed: Sizes) -> str:
    """How attention's time grew, and why its work does not with n²."""
    first, last = found.lengths[-FITTED], found.lengths[-1]
    time, work = _fitted(found, "attention"), _fitted(found, _counted("attention", timed))
    return _(
        "Attention's time grew with **$n^{{{time:.2f}}}$** between {first:,} and {last:,}, its multiply–adds with "
        "$n^{{{work:.2f}}}$: the projections, which grow with n alone, still count. With longer texts its "
        "multiply–adds near n²."
    ).format(time=time, first=first, last=last, work=work)


def _otherwise(found: Timings, timed: Sizes) -> str:
    """Of which layers the time grew faster than the work, and of which slower."""
    more = {kind: _fitted(found, kind) - _fitted(found, _counted(kind, timed)) for kind in KINDS}
    faster = ", ".join(names()[kind] for kind in KINDS if more[kind] > DISTURBED)
    slower = ", ".join(names()[kind] for kind in KINDS if more[kind] < -DISTURBED)
    said = []
    if faster:
        words = _("Time grew **faster** than the work: {kinds}. Likely memory, or other work on this machine.")
        said.append(words.format(kinds=faster))
    if slower:
        words = _("Time grew **slower** than the work: {kinds}. Likely larger products use the machine better.")
        said.append(words.format(kinds=slower))
    return " ".join(said)


def _flat(found: Timings, timed: Sizes) -> str:
    """Where the time of the shortest texts is not that of their work."""
    first, second = found.lengths[:2]
    kind = min(KINDS, key=lambda kind: found.seconds[kind][1] / found.seconds[kind][0])
    work = _counted(kind, timed)(second) / _counted(kind, timed)(first)
    time = found.seconds[kind][1] / found.seconds[kind][0]
    if time > FLAT * work:
        return ""
    grew = _("did not grow") if time < STILL else _("grew {time:.3g} times").format(time=time)
    return _(
        "At the left the curves are flatter: from {first} to {second} positions the time of the {kind} layer {grew}, "
        "its work grew {work:.3g} times, likely because starting an operation takes a time of its own."
    ).format(first=first, second=second, kind=names()[kind], grew=grew, work=work)


def _met(found: Timings, timed: Sizes) -> str:
    """From where on attention takes longer than the GRU here, beside n = d of the table."""
    pairs = zip(found.lengths, found.seconds["attention"], found.seconds["recurrent"], strict=True)
    faster = [n for n, attention, recurrent in pairs if attention <= recurrent]
    until = max(faster, default=0)
    table = _("By the table it would from n = d = {d} on, for the table counts work, and not waiting.").format(
        d=timed.d
    )
    if until == found.lengths[-1]:
        said = _("Here attention is faster than the GRU even at n = **{n:,}**.").format(n=until)
    else:
        later = found.lengths[found.lengths.index(until) + 1] if until else found.lengths[0]
        said = _("Here attention takes longer than the GRU from n = **{n:,}** on.").format(n=later)
    return said + " " + table


def _table(found: Timings, timed: Sizes) -> None:
    first, last = found.lengths[-FITTED], found.lengths[-1]
    rows = [
        [
            names()[kind],
            duration(found.seconds[kind][-1]),
            large(_counted(kind, timed)(last)),
            large(_counted(kind, timed)(last) / found.seconds[kind][-1]),
            f"{_fitted(found, kind):.2f}",
            f"{_fitted(found, _counted(kind, timed)):.2f}",
            f"{ENTRY[kind]}",
        ]
        for kind in KINDS
    ]
    heading = [
        _("layer"),
        _("time at n = {n:,}").format(n=last),
        _("multiply–adds"),
        _("per second"),
        _("slope of time, {first:,}–{last:,}").format(first=first, last=last),
        _("of multiply–adds"),
        _("of the table"),
    ]
    table(heading, rows, key="timed-table")


def _caption(found: Timings, timed: Sizes, also: str) -> None:
    said = _(
        "d = {d}, k = {k}, r = {r}; forward only, float32, CPU threads: {threads}; the fastest run counts, rounds: "
        "{rounds}. Attention: heads of 64 through PyTorch's fused kernel, no mask; torch.nn.GRU; torch.nn.Conv1d; "
        "restricted: blocks of r rows. Other work on this machine disturbs the times; on a GPU the order may differ."
    )
    st.caption(said.format(d=timed.d, k=timed.k, r=timed.r, threads=found.threads, rounds=found.rounds) + also)
