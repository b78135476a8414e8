"""Direct logit attribution: what every head itself writes towards a token, and what else the logit is the sum of."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from viz_core.analysis.contributions import DirectEffects, direct_effects
from viz_core.figures.labels import unspaced
from viz_core.figures.ranked import ranked_bars
from viz_core.language import _
from viz_core.ui import show, state, store
from viz_core.ui.mechanism.many_heads.own import parts_of
from viz_core.ui.questions.beyond_weights import pictures
from viz_core.ui.questions.beyond_weights.asked import Asked, asked
from viz_core.ui.roles import head_name
from viz_core.ui.scene import Scene
from viz_core.ui.show import number, quoted


def attribution(scene: Scene) -> list[str]:
    st.markdown(_("A logit is a sum, and each head writes its share of it. Which heads write towards this token?"))
    _drawn(scene)
    pictures.definition(
        r"\mathrm{logit}_t=\sum_{\text{parts }p}\frac{(p-\bar p)\odot g}{\sigma}\cdot u_t+\beta\cdot u_t",
        _(
            "The stream at a row is a sum: the token's vector and, where the model adds one, its position's, what "
            "every head added, what the output bias $b_O$ and every feed-forward part added. With the final norm's "
            "divisor σ held where it is, so is every logit, and each part's share of it can be read off. $u_t$ is "
            "the token's row of the unembedding, $g$ and $\\beta$ the norm's gain and bias; "
            "RMSNorm takes off no mean $\\bar p$ and has no $\\beta$."
        ),
        _(
            "Elhage et al. 2021, “A Mathematical Framework for Transformer Circuits”; nostalgebraist 2020, "
            "“interpreting GPT: the logit lens”."
        ),
        _(
            "what later parts make of what a head wrote: a head that only feeds another head can have no "
            "direct effect to speak of, and be indispensable. Nor is a high logit a likely token: the softmax sees "
            "differences."
        ),
    )
    return []


def _drawn(scene: Scene) -> None:
    ask, missing = asked(scene), why_not(scene)
    if missing:
        st.info(missing, icon=":material/info:")
        _logit_alone(ask)
        return
    direct = effects(scene, ask)
    left, right = st.columns([1, 1.1], gap="large")
    with left:
        pictures.grid(
            scene,
            direct.heads,
            title=_("What every head adds to the logit of {token}").format(token=quoted(ask.label)),
            unit=_("direct effect in logits"),
            line=_("direct effect {} logits"),
            signed=True,
            key="direct-grid",
        )
        st.markdown(_said(ask, direct))
    with right:
        _whole(scene, ask, direct)
    with left:
        address = {name: value for name, value in state.address_of(state.current()).items() if name != "part"}
        st.page_link(
            "pages/many_heads.py",
            label=_("Its lead over the runner-up (Many heads)"),
            icon=":material/view_module:",
            query_params=address | {"part": "own"},
        )


def why_not(scene: Scene) -> str:
    """Why direct effects cannot be had of this model, or ""."""
    if not scene.model.own:
        return _(
            "{model} runs by its own code: its attention is recorded, its residual stream and its final norm are not. "
            "So what each head adds to a logit cannot be read off. Gradient × attention and “Every head off” work here "
            "as anywhere."
        ).format(model=show.literal(scene.model.name))
    if scene.config.norm_place == "post":
        return _(
            "This model normalises the stream anew after every sublayer (post-norm): the end is no sum of what the "
            "parts added, and direct effects on a logit are not defined. Gradient × attention and “Every head off” "
            "work here as anywhere."
        )
    return ""


def effects(scene: Scene, ask: Asked) -> DirectEffects:
    """Only where there is no reason why not."""
    return store.finding(
        ("direct on", *ask.identity(scene)),
        lambda: direct_effects(scene.model.transformer, scene.recording, ask.row, ask.token),
    )


def _whole(scene: Scene, ask: Asked, direct: DirectEffects) -> None:
    parts: Mapping[str, float] = parts_of(scene, direct)
    drawn = ranked_bars(
        list(parts),
        np.array(list(parts.values()), np.float32),
        title=_("The logit of “{token}”, part by part").format(token=unspaced(ask.label)),
        subtitle=_("direct effects in logits, from the input upwards"),
        theme=scene.theme,
        sum_last=True,
    )
    show.figure(drawn, "whole", _("All direct effects on the logit, and their sum"))
    wanted = float(ask.logits[ask.token])
    st.caption(
        ":material/verified: "
        + _("Checked: the sum differs from the model's own logit, {wanted}, by {difference}.").format(
            wanted=number(wanted), difference=show.power(abs(wanted - direct.total))
        )
    )


def _said(ask: Asked, direct: DirectEffects) -> str:
    most = divmod(int(direct.heads.argmax()), direct.heads.shape[1])
    least = divmod(int(direct.heads.argmin()), direct.heads.shape[1])
    heads, fed = float(direct.heads.sum()), float(direct.feed_forward.sum())
    return _(
        "{most} writes most towards {token} ({up} logits), {least} least ({down}). All heads together add {heads}, the "
        "feed-forward parts {fed}."
    ).format(
        most=head_name(*most),
        token=quoted(ask.label),
        up=show.signed(float(direct.heads[most])),
        least=head_name(*least),
        down=show.signed(float(direct.heads[least])),
        heads=show.signed(heads),
        fed=show.signed(fed),
    )


def _logit_alone(ask: Asked) -> None:
    st.markdown(
        _("The logit of {token} is {logit}.").format(
            token=quoted(ask.label), logit=number(float(ask.logits[ask.token]))
        )
    )
