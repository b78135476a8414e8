"""Side by side: every measure of the chosen head, where each ranks it, and how far measures agree over all heads."""

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from viz_core.analysis.gradients import HeadTotals
from viz_core.analysis.ranks import ranks, spearman
from viz_core.analysis.sweep import Absences
from viz_core.figures import Curve, curves, palette, steep
from viz_core.figures.labels import unspaced
from viz_core.language import _
from viz_core.ui import controls, show, store
from viz_core.ui.mechanism.many_heads import heads
from viz_core.ui.questions.beyond_weights import absence, direct, gradient, pictures
from viz_core.ui.questions.beyond_weights.asked import Asked, asked, heads_of
from viz_core.ui.roles import head_name
from viz_core.ui.scene import Scene
from viz_core.ui.show import number


@dataclass(frozen=True, eq=False)
class Measure:
    """name    in a table, `short` at the head of a column
    values  [layer, head], as they are; NaN where there is no such head, or it cannot be told
    ranked  whether a head's size of it is compared with other measures
    """

    name: str
    short: str
    values: Tensor
    ranked: bool = True


def compared(scene: Scene) -> list[str]:
    st.markdown(
        _(
            "**Attention is one factor of a prediction, not its explanation.** Each measure asks a head another "
            "question. Do they agree?"
        )
    )
    _drawn(scene)
    pictures.definition(
        r"\rho=\mathrm{corr}\bigl(\mathrm{rank}\,|a|,\ \mathrm{rank}\,|b|\bigr)",
        _(
            "Weights say where a head looks; what it carries from there, whether later parts read it, and whether "
            "another head would do the same, they do not say. Whether two of them put the heads in the same "
            "order is told by Spearman’s ρ: 1 = the same order, 0 = no relation, −1 = the opposite one."
        ),
        _(
            "Jain & Wallace 2019, “Attention is not Explanation”: very different weights can give the same prediction. "
            "Wiegreffe & Pinter 2019, “Attention is not not Explanation”: it depends on what is asked of an "
            "explanation, and can be tested. Kobayashi et al. 2020, “Attention is Not Only a Weight”: a large weight "
            "on a short value carries little. ρ: Spearman 1904."
        ),
        _("which measure is right: two that agree may be wrong alike, and an order is blind to how large a gap is."),
    )
    return []


def _drawn(scene: Scene) -> None:
    ask = asked(scene)
    instead = heads.put_instead()
    swept, totals = absence.swept(scene, ask, instead), gradient.totals(scene, ask)
    if swept is None or totals is None:
        return
    missing = direct.why_not(scene)
    measures = _measures(scene, ask, swept, totals)
    left, right = st.columns([1.15, 1], gap="large")
    with left:
        _one_head(scene, measures)
        if missing:
            st.caption(missing)
    with right:
        _agreement(measures)
        st.markdown(_said(measures))
        _scatter(scene, ask, measures)


def _measures(scene: Scene, ask: Asked, swept: Absences, totals: HeadTotals) -> dict[str, Measure]:
    first = store.all_heads(scene.model, scene.text).roles["first"]
    measures = {
        "first": Measure(_("mean weight on the first token"), "", first, ranked=False),
        "weight": Measure(_("largest weight at this row"), _("weight"), _largest(scene, ask.row)),
    }
    if not direct.why_not(scene):
        heads_direct = direct.effects(scene, ask).heads
        measures["direct"] = Measure(_("direct effect, logits"), _("direct"), heads_direct)
    lost = -swept.logit[..., ask.place]
    return measures | {
        "gradient": Measure(_("gradient × attention, sizes added up, logits"), _("gradient"), totals.size),
        "net": Measure(_("gradient × attention, added up, logits"), "", totals.net, ranked=False),
        "logit": Measure(_("lost without it, logits"), "", lost, ranked=False),
        "kl": Measure(_("KL without it, nats"), _("KL"), swept.divergence),
    }


def _largest(scene: Scene, row: int) -> Tensor:
    """[layer, head]: the largest weight of the row."""
    counts = heads_of(scene)

    def found() -> Tensor:
        values = torch.full((len(counts), max(counts)), torch.nan)
        for layer, block in enumerate(scene.recording.blocks):
            weights = block.attention.rows(row, row + 1).weights[:, 0]
            values[layer, : counts[layer]] = weights.amax(-1)
        return values

    return store.finding(("largest weight", scene.model.name, scene.model.revision, scene.text, row), found)


def _one_head(scene: Scene, measures: dict[str, Measure]) -> None:
    st.markdown("**" + _("One head by every measure") + "**")
    controls.head_and_cell(scene.choice, scene.recording, ("layer", "head"))
    place = (scene.choice.layer, scene.choice.head)
    lines = [f"| {_('measure')} | {scene.choice.name} | {_('rank by size')} |", "|---|---:|---:|"]
    for measure in measures.values():
        value = float(measure.values[place])
        known = not math.isnan(value)
        ranked = _ranked(measure.values, place) if known else "–"
        lines.append(f"| {measure.name} | {number(value) if known else '–'} | {ranked} |")
    st.markdown("\n".join(lines))


def rank_of(values: Tensor, place: tuple[int, int]) -> tuple[int, int]:
    """Where a head comes among all, the largest in size first, and how many there are."""
    sizes = values.abs()
    return 1 + int((sizes > sizes[place]).sum()), int(sizes.isfinite().sum())


