"""A real head with and without the division by √d_k, and what that does to the prediction."""

import math
from collections.abc import Sequence

import streamlit as st
from torch import Tensor

from viz_core.analysis import scaling
from viz_core.analysis.scaling import Rows
from viz_core.edits import AS_IT_IS, Edits
from viz_core.figures import palette
from viz_core.language import _
from viz_core.ui import controls, maps, settings, store, whatif
from viz_core.ui.mechanism import where
from viz_core.ui.scene import Scene
from viz_core.ui.show import number

TEMPERATURES = [0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0]


def with_and_without(scene: Scene) -> list[str]:
    own = scene.record.divisor
    divisor, temperature, scope = _asked(scene, own)
    same = divisor == own and temperature == 1
    edits = AS_IT_IS if same else _edits(scene, divisor, temperature, scope)
    before = store.stages(scene.model, scene.text, scene.choice.layer, scene.choice.head)
    after = store.stages(scene.model, scene.text, scene.choice.layer, scene.choice.head, edits)
    name = _name(divisor, temperature)
    left, right = st.columns(2, gap="medium")
    with left:
        _weights(scene, "own", before.weights, _("as the model does, ÷ {own}").format(own=number(own)), AS_IT_IS)
    with right:
        _weights(scene, "other", after.weights, name, edits)
    rows = [scaling.rows_of(stages.weights[0], scene.allowed) for stages in (before, after)]
    st.markdown(_said(scene, before.scores[0], own, rows, name))
    left, right = st.columns(2, gap="medium")
    with left:
        _entropies(scene, rows, name)
    with right:
        _largest(scene, rows, name)
    _predictions(scene, edits, divisor, temperature, name)
    return ["own", "other"]


def _asked(scene: Scene, own: float) -> tuple[float, float, str]:
    """Divisor, temperature, and where: "head", "layer" or "all"."""
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=200):
            controls.head_and_cell(scene.choice, scene.recording, ("layer", "head"))
        divisor = settings.slider(
            "divisor",
            _("Scores divided by"),
            _divisors(own, scene.shape["k"]),
            default=1.0 if own != 1 else math.sqrt(scene.shape["k"]),
            says=lambda value: _says(value, own, scene.shape["k"]),
        )
        chosen = settings.slider(
            "temperature", _("and by a temperature"), TEMPERATURES, default=1.0, says=lambda value: f"{value:g}"
        )
        scope = where.asked("scope", _("Changed in"), default="head")
    return divisor, chosen, scope


def _divisors(own: float, d_head: int) -> list[float]:
    """From none to d_k, the model's own and √d_k exactly."""
    found: list[float] = []
    for value in (own, 1.0, math.sqrt(d_head), float(d_head), 2.0, 0.5 * math.sqrt(d_head), 2 * math.sqrt(d_head)):
        if not any(math.isclose(value, other, rel_tol=1e-3) for other in found):  # 1 / (1 / √d) is not quite √d
            found.append(value)
    return sorted(found)


def _says(value: float, own: float, d_head: int) -> str:
    words = {1.0: _("1 (not at all)"), math.sqrt(d_head): f"{number(value)} = √dₖ", float(d_head): f"{d_head} = dₖ"}
    said = next((says for known, says in words.items() if math.isclose(value, known, rel_tol=1e-6)), number(value))
    return said + " " + _("(as it is)") if value == own else said


def _name(divisor: float, temperature: float) -> str:
    name = _("undivided") if divisor == 1 else "÷ " + number(divisor)
    return name if temperature == 1 else f"{name}, T = {temperature:g}"


def _edits(scene: Scene, divisor: float, temperature: float, scope: str) -> Edits:
    return Edits(scale=1 / divisor, temperature=temperature, at=where.heads(scene, scope))


def _weights(scene: Scene, key: str, weights: Tensor, title: str, edits: Edits) -> None:
    rule = {"unit": _("weight"), "weights": True, "allowed": scene.allowed.numpy()}
    maps.cells(scene, key, weights[0], title, _("row looks at column; each row sums to 1"), of=edits, **rule)


def _said(scene: Scene, scores: Tensor, own: float, rows: Sequence[Rows], name: str) -> str:
    """How far scores spread, and what that does to the rows."""
    seen = scores[scene.allowed]
    spread = float(seen.std()) if len(seen) > 1 else 0.0
    several = rows[0].most > 0  # a row with a single key gives it everything, whatever the scores
    if not several.any():
        return _("Every row may look at one token alone, so it gives that one everything; scaling plays no part.")
    before, after = (
        {"entropy": number(float(r.entropy[several].mean())), "largest": f"{float(r.largest[several].mean()):.0%}"}
        for r in rows
    )
    words = _(
        "This head's scores on this text have a standard deviation of {spread}; divided by {own}, {scaled}. As it is a "
        "row gives {old[largest]} to its strongest key, on average, and has an entropy of {old[entropy]} nats; "
        "{name}: {new[largest]} and {new[entropy]} nats."
    )
    scaled = number(spread / own)
    return words.format(spread=number(spread), own=number(own), scaled=scaled, old=before, new=after, name=name)


def _entropies(scene: Scene, rows: Sequence[Rows], name: str) -> None:
    most: maps.Line = (_("equal weights"), rows[0].most, {"like": "theory", "ink": palette.MUTED})
    title, subtitle = _("Entropy of each row"), _("how widely it looks, in nats: 0 = one key gets all")
    pair = _pair(rows[0].entropy, rows[1].entropy, name)
    maps.by_row(scene, "entropy", [*pair, most], title=title, subtitle=subtitle, unit=_("nats"))


def _largest(scene: Scene, rows: Sequence[Rows], name: str) -> None:
    title, subtitle = _("Largest weight of each row"), _("1 = all of it goes to one key")
    maps.by_row(
        scene,
        "largest",
        _pair(rows[0].largest, rows[1].largest, name),
        title=title,
        subtitle=subtitle,
        unit=_("weight"),
    )


def _pair(before: Tensor, after: Tensor, name: str) -> list[maps.Line]:
    return [(_("as it is"), before, {"ink": palette.KEY}), (name, after, {"ink": palette.QUERY})]


def _predictions(scene: Scene, edits: Edits, divisor: float, temperature: float, name: str) -> None:
    left, right = st.columns([1.15, 1], gap="large")
    with left:
        whatif.prediction(scene, edits, key="change", name=name)
    with right:
        st.markdown("**" + _("The same change in one head, its layer, all layers") + "**")
        scoped = {
            words: edits if edits == AS_IT_IS else _edits(scene, divisor, temperature, scope)
            for scope, words in where.scopes().items()
        }
        lines = (({_("changed in"): words}, whatif.changed(scene, made)) for words, made in scoped.items())
        whatif.table(scene, lines)
        st.caption(
            _(
                "Each line is a run of the whole model: what changes in one layer changes what all later layers are "
                "given. The weights above are those of the run chosen above."
            )
        )
