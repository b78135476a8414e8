"""What a change does to the model's prediction: the model is run again with it, and both predictions are shown."""

from collections.abc import Iterable, Mapping

import pandas as pd
import streamlit as st

from viz_core.analysis.predictions import Change, change_of
from viz_core.edits import AS_IT_IS, Edits
from viz_core.figures import next_token_bars, paired_bars
from viz_core.figures.bars import paired_height
from viz_core.language import _
from viz_core.ui import show, store
from viz_core.ui.scene import Scene
from viz_core.ui.show import number, quoted
from viz_core.ui.taking import shown

MOST = 5  # tokens
SAME, LITTLE, MUCH = 0.001, 0.1, 1.0  # nats: from which a change is one, is felt, is another prediction


def prediction(scene: Scene, edits: Edits, *, key: str, name: str) -> Change:
    """Draw both predictions and say in words what changed; `name` says what the change is, e.g. "without √dₖ"."""
    shown.edited(edits)
    change = changed(scene, edits)
    compared(scene, change, edited=edits != AS_IT_IS, key=key, name=name)
    return change


def compared(scene: Scene, change: Change, *, edited: bool, key: str, name: str) -> None:
    """Likewise, of a change that was computed elsewhere. What is not edited is not compared with itself."""
    labels = [scene.model.labels([index])[0] for index in change.token_ids]
    if edited:
        drawn = paired_bars(labels, change.before, change.after, names=(_("as it is"), name), theme=scene.theme)
    else:
        drawn = next_token_bars(labels, change.before, theme=scene.theme, height=paired_height(len(labels)))
    st.markdown("**" + heading(scene) + "**")
    show.figure(drawn, key, _("The likeliest tokens before and after the change"))
    st.markdown(in_words(change, labels, edited=edited))


def changed(scene: Scene, edits: Edits) -> Change:
    """The prediction as it is and with `edits`, at the row that is predicted."""
    row = row_of(scene)

    def found() -> Change:
        edited = edits != AS_IT_IS
        after = store.recording(scene.model, scene.text, edits=edits) if edited else scene.recording
        return change_of(scene.recording.logits[row], after.logits[row], MOST)

    return store.measurement(
        ("change", scene.model.name, scene.model.revision, scene.text, edits, row),
        lambda _note: found(),
        heavy=scene.is_heavy(),
    )


def table(scene: Scene, lines: Iterable[tuple[Mapping[str, str], Change]]) -> None:
    """Changes side by side: what each line is called, and what the prediction is then."""
    rows = [
        {
            **named,
            _("likeliest then"): scene.model.labels([change.token_ids[change.best_after]])[0],
            _("probability"): show.share(change.after[change.best_after]),
            _("KL, nats"): size_of(change.divergence) if change.divergence else "0",
        }
        for named, change in lines
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True)


def row_of(scene: Scene) -> int:
    """The row whose prediction is shown: a decoder's last; an encoder's hidden word, else the chosen row."""
    model, query = scene.model, scene.choice.query
    if not model.both_sides:
        return -1
    hidden = [row for row, index in enumerate(scene.recording.token_ids.tolist()) if index == model.mask_id]
    return query if query in hidden or not hidden else hidden[0]


def heading(scene: Scene) -> str:
    name = show.literal(scene.model.name)
    if not scene.model.both_sides:
        return _("What {model} would say next").format(model=name)
    row = row_of(scene)
    hidden = int(scene.recording.token_ids[row]) == scene.model.mask_id
    words = (
        _("What {model} guesses at {token} (token {row})")
        if hidden
        else _("What {model} makes of {token} (token {row}), a word it sees")
    )
    return words.format(model=name, token=quoted(scene.tokens[row]), row=row)


def in_words(change: Change, labels: list[str], *, edited: bool = True) -> str:
    """One or two sentences on what the change did, with its size."""
    if not edited:
        return _("Nothing is changed yet.")
    before, after = change.best_before, change.best_after
    shares = {"old": show.share(change.before[before]), "new": show.share(change.after[before])}
    if change.divergence < SAME:
        said = _("The prediction stays as it is.")
    elif before == after:
        said = _("Still likeliest: {token}, {old} before and {new} now.").format(token=quoted(labels[before]), **shares)
    else:
        said = _("{token} falls from {old} to {new}; now likeliest: {other}, {share}.").format(
            token=quoted(labels[before]), other=quoted(labels[after]), share=show.share(change.after[after]), **shares
        )
    return said + " " + _size(change.divergence, another=before != after)


def size_of(divergence: float) -> str:
    """A KL divergence as it is written: what is too small to be felt has no digits."""
    return f"< {SAME:g}" if divergence < SAME else number(divergence)


def _size(divergence: float, *, another: bool) -> str:
    words = (
        _("KL divergence {size} nats: nothing to speak of.")
        if divergence < SAME
        else _("KL divergence {size} nats: a small change.")
        if divergence < LITTLE
        else _("KL divergence {size} nats: a clear change.")
        if divergence < MUCH
        else _("KL divergence {size} nats: another prediction altogether.")
        if another
        else _("KL divergence {size} nats: a large change.")
    )
    return words.format(size=size_of(divergence))