def tied(values: Tensor, place: tuple[int, int]) -> int:
    """How many other heads have it in the same size."""
    sizes = values.abs()
    return int((sizes == sizes[place]).sum()) - 1


def _ranked(values: Tensor, place: tuple[int, int]) -> str:
    (rank, of), others = rank_of(values, place), tied(values, place)
    if not others:
        return _("{rank} of {of}").format(rank=rank, of=of)
    if others == of - 1:
        return _("all {of} the same").format(of=of)
    return _("{rank} of {of}, tied with {others}").format(rank=rank, of=of, others=others)


def agreement_of(one: Tensor, other: Tensor) -> float:
    """Spearman's correlation of two measures' sizes over all heads."""
    known = one.isfinite() & other.isfinite()
    return spearman(one[known].abs(), other[known].abs())


def _agreement(measures: dict[str, Measure]) -> None:
    """Every pair of the ranked measures."""
    st.markdown("**" + _("Do they put the heads in the same order?") + "**")
    ranked = [measure for measure in measures.values() if measure.ranked]
    lines = ["| | " + " | ".join(measure.short for measure in ranked[:-1]) + " |", "|---" * len(ranked) + "|"]
    for index, one in enumerate(ranked[1:], start=1):
        cells = [_written(agreement_of(one.values, other.values)) for other in ranked[:index]]
        lines.append(f"| {one.short} | " + " | ".join([*cells, *[""] * (len(ranked) - 1 - index)]) + " |")
    st.markdown("\n".join(lines))


def _scatter(scene: Scene, ask: Asked, measures: dict[str, Measure]) -> None:
    """What the map shows of every head against what is lost without it."""
    told, lost = measures["weight"], measures["kl"]
    places = [(layer, head) for layer, count in enumerate(heads_of(scene)) for head in range(count)]
    here = (scene.choice.layer, scene.choice.head)
    series = {_("heads"): [place for place in places if place != here], scene.choice.name: [here]}
    inks = {scene.choice.name: palette.CHOSEN}
    drawn = [
        Curve(
            name,
            np.array([float(told.values[place]) for place in among]),
            np.array([float(lost.values[place]) for place in among]),
            like="measured",
            ink=inks.get(name, palette.OUTPUT),
            hover=[head_name(*place) for place in among],
        )
        for name, among in series.items()
        if among
    ]
    figure = curves(
        drawn,
        title=_("A large weight, and what hangs on the head"),
        subtitle=_("a point a head"),
        x_title=_("largest weight at “{token}” (token {row})").format(
            token=unspaced(scene.tokens[ask.row]), row=ask.row
        ),
        y_title=lost.name,
        theme=scene.theme,
        log_y=steep(lost.values[lost.values.isfinite()].numpy()),
    )
    show.figure(figure, "scatter", _("The largest weight of the row in each head against KL without that head"))


def _said(measures: dict[str, Measure]) -> str:
    """Which measures agree most and least, and the head of which two of them say the most different things."""
    ranked = [measure for measure in measures.values() if measure.ranked]
    pairs = [(agreement_of(a.values, b.values), a, b) for a, b in combinations(ranked, 2)]
    known = [pair for pair in pairs if not math.isnan(pair[0])]
    if len(known) < 2:
        return _("With so few heads, or heads so alike, there is no order to compare.")
    low, high = min(known, key=lambda pair: pair[0]), max(known, key=lambda pair: pair[0])
    said = [
        _("Here {a} and {b} agree most (ρ {high}), {c} and {d} least (ρ {low}).").format(
            a=_in_words(high[1]),
            b=_in_words(high[2]),
            high=_written(high[0]),
            c=_in_words(low[1]),
            d=_in_words(low[2]),
            low=_written(low[0]),
        )
    ]
    place = furthest_apart(measures["weight"].values, measures["kl"].values)
    by_weight, of = rank_of(measures["weight"].values, place)
    by_loss, _of = rank_of(measures["kl"].values, place)
    distinct = not any(tied(measures[name].values, place) for name in ("weight", "kl"))
    if distinct and (by_weight - by_loss >= of / 4 or by_loss - by_weight >= of / 4):
        words = _(
            "{head} shows best that the map is no ranking: by its largest weight it is number {by_weight} of {of}, by "
            "what is lost without it number {by_loss}."
        )
        said.append(words.format(head=head_name(*place), by_weight=by_weight, by_loss=by_loss, of=of))
    said.append(
        _(
            "None of them is the right one: a direct effect leaves out what later parts do, a gradient is true for "
            "small changes alone, and a head switched off is a model that was never trained. Where they agree, the "
            "finding does not hang on the method."
        )
    )
    return " ".join(said)


def furthest_apart(one: Tensor, other: Tensor) -> tuple[int, int]:
    """The head whose ranks by two measures differ most."""
    known = (one.isfinite() & other.isfinite()).flatten()
    apart = torch.full(known.shape, -1.0)
    apart[known] = (ranks(one.abs().flatten()[known]) - ranks(other.abs().flatten()[known])).abs()
    return divmod(int(apart.argmax()), one.shape[1])


def _in_words(measure: Measure) -> str:
    return f"*{measure.short}*"


def _written(correlation: float) -> str:
    return "–" if math.isnan(correlation) else f"{correlation:.2f}".replace("-", "−")
