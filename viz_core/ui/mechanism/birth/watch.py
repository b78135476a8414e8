"""The part to watch: every head, one head's weights, the loss and the prediction, at the moment of the player."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from viz_core.analysis.heads import ROLES
from viz_core.figures import Curve, palette
from viz_core.figures.course import course_curves, heading, next_tokens_at
from viz_core.figures.ranked import ranked_bars
from viz_core.language import _
from viz_core.models.model import NextToken
from viz_core.ui import maps, settings, show, store
from viz_core.ui.components.film import Frames, film
from viz_core.ui.components.player import player
from viz_core.ui.mechanism.birth import words
from viz_core.ui.mechanism.birth.course import Birth
from viz_core.ui.roles import KNOWN, LETTERS, NONE, Best, Roles, head_name, measured_on, names

MOST = 5  # tokens
BARS = 170  # pixels
CURVES = ("loss", "scores", "closely", "likely")
AROUND = 250  # steps


def watch(scene: Birth) -> list[str]:
    with st.container(key="player-bar"):
        _player(scene)
    words.sleeping(scene)
    left, right = st.columns([1, 1.15], gap="medium")
    with right:
        _map(scene)
        st.markdown(words.of_head(scene))
        words.clearer(scene)
    with left:
        st.markdown("**" + _("Every head at this moment") + "**")
        _film(scene)
        said = _(
            "Each square is one head on your sentence (√weight). A letter marks what it is known for by then, the "
            "number is how much of its weight goes there {on_text} (copies: {on_repeats}), from {known:.0%} on. Click "
            "one."
        )
        on_text, on_repeats = (measured_on(role, both_sides=False) for role in ("previous", "induction"))
        st.caption(said.format(known=KNOWN, on_text=on_text, on_repeats=on_repeats))
        st.markdown("**" + _("What formation would say next at this moment") + "**")
        following = _following(scene)
        drawn = store.figure((*_key(scene, "next"), scene.moment), lambda: _bars(scene, scene.moment, following))
        show.figure(drawn, "next", _("The likeliest next tokens at this moment"))
    left, right = st.columns(2, gap="medium")
    with left:
        _loss(scene)
    with right:
        _scores(scene)
    st.markdown("#### " + _("The moment induction appears"))
    words.explanation()
    left, right = st.columns(2, gap="medium", vertical_alignment="center")
    with left:
        _closely(scene)
    with right:
        st.markdown(words.rises(scene))
        st.markdown(words.losses(scene))
    if not words.why_asleep(scene):
        _put_to_the_test(scene)
    st.markdown("#### " + _("On your sentence"))
    left, right = st.columns(2, gap="medium", vertical_alignment="center")
    with left:
        _likely(scene)
    with right:
        words.on_the_sentence(scene)
    words.limits(scene)
    return ["map"]


def _map(scene: Birth) -> None:
    rule = {"unit": _("weight"), "weights": True, "allowed": scene.allowed.numpy()}
    maps.cells(scene, "map", scene.record.weights[0], _weights_at(scene, scene.moment), _looks(), **rule)


def _player(scene: Birth) -> None:
    steps = scene.course.steps
    player(
        [f"{step:,}" for step in steps],
        steps,
        store.finding(_key(scene, "says"), lambda: [words.of_moment(scene, moment) for moment in range(len(steps))]),
        moment=scene.moment,
        event=scene.course.appears,
        curves=CURVES,
        on_moment=lambda moment: settings.keep("moment", str(steps[moment])),
        key="player",
    )


def _film(scene: Birth) -> None:
    moments = range(len(scene.course.steps))
    seen = [scene.seen(moment) for moment in moments]
    roles = [scene.roles(moment) for moment in moments]
    marks = np.stack([one.marks() for one in roles])
    looks_at = names(both_sides=False)
    film(
        np.stack([one.tiles.numpy() for one in seen]),
        allowed=seen[0].allowed[0].numpy(),
        marks=marks,
        roles=[(LETTERS[role], looks_at.get(role, "")) for role in ROLES],
        scores=[_written(one, of, roles[-1]) for one, of in zip(roles, marks, strict=True)],
        frames=_frames(scene),
        map_key="map",
        bars_key="next",
        key="film",
    )


def _written(now: Roles, marks: NDArray[np.uint8], end: Roles) -> list[str]:
    """Beside each head's name: its score in the role whose letter it has, else in the one that it will end with."""
    ends = end.marks()
    found = []
    for place, mark in np.ndenumerate(marks):
        role = mark if mark != NONE else ends[place]
        score = f"{now.stored[ROLES[role]][place]:.2f}" if role != NONE else ""
        found.append(score if mark != NONE or role == NONE else f"{LETTERS[ROLES[role]]} {score}")
    return found


