"""Heads by role, seen by the visitor: find a head by what it looks at, what one head does, a text that wakes it."""

from html import escape

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from viz_core.analysis.heads import rows_with
from viz_core.figures import palette
from viz_core.figures.palette import ThemeName
from viz_core.language import _
from viz_core.models import Model, UnusableText
from viz_core.recording import Recording
from viz_core.ui import controls, settings, state, store
from viz_core.ui.choice import Choice, enough, observation
from viz_core.ui.roles import FEW, Best, Known, Roles, asleep, measured_on, names, seen_by_any

SCORES_WIDTH = 400  # pixels
AWAKE = "a repeated sentence"  # the example where every role shows


def roles_of(model: Model, text: str) -> Roles:
    return Roles.of(model.card.get("roles", {}), store.all_heads(model, text).roles)


def finder(model: Model, choice: Choice, roles: Roles) -> None:
    """A box of roles, each with the head that does it most: choosing one goes there, and picks out its like."""
    looks_at = names(model.both_sides)
    if st.session_state.get("found in") != model.name or picked() not in roles.here:
        st.session_state["role"] = None  # another model has other heads for it, or none
    st.session_state["found in"] = model.name

    def said(role: str) -> str:
        best = roles.best(role)
        if best is None:
            return looks_at[role] + " · " + _("not on this text")
        where = f"{best.name} {best.score:.2f}"
        return f"{looks_at[role]} · {where if best.score >= enough(role) else _('faint: ') + where}"

    def go() -> None:
        role = st.session_state["find"]
        if role is not None and role not in roles.here:  # the words of another list
            return
        st.session_state["role"] = role
        if role is None:
            return
        best = roles.best(role)
        found = (best.layer, best.head) if best else (choice.layer, choice.head)
        st.session_state["sought"] = (model.name, *found, role)
        state.show(layer=found[0], head=found[1], key=-1)

    role = picked() or None
    settings.put("find", role, said(role) if role else None)  # other scores, or another language
    st.selectbox(
        _("Find a head that looks at …"),
        list(roles.here),
        index=None,
        format_func=said,
        placeholder=_("Find a head that looks at …"),
        key="find",
        label_visibility="collapsed",
        filter_mode=None,
        on_change=go,
    )


def picked() -> str:
    """The role whose heads are picked out, or ""."""
    return st.session_state.get("role") or ""


def what_it_does(
    model: Model, text: str, recording: Recording, *, choice: Choice, weights: Tensor, roles: Roles
) -> None:
    """The chosen head in words; where what it is known for, or was sought for, sleeps here: a text that wakes it.

    weights [query, key] of the chosen head.
    """
    both_sides, ids = model.both_sides, recording.token_ids
    allowed = recording.blocks[choice.layer].attention.head(choice.head).allowed.reshape(weights.shape)
    sought, known = _sought(model, choice), roles.known(choice.layer, choice.head)
    best = roles.best(sought) if sought else None
    if best and sought in roles.stored and best.score >= enough(sought):
        known = Known(sought, best.score)
    said = store.finding(
        ("observation", *choice.identity(model, text), known),
        lambda: observation(weights, ids, both_sides=both_sides, known=known, allowed=allowed),
    )
    if sought and (best is None or best.score < enough(sought)):
        reason = asleep(sought, ids, both_sides=both_sides, allowed=seen_by_any(recording))
        what = names(both_sides)[sought]
        where = measured_on(sought, both_sides) if sought in roles.stored else _("on this text")
        said = _not_found(best, what, reason, where) + " " + said
    st.markdown(said)
    role = sought if sought and best is None else known.role if known else ""
    if role and asleep(role, ids, both_sides=both_sides):
        _wake_button(model, text, role, choice)


def _sought(model: Model, choice: Choice) -> str:
    """The role by which the chosen head was found, or "" when it was chosen otherwise."""
    *where, role = st.session_state.get("sought", ("", -1, -1, ""))
    return role if where == [model.name, choice.layer, choice.head] else ""


