"""What would be said next, after A and after B."""

from dataclasses import replace

import streamlit as st

from viz_core.analysis.comparison import NONE
from viz_core.analysis.predictions import Change, change_of
from viz_core.edits import Edits
from viz_core.figures import next_token_bars, paired_bars
from viz_core.figures.bars import paired_height
from viz_core.language import _
from viz_core.models import Model
from viz_core.ui import show, store, whatif
from viz_core.ui.questions.compare.sides import Pair, Side
from viz_core.ui.scene import Scene
from viz_core.ui.show import quoted

KEY = "compare-next"


def two_texts(scene: Scene, pair: Pair) -> None:
    """One model after two texts: a decoder's next token, or an encoder's guess at a token that both have."""
    row = whatif.row_of(scene)
    other = row
    if scene.model.both_sides:
        other = _counterpart(pair, row)
        if other == NONE:
            st.markdown("**" + whatif.heading(scene) + "**")
            words = _("Only A has {token}: choose a row that both have to see what is guessed there in either.")
            st.markdown(words.format(token=quoted(scene.tokens[row])))
            return
    st.markdown("**" + whatif.heading(scene) + "**")
    key = ("compared next", pair.first.run, pair.second.run, row)
    change = store.finding(
        key, lambda: change_of(pair.first.recording.logits[row], pair.second.recording.logits[other], whatif.MOST)
    )
    _paired(scene, change, ("A", "B"))


def two_models(scene: Scene, pair: Pair) -> None:
    """Side by side: on one scale where both have the same vocabulary and the same task, else two lists."""
    row = whatif.row_of(scene)
    at = _counterpart(pair, scene.choice.query if row < 0 else row)
    second = _scene_of(pair.second, scene, max(at, 0))
    other = whatif.row_of(second)
    if at == NONE and second.model.both_sides:
        _list("A", scene)
        words = _("B has no token that stands for {token}: choose another row to see what B makes of it.")
        st.markdown(words.format(token=quoted(scene.tokens[row])))
        return
    if _same_vocabulary(scene.model, second.model) and scene.model.both_sides == second.model.both_sides:
        st.markdown("**" + _("What each predicts") + "**")
        key = ("compared next", *pair.runs, row, other)
        change = store.finding(
            key, lambda: change_of(pair.first.recording.logits[row], pair.second.recording.logits[other], whatif.MOST)
        )
        _paired(scene, change, (f"A: {scene.model.name}", f"B: {second.model.name}"))
        return
    for letter, own, column in zip("AB", (scene, second), st.columns(2), strict=True):
        with column:
            _list(letter, own)
    st.caption(_why_two(scene.model, second.model))


def _counterpart(pair: Pair, row: int) -> int:
    """The token of B that stands for a token of A, the first of its word; NONE where B has none."""
    unit = pair.alignment.second[pair.alignment.first.index(pair.first.unit_of(row))]
    return NONE if unit == NONE else pair.second.token_of(unit)


def _why_two(first: Model, second: Model) -> str:
    if first.both_sides != second.both_sides:
        return _("One says what comes next, the other what stands in a place: two questions, and no KL divergence.")
    return _(
        "Their vocabularies differ, so the two lists are not comparable number by number, and have no KL divergence."
    )


def without(scene: Scene, names: tuple[str, str], edits: tuple[Edits, Edits]) -> None:
    """One run has one prediction; what tells two heads, or two layers, apart is what each one's absence does to it."""
    row = whatif.row_of(scene)
    st.markdown("**" + _("Without {one}, and without {other}").format(one=names[0], other=names[1]) + "**")

    def found() -> Change:
        first, second = (store.recording(scene.model, scene.text, edits=edit).logits[row] for edit in edits)
        return change_of(first, second, whatif.MOST)

    key = ("compared without", scene.model.name, scene.model.revision, scene.text, edits, row)
    change = store.measurement(key, lambda _note: found(), heavy=scene.is_heavy(len(edits)))
    _bars(scene, change, tuple(_("without {name}").format(name=name) for name in names))
    effects = [whatif.changed(scene, edit) for edit in edits]
    best = effects[0].best_before
    token = quoted(scene.model.labels([effects[0].token_ids[best]])[0])
    words = _(
        "As it is, the likeliest token is {token} ({share}). Without {one} (context 0) the prediction "
        "changes by a KL divergence of {first} nats, without {other} by {second}."
    )
    st.markdown(
        words.format(
            token=token,
            share=show.share(effects[0].before[best]),
            one=names[0],
            other=names[1],
            first=whatif.size_of(effects[0].divergence),
            second=whatif.size_of(effects[1].divergence),
        )
    )


def _paired(scene: Scene, change: Change, names: tuple[str, str]) -> None:
    labels = _bars(scene, change, names)
    first, second = change.best_before, change.best_after
    words = (
        _("Likeliest in both: {one}, A {first} and B {second}.")
        if first == second
        else _("Likeliest in A: {one} ({first}); in B: {other} ({second}).")
    )
    said = words.format(
        one=quoted(labels[first]),
        other=quoted(labels[second]),
        first=show.share(change.before[first]),
        second=show.share(change.after[second]),
    )
    size = "0" if not change.divergence else whatif.size_of(change.divergence)
    st.markdown(said + " " + _("KL(A ‖ B) over the whole vocabulary: {size} nats.").format(size=size))


def _bars(scene: Scene, change: Change, names: tuple[str, ...]) -> list[str]:
    labels = [scene.model.labels([index])[0] for index in change.token_ids]
    drawn = paired_bars(labels, change.before, change.after, names=(names[0], names[1]), theme=scene.theme)
    show.figure(drawn, KEY, _("The likeliest tokens in A and in B"))
    return labels


def _list(letter: str, scene: Scene) -> None:
    row = whatif.row_of(scene)
    recording = scene.recording
    best = (
        scene.model.guesses(recording, row, whatif.MOST)
        if row >= 0
        else scene.model.next_tokens(recording, whatif.MOST)
    )
    st.markdown(f"**{letter}.** " + whatif.heading(scene))
    drawn = next_token_bars(
        [token.label for token in best],
        [token.probability for token in best],
        theme=scene.theme,
        height=paired_height(len(best)),
    )
    show.figure(drawn, f"{KEY}-{letter.lower()}", _("The likeliest tokens in {letter}").format(letter=letter))


def _scene_of(side: Side, scene: Scene, row: int) -> Scene:
    n = len(side.recording.tokens)
    choice = replace(scene.choice, layer=side.layer, head=side.head, query=row, size=(n, n))
    return Scene(model=side.model, text=side.text, recording=side.recording, choice=choice, theme=scene.theme)


def _same_vocabulary(first: Model, second: Model) -> bool:
    def found() -> bool:
        if first.tokenizer is None or second.tokenizer is None or first.vocab_size != second.vocab_size:
            return False
        ones, others = (model.tokenizer.backend.get_vocab() for model in (first, second) if model.tokenizer)
        return bool(ones == others)

    names = (first.name, first.revision, second.name, second.revision)
    return store.finding(("same vocabulary", *names), found)
