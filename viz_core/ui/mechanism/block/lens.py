"""The logit lens: what the model would say if it stopped after a layer."""

from itertools import pairwise

import numpy as np
import streamlit as st

from viz_core.analysis.lens import Lens, lens_of
from viz_core.figures import Curve, curves, palette
from viz_core.figures.labels import unspaced
from viz_core.language import _
from viz_core.ui import controls, maps, show, store
from viz_core.ui.mechanism.block.rows import rows_near, say_which, steps_map
from viz_core.ui.scene import Scene
from viz_core.ui.show import quoted


def lens(scene: Scene) -> list[str]:
    pre = scene.config.norm_place == "pre"
    maps.explain(
        r"\mathrm{softmax}\big(\mathrm{norm}_\mathrm{final}(x_\ell)\,W_U\big)"
        if pre
        else r"\mathrm{softmax}\big(x_\ell\,W_U\big)",
        _(
            "The vector of each token after layer $\\ell$ is read as if it were the last one: through the final norm "
            "and the unembedding $W_U$ (logit lens, nostalgebraist 2020)."
        )
        if pre
        else _(
            "The vector of each token after layer $\\ell$ is read as if it were the last one: through the unembedding "
            "$W_U$ (logit lens, nostalgebraist 2020). A Post-LN block ends in a norm, so there is no final one."
        ),
        _("The last column is the model's own prediction: {what}.").format(
            what=_("what it holds likeliest at each place")
            if scene.model.both_sides
            else _("for each row, the token after it")
        ),
    )
    controls.head_and_cell(scene.choice, scene.recording, ("query",))
    rows = rows_near(scene.choice.query, len(scene.tokens))
    with st.spinner(_("Reading every layer …")):
        found = store.finding(
            ("lens", scene.model.name, scene.model.revision, scene.text, rows.start, rows.stop),
            lambda: lens_of(scene.model.transformer, scene.recording, rows),
        )
    steps = _steps(len(scene.recording.blocks))
    key = steps_map(
        scene,
        "lens",
        found.probability.T,
        steps,
        rows,
        title=_("The likeliest token after each layer"),
        subtitle=_("row: token; column: after which layer"),
        unit=_("probability"),
        colours="share",
        says=_("probability"),
        texts=[scene.model.labels(step) for step in found.token_ids.T.tolist()],
    )
    say_which(scene, rows)
    row = scene.choice.query - found.first
    st.markdown(_said(scene, found, row, steps))
    left, right = st.columns(2, gap="medium")
    with left:
        _probability(scene, found, row, steps)
    with right:
        _rank(scene, found, row, steps)
    st.caption(
        _(
            "What a picture like this does not show: an early layer need not “think” in tokens. The unembedding was "
            "trained to read the last layer alone, so a strange word early on may only mean that the vector is not yet "
            "written in the last layer's terms."
        )
    )
    return [key]


def _steps(layers: int) -> list[str]:
    return [_("start"), *(f"L{layer}" for layer in range(layers))]


def _said(scene: Scene, found: Lens, row: int, steps: list[str]) -> str:
    ids = found.token_ids[:, row].tolist()
    since = len(ids) - 1
    while since and ids[since - 1] == ids[-1]:
        since -= 1
    label = quoted(scene.model.labels([ids[-1]])[0])
    token = quoted(scene.tokens[found.first + row])
    shares = found.final[:, row].tolist()
    words = (
        _("At {token} the guess is {label}, {share:.1%} at the end.")
        if scene.model.both_sides
        else _("After {token} the model says {label}, {share:.1%} at the end.")
    )
    said = [words.format(token=token, label=label, share=shares[-1])]
    if since == 0:
        said.append(_("It leads at every step, from the start on."))
    elif since == len(ids) - 1:
        words = _("Only the last layer puts it first; before, {other} led.")
        said.append(words.format(other=quoted(scene.model.labels([ids[-2]])[0])))
    else:
        words = _("It leads from {step} on; before, {other} led.")
        said.append(words.format(step=f"**{steps[since]}**", other=quoted(scene.model.labels([ids[since - 1]])[0])))
    changes = [after - before for before, after in pairwise(shares)]
    jump = max(range(len(changes)), key=lambda step: abs(changes[step]))
    if abs(changes[jump]) > 0.01:
        words = (
            _("Its probability changes most in {step}: it rises from {before:.1%} to {after:.1%}.")
            if changes[jump] > 0
            else _("Its probability changes most in {step}: it falls from {before:.1%} to {after:.1%}.")
        )
        said.append(words.format(step=steps[jump + 1], before=shares[jump], after=shares[jump + 1]))
    return " ".join([*said, _itself(scene, found)])


def _itself(scene: Scene, found: Lens) -> str:
    """How many rows read as their own token before the first block: embedding and unembedding shared, mostly all."""
    own = scene.recording.token_ids[found.first : found.first + found.token_ids.shape[1]]
    same = int((found.token_ids[0] == own).sum())
    if same < 0.5 * len(own):
        return ""
    words = _("Before the first block {same} of {n} rows read as the token itself")
    why = _(": this model uses one matrix for embedding and unembedding.") if scene.config.tied else "."
    return words.format(same=same, n=len(own)) + why


def _probability(scene: Scene, found: Lens, row: int, steps: list[str]) -> None:
    token_id = int(found.token_ids[-1, row])
    itself = token_id == int(scene.recording.token_ids[found.first + row])
    title = _("“{label}”, the token itself") if itself else _("How “{label}” comes about")
    drawn = curves(
        [Curve(_("probability"), np.arange(len(steps)), found.final[:, row].numpy(), ink=palette.OUTPUT)],
        title=title.format(label=unspaced(scene.model.labels([token_id])[0])),
        subtitle=_("its probability after each layer"),
        x_title=_("layer"),
        y_title=_("probability"),
        names=steps,
        theme=scene.theme,
        zero=True,
    )
    show.figure(drawn, "lens-probability", _("Probability of the final prediction after each layer"))


def _rank(scene: Scene, found: Lens, row: int, steps: list[str]) -> None:
    drawn = curves(
        [Curve(_("rank"), np.arange(len(steps)), found.rank[:, row].numpy(), ink=palette.OUTPUT)],
        title=_("Its rank among all {vocab:,} tokens").format(vocab=scene.config.vocab_size),
        subtitle=_("1 = likeliest; logarithmic"),
        x_title=_("layer"),
        y_title=_("rank"),
        names=steps,
        theme=scene.theme,
        log_y=True,
    )
    show.figure(drawn, "lens-rank", _("Rank of the final prediction after each layer"))
