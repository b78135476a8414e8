"""The part to compare: one head at two moments, which heads moved most between them, and both predictions."""

import streamlit as st

from viz_core.analysis.birth import moved
from viz_core.analysis.predictions import change_of
from viz_core.figures import paired_bars
from viz_core.figures.ranked import ranked_bars
from viz_core.language import _
from viz_core.ui import controls, maps, settings, show, state, store, whatif
from viz_core.ui.mechanism.birth import words
from viz_core.ui.mechanism.birth.course import Birth
from viz_core.ui.roles import head_name
from viz_core.ui.show import number

MOST = 6  # tokens
NO_INDUCTION = 0.1  # a best score below which there is none


def compare(scene: Birth) -> list[str]:
    earlier, later = _asked(scene)
    steps = [f"{scene.course.steps[moment]:,}" for moment in (earlier, later)]
    layer, head = scene.choice.layer, scene.choice.head
    weights = [scene.recorded(at).blocks[layer].attention.head(head).weights[0] for at in (earlier, later)]
    rule = {"unit": _("weight"), "weights": True, "allowed": scene.allowed.numpy()}
    looks = _("row looks at column; each row sums to 1")
    of = (earlier, later)
    for column, key, values, step in zip(st.columns(2, gap="medium"), ("one", "other"), weights, steps, strict=True):
        with column:
            maps.cells(scene, key, values, _("weights at step {step}").format(step=step), looks, of=of, **rule)
    left, right = st.columns(2, gap="medium")
    with left:
        maps.cells(
            scene,
            "difference",
            weights[1] - weights[0],
            _("step {later} − step {earlier}").format(earlier=steps[0], later=steps[1]),
            _("orange: looks there more than at step {earlier}").format(earlier=steps[0]),
            of=of,
            unit=_("difference"),
            limit=1.0,
            allowed=scene.allowed.numpy(),
        )
    with right:
        _moved(scene, earlier, later, steps)
    _predictions(scene, earlier, later, steps)
    words.sleeping(scene)
    return ["one", "other", "difference"]


def _asked(scene: Birth) -> tuple[int, int]:
    """Two moments: by default the last one without induction, else the first, and the finished model."""
    course = scene.course
    head, first, second = st.columns([1, 1.6, 1.6], gap="medium")
    with head:
        controls.head_and_cell(scene.choice, scene.recording, ("layer", "head"))
    without = [moment for moment in range(course.appears) if course.best("induction", moment).score < NO_INDUCTION]
    with first:
        earlier = _step(scene, "earlier", _("From step"), course.steps[without[-1] if without else 0])
    with second:
        later = _step(scene, "later", _("to step"), course.steps[-1])
    return course.steps.index(earlier), course.steps.index(later)


def _step(scene: Birth, name: str, label: str, default: int) -> int:
    return int(settings.slider(name, label, scene.course.steps, default=default, says=lambda step: f"{step:,.0f}"))


def _moved(scene: Birth, earlier: int, later: int, steps: list[str]) -> None:
    """All heads, those that moved most first; a click chooses one."""
    heads = scene.config.n_head

    def found() -> list[float]:
        both = [scene.recorded(moment).blocks for moment in (earlier, later)]
        return [
            distance
            for before, after in zip(*both, strict=True)
            for distance in moved(before.attention.weights, after.attention.weights).tolist()
        ]

    distances = store.finding(("moved", scene.course.last.name, scene.text, earlier, later), found)
    order = sorted(range(len(distances)), key=lambda index: -distances[index])
    drawn = ranked_bars(
        [head_name(*divmod(index, heads)) for index in order],
        [distances[index] for index in order],
        chosen=order.index(scene.choice.layer * heads + scene.choice.head),
        title=_("How far each head moved"),
        subtitle=_("mean over rows; 0 = looks where it did, 1 = wholly elsewhere"),
        x_title=_("Jensen–Shannon distance"),
        theme=scene.theme,
    )
    show.figure(
        drawn,
        "moved",
        _("Heads in order of how far their weights moved between the two moments"),
        on_bar=lambda bar: state.show(layer=order[bar] // heads, head=order[bar] % heads, key=-1),
    )
    st.markdown(_said(distances, order, heads, steps))


def _said(distances: list[float], order: list[int], heads: int, steps: list[str]) -> str:
    if not max(distances):
        return _("Nothing has moved.")
    first, last = (
        {"name": head_name(*divmod(at, heads)), "far": number(distances[at])} for at in (order[0], order[-1])
    )
    layers = [distances[start : start + heads] for start in range(0, len(distances), heads)]
    means = ", ".join(f"L{layer} {number(sum(of) / heads)}" for layer, of in enumerate(layers))
    said = _(
        "Between steps {steps} {first[name]} moved most ({first[far]}), {last[name]} least ({last[far]}). Means of the "
        "layers: {means}. Click a bar for its maps."
    )
    return said.format(steps=" – ".join(steps), first=first, last=last, means=means)


def _predictions(scene: Birth, earlier: int, later: int, steps: list[str]) -> None:
    change = store.finding(
        ("moments", scene.course.last.name, scene.text, earlier, later),
        lambda: change_of(scene.recorded(earlier).logits[-1], scene.recorded(later).logits[-1], MOST),
    )
    labels = [scene.model.labels([index])[0] for index in change.token_ids]
    names = tuple(_("step {step}").format(step=step) for step in steps)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**" + _("What formation would say next, then and later") + "**")
        drawn = paired_bars(labels, change.before, change.after, names=(names[0], names[1]), theme=scene.theme)
        show.figure(drawn, "both", _("The likeliest next tokens at both moments"))
    with right:
        st.markdown("**" + _("The change in words") + "**")
        st.markdown(whatif.in_words(change, labels))
        st.markdown(words.of_prediction(scene, (earlier, later)))
