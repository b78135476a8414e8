"""Every token replaced in turn: which prediction depends on which token, with the causal mask and without."""

from collections.abc import Callable

import streamlit as st
import torch
from torch import Tensor

from viz_core.analysis import leakage
from viz_core.edits import Edits
from viz_core.figures.mask_maps import changes_heatmap
from viz_core.language import _
from viz_core.ui import settings, show, store
from viz_core.ui.mechanism.masks import replacements
from viz_core.ui.scene import Scene
from viz_core.ui.show import number

MOST = 40  # tokens; each is a run of the model under either mask


def every_token(scene: Scene, edits: tuple[Edits, Edits]) -> list[str]:
    """A switch, and two maps [prediction, replaced token]; `edits` are the causal mask and none."""
    n = len(scene.tokens)
    if n > MOST:
        words = _("For texts of up to {most} tokens this page can also replace every token in turn; this one has {n}.")
        st.caption(words.format(most=MOST, n=n))
        return []
    label = _("Replace every token in turn: which prediction depends on which token")
    if not settings.switch("every", label, help=_("{runs} runs of the model").format(runs=2 * (n + 1))):
        return []
    with st.spinner(_("Running the model {runs} times …").format(runs=2 * (n + 1)), show_time=True):
        own, lifted = (_found(scene, made) for made in edits)
    ahead = torch.ones(n, n, dtype=torch.bool).triu(1)
    most = float(lifted[ahead].max())
    names = (
        (_("with the causal mask"), _("as it is: both sides"))
        if scene.model.both_sides
        else (_("with the causal mask"), _("mask lifted"))
    )
    columns = st.columns(2, gap="medium")
    for key, column, values, name, made in zip(_keys(), columns, (own, lifted), names, edits, strict=True):
        with column:
            _map(scene, key, values, name, (made, most))
    words = _(
        "Above the stair a token is replaced that comes after the prediction. With the causal mask the largest of "
        "those {cells} changes is **{own}** nats; without it {moved} are above 0, the largest **{most}**, where "
        "colours end. On and below the diagonal, where a prediction may change, the largest is {before} with the mask."
    )
    st.markdown(
        words.format(
            cells=int(ahead.sum()),
            own=number(float(own[ahead].max())),
            moved=int((lifted[ahead] > 0).sum()),
            most=number(most),
            before=number(float(own[~ahead].max())),
        )
    )
    return _keys()


def _map(scene: Scene, key: str, values: Tensor, name: str, of: tuple[Edits, float]) -> None:
    """`of` are the edits, and where colours end."""
    subtitle = _("row: the prediction at; column: the token replaced")
    title = _("What depends on what · {name}").format(name=name)
    drawn = store.figure(
        ("dependence", scene.model.name, scene.model.revision, scene.text, scene.theme, of),
        lambda: changes_heatmap(
            values.float().numpy(), scene.tokens, title=title, subtitle=subtitle, theme=scene.theme, most=of[1]
        ),
    )
    show.figure(drawn, key, f"{title}. {subtitle}")


def _keys() -> list[str]:
    return ["depends-own", "depends-lifted"]


def _found(scene: Scene, edits: Edits) -> Tensor:
    others = [replacements.offered(scene, row)[0] for row in range(len(scene.tokens))]

    def measure(note: Callable[..., None]) -> Tensor:
        return leakage.dependence(
            lambda ids: scene.model.record(ids, edits, all_logits=True).logits,
            scene.recording.token_ids.tolist(),
            others,
            note,
        )

    return store.measurement(
        ("dependence", scene.model.name, scene.model.revision, scene.text, edits),
        measure,
        heavy=scene.is_heavy(len(others)),
    )
