"""The residual stream: how long every token's vector is after each step, and what each step adds."""

import numpy as np
import streamlit as st
from torch import Tensor

from viz_core.analysis.residual import Step, Stream, stream_of
from viz_core.figures import Curve, curves, palette, steep
from viz_core.figures.labels import unspaced
from viz_core.language import _
from viz_core.ui import controls, maps, show, store
from viz_core.ui.mechanism.block.rows import rows_near, say_which, steps_map
from viz_core.ui.scene import Scene
from viz_core.ui.show import number, quoted

HUGE = 5  # times the median of the others, from which a first token is said to stand out


def stream(scene: Scene) -> list[str]:
    pre = scene.config.norm_place == "pre"
    maps.explain(
        _formula(pre=pre),
        _(
            "Every token has one vector, $x$, that runs through all layers: the residual stream. Attention and "
            "feed-forward never replace it, they add to it."
        ),
        "" if pre else _("This model is Post-LN: after each sum a norm brings the vector back to the same spread."),
    )
    controls.head_and_cell(scene.choice, scene.recording, ("query",))
    found = store.finding(
        ("stream", scene.model.name, scene.model.revision, scene.text),
        lambda: stream_of(scene.model.transformer, scene.recording),
    )
    rows = rows_near(scene.choice.query, len(scene.tokens))
    key = steps_map(
        scene,
        "stream",
        found.norms.T[rows],
        [_name(step) for step in found.steps],
        rows,
        title=_("Length of each token's vector, ‖x‖"),
        subtitle=_("row: token; column: after which step. Colours follow the logarithm"),
        unit=_("length"),
        colours="size",
        says="‖x‖",
    )
    say_which(scene, rows)
    st.markdown(_said(scene, found))
    lengths, additions, angles = st.columns(3, gap="medium")
    with lengths:
        _lengths(scene, found)
    with additions:
        _additions(scene, found)
    with angles:
        _angles(scene, found)
    st.markdown(_said_of_additions(scene, found))
    if not pre:
        st.caption(_("Added lengths and cosines are those of f(x) before the norm that follows the sum."))
    return [key]


def _formula(*, pre: bool) -> str:
    sums = (
        (r"x' = x + \mathrm{attention}(\mathrm{norm}(x))", r"x'' = x' + \mathrm{FF}(\mathrm{norm}(x'))")
        if pre
        else (r"x' = \mathrm{norm}(x + \mathrm{attention}(x))", r"x'' = \mathrm{norm}(x' + \mathrm{FF}(x'))")
    )
    return r"\begin{array}{l}" + r" \\[4pt] ".join(sums) + r"\end{array}"


def _name(step: Step) -> str:
    if step.place == "embedding":
        return _("start")
    return (_("L{layer} att") if step.place == "attention" else _("L{layer} FF")).format(layer=step.layer)


def _said(scene: Scene, found: Stream) -> str:
    """How the vectors grow, and whether the first token stands out."""
    means = found.norms.mean(1)
    jump = 1 + int((found.norms[1:] - found.norms[:-1]).mean(1).argmax())
    words = _("On average a token's vector is {first} long after the embedding and {last} at the end.")
    said = [words.format(first=number(float(means[0])), last=number(float(means[-1])))]
    if means[jump] > 1.05 * means[jump - 1]:
        words = _("It grows most at {step}: from {before} to {after}.")
        before, after = (number(float(means[index])) for index in (jump - 1, jump))
        said.append(words.format(step=f"**{_name(found.steps[jump])}**", before=before, after=after))
    return " ".join([*said, _said_of_first(scene, found)])


def _said_of_first(scene: Scene, found: Stream) -> str:
    if len(scene.tokens) < 3:
        return ""
    times = found.norms[:, 0] / found.norms[:, 1:].median(1).values
    most = int(times.argmax())
    if times[most] < HUGE:
        words = _(
            "The first token's vector is at most {times} times as long as the middle one of the others: here it does "
            "not stand out, as it does in many larger models."
        )
        return words.format(times=number(float(times[most])))
    words = _(
        "The first token stands out: after {step} its vector is **{times} times** as long as the middle one of the "
        "others. Heads that have nothing to look for often rest on it."
    )
    return words.format(step=_name(found.steps[most]), times=number(float(times[most])))


def _lengths(scene: Scene, found: Stream) -> None:
    others = [index for index in range(len(scene.tokens)) if index != scene.choice.query]
    place = np.arange(len(found.steps))
    chosen = found.norms[:, scene.choice.query]
    lines = [Curve(_chosen(scene), place, chosen.numpy(), ink=palette.QUERY)]
    if others:
        mean = found.norms[:, others].mean(1)
        lines.append(Curve(_("others, mean"), place, mean.numpy(), ink=palette.MUTED))
    drawn = curves(
        lines,
        title=_("‖x‖ along the stream"),
        subtitle=_("after each step"),
        x_title=_("step"),
        y_title="‖x‖",
        names=[_name(step) for step in found.steps],
        theme=scene.theme,
        log_y=steep(found.norms.numpy()),
    )
    show.figure(drawn, "lengths", _("Length of the chosen token's vector after each step"))


def _additions(scene: Scene, found: Stream) -> None:
    relative = _relative(found)[:, scene.choice.query]
    drawn = curves(
        [Curve(_chosen(scene), np.arange(len(relative)), relative.numpy(), ink=palette.OUTPUT)],
        title=_("How much each step adds"),
        subtitle=_("‖f(x)‖ ÷ ‖x‖ of the x it is added to"),
        x_title=_("step"),
        y_title=_("times ‖x‖"),
        names=[_name(step) for step in found.steps[1:]],
        theme=scene.theme,
        zero=True,
    )
    show.figure(drawn, "additions", _("Length of what each step adds, against what is there"))


def _angles(scene: Scene, found: Stream) -> None:
    cosine = found.cosine[:, scene.choice.query]
    drawn = curves(
        [Curve(_chosen(scene), np.arange(len(cosine)), cosine.numpy(), ink=palette.KEY)],
        title=_("In which direction"),
        subtitle=_("cosine of f(x) with x; below 0 = takes away"),
        x_title=_("step"),
        y_title=_("cosine"),
        names=[_name(step) for step in found.steps[1:]],
        theme=scene.theme,
    )
    show.figure(drawn, "angles", _("Cosine of what each step adds with what is there"))


def _chosen(scene: Scene) -> str:
    return f"“{unspaced(scene.tokens[scene.choice.query])}” ({scene.choice.query})"


def _relative(found: Stream) -> Tensor:
    """[step − 1, token]: ‖f(x)‖ / ‖x‖ of the x it is added to."""
    return found.added / found.norms[:-1]


def _said_of_additions(scene: Scene, found: Stream) -> str:
    relative, cosine = _relative(found)[:, scene.choice.query], found.cosine[:, scene.choice.query]
    most, against = int(relative.argmax()), int(cosine.argmin())
    words = _(
        "For {token} the largest step is {step}: it adds a vector {times} times as long as the one that is there. At "
        "right angles (cosine 0) it adds something new;"
    )
    token = quoted(scene.tokens[scene.choice.query])
    step = _name(found.steps[most + 1])
    said = words.format(token=token, step=step, times=number(float(relative[most])))
    if cosine[against] < -0.1:
        words = _("below 0 it takes away from what is there, most so at {step} (cosine {cosine}).")
        return f"{said} " + words.format(step=_name(found.steps[against + 1]), cosine=number(float(cosine[against])))
    return f"{said} " + _("below 0 it would take away from what is there; here no step does so by much.")