def _not_found(best: Best | None, what: str, reason: str, where: str) -> str:
    if best is None:
        return _("Which head looks at {what} cannot be told here: {reason}.").format(what=what, reason=reason)
    words = _("No head of this model looks much at {what}; this one does most ({score:.2f} {where}).")
    return words.format(what=what, score=best.score, where=where)


def _wake_button(model: Model, text: str, role: str, choice: Choice) -> None:
    woken = waking_text(model, text, role)
    if not woken:
        return
    twice = woken != controls.EXAMPLES[AWAKE]

    def wake() -> None:
        best = None if role in model.card.get("roles", {}) else roles_of(model, woken).best(role)
        found = (best.layer, best.head) if best else (choice.layer, choice.head)
        st.session_state["sought"] = (model.name, *found, role)
        state.show(text=woken, layer=found[0], head=found[1], query=-1, key=-1)

    st.button(
        _("Say this sentence twice: then it shows") if twice else _("Look at a text where it shows"),
        key="wake",
        icon=":material/replay:" if twice else ":material/arrow_forward:",
        on_click=wake,
    )


def waking_text(model: Model, text: str, role: str) -> str:
    """A text on which the role shows: the visitor's own words twice where they fit, else an example, else ""."""
    own = text.strip()
    for candidate in (f"{own} {own}", controls.EXAMPLES[AWAKE]):
        try:
            ids = model.token_ids(candidate)
        except UnusableText:
            continue
        if len(ids) <= model.context and rows_with(torch.tensor(ids), both_sides=model.both_sides)[role] >= FEW:
            return candidate
    return ""


def scores(choice: Choice, roles: Roles, both_sides: bool, theme: ThemeName) -> None:
    """One head's scores, on this text and when the model was made: a table of bars behind a button."""
    rows = [_score_row(role, words, choice, roles) for role, words in names(both_sides).items() if role in roles.here]
    known = f"<th>{escape(_('known'))}</th>" if roles.stored else ""
    head = f"<tr><th>{escape(_('What it looks at'))}</th><td></td><th>{escape(_('here'))}</th>{known}</tr>"
    shown = st.popover(
        _("What this head does"), icon=":material/bar_chart:", type="tertiary", key="scores", on_change="rerun"
    )
    if not shown.open:  # a click on a head need not wait for what nobody sees
        return
    with shown:
        st.markdown("**" + choice.name + "** · " + _("share of its weight, from 0 to 1"))
        inks = f"--here:{palette.WEIGHTS[theme][4]};--known:{palette.TEXT[theme]};--track:{palette.LINE[theme]}"
        st.html(f"<table class='roles' style='{inks}'>{head}{''.join(rows)}</table>", width=SCORES_WIDTH)
        notes = [_("“here” and the bars: on this text.")]
        if roles.stored:
            notes.append(
                _("“known” and the ticks: when the model was made, {where}").format(where=_measured(both_sides))
            )
        notes.append(_("“everything alike” is how even the weights are: 1 = every token gets the same."))
        st.caption(" ".join(notes), width=SCORES_WIDTH)


def _score_row(role: str, words: str, choice: Choice, roles: Roles) -> str:
    here = float(roles.here[role][choice.layer, choice.head])
    bar = f"<i style='width:{min(here, 1):.1%}'></i>" if not np.isnan(here) else ""
    value = f"{here:.2f}" if not np.isnan(here) else f"<em>{escape(_('asleep'))}</em>"
    known = ""
    if roles.stored:
        stored = float(roles.stored[role][choice.layer, choice.head]) if role in roles.stored else np.nan
        known = f"<td>{'–' if np.isnan(stored) else f'{stored:.2f}'}</td>"
        bar += "" if np.isnan(stored) else f"<b style='left:{min(stored, 1):.1%}'></b>"
    return f"<tr><th>{escape(words)}</th><td><span>{bar}</span></td><td>{value}</td>{known}</tr>"


def _measured(both_sides: bool) -> str:
    text, repeats = measured_on("previous", both_sides), measured_on("induction", both_sides)
    return f"{text}." if text == repeats else _("{text} (copies: {repeats}).").format(text=text, repeats=repeats)
