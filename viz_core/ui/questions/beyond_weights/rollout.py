"""Rollout and flow: what a row has of each input token after several layers, were it told from the weights alone."""

from typing import Any

import streamlit as st
import torch
from torch import Tensor

from viz_core.analysis.flow import flows
from viz_core.analysis.rollout import first_if_even, mean_weights, reach, rollout, somewhere, with_residual
from viz_core.figures import palette
from viz_core.figures.labels import unspaced
from viz_core.language import _
from viz_core.ui import controls, long_work, maps, settings, show, store
from viz_core.ui.questions.beyond_weights import pictures
from viz_core.ui.questions.beyond_weights.asked import identity
from viz_core.ui.scene import Scene
from viz_core.ui.show import number, quoted

LONGEST = 64  # tokens whose flow is found: the work grows with their third power
WIDE = 0.9  # of what a row takes in
AT_ONCE = 120_000  # tokens³ · layers, about half a second


def rolled(scene: Scene) -> list[str]:
    st.markdown(
        _(
            "What a row looked at had itself looked at others. How much of each input token has come to a row, by the "
            "weights alone?"
        )
    )
    linked = _drawn(scene)
    pictures.definition(
        r"\begin{gathered}\hat A_l=\tfrac12 W_l+\tfrac12 I,\quad W_l=\tfrac1h\textstyle\sum_{\text{heads}}\alpha"
        r"\\[.4em]\text{rollout}=\hat A_l\,\hat A_{l-1}\cdots\hat A_0\end{gathered}",
        _(
            "After a few layers a row holds a mixture. **Rollout** "
            "multiplies along every path back to the input and adds the paths up; half of each step stays in the "
            "residual stream. **Flow** reads the same numbers as widths of pipes: as much as can be carried from the "
            "row to one token, whatever is carried to others."
        ),
        _("Abnar & Zuidema 2020, “Quantifying Attention Flow in Transformers”, section 3."),
        _(
            "what was carried. Values, W_O, norms and the feed-forward parts play no part, all heads of a layer count "
            "alike, and that the residual keeps just half is taken for granted."
        ),
    )
    return linked


def _drawn(scene: Scene) -> list[str]:
    layer = _through(scene)
    means = [_mean(scene, index) for index in range(layer + 1)]
    key = ("rollout", scene.model.name, scene.model.revision, scene.text, layer)
    found = store.finding(key, lambda: rollout(means).float())
    left, right = st.columns(2, gap="medium")
    looks = [somewhere(block.attention.allowed) for block in scene.recording.blocks[: layer + 1]]
    reached = store.finding(("reach", *key[1:]), lambda: reach(looks))
    rule: dict[str, Any] = {"of": (layer,), "unit": _("share"), "weights": True}
    with left:
        words = _("share of column in row, after these layers")
        _cells(scene, "rollout", found, _rollout_name(layer), words, allowed=reached.numpy(), **rule)
        if not scene.model.both_sides and len(scene.tokens) > 1:
            evenly = store.finding(("first if even", *key[1:]), lambda: first_if_even(looks))
            st.caption(_of_the_first(scene.choice.query, found, evenly))
    with right:
        words = _("row looks at column, in this layer alone")
        name = _("Weights of L{layer}, mean of heads").format(layer=layer)
        _cells(scene, "raw", means[layer], name, words, allowed=looks[-1].numpy(), **rule)
    _of_one_row(scene, layer, found, means)
    return ["rollout", "raw"]


def _cells(scene: Scene, key: str, values: Tensor, title: str, says: str, **rule: Any) -> None:
    """A map whose colours end where all but the first column does: that one outshines the others."""
    others = values[:, 1:] if values.shape[1] > 1 else values
    highest = float(others.max())
    said = (
        _("{says}; darkest from {highest} on").format(says=says, highest=number(highest)) if 0 < highest < 1 else says
    )
    pictures.cells(scene, key, values, title, said, limit=highest, **rule)


def _of_the_first(row: int, found: Tensor, evenly: Tensor) -> str:
    """Why the first column is so dark in a decoder, and how dark it would be if no head chose anything."""
    words = _(
        "Why the first column is dark: a path that reaches token 0 stays there, for its row sees nothing else. Token "
        "{row} has {share} of it; were every head to look evenly at all it may see, it would have {evenly}."
    )
    return words.format(row=row, share=show.share(float(found[row, 0])), evenly=show.share(float(evenly[row])))


