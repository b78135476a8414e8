"""The causal mask lifted: what of the earlier predictions changes when a later token does."""

from collections import Counter
from typing import NamedTuple

import streamlit as st
from torch import Tensor

from viz_core import masks
from viz_core.analysis.leakage import Leak, leak_of, probability_of_next
from viz_core.edits import AS_IT_IS, Cells, Edits
from viz_core.figures import palette
from viz_core.language import _
from viz_core.models import UnusableText
from viz_core.ui import maps, settings, store
from viz_core.ui.mechanism import where
from viz_core.ui.mechanism.masks import dependence, kinds, replacements
from viz_core.ui.scene import Scene
from viz_core.ui.show import number, quoted

SMALL = 1e-9  # nats: below, rounding


class Swap(NamedTuple):
    """Token `row` of the text replaced by another."""

    row: int
    token_id: int
    label: str


class Found(NamedTuple):
    """Under the causal mask, and without it.

    leaks    what the replacement changes, row by row
    right    what each row gives to the token that really comes next, [seq − 1]
    """

    leaks: tuple[Leak, Leak]
    right: tuple[Tensor, Tensor]


def leak(scene: Scene) -> list[str]:
    _explain(scene)
    if len(scene.tokens) == 1:
        st.info(_("A text of one token has no earlier prediction that a later token could change. Type a longer one."))
        return [_map_of_one(scene)]
    swap, scope = _asked(scene)
    edits = _masked(scene, scope)
    found = _found(scene, swap, edits)
    st.markdown(_said(scene, swap, found))
    left, right = st.columns(2, gap="medium")
    with left:
        _moved(scene, swap, found)
    with right:
        _right(scene, found)
    st.caption(_what_it_means(scene, scope))
    return dependence.every_token(scene, edits)


def _explain(scene: Scene) -> None:
    test = _("The test: replace one later token, and see which earlier predictions move.")
    if scene.model.both_sides:
        maps.explain(
            _(
                r"\text{row } i \text{ guesses token } i \text{ from both sides}"
                r" \;\Rightarrow\; m_{ij}=0 \text{ for all } j"
            ),
            _(
                "An encoder forbids no cell: a row may use what stands before and after. What it is to guess is hidden "
                "in the text itself, behind a token that stands for a missing word."
            ),
            test,
        )
        return
    maps.explain(
        _(r"\text{row } i \text{ predicts token } i+1 \;\Rightarrow\; m_{ij}=-\infty \text{ for } j>i"),
        _("A prediction must not depend on what it is to predict."),
        test,
    )


def _map_of_one(scene: Scene) -> str:
    rule = {"unit": _("weight"), "weights": True}
    return maps.cells(
        scene, "weights", scene.record.weights[0], _("weights"), _("one token looks at itself alone"), **rule
    )


# -- which token, by which ---------------------------------------------------------------------------------------


def _asked(scene: Scene) -> tuple[Swap, str]:
    which, by, place = st.columns([1.1, 1.3, 1.6], gap="medium", vertical_alignment="bottom")
    with which:
        row = _row(scene)
    with by:
        token_id = _other(scene, row)
    scope = "all"
    if not scene.model.both_sides:
        with place:
            scope = where.asked("set_in", _("Mask lifted in"), default="all")
    return Swap(row, token_id, scene.model.labels([token_id])[0]), scope


def _row(scene: Scene) -> int:
    """The token that is replaced: any but the first, which has none before it; the last where nobody has chosen."""
    names = {str(place): f"{place} {token}" for place, token in enumerate(scene.tokens) if place}
    return int(settings.choice("replaced", _("Replace the token"), names, default=str(len(scene.tokens) - 1)))


def _other(scene: Scene, row: int) -> int:
    """The token that takes its place: the model's own likeliest others to choose from, or a typed word."""
    texts = {_text(scene, index): index for index in replacements.offered(scene, row)}
    called = Counter(text.strip() for text in texts)
    # "it" and " it" called alike would be one choice
    shown = {text: text.strip() if text.strip() and called[text.strip()] == 1 else repr(text) for text in texts}
    said = settings.choice("by", _("by (choose or type)"), shown, others=True)
    if said in texts:
        return texts[said]
    typed = _typed(scene, row, said)
    if typed is None:
        st.caption(_("{text} is no token of this model.").format(text=quoted(said)))
        return next(iter(texts.values()))
    labels = scene.model.labels(typed)
    put_in = next((place for place, label in enumerate(labels) if label.strip("·")), 0)  # no bare blank
    if len(typed) > 1:
        words = _("{text} is {count} tokens here; one of them, {token}, is put in.")
        st.caption(words.format(text=quoted(said), count=len(typed), token=quoted(labels[put_in])))
    return typed[put_in]


def _typed(scene: Scene, row: int, text: str) -> list[int] | None:
    """The token ids of a typed word, written as the replaced token is, after a blank or not; None where it has none."""
    if not text.strip() or scene.model.tokenizer is None:
        return None
    blank = scene.tokens[row].startswith("·")
    try:
        return scene.model.token_ids((" " if blank else "") + text.strip()) or None
    except UnusableText:
        return None


def _text(scene: Scene, index: int) -> str:
    return scene.model.tokenizer.text([index]) if scene.model.tokenizer else str(index)


# -- what it does --------------------------------------------------------------------------------------------------


