"""Positions: RoPE on a real pair. q and k before and after they are turned, and the score against the distance."""

import math

import numpy as np
import streamlit as st
from torch import Tensor

from viz_core import positions
from viz_core.analysis import places
from viz_core.figures import Curve, curves, limits_of, palette, vectors_heatmap
from viz_core.figures.labels import shortened
from viz_core.figures.plane import Turn, turns
from viz_core.language import _
from viz_core.ui import controls, maps, settings, show, store
from viz_core.ui.mechanism.positions import borrowed
from viz_core.ui.scene import Scene
from viz_core.ui.show import number, quoted

REACH = 64  # positions at which the same q and k are tried


def rotary(loaded: Scene) -> list[str]:
    maps.explain(
        r"\begin{array}{l} q_m = R_{m\theta}\,q \qquad k_n = R_{n\theta}\,k \qquad \theta_i = b^{-2i/d_k} \\[6pt] "
        r"q_m \cdot k_n = q^\top R_{(n-m)\theta}\,k \end{array}",
        _(
            "Rotary positions add nothing to the tokens. Each query and key is **turned**, two components at a time, "
            "by its position times an angle. Turning both by the same amount leaves their product as it is, so a "
            "score can depend on the distance $m-n$ alone. Which two go together is a matter of layout: here "
            "component $i$ and $i+d_k/2$, as in Llama; in the paper neighbours, $2i$ and $2i+1$."
        ),
    )
    scene = borrowed.scene_with(loaded, "rotary")
    if scene is None:
        return []
    at = scene.choice
    base, half = scene.config.rotary_base, scene.config.d_head // 2
    with st.container(horizontal=True, gap="medium"):
        controls.head_and_cell(at, scene.recording)
        pair = settings.whole_number(
            "pair", _("Components i and i + {half}").format(half=half), 0, half - 1, default=_seen(scene)
        )
    walk = store.walk(scene.model, scene.text, at.layer, at.head)
    query, key = walk.query.product[at.query], walk.key.product[at.key]
    after = [places.turned(query, at.query, base), places.turned(key, at.key, base)]
    left, right = st.columns(2, gap="medium")
    with left:
        _plane(scene, (query, key), after, pair)
    with right:
        _angles(scene, pair, half)
    st.markdown(_pair_in_words(scene, (query, key), after, pair))
    _whole(scene, (query, key), after)
    _distances(scene, query, key)
    return []


def _seen(scene: Scene) -> int:
    """The first pair that is turned by no more than half a round: what turns faster cannot be followed."""
    at = scene.choice
    theta = positions.rotary_frequencies(scene.config.d_head, scene.config.rotary_base)
    slow = (max(at.query, at.key) * theta <= math.pi).tolist()
    return slow.index(True) if any(slow) else len(slow) - 1


def _plane(scene: Scene, before: tuple[Tensor, Tensor], after: list[Tensor], pair: int) -> None:
    at, half = scene.choice, scene.config.d_head // 2
    theta = _theta(scene, pair)

    def ends(vector: Tensor) -> tuple[float, float]:
        return float(vector[pair]), float(vector[pair + half])

    names = [f"q “{shortened(scene.tokens[at.query])}”", f"k “{shortened(scene.tokens[at.key])}”"]
    drawn = [
        Turn(name, ends(one), ends(other), place * theta, ink)
        for name, one, other, place, ink in zip(
            names, before, after, (at.query, at.key), (palette.QUERY, palette.KEY), strict=True
        )
    ]
    made = turns(
        drawn,
        title=scene.title(_("q and k in one plane")),
        subtitle=_("thin: as projected; thick: turned by its position times {theta} rad").format(theta=number(theta)),
        axes=(_("component {i}").format(i=pair), _("component {i}").format(i=pair + half)),
        names=(_("before"), _("after")),
        theme=scene.theme,
    )
    show.figure(made, "plane", _("Two components of q and k before and after the rotation"))


def _theta(scene: Scene, pair: int) -> float:
    return float(positions.rotary_frequencies(scene.config.d_head, scene.config.rotary_base)[pair])


def _angles(scene: Scene, pair: int, half: int) -> None:
    theta = positions.rotary_frequencies(scene.config.d_head, scene.config.rotary_base).numpy()
    x = np.arange(half)
    rounds = [_("once round in {n} positions").format(n=number(float(2 * math.pi / each))) for each in theta]
    at = scene.choice
    lines = [Curve(_("one position: θᵢ"), x, theta, ink=palette.MUTED, hover=rounds)]
    for name, place, ink in ((_("q, at {place}"), at.query, palette.QUERY), (_("k, at {place}"), at.key, palette.KEY)):
        if place > 0:  # at 0 nothing is turned, and a logarithmic axis has no 0
            lines.append(Curve(name.format(place=place), x, place * theta, ink=ink))
    drawn = curves(
        lines,
        title=_("Angle of each pair of components"),
        subtitle=_("θᵢ = {base:g}^(−2i/{d}); the upright line is the pair on the left").format(
            base=scene.config.rotary_base, d=scene.config.d_head
        ),
        x_title=_("pair i"),
        y_title=_("radians"),
        theme=scene.theme,
        log_y=True,
        mark=float(pair),
        height=350,
    )
    show.figure(drawn, "angles", _("Angles that each pair of components is turned by"))