def _through(scene: Scene) -> int:
    """The last layer that is rolled through."""
    layers = len(scene.recording.blocks)
    slider, row = st.columns([1.4, 1], gap="medium", vertical_alignment="bottom")
    with row:
        controls.head_and_cell(scene.choice, scene.recording, ("query",))
    if layers == 1:
        slider.caption(_("This model has a single layer: rollout and flow both are ½W + ½I."))
        return 0
    with slider:
        return int(
            settings.slider(
                "through",
                _("Through layers"),
                range(layers),
                default=layers - 1,
                says=lambda last: f"0–{last}" if last else "0",
            )
        )


def _rollout_name(layer: int) -> str:
    return _("Rollout through layers 0–{layer}").format(layer=layer) if layer else _("Rollout through layer 0")


def _mean(scene: Scene, layer: int) -> Tensor:
    key = ("mean of heads", scene.model.name, scene.model.revision, scene.text, layer)
    return store.finding(key, lambda: mean_weights(scene.recording.blocks[layer].attention))


def _of_one_row(scene: Scene, layer: int, found: Tensor, means: list[Tensor]) -> None:
    row = scene.choice.query
    count = len(scene.tokens) if scene.model.both_sides else row + 1
    drawn: list[maps.Line] = [
        (_("rollout"), found[row, :count], {"ink": palette.OUTPUT}),
        (_("weights of L{layer} alone").format(layer=layer), means[layer][row, :count].float(), {"ink": palette.MUTED}),
    ]
    left, right = st.columns(2, gap="medium")
    token = unspaced(scene.tokens[row])
    with left:
        maps.by_row(
            scene,
            "one-row",
            drawn,
            title=_("What “{token}” (token {row}) has of each token").format(token=token, row=row),
            subtitle=_("shares that sum to 1"),
            unit=_("share"),
        )
    with right:
        place = st.container()  # above what tells how far it is
        flow = _flow(scene, layer, count, means)
    if flow is not None:
        with place:
            maps.by_row(
                scene,
                "flow",
                [(_("flow"), flow.float(), {"ink": palette.KEY})],
                title=_("What could flow to it from each token"),
                subtitle=_("at most, each token by itself: they need not sum to 1"),
                unit=_("flow"),
            )
    st.markdown(_said(scene, layer, found[row, :count], means[layer][row, :count], flow))


def _flow(scene: Scene, layer: int, count: int, means: list[Tensor]) -> Tensor | None:
    """[key]: of the chosen row to each token it may have something of."""
    if count > LONGEST:
        words = _("Flow is found for at most {most} tokens, whose work grows with the third power; this row has {n}.")
        st.caption(words.format(most=LONGEST, n=count))
        return None
    row = scene.choice.query
    of = ("flow", *identity(scene))
    return long_work.measured(
        (*of, layer, row),
        lambda note: flows(with_residual(torch.stack(means)[:, :count, :count]), row, note),
        says=long_work.told(_("Finding the flow: token {done} of {total}")),
        asked=of,
        at_once=count**3 * (layer + 1) <= AT_ONCE,
        offer=_("Find the flow of this row through {count} layers").format(count=layer + 1),
    )


def _said(scene: Scene, layer: int, rolled: Tensor, raw: Tensor, flow: Tensor | None) -> str:
    if len(rolled) == 1:
        return _("This row can have something of nothing but its own token: every measure gives that one 1.")
    first, second = int(rolled.argmax()), int(raw.argmax())
    said = _(
        "Rollout gives most to {token} (token {place}), {share}; the weights of L{layer} alone most to {other} (token "
        "{there}), {raw}."
    ).format(
        token=quoted(scene.tokens[first]),
        place=first,
        share=show.share(float(rolled[first])),
        layer=layer,
        other=quoted(scene.tokens[second]),
        there=second,
        raw=show.share(float(raw[second])),
    )
    if flow is None:
        return said
    if not layer:
        return said + " " + _("Through a single layer there is one way to each token: flow and rollout are the same.")
    widest, wide = int(flow.argmax()), int((flow >= WIDE).sum())
    words = _(
        "The widest ways lead to {token} (token {place}): {share} of what the row takes in could come from there. Flow "
        "is never less than rollout, and as tokens lay claim to the same pipes, the flows of this row add up to "
        "{total:.2f}; {wide} of {count} have {least:.0%} or more."
    )
    share, total = show.share(float(flow[widest])), float(flow.sum())
    return (
        said
        + " "
        + words.format(
            token=quoted(scene.tokens[widest]),
            place=widest,
            share=share,
            total=total,
            wide=wide,
            count=len(flow),
            least=WIDE,
        )
    )