def _frames(scene: Birth) -> Frames:
    """What the map and the bars show at each moment, taken from the same functions that draw them."""
    moments = range(len(scene.course.steps))
    layer, head = scene.choice.layer, scene.choice.head
    following = _following(scene)
    weights = [store.stages(model, scene.text, layer, head).weights[0].numpy() for model in scene.course.models]
    return Frames(
        np.where(scene.allowed.numpy(), np.stack(weights), np.float32(np.nan)),
        [heading(scene.title(_weights_at(scene, moment)), _looks(), scene.theme) for moment in moments],
        store.finding(_key(scene, "frames"), lambda: [_told(_bars(scene, moment, following)) for moment in moments]),
    )


def _told(bars: go.Figure) -> tuple[list[float], list[str], list[str]]:
    """Lengths, what is written at them, and names."""
    return [float(x) for x in bars.data[0].x], list(bars.data[0].text), list(bars.layout.yaxis.ticktext)


def _weights_at(scene: Birth, moment: int) -> str:
    return _("weights at step {step}").format(step=f"{scene.course.steps[moment]:,}")


def _looks() -> str:
    return _("row looks at column; each row sums to 1")


def _key(scene: Birth, what: str) -> tuple[str, ...]:
    """What depends on the sentence and on all moments alike."""
    return what, scene.course.last.name, scene.text, scene.theme


# -- the course ----------------------------------------------------------------------------------------------


def _loss(scene: Birth) -> None:
    course = scene.course
    drawn = [
        Curve(_("training"), np.array(course.history["step"]), np.array(course.history["loss"]), ink=palette.FAINT),
        Curve(_("held-out text"), np.array(course.steps), np.array(course.loss), like="measured", ink=palette.OUTPUT),
    ]
    subtitle = _("nats a token: how surprised the model is by the next one")
    _course(scene, "loss", drawn, title=_("Loss"), subtitle=subtitle, y_title=_("loss, nats"))


def _scores(scene: Birth) -> None:
    drawn = _best_scores(scene, 0, scene.course.steps[-1])
    if not words.why_asleep(scene):
        steps, here = np.array(scene.course.steps), scene.here("induction")
        drawn.append(Curve(_("induction, on your sentence"), steps, here, like="measured", ink=palette.VALUE))
    subtitle = _("share of its weight on the pattern; lines: on random repeated tokens")
    _course(scene, "scores", drawn, title=_("The best head's scores"), subtitle=subtitle, y_title=_("score"))


def _closely(scene: Birth) -> None:
    """The lines of `_scores` around the moment, where one can see which rises first."""
    rises = scene.course.rises
    span = (rises["induction"].step - AROUND, rises["induction"].step + AROUND)
    both = [rises["previous"], rises["induction"]]
    half = Curve(
        _("half of the highest"),
        np.array([rise.step for rise in both]),
        np.array([rise.level for rise in both]),
        like="measured",
        ink=palette.TEXT,
    )
    first, second = scene.course.history["step"][:2]
    title = _("Which comes first")
    subtitle = _("the same two lines around that moment, measured every {every} steps").format(every=second - first)
    drawn = [*_best_scores(scene, *span), half]
    _course(scene, "closely", drawn, title=title, subtitle=subtitle, y_title=_("score"), span=span)


