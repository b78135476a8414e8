"""The visitor's text written on, with a cache and without: the same tokens, and what each step took."""

from collections.abc import Callable, Hashable

import numpy as np
import streamlit as st
from torch import Tensor

from viz_core.efficiency.generation import BothWays, Way, planned
from viz_core.efficiency.generation import both_ways as generated
from viz_core.figures import Curve, curves, palette
from viz_core.figures.kept import step_map
from viz_core.figures.labels import unspaced
from viz_core.language import _
from viz_core.ui import controls, settings, show, store, waiting
from viz_core.ui.mechanism.efficient.tables import duration, large, table
from viz_core.ui.scene import Scene
from viz_core.ui.show import in_bytes, quoted
from viz_core.ui.workshop import Progress

COUNTS = (8, 16, 32, 64, 128)  # tokens to write
AT_ONCE = 4e10  # multiply–adds, some two seconds: more is done only when the visitor asks
ASKED = 4e11  # likewise when asked: more is timed once
RUN = "both ways run"


def both_ways(scene: Scene) -> None:
    asked, step_place, head = st.columns([1, 1.5, 1], gap="medium")
    with asked:
        count = _count(scene)
    both = _measured(scene, count)
    if both is None:
        return
    with step_place:
        step = _step(scene, both)
    with head:
        controls.head_and_cell(scene.choice, scene.recording, ("layer", "head"))
    _pictures(scene, both, step)
    left, right = st.columns([1, 1], gap="large")
    with left:
        _one_step(both, step)
    with right:
        st.markdown(_said(scene, both))
        st.markdown(_mistake())
    _curves(scene, both, step)


def _count(scene: Scene) -> int:
    """How many tokens to write: the last one is not read again, so one more than there is room for."""
    room = scene.model.context - len(scene.tokens) + 1
    counts = [count for count in COUNTS if count < room]
    if len(counts) < len(COUNTS):
        counts.append(room)
    if len(counts) == 1:
        st.markdown(_("Room for **{count}** more tokens").format(count=room))
        return room
    count = settings.slider("write", _("Tokens to write"), counts, default=min(32, counts[-1]), says=lambda n: f"{n}")
    if count == room:
        st.caption(_("Then the context of {limit:,} tokens is full.").format(limit=scene.model.context))
    return int(count)


# -- measured ------------------------------------------------------------------------------------------------


def _measured(scene: Scene, count: int) -> BothWays | None:
    """At once where it takes a moment, else when the visitor asks."""
    run, place = st.session_state.get(RUN, 0), st.container()
    transformer, ids = scene.model.transformer, scene.recording.token_ids
    of = ("both ways", scene.model.name, scene.model.revision, scene.text, count)
    without, cached = planned(transformer.config, len(ids), count)
    work = without + cached
    kept: BothWays | None = store.measured((*of, run))
    if kept is not None:
        return kept
    if work * _repetitions(work) > AT_ONCE and st.session_state.get("write both ways") != of:
        st.markdown(
            _(
                "Writing {count} tokens both ways takes this model {work} multiply–adds, {share:.0%} of them without a "
                "cache. That is done when you ask."
            ).format(count=count, work=large(work), share=without / work)
        )
        st.button(
            _("Write {count} tokens both ways").format(count=count),
            key="write-both",
            icon=":material/timer:",
            on_click=lambda: st.session_state.update({"write both ways": of}),
        )
        return None

    def measure(note: Callable[..., None]) -> BothWays:
        return generated(transformer, ids, count, repetitions=_repetitions(work), note=note)

    with waiting.shown(place, "both ways", _writing) as report:
        return store.measurement((*of, run), measure, report, heavy=work * _repetitions(work) > AT_ONCE)


def _repetitions(work: float) -> int:
    if 5 * work <= AT_ONCE:
        return 5
    return 3 if 3 * work <= ASKED else 1