def _masked(scene: Scene, scope: str) -> tuple[Edits, Edits]:
    """With a causal mask everywhere, and with it lifted in the scope; one of the two is the model as it is. A window
    that all of these heads share stays on."""
    n, at = len(scene.tokens), where.heads(scene, scope)
    own = kinds.own(scene) if kinds.alike(scene, at) else kinds.usual(scene)
    if scene.model.both_sides:
        return Edits(allowed=Cells.of(masks.causal(n) & own)), AS_IT_IS
    return AS_IT_IS, Edits(allowed=Cells.of(own | masks.full(n, n).triu(1)), at=at)


def _found(scene: Scene, swap: Swap, edits: tuple[Edits, Edits]) -> Found:
    """Both texts run with both masks; only a few numbers a row are kept."""
    ids = scene.recording.token_ids.tolist()
    other = [*ids[: swap.row], swap.token_id, *ids[swap.row + 1 :]]

    def found() -> Found:
        leaks, right = [], []
        for made in edits:
            before = store.recording(scene.model, scene.text, edits=made, all_logits=True).logits
            after = scene.model.record(other, made, all_logits=True).logits
            leaks.append(leak_of(before, after))
            right.append(probability_of_next(before, ids))
        return Found((leaks[0], leaks[1]), (right[0], right[1]))

    key = ("leak", scene.model.name, scene.model.revision, scene.text, swap.row, swap.token_id, edits)
    with st.spinner(_("Running the model four times …"), show_time=True):
        return store.measurement(key, lambda _note: found(), heavy=scene.is_heavy(4))


def _said(scene: Scene, swap: Swap, found: Found) -> str:
    lifted = found.leaks[1].divergence[: swap.row]
    difference = float(found.leaks[0].largest[: swap.row].max())
    moved = int((lifted > SMALL).sum())
    worst = int(lifted.argmax())
    words = _(
        "{old} (token {row}) becomes {new}. **With the causal mask** the largest change in the {before} is "
        "**{difference}** (max |Δ| of all logits){exactly}. **{without}**, {moved} of {count} change; most at {token} "
        "({worst}), by **{size} nats** (KL divergence)."
    )
    return words.format(
        old=quoted(scene.tokens[swap.row]),
        row=swap.row,
        new=quoted(swap.label),
        count=swap.row,
        before=_("one prediction before it")
        if swap.row == 1
        else _("{count} predictions before it").format(count=swap.row),
        difference=number(difference),
        exactly=_(": exactly nothing") if difference == 0 else "",
        without=_("As the model is, an encoder") if scene.model.both_sides else _("With the mask lifted"),
        moved=moved,
        token=quoted(scene.tokens[worst]),
        worst=worst,
        size=number(float(lifted[worst])),
    )


def _moved(scene: Scene, swap: Swap, found: Found) -> None:
    own, lifted = (leak.divergence[: swap.row] for leak in found.leaks)
    drawn: list[maps.Line] = [
        (_without(scene), lifted, {"like": "bars", "ink": palette.QUERY}),
        (_("with the causal mask"), own, {"like": "measured", "ink": palette.KEY}),
    ]
    subtitle = _("KL(before ‖ after) at each token before the replaced one")
    maps.by_row(scene, "leak", drawn, title=_("Earlier predictions that change"), subtitle=subtitle, unit=_("nats"))


def _without(scene: Scene) -> str:
    return _("as it is: sees both sides") if scene.model.both_sides else _("causal mask lifted")


def _right(scene: Scene, found: Found) -> None:
    """What leaking does to the task of training."""
    if scene.model.both_sides:
        st.markdown(
            _(
                "**An encoder has no causal mask, and needs none.** It does not predict the next token: it guesses "
                "tokens that are hidden from it, from both sides. That every guess depends on every other token is "
                "what it is for; only the hidden token itself must not be seen."
            )
        )
        return
    own, lifted = found.right
    drawn: list[maps.Line] = [
        (_("with the causal mask"), own, {"ink": palette.KEY}),
        (_("causal mask lifted"), lifted, {"ink": palette.QUERY}),
    ]
    title = _("What goes to the token that really comes next")
    subtitle = _("probability, row by row, of the text as it stands")
    maps.by_row(scene, "right", drawn, title=title, subtitle=subtitle, unit=_("probability"))
    st.markdown(
        _(
            "On average {own:.1%} with the mask, {lifted:.1%} without it: {helps}. A model trained that way would "
            "learn to copy the next token from where it stands, and could not write: there, no next token stands yet."
        ).format(
            own=float(own.mean()),
            lifted=float(lifted.mean()),
            helps=_("this model was not trained to use the answer, and seeing it does not help")
            if lifted.mean() <= own.mean()
            else _("this model was never trained to use the answer, but seeing it helps already"),
        )
    )


def _what_it_means(scene: Scene, scope: str) -> str:
    if scene.model.both_sides:
        said = _("The causal mask is a what-if on this model, imposed in all layers and heads.")
    else:
        said = _(
            "Rows from the replaced token on may change under both masks, and are left out. Training looks at all rows "
            "at once: that is why one mask makes every row an honest exercise."
        )
    return f"{said} {_of_windows(scene, scope)}".strip()


def _of_windows(scene: Scene, scope: str) -> str:
    """Of a model whose masks are not the usual ones everywhere: what becomes of them here."""
    if kinds.default(scene) != "own":
        return ""
    if kinds.alike(scene, where.heads(scene, scope)):
        return _("What this model's own mask leaves out besides, such as what lies outside a window, stays left out.")
    return _(
        "This model's layers have masks of their own, such as windows, and one mask is put in place of all of them: "
        "beside the causal mask it lifts those too."
    )
