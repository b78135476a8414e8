"""Every head off: each switched off alone, and what becomes of the prediction and of one token in it."""

import streamlit as st
from torch import Tensor

from viz_core.analysis.predictions import Change, change_of
from viz_core.analysis.sweep import Absences, absences
from viz_core.edits import Instead
from viz_core.figures import paired_bars
from viz_core.language import _
from viz_core.ui import long_work, reading, settings, show, state, store, whatif
from viz_core.ui.mechanism.many_heads import heads
from viz_core.ui.questions.beyond_weights import pictures
from viz_core.ui.questions.beyond_weights.asked import Asked, asked, heads_of, identity, subject
from viz_core.ui.questions.beyond_weights.gradient import at_once
from viz_core.ui.roles import head_name
from viz_core.ui.scene import Scene
from viz_core.ui.show import quoted


def every_head_off(scene: Scene) -> list[str]:
    st.markdown(_("The plainest question to a head: what happens without it?"))
    linked = _drawn(scene)
    pictures.definition(
        r"\mathrm{KL}=\sum_t p_t\,\ln\frac{p_t}{p^{\,\text{without}}_t}",
        _(
            "The model is run once for every head, with that "
            "one head's context set to 0 or to its mean over the text. KL says how far the **whole** prediction moved, "
            "in nats; the change of one logit or probability what it meant for **one** token."
        ),
        _("Zero: Michel et al. 2019, section 2. Mean: Wang et al. 2023, “Interpretability in the Wild”."),
        _(
            "what the head does when others are off too: heads stand in for each other, and effects do not add up. Nor "
            "where it looked: that is the map."
        ),
    )
    return linked


def _drawn(scene: Scene) -> list[str]:
    ask = asked(scene)
    instead = heads.put_instead()
    found = swept(scene, ask, instead)
    if found is None:
        return []
    measure = _measure(ask)
    values = _values(found, ask, measure)
    units = _units()
    left, right = st.columns([1, 1.1], gap="large")
    with left:
        pictures.grid(
            scene,
            values,
            title=_("Every head: {unit} without it").format(unit=units[measure]),
            unit=units[measure],
            line=_lines()[measure],
            signed=measure != "kl",
            key="absence-grid",
        )
        pictures.strongest(
            scene,
            values,
            title=_("The heads that matter most here"),
            subtitle=_("{unit}; click a bar to choose its head").format(unit=units[measure]),
            signed=measure != "kl",
            key="strongest",
        )
    with right:
        linked = reading.weights_map(scene, "map")
        _without(scene, ask, instead)
    st.markdown(_said(scene, ask, found))
    address = {name: value for name, value in state.address_of(state.current()).items() if name != "part"}
    st.page_link(
        "pages/many_heads.py",
        label=_("Several heads off at once (Many heads)"),
        icon=":material/view_module:",
        query_params=address | {"part": "off"},
    )
    return linked


def swept(scene: Scene, ask: Asked, instead: Instead) -> Absences | None:
    """Of all heads; None where it takes long and nobody asked."""
    counts, without = heads_of(scene), heads.without(scene, ask.row, instead)
    of = ("heads off", *identity(scene))
    return long_work.measured(
        (*of, ask.row, instead),
        lambda note: absences(without, ask.logits, counts, ask.token_ids, note),
        says=long_work.told(_("Switching off one head at a time: {done} of {total}")),
        asked=of,
        at_once=at_once(scene, passes=sum(counts) / (2 if scene.model.own else 1)),
        offer=_("Run the model {count} times, each time without another head").format(count=sum(counts)),
    )


def _units() -> dict[str, str]:
    return {"kl": _("KL in nats"), "logit": _("change of the logit"), "probability": _("change of the probability")}


def _lines() -> dict[str, str]:
    """What a head's hover says of it."""
    return {
        "kl": _("off alone: KL {} nats"),
        "logit": _("off alone: logit {}"),
        "probability": _("off alone: probability {}"),
    }


def _measure(ask: Asked) -> str:
    token = quoted(ask.label)
    return settings.one_of(
        "absence",
        _("What its absence does to"),
        {
            "kl": _("the whole prediction"),
            "logit": _("the logit of {token}").format(token=token),
            "probability": _("the probability of {token}").format(token=token),
        },
    )


def _values(found: Absences, ask: Asked, measure: str) -> Tensor:
    """[layer, head]"""
    if measure == "kl":
        return found.divergence
    return (found.logit if measure == "logit" else found.probability)[..., ask.place]


def _without(scene: Scene, ask: Asked, instead: Instead) -> None:
    """The prediction with the chosen head and without it."""
    change = _change(scene, ask, instead)
    labels = list(scene.model.labels(change.token_ids))
    name = _("without {head}").format(head=scene.choice.name)
    place = quoted(scene.tokens[ask.row])
    words = (
        _("What {model} makes of {token} (token {row})")
        if scene.model.both_sides
        else _("What {model} says comes after {token} (token {row})")
    )
    st.markdown("**" + words.format(model=show.literal(scene.model.name), token=place, row=ask.row) + "**")
    drawn = paired_bars(labels, change.before, change.after, names=(_("as it is"), name), theme=scene.theme)
    show.figure(drawn, "change", _("The likeliest tokens with and without the head"))
    st.markdown(whatif.in_words(change, labels))


def _change(scene: Scene, ask: Asked, instead: Instead) -> Change:
    place = (scene.choice.layer, scene.choice.head)

    def found() -> Change:
        return change_of(ask.logits, heads.without(scene, ask.row, instead)(*place), whatif.MOST)

    of = (scene.model.name, scene.model.revision, scene.text, ask.row, place, instead)
    return store.measurement(("without a head", *of), lambda _note: found(), heavy=scene.is_heavy())


def _said(scene: Scene, ask: Asked, found: Absences) -> str:
    best = divmod(int(found.divergence.nan_to_num(-1).argmax()), found.divergence.shape[1])
    largest = float(found.divergence[best])
    said = [_("No head's absence changes the prediction.")] if largest < whatif.SAME else _of_the_whole(found, best)
    change = found.logit[..., ask.place]
    falls, rises = int((change <= -whatif.SAME).sum()), int((change >= whatif.SAME).sum())
    words = (
        _("{subject} falls without {falls} of the heads and rises without {rises}, which hold it back.")
        if falls and rises
        else _("{subject} falls without {falls} of the heads and rises without none.")
        if falls
        else _("{subject} rises without {rises} of the heads, which hold it back, and falls without none.")
        if rises
        else _("{subject} stays where it is, whichever head is off.")
    )
    return " ".join([*said, words.format(subject=subject(scene, ask), falls=falls, rises=rises)])


def _of_the_whole(found: Absences, best: tuple[int, int]) -> list[str]:
    """What becomes of the whole prediction without the head it hangs on most, and how many are like it."""
    size, count = whatif.size_of(float(found.divergence[best])), int(found.divergence.isfinite().sum())
    if count == 1:
        return [_("Without its one head the prediction moves: KL {size} nats.").format(size=size)]
    felt = int((found.divergence >= whatif.LITTLE).sum())
    most = _("Without {head} the prediction moves most: KL {size} nats.").format(head=head_name(*best), size=size)
    words = _("Of {count} heads {felt} move it by {least} nats or more.")
    return [most, words.format(count=count, felt=felt, least=whatif.LITTLE)]