def _writing(progress: Progress) -> str:
    if not progress.total:
        return _("Writing with a cache and without …")
    return _("Writing with a cache and without: step {done} of {total}").format(
        done=progress.done + 1, total=progress.total
    )


def _again() -> None:
    st.session_state[RUN] = st.session_state.get(RUN, 0) + 1


# -- one step ------------------------------------------------------------------------------------------------


def _step(scene: Scene, both: BothWays) -> int:
    """Which step is looked at, from 0: its number of rows, and the token it writes."""
    labels = scene.model.labels(both.cached.token_ids)
    names = [f"{number + 1}: {unspaced(label)}" for number, label in enumerate(labels)]
    last = len(names) - 1
    return int(
        settings.slider(
            "at", _("Step (the token it writes)"), range(last + 1), default=min(1, last), says=names.__getitem__
        )
    )


def _pictures(scene: Scene, both: BothWays, step: int) -> None:
    """The same cells twice: those that are computed without a cache, and those that are with one."""
    n = len(scene.tokens) + step
    left, right = st.columns(2, gap="large")
    with left:
        _picture(scene, both, n, computed=n, title=_("without a cache"))
    with right:
        _picture(scene, both, n, computed=both.cached.rows[step], title=_("with the cache"), key="step-with")
    said = _(
        "Q, K, V: one token's vector a cell; strong: computed in this step, pale: kept, empty: not needed any more. "
        "Other heads and layers, norms and feed-forward, not drawn, work on the same rows."
    )
    if scene.config.n_kv_head < scene.config.n_head:
        group = scene.config.n_head // scene.config.n_kv_head
        said += " " + _("{group} query heads share these K and V: they are kept once.").format(group=group)
    st.caption(said)


def _picture(scene: Scene, both: BothWays, n: int, *, computed: int, title: str, key: str = "step-without") -> None:
    if computed == n:
        subtitle = _("all {n} rows go through the model").format(n=n)
    else:
        subtitle = _("one row goes through; {old} keys and values are kept").format(old=n - 1)
    of = (*scene.choice.identity(scene.model, scene.text), both.cached.token_ids, n, computed, scene.theme)
    drawn = store.figure(
        ("step map", *of, key),
        lambda: step_map(
            _weights(scene, both)[:n, :n].numpy(),
            scene.model.labels(_ids(scene, both)[:n]),
            computed=computed,
            title=scene.title(title),
            subtitle=subtitle,
            theme=scene.theme,
        ),
    )
    show.figure(drawn, key, f"{title}: {subtitle}")


def _ids(scene: Scene, both: BothWays) -> list[int]:
    """All tokens that are read: the last one written is not."""
    return [*scene.recording.token_ids.tolist(), *both.cached.token_ids[:-1]]


def _weights(scene: Scene, both: BothWays) -> Tensor:
    """Of the chosen head on the whole text written; those of an earlier step are its upper left corner."""
    ids, layer, head = _ids(scene, both), scene.choice.layer, scene.choice.head
    of: tuple[Hashable, ...] = ("written weights", *scene.choice.identity(scene.model, scene.text), tuple(ids))
    return store.measurement(
        of,
        lambda _note: scene.model.record(ids).blocks[layer].attention.head(head).weights[0].clone(),
        heavy=store.is_heavy(scene.model, len(ids)),
    )


def _one_step(both: BothWays, step: int) -> None:
    def line(name: str, told: Callable[[Way], str]) -> list[str]:
        return [name, told(both.without), told(both.cached)]

    table(
        [_("this step"), _("without"), _("with cache")],
        [
            line(_("rows through the model"), lambda way: f"{way.rows[step]:,}"),
            line(_("multiply–adds"), lambda way: large(way.multiply_adds[step])),
            line(_("keys and values kept (fp32)"), lambda way: in_bytes(way.kept[step]) if way.kept[step] else "0"),
            line(_("time, measured"), lambda way: duration(way.seconds[step])),
        ],
        key="one-step",
    )
    first = _("The first step is the same both ways: nothing is kept yet, so the whole text is read.")
    st.caption(
        (first + " " if step == 0 else "")
        + _(
            "Multiply–adds: of all matrix products, masked cells included. Time: this machine, {threads} threads, "
            "median of {repetitions} runs."
        ).format(threads=both.threads, repetitions=both.repetitions)
    )
    st.button(_("Measure again"), key="again-both", icon=":material/refresh:", on_click=_again)


