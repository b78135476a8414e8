"""What a change does to the model's prediction: the model is run again with it, and both predictions are shown."""

import streamlit as st

from viz_core.analysis.predictions import Change, change_of
from viz_core.edits import AS_IT_IS, Edits
from viz_core.figures import next_token_bars, paired_bars
from viz_core.figures.bars import paired_height
from viz_core.language import _
from viz_core.ui import show, store
from viz_core.ui.scene import Scene
from viz_core.ui.show import number, quoted

MOST = 5  # tokens
SAME, LITTLE, MUCH = 0.001, 0.1, 1.0  # nats: from which a change is one, is felt, is another prediction


def prediction(scene: Scene, edits: Edits, *, key: str, name: str) -> Change:
    """Draw both predictions and say in words what changed; `name` says what the change is, e.g. "without √dₖ"."""
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

    return store.finding(("change", scene.model.name, scene.model.revision, scene.text, edits, row), found)


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
    words = _("What {model} guesses at {token} (token {row})")
    return words.format(model=name, token=quoted(scene.tokens[row]), row=row)


def in_words(change: Change, labels: list[str], *, edited: bool = True) -> str:
    """One or two sentences on what the change did, with its size."""
    if not edited:
        return _("Nothing is changed yet.")
    before = max(range(len(labels)), key=change.before.__getitem__)
    after = max(range(len(labels)), key=change.after.__getitem__)
    shares = {"old": f"{change.before[before]:.1%}", "new": f"{change.after[before]:.1%}"}
    if change.divergence < SAME:
        said = _("The prediction stays as it is.")
    elif before == after:
        said = _("Still likeliest: {token}, {old} before and {new} now.").format(token=quoted(labels[before]), **shares)
    else:
        said = _("{token} falls from {old} to {new}; now likeliest: {other}, {share}.").format(
            token=quoted(labels[before]), other=quoted(labels[after]), share=f"{change.after[after]:.1%}", **shares
        )
    return said + " " + _size(change.divergence)


def size_of(divergence: float) -> str:
    """A KL divergence as it is written: what is too small to be felt has no digits."""
    return f"< {SAME:g}" if divergence < SAME else number(divergence)


def _size(divergence: float) -> str:
    words = (
        _("KL divergence {size} nats: nothing to speak of.")
        if divergence < SAME
        else _("KL divergence {size} nats: a small change.")
        if divergence < LITTLE
        else _("KL divergence {size} nats: a clear change.")
        if divergence < MUCH
        else _("KL divergence {size} nats: another prediction altogether.")
    )
    return words.format(size=size_of(divergence))
