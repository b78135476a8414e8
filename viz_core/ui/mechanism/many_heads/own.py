"""What each head adds by itself: how long its vector is, and how far that vector alone moves the prediction."""

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from viz_core.analysis.ablation import Effects
from viz_core.analysis.contributions import DirectEffects, direct_effects, head_outputs
from viz_core.analysis.lens import logits_at
from viz_core.figures import Curve, curves, palette
from viz_core.figures.labels import unspaced
from viz_core.figures.ranked import ranked_bars
from viz_core.language import _
from viz_core.ui import controls, maps, settings, show, store
from viz_core.ui.mechanism.many_heads import heads
from viz_core.ui.roles import head_name
from viz_core.ui.scene import Scene
from viz_core.ui.show import number, quoted

MOST_BARS = 12


def contributions(scene: Scene) -> list[str]:
    if scene.config.norm_place == "post":
        return _lengths_alone(scene)
    maps.explain(
        _(r"\mathrm{logit}_t=\sum_{\text{parts } p}\frac{(p-\bar p)\odot g}{\sigma}\cdot u_t+\beta\cdot u_t")
        if scene.config.norm == "layernorm"
        else _(r"\mathrm{logit}_t=\sum_{\text{parts } p}\frac{p\odot g}{\mathrm{rms}}\cdot u_t"),
        _(
            "The stream at a row is a plain **sum**: the token's vector, what every head added, what every "
            "feed-forward part added. With the final norm's divisor held where it is, so is every logit: what each "
            "head adds to it, its **direct effect**, can be read off. $u_t$ is the token's row of the unembedding, "
            "{norm}."
        ).format(
            norm=_("$g$ and $\\beta$ are the norm's gain and bias")
            if scene.config.norm == "layernorm"
            else _("$g$ is the norm's gain")
        ),
        _(
            "How high a logit is by itself says nothing: the softmax sees differences alone. So look at the **lead** "
            "over the runner-up; a part that raises both alike helps neither."
        ),
    )
    asked, where = st.columns([1.5, 1], gap="medium", vertical_alignment="bottom")
    with where:
        controls.head_and_cell(scene.choice, scene.recording, ("query",))
    token, rival = _likeliest(scene)
    labels = scene.model.labels([token, rival])
    with asked:
        measure = settings.one_of(
            "share_of",
            _("What each head adds to the"),
            {
                "lead": _("lead of {token} over {other}").format(token=quoted(labels[0]), other=quoted(labels[1])),
                "logit": _("logit of {token}").format(token=quoted(labels[0])),
                "length": _("stream: length"),
            },
        )
    direct = _direct(scene, token, rival if measure == "lead" else None)
    values = _lengths(scene) if measure == "length" else direct.heads
    unit = _("length of its vector") if measure == "length" else _("direct effect in logits")
    left, right = st.columns([1.1, 1], gap="large")
    with left:
        _map(scene, values, unit, signed=measure != "length")
    with right:
        _strongest(scene, values, unit, signed=measure != "length")
    left, right = st.columns([1.1, 1], gap="large")
    with left:
        _whole(scene, direct, labels, lead=measure == "lead")
    with right:
        _against_ablation(scene, _direct(scene, token, None), labels[0])
    return []


def _lengths_alone(scene: Scene) -> list[str]:
    st.info(
        _(
            "This model normalises the stream anew after every sublayer (post-norm), so what a head adds is rescaled "
            "at every later layer: the end is no sum of the parts, and direct effects on a logit are not defined. "
            "Shown are the lengths of what heads add, before that norm. Switching heads off (the first part) works "
            "here as anywhere."
        ),
        icon=":material/info:",
    )
    controls.head_and_cell(scene.choice, scene.recording, ("query",))
    values, unit = _lengths(scene), _("length of its vector")
    left, right = st.columns([1.1, 1], gap="large")
    with left:
        _map(scene, values, unit, signed=False)
    with right:
        _strongest(scene, values, unit, signed=False)
    return []


# -- numbers -------------------------------------------------------------------------------------------------


def _of(scene: Scene) -> tuple[str, str, str, int]:
    return scene.model.name, scene.model.revision, scene.text, scene.choice.query


def _likeliest(scene: Scene) -> tuple[int, int]:
    """The two likeliest tokens at the chosen row."""

    def found() -> tuple[int, int]:
        logits = logits_at(scene.model.transformer, scene.recording, scene.choice.query)
        first, second = logits.topk(2).indices.tolist()
        return first, second

    return store.finding(("likeliest two", *_of(scene)), found)


def _lengths(scene: Scene) -> Tensor:
    """[layer, head]"""

    def found() -> Tensor:
        lengths: Tensor = head_outputs(scene.model.transformer, scene.recording, scene.choice.query).norm(dim=-1)
        return lengths

    return store.finding(("lengths", *_of(scene)), found)


def _direct(scene: Scene, token: int, rival: int | None) -> DirectEffects:
    return store.finding(
        ("direct", *_of(scene), token, rival),
        lambda: direct_effects(scene.model.transformer, scene.recording, scene.choice.query, token, rival),
    )


