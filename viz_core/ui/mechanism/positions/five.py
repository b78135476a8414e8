"""Positions: five models that differ in nothing but how they are told positions, on the visitor's sentence."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
import streamlit as st

from viz_core.analysis import places
from viz_core.figures import Curve, curves
from viz_core.figures.amounts import amounts
from viz_core.language import _
from viz_core.models import UnusableText
from viz_core.ui import settings, show, store
from viz_core.ui.mechanism.positions.borrowed import KINDS, trained_length
from viz_core.ui.scene import Scene
from viz_core.ui.show import number


@dataclass(frozen=True)
class Card:
    """What is known of one of the five: losses on text it was not trained on, in nats a token, at the lengths it was
    trained on and at doubled ones."""

    kind: str
    held_out: float
    doubled: float
    trained: int
    steps: int


@dataclass(frozen=True, eq=False)
class Reading:
    """One of the five on one text: means over all heads for each distance, [n], how much more a near key scores than a
    far one of the same row, the loss of the text itself, and at which distance its tokens come again most, how often.
    """

    kind: str
    scores: np.ndarray
    weights: np.ndarray
    near: float
    loss: float
    repeat: tuple[int, int] | None


def five(scene: Scene) -> list[str]:
    cards = store.finding(("five cards",), lambda: [_card(kind) for kind in KINDS])
    st.markdown(
        _(
            "Five models of one shape, each trained for {steps:,} steps on the same texts, {trained} tokens at a time. "
            "What sets them apart is how they are told positions: by **learned** vectors or **sinusoidal** ones added "
            "to the tokens, by turning q and k (**RoPE**), by a bias on scores (**ALiBi**), or not at all (**none**). "
            "All five read your sentence here."
        ).format(steps=cards[0].steps, trained=cards[0].trained)
    )
    readings = _readings(scene)
    if readings:
        _against_distance(scene, readings)
    left, right = st.columns(2, gap="large")
    with left:
        _held_out(scene, cards)
    with right:
        _here(cards, readings)
    st.caption(
        _(
            "positions-sinusoidal also multiplies its token vectors by √d, as the paper does; without that the waves "
            "would drown them. Models this small show what each encoding does, not which is best in a large one."
        )
    )
    return []


def _card(kind: str) -> Card:
    model = store.companion(KINDS[kind])
    figures, trained = model.card["figures"], cast(int, trained_length(model))
    return Card(kind, figures["held_out_loss"], figures["held_out_loss_doubled"], trained, model.card["steps"])


def _readings(scene: Scene) -> list[Reading]:
    """None, and said why, where these models cannot read the text."""
    try:
        return store.measurement(
            ("five", scene.text), lambda _note: [_read(kind, scene.text) for kind in KINDS], heavy=False
        )
    except UnusableText as error:
        st.info(_("The five cannot read this text: {reason}").format(reason=show.literal(str(error))))
        return []


def _read(kind: str, text: str) -> Reading:
    recording = store.companion(KINDS[kind]).record(text, all_logits=True)
    scores = places.by_distance(places.centred_scores(recording)).mean
    weights = places.by_distance(places.all_weights(recording)).mean
    told = places.surprise(recording)
    return Reading(
        kind,
        scores.numpy(),
        weights.numpy(),
        places.near_over_far(recording),
        float(told.mean()) if len(told) else 0.0,
        places.repeats(recording.token_ids),
    )


def _words() -> dict[str, str]:
    return {
        "learned": _("learned"),
        "sinusoidal": _("sinusoidal"),
        "rotary": _("RoPE"),
        "alibi": _("ALiBi"),
        "none": _("none"),
    }


# -- against the distance ------------------------------------------------------------------------------------


def _against_distance(scene: Scene, readings: list[Reading]) -> None:
    n = len(readings[0].scores)
    if n == 1:
        st.info(_("One token has no distance to any other: type a second word."), icon=":material/info:")
        return
    measures = {"scores": _("scores"), "weights": _("weights")}
    measure = settings.one_of("against", _("Against the distance"), measures)
    subtitles = {
        "scores": _("scaled, with bias, each row's mean taken off; mean over all heads"),
        "weights": _("mean over all heads of all layers"),
    }
    x = np.arange(n)
    drawn = curves(
        [Curve(_words()[each.kind], x, each.scores if measure == "scores" else each.weights) for each in readings],
        title=_("Score against distance") if measure == "scores" else _("Weight against distance"),
        subtitle=subtitles[measure],
        x_title=_("tokens back"),
        y_title=_("score") if measure == "scores" else _("weight"),
        theme=scene.theme,
        zero=measure == "weights",
    )
    show.figure(drawn, "five", _("Mean score or weight of the five models against distance"))
    if n >= 4:
        st.markdown(_distance_in_words(readings))


def _distance_in_words(readings: list[Reading]) -> str:
    """How much more a near key gets than a far one, in each model."""
    steepest, flattest = (best(readings, key=lambda each: abs(each.near)) for best in (max, min))
    names = _words()
    said = _(
        "Within a row, the nearest quarter of its keys scores {most} more than the farthest quarter in "
        "**{steepest}**, on average: e to that power, {times} times the weight. The difference is least in "
        "**{flattest}**: {least}, {few} times. The last distances of the curves are those of few rows."
    ).format(
        steepest=names[steepest.kind],
        most=show.signed(steepest.near),
        times=number(float(np.exp(steepest.near))),
        flattest=names[flattest.kind],
        least=show.signed(flattest.near),
        few=number(float(np.exp(flattest.near))),
    )
    repeat = readings[0].repeat
    if repeat is not None:
        words = _(
            "Tokens come again {distance} tokens later {count} times here: a bump at {distance} may be the words' "
            "doing."
        )
        said += " " + words.format(distance=repeat[0], count=repeat[1])
    return said


# -- losses --------------------------------------------------------------------------------------------------


def _held_out(scene: Scene, cards: list[Card]) -> None:
    trained = cards[0].trained
    drawn = amounts(
        [_words()[card.kind] for card in cards],
        {
            _("tokens 1–{last}, as trained").format(last=trained): [card.held_out for card in cards],
            _("tokens {first}–{last}, doubled").format(first=trained + 1, last=2 * trained): [
                card.doubled for card in cards
            ],
        },
        title=_("Loss at the trained and at doubled length"),
        subtitle=_("nats a token, on text they were not trained on"),
        unit=_("nats"),
        theme=scene.theme,
    )
    show.figure(drawn, "held-out", _("Loss of the five models at trained and doubled length"))
    worse = {card.kind: card.doubled - card.held_out for card in cards}
    names = _words()
    worst, best = max(worse, key=worse.__getitem__), min(worse, key=worse.__getitem__)
    words = (
        _("Past the length it was trained on **{worst}** loses most ({more} nats a token), **{best}** least ({less}).")
        if worse[best] >= 0
        else _(
            "Past the length it was trained on **{worst}** loses most ({more} nats a token); **{best}** gains: {less}."
        )
    )
    more, less = show.signed(worse[worst]), show.signed(worse[best])
    st.markdown(
        words.format(worst=names[worst], more=more, best=names[best], less=less)
        + " "
        + _("Lower is better. Measured when the models were made: the figures are those of their cards.")
    )


def _here(cards: list[Card], readings: list[Reading]) -> None:
    st.markdown("**" + _("On your sentence") + "**")
    if not readings or len(readings[0].scores) == 1:
        st.markdown(_("There is no next token in it that a model could be asked for."))
        return
    n, trained = len(readings[0].scores), cards[0].trained
    st.dataframe(
        pd.DataFrame(
            [
                {
                    _("positions"): _words()[each.kind],
                    _("loss, nats a token"): number(each.loss),
                    _("mean probability"): f"{np.exp(-each.loss):.1%}",
                }
                for each in readings
            ]
        ),
        hide_index=True,
    )
    best = min(readings, key=lambda each: each.loss)
    said = _(
        "Mean −log p of the {count} real next tokens, computed now; the probability is the geometric mean of theirs. "
        "Best on this sentence: **{best}**. One sentence is little to judge by."
    ).format(count=n - 1, best=_words()[best.kind])
    if n > trained:
        said += " " + _(
            "Your text has {n} tokens: those from {trained} on lie beyond what the models were trained on."
        ).format(n=n, trained=trained)
    st.markdown(said)