def _said(scene: Scene, both: BothWays) -> str:
    text = scene.model.spelled(both.cached.token_ids).strip()
    if both.same:
        same = _("Both ways write the same **{count}** tokens: {text}. Their logits differ by at most {difference}.")
    else:
        same = _(
            "Up to step {step} both ways write the same; there two tokens are equally likely up to rounding, and they "
            "part. The one with the cache goes on: {text}. Until then logits differ by at most {difference}."
        )
    said = same.format(
        count=len(both.cached.token_ids),
        text=quoted(text),
        difference=show.number(max(both.differences)),
        step=len(both.differences),
    )
    work = [sum(way.multiply_adds) for way in (both.without, both.cached)]
    time = [sum(way.seconds) for way in (both.without, both.cached)]
    return (
        said
        + "\n\n"
        + _(
            "All steps together: {without} multiply–adds without, {cached} with the cache: **{less:.3g} times less "
            "work**. Measured: {slow} against {fast}, **{faster:.3g} times faster**."
        ).format(
            without=large(work[0]),
            cached=large(work[1]),
            less=work[0] / work[1],
            slow=duration(time[0]),
            fast=duration(time[1]),
            faster=time[0] / time[1],
        )
        + _why_less(work[0] / work[1], time[0] / time[1])
    )


def _why_less(work: float, time: float) -> str:
    """Where a clock sees much less of it than the count."""
    if time > work / 2:
        return ""
    return " " + _(
        "Less than the work tells: a step with one row likely spends most of its time starting operations and reading "
        "the weights, which is not saved."
    )


def _mistake() -> str:
    return _(
        "**A common mistake:** “the KV cache turns O(n²) memory into O(n).” It cuts the **work** of a step from n rows "
        "to one; memory is the price, and **grows** with every token."
    )


# -- all steps -----------------------------------------------------------------------------------------------


def _curves(scene: Scene, both: BothWays, step: int) -> None:
    work, time, kept = st.columns(3, gap="medium")
    with work:
        _curve(scene, both, step, "multiply_adds", title=_("Work of each step"), unit=_("multiply–adds"))
    with time:
        _curve(scene, both, step, "seconds", title=_("Time of each step"), unit=_("ms, on this machine"), factor=1e3)
    with kept:
        _curve(scene, both, step, "kept", title=_("Kept after each step"), unit=_("KiB, fp32"), factor=1 / 1024)


def _curve(scene: Scene, both: BothWays, step: int, field: str, *, title: str, unit: str, factor: float = 1.0) -> None:
    """A field of `Way` for every step."""
    steps = np.arange(1, len(both.cached.token_ids) + 1)
    without, cached = (np.array(getattr(way, field)) * factor for way in (both.without, both.cached))
    of = (scene.model.name, scene.model.revision, scene.text, both.cached.token_ids, both.cached.seconds)
    drawn = store.figure(
        (field, *of, step, scene.theme),
        lambda: curves(
            [
                Curve(_("without"), steps, without, ink=palette.QUERY),
                Curve(_("with cache"), steps, cached, ink=palette.KEY),
            ],
            title=title,
            subtitle=_("line: the step above"),
            x_title=_("step"),
            y_title=unit,
            theme=scene.theme,
            height=280,
            zero=True,
            mark=step + 1,
        ),
    )
    show.figure(drawn, f"step-{field.replace('_', '-')}", f"{title}, {unit}")