def _pair_in_words(scene: Scene, before: tuple[Tensor, Tensor], after: list[Tensor], pair: int) -> str:
    at, half = scene.choice, scene.config.d_head // 2
    theta = _theta(scene, pair)
    share = [float(sum(q[i].double() * k[i].double() for i in (pair, pair + half))) for q, k in (before, tuple(after))]
    score = float((after[0] * after[1]).sum())
    said = _(
        "{query} stands at {m}, so its q is turned by {m} · {theta} = **{q} rad** in this plane; {key} stands at {n}, "
        "its k by **{k} rad**. Between them the turn is {apart} rad, the distance {distance} times θ. These two "
        "components add {old} to q·k before and **{new}** after; all {half} pairs together make the score **{score}**, "
        "against {plain} had nothing been turned."
    )
    return said.format(
        query=quoted(scene.tokens[at.query]),
        key=quoted(scene.tokens[at.key]),
        m=at.query,
        n=at.key,
        theta=number(theta),
        q=number(at.query * theta),
        k=number(at.key * theta),
        apart=number((at.query - at.key) * theta),
        distance=at.query - at.key,
        old=number(share[0]),
        new=number(share[1]),
        half=half,
        score=number(score),
        plain=number(float(before[0] @ before[1])),
    )


def _whole(scene: Scene, before: tuple[Tensor, Tensor], after: list[Tensor]) -> None:
    rows = np.stack([before[0].numpy(), after[0].numpy(), before[1].numpy(), after[1].numpy()]).astype(np.float32)
    names = [_("q before"), _("q after"), _("k before"), _("k after")]
    of = ("turned", *scene.choice.identity(scene.model, scene.text), scene.choice.query, scene.choice.key)
    drawn = store.figure(
        (*of, scene.theme),
        lambda: vectors_heatmap(
            rows,
            names,
            title=_("All components of the same q and k"),
            subtitle=_("component i is turned together with component i + {half}; lengths stay").format(
                half=scene.config.d_head // 2
            ),
            theme=scene.theme,
            rows_are="",
            height=230,
            limit=limits_of(rows),
        ),
    )
    show.figure(drawn, "turned", _("All components of q and k before and after the rotation"))


def _distances(scene: Scene, query: Tensor, key: Tensor) -> None:
    """The same q and k, put at every pair of positions."""
    at, base = scene.choice, scene.config.rotary_base
    identity = (*at.identity(scene.model, scene.text), at.query, at.key)

    def measured() -> tuple[places.Distances, float]:
        table = places.scores_at(query, key, REACH, base)
        return places.by_distance(table), places.spread(table)

    found, spread = store.finding(("rotary distances", *identity), measured)
    distance = at.query - at.key
    drawn = curves(
        [Curve("q·k", np.arange(REACH), found.mean.numpy(), ink=palette.OUTPUT)],
        title=_("The same q and k, other distances"),
        subtitle=_("put at every pair of positions from 0 to {last}, k before q").format(last=REACH - 1),
        x_title=_("distance, positions; line: as in the sentence")
        if 0 <= distance < REACH
        else _("distance, positions"),
        y_title=_("score q·k"),
        theme=scene.theme,
        mark=float(distance) if 0 <= distance < REACH else None,
    )
    left, right = st.columns([1.3, 1], gap="medium", vertical_alignment="center")
    with left:
        show.figure(drawn, "distances", _("Score of the same q and k against their distance"))
    with right:
        st.markdown(
            _(
                "**Measured:** this q and this k were put at all {count:,} pairs of positions. Pairs equally far apart "
                "have the same score: they differ by **{spread}** at most. Over the distances the score goes from "
                "**{least}** to **{most}**."
            ).format(
                count=REACH * (REACH + 1) // 2,
                spread=show.power(spread),
                least=number(float(found.mean.min())),
                most=number(float(found.mean.max())),
            )
        )
        st.caption(
            _(
                "Computed in float64: rounding would else show. In a sentence every token has a q and a k of its own: "
                "only for one q and one k does the score depend on the distance alone. Whether it falls or rises with "
                "the distance is up to q and k; that it decays holds on average, over many of them (Su et al. 2021, "
                "section 3.3)."
            )
        )