def parts_of(scene: Scene, direct: DirectEffects) -> dict[str, float]:
    """Everything a logit is the sum of, by name, and the sum last."""
    parts: dict[str, float] = {_("token vector"): direct.embedding}
    if scene.recording.positions is not None:
        parts[_("position vector")] = direct.position
    for layer in range(scene.config.n_layer):
        parts[_("heads of L{layer}").format(layer=layer)] = float(direct.heads[layer].sum())
        parts[_("feed-forward L{layer}").format(layer=layer)] = float(direct.feed_forward[layer])
    parts[_("biases")] = float(direct.attention_bias.sum()) + direct.norm_bias
    return parts | {_("sum"): direct.total}


# -- pictures ------------------------------------------------------------------------------------------------


def _map(scene: Scene, values: Tensor, unit: str, *, signed: bool) -> None:
    said = _("Every head at {token} (token {row})").format(
        token=quoted(scene.tokens[scene.choice.query]), row=scene.choice.query
    )
    st.markdown(f"**{said}**")
    heads.chooser(scene, values.numpy(), unit=unit, line=unit + " {}", signed=signed, key="own-map")
    stream = scene.recording.blocks[-1].residual_out[scene.choice.query]
    if not signed:
        st.caption(
            _("For comparison: the stream at the end of this row has length {length}.").format(
                length=number(float(stream.norm()))
            )
        )


def _strongest(scene: Scene, values: Tensor, unit: str, *, signed: bool) -> None:
    order = values.flatten().abs().argsort(descending=True, stable=True)[:MOST_BARS].tolist()
    places = [divmod(place, scene.config.n_head) for place in order]
    drawn = ranked_bars(
        [head_name(*place) for place in places],
        np.array([float(values[place]) for place in places], np.float32),
        title=_("The strongest heads"),
        subtitle=unit,
        theme=scene.theme,
        signed=signed,
    )
    show.figure(drawn, "strongest", _("The heads with the largest numbers"))


def _whole(scene: Scene, direct: DirectEffects, labels: tuple[str, ...], *, lead: bool) -> None:
    """Everything the logit is the sum of."""
    parts = parts_of(scene, direct)
    token, other = map(unspaced, labels)
    title = (
        _("The lead of “{token}” over “{other}”, part by part").format(token=token, other=other)
        if lead
        else _("The logit of “{token}”, part by part").format(token=token)
    )
    drawn = ranked_bars(
        list(parts),
        np.array(list(parts.values()), np.float32),
        title=title,
        subtitle=_("direct effects in logits; they sum to the model's own number"),
        theme=scene.theme,
        sum_last=True,
    )
    show.figure(drawn, "whole", _("All direct effects on the logit, and their sum"))
    real = logits_at(scene.model.transformer, scene.recording, scene.choice.query)
    ids = _likeliest(scene)
    wanted = float(real[ids[0]] - (real[ids[1]] if lead else 0))
    st.caption(
        _("Checked: the sum differs from the model's own number, {wanted}, by {difference}.").format(
            wanted=number(wanted), difference=show.power(abs(wanted - direct.total))
        )
    )


def _against_ablation(scene: Scene, direct: DirectEffects, token: str) -> None:
    """Direct effect against what is really lost without the head."""
    effects = heads.effects(scene, scene.choice.query)
    if effects is None:
        st.markdown("**" + _("Direct effect against switching off") + "**")
        st.markdown(
            _("A head also acts through later parts that read what it wrote; that shows when it is switched off.")
        )
        heads.measure_button(scene)
        return
    told, lost = direct.heads.flatten(), -effects.logit.flatten()
    names = [head_name(layer, head) for layer in range(len(direct.heads)) for head in range(scene.config.n_head)]
    ends = torch.stack([torch.cat([told, lost]).min(), torch.cat([told, lost]).max()]).numpy()
    drawn = curves(
        [
            Curve(_("heads"), told.numpy(), lost.numpy(), like="measured", ink=palette.OUTPUT, hover=names),
            Curve(_("if there were direct effects alone"), ends, ends, like="theory", ink=palette.MUTED),
        ],
        title=_("Direct effect against switching off"),
        subtitle=_("a point a head; up: logit lost when its context is 0"),
        x_title=_("direct effect on the logit of “{token}”").format(token=unspaced(token)),
        y_title=_("logit lost without it"),
        theme=scene.theme,
    )
    show.figure(drawn, "against", _("Direct effect of each head against the logit that is lost without it"))
    st.markdown(_indirect(effects, direct))


def _indirect(effects: Effects, direct: DirectEffects) -> str:
    """The head for which the two differ most."""
    lost = -effects.logit
    place = divmod(int((lost - direct.heads).abs().argmax()), lost.shape[1])
    values = {"direct": number(float(direct.heads[place])), "change": number(abs(float(lost[place])))}
    fall = _("without it the logit falls by {change}.") if lost[place] >= 0 else _("without it it rises by {change}.")
    said = _(
        "{head} adds {direct} to the logit itself; {fall} The difference is what it does "
        "**through later parts** that read what it wrote, and the norm's divisor, which also changes."
    )
    return said.format(head=head_name(*place), direct=values["direct"], fall=fall.format(change=values["change"]))
