"""What the page says, computed from the course and from the visitor's sentence."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from viz_core.analysis.birth import fall_around
from viz_core.language import _
from viz_core.ui import maps, show, state
from viz_core.ui.mechanism.birth.course import Birth
from viz_core.ui.roles import Best, asleep, head_name, measured_on, names
from viz_core.ui.show import quoted

EXAMPLE = "night 사람 small 영화 king 마음 dog 사랑 love night 사람 small 영화 king 마음 dog"  # unrelated words, twice
STRETCH = 200  # steps over which the fall of the loss is told
WEAK = 0.5  # of the score on random repeats, below which a sentence is said to wake induction less
MOST_FOLLOWED = 4  # tokens


def of_moment(scene: Birth, moment: int) -> str:
    """One line, not Markdown: the player writes it."""
    course = scene.course
    previous, induction = (course.best(role, moment) for role in ("previous", "induction"))
    following = course.models[moment].next_tokens(scene.recorded(moment), 1)[0]
    said = _(
        "Step {step:,} of {all:,}: held-out loss {loss:.3f}. Best previous-token head {previous} {first:.2f} "
        "{on_text}, best induction head {induction} {second:.2f} {on_repeats}. Likeliest next: “{token}”, {share}."
    )
    return said.format(
        step=course.steps[moment],
        all=course.steps[-1],
        loss=course.loss[moment],
        previous=previous.name,
        first=previous.score,
        induction=induction.name,
        second=induction.score,
        token=following.label,
        share=show.share(following.probability),
        on_text=measured_on("previous", both_sides=False),
        on_repeats=measured_on("induction", both_sides=False),
    )


def of_head(scene: Birth) -> str:
    """What the chosen head ends as, and how it came to be that; true at every moment, for playing leaves it."""
    choice, course = scene.choice, scene.course
    known = scene.roles(len(course.steps) - 1).known(choice.layer, choice.head)
    if known is None:
        return _("{head} ends without a habit that has a name here.").format(head=choice.name)
    stored = [float(scene.roles(moment).stored[known.role][choice.layer, choice.head]) for moment in course.around]
    here = [float(scene.roles(moment).here[known.role][choice.layer, choice.head]) for moment in course.around]
    said = _("{head} ends as a head that looks at **{what}**. Share of its weight {where}: {shares}").format(
        head=choice.name,
        what=names(both_sides=False)[known.role],
        where=measured_on(known.role, both_sides=False),
        shares=", ".join(
            _("{share:.2f} at step {step:,}").format(share=share, step=course.steps[moment])
            for share, moment in zip(stored, course.around, strict=True)
        ),
    )
    if np.isnan(here).any():
        return said + "."
    return said + _("; on your sentence: {shares}.").format(shares=", ".join(f"{share:.2f}" for share in here))


def why_asleep(scene: Birth) -> str:
    """Why induction cannot show on this sentence, or "" where it can."""
    ids = scene.recording.token_ids
    if len(ids) == 1:
        return _("this text is a single token, which can look at itself alone")
    return asleep("induction", ids, both_sides=False)


def sleeping(scene: Birth) -> None:
    """Where induction sleeps, the reason, and a text on which it does not."""
    if not (reason := why_asleep(scene)):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(_("Induction sleeps here at every step: {reason}.").format(reason=reason), icon=":material/bedtime:")
        _wake_button()


def _wake_button() -> None:
    st.button(
        _("Look at a text where it shows: unrelated words, said twice"),
        key="wake-induction",
        icon=":material/replay:",
        on_click=lambda: state.show(text=EXAMPLE, query=-1, key=-1),
    )


def explanation() -> None:
    """What an induction head is, and what it is made of."""
    maps.explain(
        r"\ldots\;\mathrm{A}\;\mathrm{B}\;\ldots\;\mathrm{A}\;\rightarrow\;\mathrm{B}",
        _(
            "An **induction head** goes on with what was said before: at the second A it looks at B, the token that "
            "followed the first one, and so makes B likelier next."
        ),
        _(
            "One layer cannot do that, for B does not show what stood before it. A **previous-token head** in an "
            "earlier layer must first write A into B's place; the induction head then finds B by it (K-composition)."
        ),
    )


def rises(scene: Birth) -> str:
    """When each of the two was there."""
    previous, induction = (scene.course.rises[role] for role in ("previous", "induction"))
    lead = induction.step - previous.step
    measured = scene.course.history["step"]
    apart = measured[1] - measured[0]
    if abs(lead) < apart:
        order = _("within the {apart:.0f} steps that measurements are apart: which came first does not show")
    elif lead > 0:
        order = _("{lead:.0f} steps earlier: as it would be if the one were built on the other, which is no proof")
    else:
        order = _("{lead:.0f} steps later")
    said = _(
        "Here induction is said to **appear** where the best head's score on random repeated tokens passes half of its "
        "highest ({level:.2f}): between two measurements, near step **{step:,.0f}**. The best previous-token score "
        "passes half of its own near step {before:,.0f}, {order}."
    )
    said = said.format(
        level=induction.level,
        step=induction.step,
        before=previous.step,
        order=order.format(lead=abs(lead), apart=apart),
    )
    return said + " " + _layers(scene)


def _layers(scene: Birth) -> str:
    course = scene.course
    previous, induction = (course.best(role, course.appears) for role in ("previous", "induction"))
    words = _("At step {step:,} the best previous-token head is {previous}, the best induction head {induction}.")
    if induction.layer == previous.layer + 1:
        words = _(
            "At step {step:,} the best previous-token head is {previous}, the best induction head {induction}, one "
            "layer above."
        )
    return words.format(step=course.steps[course.appears], previous=previous.name, induction=induction.name)


def losses(scene: Birth) -> str:
    """What the loss does then."""
    course = scene.course
    fall = fall_around(course.history["step"], course.history["loss"], course.rises["induction"].step, STRETCH)
    said = _(
        "**The loss.** From step {start:,.0f} to {end:,.0f} the training loss falls from {before:.2f} to {after:.2f} "
        "nats: a quarter of what it is trained on are random tokens said again, and those it can now foretell. On "
        "held-out text, which hardly repeats, nothing of the kind is seen: {held}. Olsson et al. found a bump in the "
        "loss of models trained on text alone; this one was fed repeats, so that it happens within {all:,} steps."
    )
    around = range(max(0, course.appears - 2), min(len(course.steps), course.appears + 2))
    held = ", ".join(f"{course.loss[moment]:.3f} ({course.steps[moment]:,})" for moment in around)
    measured = {"start": fall.start, "end": fall.end, "before": fall.before, "after": fall.after}
    return said.format(**measured, held=held, all=course.steps[-1])


def nothing_below(scene: Birth) -> str:
    best = scene.course.best("induction", -1)
    said = _(
        "**What it is built on** cannot be put to the test here: the best induction head, {name}, is in the first "
        "layer, which has none below."
    )
    return said.format(name=best.name)


def built_on(scene: Birth, below: Best) -> str:
    """What becomes of induction without the previous-token head `below` it, beside the others of that layer."""
    whole, *without = scene.without(below.layer)
    others = {head: score for head, score in enumerate(without) if head != below.head}
    said = _(
        "**Put to the test.** Here the finished model reads your sentence again, one head of layer {layer} switched "
        "off at a time. Without {name}, the best previous-token head below induction, the best induction score goes "
        "from {whole:.2f} to **{without:.2f}**"
    ).format(layer=below.layer, name=below.name, whole=whole, without=without[below.head])
    if not others:
        return said + "."
    least = min(others, key=others.__getitem__)
    rest = (
        _("; without any one of the others it is {least:.2f} or more.")
        if without[below.head] < others[least]
        else _("; on this sentence {other} matters as much or more: {least:.2f} without it.")
    )
    return said + rest.format(other=head_name(below.layer, least), least=others[least])


def on_the_sentence(scene: Birth) -> None:
    """How far the score and the prediction follow."""
    awake = not why_asleep(scene)
    if awake:
        st.markdown(_here(scene, scene.here("induction")))
    st.markdown(of_prediction(scene, scene.course.around))


def clearer(scene: Birth) -> None:
    """Where induction shows less than it could, a text on which it shows well."""
    if not why_asleep(scene) and scene.text != EXAMPLE:
        _wake_button()


def _here(scene: Birth, here: NDArray[np.float64]) -> str:
    course = scene.course
    known = course.best("induction", len(here) - 1).score
    shares = ", ".join(
        _("{share:.2f} at step {step:,}").format(share=here[moment], step=course.steps[moment])
        for moment in sorted({course.before, course.appears})
    )
    said = _(
        "The best induction score on it is {shares} and {end:.2f} in the end, against {known:.2f} on random repeats."
    ).format(shares=shares, end=here[-1], known=known)
    if here[-1] >= WEAK * known:
        return said
    return f"{said} " + _(
        "What these heads do on random tokens they do less on this text: the rest of their weight goes elsewhere."
    )


# -- the prediction --------------------------------------------------------------------------------------------


def copied(scene: Birth) -> int | None:
    """The token that followed the latest earlier copy of the last one: what induction would say next."""
    ids = scene.recording.token_ids.tolist()
    places = [place for place in range(len(ids) - 1) if ids[place] == ids[-1]]
    return ids[places[-1] + 1] if places else None


def worth_following(scene: Birth) -> list[int]:
    """What induction would say, and what is likeliest at the last moment, at the first one with induction, before."""
    course = scene.course
    found = [copied(scene)]
    for moment, count in ((len(course.steps) - 1, 2), (course.before, 1), (course.appears, 1)):
        following = course.models[moment].next_tokens(scene.recorded(moment), count)
        found += [token.token_id for token in following]
    return list(dict.fromkeys(token for token in found if token is not None))[:MOST_FOLLOWED]


def of_prediction(scene: Birth, moments: Sequence[int]) -> str:
    """What induction would say, and how likely that is at some moments; whether it is the likeliest at the last."""
    token = copied(scene)
    if token is None:
        return _("Its last token stands nowhere before, so induction has nothing to say about the next.")
    course = scene.course
    rows = [scene.recorded(moment).logits[-1].double() for moment in moments]
    shares = [
        _("{share} at step {step:,}").format(share=show.share(float(row.softmax(-1)[token])), step=course.steps[moment])
        for row, moment in zip(rows, moments, strict=True)
    ]
    said = _(
        "Induction would say {token}, which followed the latest {last} before. How likely that is: {shares}."
    ).format(token=quoted(course.last.labels([token])[0]), last=quoted(scene.tokens[-1]), shares=", ".join(shares))
    likeliest = int(rows[-1].argmax()) == token
    end = _("That makes it the likeliest.") if likeliest else _("Another guess is likelier by then.")
    return f"{said} {end}"


def limits(scene: Birth) -> None:
    st.caption(
        _(
            "What this does not show: why it happens when it happens. These are {count} moments of one run of one "
            "model of {parameters:,} parameters; another seed or other data moves the step. A score tells where a head "
            "looks, not what its look does to the prediction. Sources: Elhage et al. 2021, “A Mathematical Framework "
            "for Transformer Circuits”; Olsson et al. 2022, “In-context Learning and Induction Heads”."
        ).format(count=len(scene.course.steps), parameters=scene.course.last.card["parameters"])
    )
