"""What the columns of the table measure, where that comes from, and what it does not say."""

import streamlit as st

from viz_core.analysis.heads import LOCAL
from viz_core.language import _
from viz_core.ui.roles import KNOWN, LETTERS, names


def labels() -> dict[str, str]:
    """Role → the short name of its column."""
    short = {
        "previous": _("before"),
        "next": _("after"),
        "induction": _("after a copy"),
        "duplicate": _("a copy"),
        "first": _("first"),
        "self": _("itself"),
        "local": _("near"),
        "broad": _("even"),
    }
    return {role: f"{LETTERS[role]} {words}" for role, words in short.items()}


def of_spread() -> dict[str, str]:
    return {"entropy": _("entropy"), "distance": _("distance"), "largest": _("largest")}


def helps(both_sides: bool) -> dict[str, str]:
    """Column → what it is."""
    share = _("Mean share of a row's weight on {what}, over the rows that have such a token.")
    says = {role: share.format(what=what) for role, what in names(both_sides).items()}
    says["first"] = _("Mean share of a row's weight on the first token, over all rows but the first.")
    says["local"] = _("Mean share of a row's weight at most {near} tokens away, over rows that see far more.").format(
        near=LOCAL
    )
    says["broad"] = _("Entropy as a share of the largest possible, ln of the tokens a row may see; mean over rows.")
    return {role: says.get(role, "") for role in LETTERS} | {
        "here": _(
            "The role with the highest score on this text, from {known:.2f} on. “near” only from {near:.2f} on and "
            "where no other reaches {known:.2f}, for others imply it; “even” is no role."
        ).format(known=KNOWN, near=2 * KNOWN),
        "known": _("The role it is known for, and its score when the model was made."),
        "entropy": _("−Σ α ln α in nats, mean over rows: 0 = one token gets all, ln(n) = n tokens alike."),
        "distance": _("Σ α |i − j|: how many tokens away it looks, mean over rows."),
        "largest": _("The strongest weight of a row, mean over rows."),
    }


def of_columns(both_sides: bool) -> None:
    with st.expander(_("What the columns measure, and what they do not say"), icon=":material/info:"):
        lines = [
            _(
                "**{letters}**: Σ of αᵢⱼ over the pattern's columns j, mean over the rows i that have one. Previous "
                "token, induction: Elhage et al. 2021, Olsson et al. 2022; duplicate: Wang et al. 2023; next, itself: "
                "Clark et al. 2019, section 3; first token: Xiao et al. 2023; near: Sukhbaatar et al. 2019. *A high "
                "score on one text is no law of the head: another text may wake another habit.*"
            ).format(letters=" ".join(mark for role, mark in LETTERS.items() if both_sides or role != "next")),
            _(
                "**{letter} even, entropy**: H = −Σⱼ αᵢⱼ ln αᵢⱼ in nats, and H / ln(tokens the row may see), mean "
                "over rows that see more than one (Clark et al. 2019, section 3). *Two heads of one entropy may look "
                "at quite different tokens.*"
            ).format(letter=LETTERS["broad"]),
            _(
                "**distance**: Σⱼ αᵢⱼ |i − j| in tokens, same rows (Vig & Belinkov 2019). *A head that rests on the "
                "first token looks far by this number, and may fetch nothing from there.*"
            ),
            _(
                "**largest**: maxⱼ αᵢⱼ, same rows (Voita et al. 2019 call it confidence, there without the end of the "
                "sentence; here special tokens such as [SEP] count). *A head sure of where it "
                "looks need not matter to the prediction: switch it off to see.*"
            ),
        ]
        st.markdown("\n".join(f"- {line}" for line in lines))
