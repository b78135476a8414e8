"""Switch heads off: any set of them, by click or by what they do, and see what the model loses."""

import re
from collections.abc import Mapping

import numpy as np
import streamlit as st

from viz_core.analysis.ablation import Effects
from viz_core.analysis.heads import ROLES
from viz_core.edits import Edits, Heads
from viz_core.figures.ranked import ranked_bars
from viz_core.language import _
from viz_core.ui import settings, show, state, store, whatif
from viz_core.ui.components.head_map import head_map
from viz_core.ui.mechanism.many_heads import heads
from viz_core.ui.roles import LETTERS, Roles, head_name, names
from viz_core.ui.scene import Scene
from viz_core.ui.show import number, quoted

MOST_BARS = 12
PLACE = re.compile(r"(?P<layer>[0-9]{1,4})(\.(?P<head>[0-9]{1,4}))?")
ALIKE = 0.1  # a difference below this share is none to speak of


def switches(scene: Scene) -> list[str]:
    instead, row = heads.put_instead(), whatif.row_of(scene)
    off, roles, effects = chosen(scene), heads.roles_of(scene), heads.effects(scene, row, instead)
    edits = heads.edits(off, instead)
    _presets(scene, off, roles, effects)
    left, right = st.columns([1.1, 1], gap="large")
    with left:
        _grid(scene, off, roles, effects)
    with right:
        change = whatif.prediction(scene, edits, key="change", name=_said_off(scene, off))
        st.markdown(_summary(scene, edits, effects))
    if effects is None:
        heads.measure_button(scene)
    else:
        left, right = st.columns([1.1, 1], gap="large")
        with left:
            _ranking(scene, off, effects)
        with right:
            _together(scene, edits, effects, change.divergence)
    return []


# -- the set, in the address ---------------------------------------------------------------------------------


def chosen(scene: Scene) -> Heads:
    """Those of the address that this model has."""
    return parsed(state.setting("off"), scene.n_layer, max(scene.model.heads)) & _all(scene)


def parsed(text: str, n_layer: int, n_head: int) -> Heads:
    """Of "0.3-2": head 3 of layer 0 and all heads of layer 2. What is no head of the model is left out."""
    found: set[tuple[int, int]] = set()
    for place in text.split("-"):
        match = PLACE.fullmatch(place)
        if match and int(match["layer"]) < n_layer:
            named = range(n_head) if match["head"] is None else {int(match["head"])} & set(range(n_head))
            found |= {(int(match["layer"]), head) for head in named}
    return frozenset(found)


def written(off: Heads, n_head: int) -> str:
    """The set as `parsed` reads it, "" for none."""
    layers = sorted({layer for layer, _head in off})
    places = []
    for layer in layers:
        own = sorted(head for place, head in off if place == layer)
        places += [str(layer)] if len(own) == n_head else [f"{layer}.{head}" for head in own]
    return "-".join(places)


def _keep(scene: Scene, off: Heads) -> None:
    settings.keep("off", written(off, max(scene.model.heads)))


# -- presets -------------------------------------------------------------------------------------------------


def _presets(scene: Scene, off: Heads, roles: Roles, effects: Effects | None) -> None:
    """Sets worth switching off, each a button; the one that is off is lit."""
    everything = _all(scene)
    offered: dict[str, tuple[str, Heads]] = {"none": (_("All on"), frozenset())}
    if effects is not None:
        best = effects.strongest()
        words = _("Most important here: {head}").format(head=head_name(*best))
        offered["strongest"] = (words, frozenset({best}))
    for role, members in by_role(roles).items():
        offered[role] = (f"{LETTERS[role]}: {names(scene.model.both_sides)[role]} ({len(members)})", members)
    if effects is not None and heads.count(scene) > 1:
        least = effects.weakest_half()
        offered["weakest"] = (_("The {count} least important").format(count=len(least)), least)
    offered["all"] = (_("All off"), everything)
    with st.container(horizontal=True, gap="small", key="presets"):
        for preset, (label, members) in offered.items():
            lit = members == off
            st.button(
                label,
                key=f"preset-{preset}",
                type="primary" if lit else "secondary",
                on_click=_keep,
                args=(scene, members),
            )
        st.button(
            _("Invert"),
            key="preset-invert",
            icon=":material/swap_horiz:",
            on_click=_keep,
            args=(scene, everything - off),
        )


def _all(scene: Scene) -> Heads:
    return frozenset((layer, head) for layer, count in enumerate(scene.model.heads) for head in range(count))


def by_role(roles: Roles) -> Mapping[str, Heads]:
    """Role → the heads that are marked with it."""
    marks = roles.marks()
    found = {role: np.argwhere(marks == index).tolist() for index, role in enumerate(ROLES)}
    return {role: frozenset((layer, head) for layer, head in members) for role, members in found.items() if members}


# -- the grid and what it changes ----------------------------------------------------------------------------


def _grid(scene: Scene, off: Heads, roles: Roles, effects: Effects | None) -> None:
    st.markdown("**" + _("Every head: click to switch it off or on") + "**")
    shape = (scene.n_layer, max(scene.model.heads))
    values = np.full(shape, np.nan, np.float32) if effects is None else effects.divergence.numpy()
    lines = {} if effects is None else {_("off alone: KL {} nats"): values}
    head_map(
        values,
        unit="" if effects is None else _("KL in nats, this head alone off"),
        says=heads.says(scene, roles, lines),
        marks=roles.marks(),
        letters=heads.letters(),
        off=off,
        on_switch=lambda now: _keep(scene, now),
        key="switches",
    )
    known = _("what a head is known for") if roles.stored else _("what a head does on this text")
    said = _("Letters: {known}. A layer's name switches all its heads.").format(known=known)
    st.caption(said if effects is None else said + " " + _("More colour: the prediction changes more without it."))


