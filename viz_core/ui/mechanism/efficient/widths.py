"""How wide a window has to be for a head, a text and a prediction; which heads bear it; what it saves on long texts."""

from collections.abc import Hashable, Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from viz_core.efficiency import sparse
from viz_core.efficiency.sparse import Pattern
from viz_core.figures import Curve, curves, palette
from viz_core.figures.growth import growth
from viz_core.language import _
from viz_core.ui import show, store, waiting, whatif
from viz_core.ui.mechanism import where
from viz_core.ui.mechanism.many_heads import heads
from viz_core.ui.roles import head_name
from viz_core.ui.scene import Scene
from viz_core.ui.show import number
from viz_core.ui.workshop import Progress

ENOUGH = 0.95  # of a head's weight
LENGTHS = 2 ** np.arange(6, 21)  # tokens: 64 to a million
NEAR = 1.5  # times, below which two curves over so many powers of ten look like one
NAMED = 3  # heads, of those that keep most and least


def against_width(scene: Scene, window: int, scope: str) -> None:
    """Weight kept and KL over the width of the window, each width computed and run."""
    st.markdown("#### " + _("How wide must the window be?"))
    values = sparse.widths_of(len(scene.tokens))
    layer, head = scene.choice.layer, scene.choice.head
    weights = store.stages(scene.model, scene.text, layer, head).weights[0]
    of = ("kept by width", *scene.choice.identity(scene.model, scene.text))
    mean, worst = store.finding(of, lambda: sparse.kept_by_width(weights))
    width = np.arange(1, len(mean) + 1)
    changes = _changes(scene, values, scope)
    left, right = st.columns(2, gap="medium")
    with left:
        title, subtitle = _("Weight kept"), _("of {head} on this text").format(head=scene.choice.name)
        drawn = [
            Curve(_("mean over rows"), width, mean.numpy(), ink=palette.KEY),
            Curve(_("worst row"), width, worst.numpy(), ink=palette.QUERY),
        ]
        _curves(scene, "kept-by-width", drawn, window, title=title, subtitle=subtitle, y_title=_("share of weight"))
    with right:
        if changes is None:
            _run_button(scene, values, scope)
        else:
            title, subtitle = _("Change of the prediction"), _("the window set in {scope}; each point is a run")
            drawn = [Curve(_("KL"), np.array(values), np.array(changes), ink=palette.OUTPUT)]
            subtitle = subtitle.format(scope=where.scopes()[scope])
            _curves(scene, "kl-by-width", drawn, window, title=title, subtitle=subtitle, y_title=_("KL, nats"))
    st.markdown(" ".join(_said(scene, values, mean.numpy(), changes)))


def _curves(
    scene: Scene, key: str, drawn: list[Curve], window: int, *, title: str, subtitle: str, y_title: str
) -> None:
    n = len(scene.tokens)
    of = (*scene.choice.identity(scene.model, scene.text), window, whatif.row_of(scene), subtitle)
    figure = store.figure(
        (key, *of, scene.theme),
        lambda: curves(
            drawn,
            title=title,
            subtitle=subtitle,
            x_title=_("window w, tokens; line: chosen above"),
            y_title=y_title,
            theme=scene.theme,
            height=300,
            log_x=n > sparse.MOST_WIDTHS,
            zero=True,
            mark=min(window, n),
        ),
    )
    show.figure(figure, key, f"{title}. {subtitle}")


def _changes(scene: Scene, values: Sequence[int], scope: str) -> list[float] | None:
    """KL at each width; None where that takes long and nobody asked yet."""
    of, place = _key(scene, scope), st.container()
    known: list[float] | None = store.measured(of)
    if known is not None:
        return known
    blocks = sum(weight.numel() for weight in scene.model.transformer.blocks.parameters())
    if len(values) * blocks * len(scene.tokens) > heads.AT_ONCE and st.session_state.get("run widths") != of:
        return None
    at, row = where.heads(scene, scope), whatif.row_of(scene)
    with waiting.shown(place, "widths", _running) as report:
        return store.measurement(
            of,
            lambda note: sparse.change_by_width(
                scene.model.transformer, scene.recording, values, at=at, row=row, note=note
            ),
            report,
            heavy=scene.is_heavy(len(values)),
        )


def _key(scene: Scene, scope: str) -> tuple[Hashable, ...]:
    where_set, row = where.heads(scene, scope), whatif.row_of(scene)
    return "window by width", scene.model.name, scene.model.revision, scene.text, where_set, row


def _run_button(scene: Scene, values: Sequence[int], scope: str) -> None:
    st.markdown(_("Each width is a run of this model, which takes a while here: they are run when you ask."))
    of = _key(scene, scope)
    st.button(
        _("Run {count} widths").format(count=len(values)),
        key="run-widths",
        icon=":material/timer:",
        on_click=lambda: st.session_state.update({"run widths": of}),
    )


def _running(progress: Progress) -> str:
    words = _("Running one width after the other: {done} of {total}")
    return words.format(done=progress.done + 1, total=progress.total) if progress.total else _("Running …")