def _put_to_the_test(scene: Birth) -> None:
    below = scene.course.below
    if below is None:
        st.markdown(words.nothing_below(scene))
        return
    left, right = st.columns(2, gap="medium", vertical_alignment="center")
    with left:
        _built_on(scene, below)
    with right:
        st.markdown(words.built_on(scene, below))


def _built_on(scene: Birth, below: Best) -> None:
    """The finished model again, with one head of the layer of `below` switched off."""
    title, subtitle = (
        _("What induction is built on"),
        _("the finished model on your sentence, with one head switched off"),
    )
    drawn = ranked_bars(
        [_("none"), *(head_name(below.layer, head) for head in range(scene.config.n_head))],
        scene.without(below.layer),
        chosen=1 + below.head,
        title=title,
        subtitle=subtitle,
        x_title=_("best induction score"),
        theme=scene.theme,
    )
    show.figure(drawn, "without", f"{title}. {subtitle}")


def _best_scores(scene: Birth, first: float, last: float) -> list[Curve]:
    """Of any head, on random repeats, between two steps."""
    history = scene.course.history
    steps = np.array(history["step"])
    within = (steps >= first) & (steps <= last)
    lines = (("previous", _("previous token"), palette.KEY), ("induction", _("induction"), palette.QUERY))
    return [Curve(name, steps[within], np.array(history[role])[within], ink=ink) for role, name, ink in lines]


def _likely(scene: Birth) -> None:
    course = scene.course
    shares = np.stack([_shares(scene, moment) for moment in range(len(course.steps))])
    copied = words.copied(scene)
    after_copy = " " + _("(followed the copy)")
    drawn = []
    for token in words.worth_following(scene):
        name = f"“{course.last.labels([token])[0]}”" + (after_copy if token == copied else "")
        drawn.append(Curve(name, np.array(course.steps), shares[:, token]))
    title, subtitle = _("How likely some tokens are next"), _("after your sentence, at each of the moments")
    _course(scene, "likely", drawn, title=title, subtitle=subtitle, y_title=_("probability"))


def _shares(scene: Birth, moment: int) -> NDArray[np.float32]:
    return scene.recorded(moment).logits[-1].double().softmax(-1).float().numpy()


def _course(scene: Birth, key: str, drawn: list[Curve], *, title: str, subtitle: str, **rule: Any) -> None:
    course = scene.course
    usual: dict[str, Any] = {"span": (-0.015 * course.steps[-1], 1.03 * course.steps[-1]), "height": 300, "zero": True}

    def made() -> go.Figure:
        return course_curves(
            drawn,
            now=course.steps[scene.moment],
            event=course.rises["induction"].step,
            event_says=_("induction appears"),
            title=title,
            subtitle=subtitle,
            x_title=_("training step"),
            theme=scene.theme,
            **(usual | rule),
        )

    show.figure(store.figure((*_key(scene, key), scene.moment), made), key, f"{title}. {subtitle}")


def _following(scene: Birth) -> list[list[NextToken]]:
    """The likeliest next tokens at each moment."""
    return store.finding(
        _key(scene, "next"),
        lambda: [model.next_tokens(scene.recorded(at), MOST) for at, model in enumerate(scene.course.models)],
    )


def _bars(scene: Birth, moment: int, found: list[list[NextToken]]) -> go.Figure:
    """`found` at one moment, on one scale at all of them."""
    return next_tokens_at(
        [token.label for token in found[moment]],
        [token.probability for token in found[moment]],
        of=[token.label for tokens in found for token in tokens],
        highest=max(tokens[0].probability for tokens in found),
        theme=scene.theme,
        height=BARS,
    )
