"""Every head on this text in one table: sorted, filtered, downloaded; a ticked row is the chosen head."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from viz_core.analysis.finder import Place
from viz_core.analysis.heads import ROLES
from viz_core.figures import palette
from viz_core.language import _
from viz_core.ui import head_roles, reading, settings, store
from viz_core.ui.choice import enough
from viz_core.ui.questions.head_finder import definitions, heads
from viz_core.ui.roles import LETTERS, NONE, Roles, asleep, head_name, names, seen_by_any
from viz_core.ui.scene import Scene
from viz_core.ui.show import number

NUMBERS = ("entropy", "distance", "largest")
MOST_HIGH = 15  # rows in sight
ROW, BAR, NUMBER = 35, 88, 76  # pixels: a row; a column of bars; a column of one number


def every_head(scene: Scene) -> list[str]:
    roles = heads.roles_of(scene)
    whole = _whole(scene, roles)
    role, shown = _asked(scene, roles, whole)
    _table(scene, roles, shown)
    _below(scene, roles, whole, shown, role)
    weights = store.stages(scene.model, scene.text, scene.choice.layer, scene.choice.head).weights[0]
    left, right = st.columns([1.15, 1], gap="large")
    with left:
        linked = reading.weights_map(scene, "map")
    with right:
        st.markdown("**" + _("{head} on this text").format(head=scene.choice.name) + "**")
        head_roles.what_it_does(
            scene.model, scene.text, scene.recording, choice=scene.choice, weights=weights, roles=roles
        )
        st.markdown(_among_all(scene, whole))
        head_roles.scores(scene.choice, roles, scene.model.both_sides, scene.theme)
        definitions.of_columns(scene.model.both_sides)
    return linked


# -- the numbers -------------------------------------------------------------------------------------------------


def _whole(scene: Scene, roles: Roles) -> pd.DataFrame:
    """A row for each head: layer, head, a column for each role on this text, the three numbers of its spread, the role
    it is marked with here and its score, the role it is known for and that score."""
    found, spread = heads.of(scene), heads.spread_of(scene)
    here = Roles({}, roles.here).marks()
    marked = [ROLES[here[place]] if here[place] != NONE else "" for place in found]
    known = [roles.known(*place) for place in found]
    columns: dict[str, object] = {"layer": [layer for layer, _h in found], "head": [head for _l, head in found]}
    columns |= {role: of_each(found, scores) for role, scores in roles.here.items()}
    columns |= {name: getattr(spread, name).double().numpy() for name in NUMBERS}
    columns |= {
        "here": marked,
        "here_score": [
            float(roles.here[role][place]) if role else np.nan for role, place in zip(marked, found, strict=True)
        ],
        "known": [one.role if one else "" for one in known],
        "known_score": [one.score if one else np.nan for one in known],
    }
    return pd.DataFrame(columns)


def of_each(found: list[Place], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([scores[place] for place in found])


# -- what the visitor asks for -----------------------------------------------------------------------------------


def _asked(scene: Scene, roles: Roles, whole: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """The role asked for, or "", and the rows to show in their order."""
    looks = names(scene.model.both_sides)
    layers = {"": _("all layers")} | {str(layer): _("layer {n}").format(n=layer) for layer in sorted(set(whole.layer))}
    doing = {"": _("anything")} | {role: f"{LETTERS[role]} · {looks[role]}" for role in roles.here}
    first, second, third, fourth = st.columns([1.3, 1, 1.3, 0.9], vertical_alignment="bottom", gap="small")
    with first:
        role = settings.choice("of_role", _("Heads that look at"), doing)
    with second:
        layer = settings.choice("of_layer", _("of"), layers)
    with third:
        by = settings.choice("sorted_by", _("Sorted by"), _orders(scene, roles), default=role or "clearest")
    upwards = False
    if by != "place":
        with fourth:
            upwards = settings.switch("smallest_first", _("smallest first"))
    shown = whole[whole.layer == int(layer)] if layer else whole
    shown = _doing(shown, role) if role else shown
    return role, _sorted(shown, by, upwards=upwards)


def _orders(scene: Scene, roles: Roles) -> dict[str, str]:
    looks = names(scene.model.both_sides)
    return {
        "clearest": _("clearest role here"),
        "place": _("layer and head"),
        **{role: f"{LETTERS[role]} · {looks[role]}" for role in roles.here},
        "entropy": _("entropy"),
        "distance": _("distance looked"),
        "largest": _("largest weight"),
    }


def _doing(rows: pd.DataFrame, role: str) -> pd.DataFrame:
    """Those that do it here, or are known for it."""
    return rows[(rows[role] >= enough(role)) | (rows.known == role)]


def _sorted(rows: pd.DataFrame, by: str, *, upwards: bool) -> pd.DataFrame:
    """Heads without a number last, equal ones in the order of the model."""
    if by == "place":
        return rows.sort_values(["layer", "head"])
    if by == "clearest":  # nearness is implied by others: no role of its own beside them
        kind = (rows.here == "local") + 2 * (rows.here == "")
        return rows.assign(kind=kind).sort_values(["kind", "here_score"], ascending=[True, upwards])
    return rows.sort_values(by, ascending=upwards, kind="stable", na_position="last")


# -- the table ---------------------------------------------------------------------------------------------------


def _table(scene: Scene, roles: Roles, shown: pd.DataFrame) -> None:
    if shown.empty:
        return
    st.caption(
        _(
            "A bar says how much of its weight a head gives to the tokens that its column names, from 0 to 1; “even”, "
            "how alike its weights are. Point at a column's name for what it measures."
        )
    )
    found = list(zip(shown.layer.tolist(), shown["head"].tolist(), strict=True))
    own = (scene.choice.layer, scene.choice.head)
    row = found.index(own) if own in found else None

    def ticked() -> None:
        rows = st.session_state[key].selection.rows
        if rows and rows[0] < len(found):
            heads.go_to(found[rows[0]])

    key = _key_with(row)
    st.dataframe(
        _written(roles, shown),
        key=key,
        hide_index=True,
        height=ROW * (1 + min(len(shown), MOST_HIGH)) + 3,
        row_height=ROW,
        column_config=_columns(scene, roles),
        on_select=ticked,
        selection_mode="single-row",
        selection_default={"selection": {"rows": [] if row is None else [row], "columns": [], "cells": []}},
        alt=_("Every head: what it looks at on this text"),
    )


def _key_with(row: int | None) -> str:
    """The key of a table in which that row is ticked: the same as before where it was ticked there, else a new one."""
    turn = st.session_state.get("heads table", 0)
    ticked = st.session_state.get(f"heads-table-{turn}")
    rows = [] if row is None else [row]
    if ticked is not None and list(ticked.selection.rows) != rows:
        turn += 1
    st.session_state["heads table"] = turn
    return f"heads-table-{turn}"


def _written(roles: Roles, shown: pd.DataFrame) -> pd.DataFrame:
    labels = definitions.labels()
    columns: dict[str, object] = {
        "name": [head_name(layer, head) for layer, head in zip(shown.layer, shown["head"], strict=True)],
        "here": [labels[role] if role else "–" for role in shown.here],
    }
    if roles.stored:
        columns["known"] = [
            f"{LETTERS[role]} {score:.2f}" if role else "–"
            for role, score in zip(shown.known, shown.known_score, strict=True)
        ]
    columns |= {name: shown[name].astype(np.float32) for name in NUMBERS}
    for role in roles.here:
        sleeps = bool(np.isnan(roles.here[role]).all())
        columns[role] = [_("asleep")] * len(shown) if sleeps else shown[role].astype(np.float32)
    return pd.DataFrame(columns)


def _columns(scene: Scene, roles: Roles) -> dict[str, Any]:
    config, help_of = st.column_config, definitions.helps(scene.model.both_sides)
    ink = palette.WEIGHTS[scene.theme][4]
    columns: dict[str, Any] = {
        "name": config.TextColumn(_("head"), pinned=True, width=68),
        "here": config.TextColumn(_("on this text"), width=104, help=help_of["here"]),
        "known": config.TextColumn(_("known for"), width=80, help=help_of["known"]),
    }
    for role, label in definitions.labels().items():
        if role in roles.here and np.isnan(roles.here[role]).all():
            columns[role] = config.TextColumn(label, width=BAR, help=help_of[role])
        else:
            columns[role] = config.ProgressColumn(
                label, width=BAR, help=help_of[role], min_value=0.0, max_value=1.0, format="%.2f", color=ink
            )
    for name, label in definitions.of_spread().items():
        columns[name] = config.NumberColumn(label, width=NUMBER, help=help_of[name], format="%.2f")
    return columns


def _below(scene: Scene, roles: Roles, whole: pd.DataFrame, shown: pd.DataFrame, role: str) -> None:
    """How many heads are shown and why, what sleeps, and the table to take along."""
    says = []
    if role:
        words = _("{count} of {all} heads: those with {least:.2f} or more here, or known for it.")
        says.append(words.format(count=len(shown), all=len(whole), least=enough(role)))
    elif len(shown) < len(whole):
        says.append(_("{count} of {all} heads.").format(count=len(shown), all=len(whole)))
    if len(shown) > MOST_HIGH:
        says.append(_("{most} of {count} rows are in sight: scroll.").format(most=MOST_HIGH, count=len(shown)))
    says.append(_("Tick a row to choose its head."))
    told, csv = st.columns([4, 1], vertical_alignment="top", gap="small")
    with told:
        st.caption(" ".join([*says, *_sleeping(scene, roles)]))
    with csv:
        st.download_button(
            _("All as CSV"),
            data=partial(csv_of, whole),
            file_name=f"heads-{scene.model.name.split('/')[-1]}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="heads-csv",
            width="stretch",
        )


def csv_of(whole: pd.DataFrame) -> str:
    """Every head in the order of the model; what sleeps is empty."""
    return str(whole.to_csv(index=False))


def _sleeping(scene: Scene, roles: Roles) -> list[str]:
    """Why roles sleep on this text, or rest on few of its tokens."""
    reasons: dict[tuple[str, bool], list[str]] = {}
    may = seen_by_any(scene.recording)
    for role in roles.here:
        reason = asleep(role, scene.recording.token_ids, both_sides=scene.model.both_sides, allowed=may)
        if reason:
            reasons.setdefault((reason, bool(np.isnan(roles.here[role]).all())), []).append(LETTERS[role])
    whole, faint = _("{letters}: asleep, {reason}."), _("{letters}: {reason}, take the numbers lightly.")
    return [
        (whole if sleeps else faint).format(letters=", ".join(letters), reason=reason)
        for (reason, sleeps), letters in reasons.items()
    ]


def _among_all(scene: Scene, whole: pd.DataFrame) -> str:
    """The chosen head's spread, and where that stands among all heads."""
    own = whole.iloc[heads.chosen(scene)]
    if np.isnan(own.entropy):
        return _("With a single token no row has a choice: there is no spread to measure.")
    words = _(
        "Its rows have on average **{entropy} nats** of entropy ({broad:.0%} of the largest possible), look "
        "**{distance} tokens** away and give **{largest:.0%}** to their strongest key. Of {count} heads {wider} "
        "spread more and {farther} look farther."
    )
    return words.format(
        entropy=number(own.entropy),
        broad=own.broad,
        distance=number(own.distance),
        largest=own.largest,
        count=len(whole),
        wider=int((whole.entropy > own.entropy).sum()),
        farther=int((whole.distance > own.distance).sum()),
    )