def _said(scene: Scene, values: Sequence[int], mean: NDArray[np.float32], changes: list[float] | None) -> list[str]:
    n = len(scene.tokens)
    enough = next((width for width, share in enumerate(mean, 1) if share >= ENOUGH), n)
    words = _("{head} needs a window of **{width}** of the {n} tokens to keep {share:.0%} of its weight in the mean.")
    return [
        words.format(head=scene.choice.name, width=enough, n=n, share=ENOUGH),
        *([] if changes is None else _of_changes(values, changes)),
        _("A weight that is kept or lost is not the same as an effect: through further layers, more is reached."),
    ]


def _of_changes(values: Sequence[int], changes: list[float]) -> list[str]:
    """From which width on every wider one that was run changes little too."""
    last = max((at for at, change in enumerate(changes) if change >= whatif.LITTLE), default=-1)
    words = (
        _("The prediction changes little at every width (KL below {kl}).")
        if last < 0
        else _("Only a window over the whole text leaves the prediction as it is (KL below {kl}).")
        if last + 2 >= len(values)
        else _("From w = **{width}** on the prediction changes little (KL below {kl}).")
    )
    width = values[min(last + 1, len(values) - 1)]
    alone = _("At w = 1 every row sees itself alone: KL {kl}.").format(kl=number(changes[0]))
    return [words.format(width=width, kl=whatif.LITTLE), alone]


def heads_and_lengths(scene: Scene, window: Pattern | None, patterns: Sequence[tuple[str, Pattern | None]]) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        if window is not None:
            _heads(scene, window)
    with right:
        _lengths(scene, [(name, pattern) for name, pattern in patterns if pattern is not None])


def _heads(scene: Scene, window: Pattern) -> None:
    st.markdown("**" + _("Which heads bear a window of {w}?").format(w=window.window) + "**")
    of = ("kept by heads", scene.model.name, scene.model.revision, scene.text, window)
    with waiting.shown(st.container(), "heads-kept", _reading) as report:
        found = store.measurement(
            of,
            lambda note: sparse.kept_by_heads(scene.recording, window.allowed(len(scene.tokens)), note),
            report,
            heavy=store.is_heavy_to_derive(scene.model, len(scene.tokens)),
        )
    table = found.numpy()
    heads.chooser(scene, table, unit=_("weight kept"), line=_("keeps {} of its weight"), signed=False, key="bearing")
    order = np.argsort(-table, axis=None, kind="stable")
    most, least = (_named(table, places) for places in (order[:NAMED], order[::-1][:NAMED]))
    words = _("Best kept: {most}. Least: {least}. Letters: what a head is known to look at.")
    st.markdown(words.format(most=most, least=least))


def _named(table: NDArray[np.float32], places: NDArray[np.intp]) -> str:
    width = table.shape[1]
    return ", ".join(f"{head_name(*divmod(int(at), width))} {show.share(float(table.flat[at]))}" for at in places)


def _reading(progress: Progress) -> str:
    words = _("Adding up the weights of layer {done} of {total}")
    return words.format(done=progress.done + 1, total=progress.total) if progress.total else _("Adding up …")


def _lengths(scene: Scene, patterns: Sequence[tuple[str, Pattern]]) -> None:
    both = scene.model.both_sides
    whole = [n * n if both else n * (n + 1) // 2 for n in LENGTHS.tolist()]
    drawn = [Curve(_("all of them"), LENGTHS, np.array(whole, dtype=float), ink=palette.MUTED)]
    drawn += [
        Curve(name, LENGTHS, np.array([pattern.cells(n) for n in LENGTHS.tolist()])) for name, pattern in patterns
    ]
    title, subtitle = _("Cells of longer texts"), _("that one head computes; by formula, exact")
    figure = store.figure(
        ("cells by length", both, *patterns, scene.theme),
        lambda: growth(
            drawn,
            title=title,
            subtitle=subtitle,
            x_title=_("n, tokens"),
            y_title="",
            theme=scene.theme,
            height=300,
            x_ticks={n: f"{n:,}" for n in LENGTHS[::4].tolist()[:-1]} | {LENGTHS[-1]: _("1 million")},
            y_ticks={10.0**power: _big(10**power) for power in (3, 6, 9, 12)},
        ),
    )
    show.figure(figure, "cells-by-length", f"{title}. {subtitle}")
    n = int(LENGTHS[-1])
    name, pattern = patterns[0]
    words = _(
        "At {n:,} tokens all cells are {all}, those of “{name}” {few}: {ratio}× fewer. There each further token adds "
        "{each}, whatever n{near}. A text shorter than its window saves nothing."
    )
    few = pattern.cells(n)
    added = [one.each for _called, one in patterns]
    near = _(": as one line here") if max(added) < NEAR * min(added) else ""
    each = ", ".join(_("{count} cells ({name})").format(count=one.each, name=called) for called, one in patterns)
    told = {"n": n, "all": _big(whole[-1]), "name": name, "few": _big(few), "ratio": f"{whole[-1] / few:,.0f}"}
    st.markdown(words.format(each=each, near=near, **told))


def _big(count: int) -> str:
    """In words for what has many digits."""
    for size, words in ((1e12, _("{count} trillion")), (1e9, _("{count} billion")), (1e6, _("{count} million"))):
        if count >= size:
            return words.format(count=number(count / size))
    return f"{count:,}"
