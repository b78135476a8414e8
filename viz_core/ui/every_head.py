"""All heads in one picture: what each square means, found by role, marked by role."""

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from viz_core import notebook
from viz_core.analysis.heads import ROLES
from viz_core.analysis.overview import Pool, resting
from viz_core.language import _
from viz_core.models import Model
from viz_core.ui import head_roles, show, store, themes, waiting
from viz_core.ui.choice import Choice
from viz_core.ui.components.head_grid import head_grid
from viz_core.ui.roles import LETTERS, Roles, names
from viz_core.ui.taking import shown
from viz_core.ui.workshop import Progress


def prepare(model: Model, text: str, place: DeltaGenerator) -> None:
    """Compute what it shows, its progress told in `place`. For the run of the whole page, which a new sentence ends."""
    with waiting.shown(place, "heads", _looking) as report:
        store.all_heads(model, text, _pool(), report)


def picture(model: Model, text: str, choice: Choice) -> Roles:
    """Draw it; returns what every head does, on this text and as known."""
    heading, place = st.container(horizontal=True, vertical_alignment="center", gap="medium"), st.container()
    pool = _pool()
    seen = store.all_heads(model, text, pool)
    roles = Roles.of(model.card.get("roles", {}), seen.roles)
    with heading:
        st.markdown("**" + _("Every head") + "**", width="content")
        head_roles.finder(model, choice, roles)
    with place:
        words = names(model.both_sides)
        head_grid(
            seen.tiles.numpy(),
            allowed=seen.allowed.numpy(),
            roles=[(role, LETTERS[role], words.get(role, "")) for role in ROLES],
            here=roles.here,
            known=roles.stored,
            marks=roles.marks(),
            resting=resting(seen.roles).numpy(),
            pooled="" if seen.size == 1 else _pooled(pool, seen.size),
            key="heads",
        )
        says = _("Every head of every layer, small: rows look at columns.")
        shown.instead(lambda: _as_figure(model, text), says, show.place(place))
        rows = _("a row for each token") if seen.size == 1 else _("a row for each {n} tokens").format(n=seen.size)
        letters = _("what it is known for") if roles.stored else _("what it does on this text")
        said = _(
            "Each square is one head: {rows}, more colour where it looks (√weight). Letters: {letters}. Click one."
        )
        st.caption(said.format(rows=rows, letters=letters))
        if seen.size > 1:
            _pool_switch(pool, seen.size)
    return roles


def _as_figure(model: Model, text: str) -> go.Figure:
    theme = themes.theme()
    return notebook.show(store.recording(model, text), view="heads", theme=theme)


def _pool() -> Pool:
    """What a cell of a square shows of those it covers, as the visitor wants it."""
    return "mean" if st.session_state.get("pool") == "mean" else "max"


def _pool_switch(pool: Pool, size: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(_("Each cell of a square, of {size} × {size}:").format(size=size), width="content")
        st.segmented_control(
            _("What a cell of a square shows"),
            ["max", "mean"],
            default=pool,
            format_func=lambda name: {"max": _("the strongest"), "mean": _("the mean")}[name],
            key="pool",
            required=True,
            label_visibility="collapsed",
        )


def _looking(progress: Progress) -> str:
    words = _("Looking at all heads: layer {done} of {total}")
    return words.format(done=progress.done + 1, total=progress.total) if progress.total else _("Looking at all heads …")


def _pooled(pool: Pool, size: int) -> str:
    words = {
        "max": _("each cell the strongest of {size} × {size}"),
        "mean": _("each cell the mean of {size} × {size}"),
    }
    return words[pool].format(size=size)