def _said_off(scene: Scene, off: Heads) -> str:
    if len(off) == 1:
        return _("{head} off").format(head=head_name(*next(iter(off))))
    if not off:
        return _("with nothing switched off")
    return _("all heads off") if off == _all(scene) else _("{count} heads off").format(count=len(off))


def _summary(scene: Scene, edits: Edits, effects: Effects | None) -> str:
    said = []
    if edits.ablated == _all(scene):
        said.append(
            _(
                "With every head off no token hears of another: what is left is what the model makes of one token by "
                "itself."
            )
            if edits.instead == "zero"
            else _(
                "With every head off each token gets the same from all heads, the text's mean: what is left to tell "
                "tokens apart is each token by itself."
            )
        )
    elif not edits.ablated and effects is not None:
        said.append(_spread(scene, effects))
    if len(scene.tokens) == 1:
        said.append(_("This text is a single token: every head can look at nothing but that."))
    return " ".join(said)


def _spread(scene: Scene, effects: Effects) -> str:
    """How unevenly importance is shared out, of nothing switched off yet."""
    best = effects.strongest()
    felt = int((effects.divergence >= whatif.LITTLE).sum())
    return _(
        "Each head was switched off alone: without {head} the prediction changes most (KL {size} nats); of {count} "
        "heads {felt} change it by {least} nats or more."
    ).format(
        head=head_name(*best),
        size=number(float(effects.divergence[best])),
        count=heads.count(scene),
        felt=felt,
        least=whatif.LITTLE,
    )


def _ranking(scene: Scene, off: Heads, effects: Effects) -> None:
    order = effects.divergence.flatten().argsort(descending=True, stable=True)[:MOST_BARS].tolist()
    places = [divmod(place, effects.divergence.shape[1]) for place in order]

    def toggled(place: int) -> None:
        _keep(scene, off ^ {places[place]})

    drawn = ranked_bars(
        [head_name(*place) for place in places],
        np.array([float(effects.divergence[place]) for place in places], np.float32),
        title=_("Each head off alone, the strongest first"),
        subtitle=_("KL divergence of the prediction in nats; pale: off now"),
        theme=scene.theme,
        pale=[place in off for place in places],
        signed=False,
    )
    show.figure(drawn, "ranking", _("How much the prediction changes without each head"), toggled)


def _together(scene: Scene, edits: Edits, effects: Effects, divergence: float) -> None:
    st.markdown("**" + _("Each alone, and together") + "**")
    if len(edits.ablated) < 2:
        st.markdown(_("Switch off two heads or more to compare what they do together with what each does alone."))
        st.caption(_warning())
        return
    places = sorted(edits.ablated)
    alone = float(sum(effects.divergence[place] for place in places))
    logits = float(sum(effects.logit[place] for place in places))
    token, together = _logit_change(scene, edits)
    st.markdown(
        "| | {alone} | {together} |\n|---|---:|---:|\n| {kl} | {a} | **{b}** |\n| {logit} | {c} | **{d}** |".format(
            alone=_("each alone, added up"),
            together=_("all together"),
            kl=_("KL divergence, nats"),
            logit=_("logit of {token}").format(token=quoted(token)),
            a=number(alone),
            b=number(divergence),
            c=show.signed(logits),
            d=show.signed(together),
        )
    )
    st.markdown(_reading(logits, together))
    st.caption(_warning())


def _logit_change(scene: Scene, edits: Edits) -> tuple[str, float]:
    """The token that is likeliest as things are, and by how much its logit changes with `edits`."""
    row = whatif.row_of(scene)

    def found() -> tuple[int, float]:
        before = scene.recording.logits[row]
        after = store.recording(scene.model, scene.text, edits=edits).logits[row]
        token = int(before.argmax())
        return token, float(after[token] - before[token])

    key = ("logit change", scene.model.name, scene.model.revision, scene.text, edits, row)
    token, change = store.measurement(key, lambda _note: found(), heavy=scene.is_heavy())
    return scene.model.labels([token])[0], change


def _reading(alone: float, together: float) -> str:
    """Logits would add up if each head wrote its own part, no later part read it, and no norm rescaled it."""
    if abs(together - alone) <= ALIKE * max(abs(together), abs(alone)):
        return _("For these heads the changes of the logit nearly add up.")
    if together < alone < 0:
        return _(
            "Together is not the sum: the logit falls by more than one by one, as when heads that are still on make up "
            "for one that is off (backup heads, Wang et al. 2023)."
        )
    if alone < together < 0:
        return _(
            "Together is not the sum: the logit falls by less than one by one, as when what one of these heads does "
            "goes through others of them."
        )
    if min(alone, together) < 0:
        return _(
            "Together is not the sum, not even in its sign: what each of these heads does to the token depends on "
            "which others are on."
        )
    words = (
        _("Together is not the sum: the logit rises by more than one by one.")
        if together > alone
        else _("Together is not the sum: the logit rises by less than one by one.")
    )
    return words + " " + _("How far each of these heads holds the token back depends on which others are on.")


def _warning() -> str:
    return _(
        "What a head matters depends on which others are on, and its weights alone do not tell it: they say where it "
        "looks, not what becomes of it. KL divergences need not add up in any case; logits nearly would, if heads "
        "acted independently."
    )
