"""Two examples for pencil and paper, to the last digit, and the softmax over the wrong axis as a mistake to see."""

import math

import streamlit as st
from torch import Tensor

from viz_core.analysis import worked
from viz_core.language import _
from viz_core.ui import settings
from viz_core.ui.scene import Scene


def worked_examples(_scene: Scene) -> list[str]:
    st.markdown("#### " + _("Three words, four components"))
    axis = settings.one_of(
        "axis", _("The softmax goes over"), {"rows": _("each row, as in attention"), "columns": _("columns: a mistake")}
    )
    record = worked.three_words()
    weights = record.weights[0] if axis == "rows" else worked.over_the_wrong_axis(record.masked_scores[0])
    left, right = st.columns(2, gap="medium")
    left.latex(rf"Q={_matrix(record.query[0], 1)}")
    right.latex(rf"K={_matrix(record.key[0], 1)}")
    left, right = st.columns(2, gap="medium")
    left.latex(rf"S=QK^\top={_matrix(record.scores[0], 2)}")
    right.latex(rf"\sigma(S)={_matrix(weights, 4)}\;{_sums(weights)}")
    st.markdown(_of_the_first(record.scores[0], axis))
    st.markdown("#### " + _("dₖ = 64: what dividing by 8 does"))
    whole, divided = worked.of_64_components(1.0), worked.of_64_components(1 / math.sqrt(64))
    left, right = st.columns(2, gap="medium")
    with left:
        st.latex(rf"S=QK^\top={_matrix(whole.scores[0], 4)}")
        st.latex(rf"\sigma(S)={_matrix(whole.weights[0], 4)}")
    with right:
        st.latex(rf"S/\sqrt{{64}}={_matrix(divided.scaled_scores[0], 4)}")
        st.latex(rf"\sigma(S/\sqrt{{64}})={_matrix(divided.weights[0], 4)}")
    rows = [float(record.weights[0].amax()) for record in (whole, divided)]
    st.markdown(
        _(
            "The order of the keys stays the same in every row; the largest share of all falls from {before:.1%} to "
            "{after:.1%}."
        ).format(before=rows[0], after=rows[1])
    )
    st.caption(
        _("σ is the softmax, Σ the sum of a row.")
        + " "
        + _("These are examples of their own: your sentence plays no part here.")
        + " "
        + _("Computed in float64 and shown rounded; the 64-component vectors behind the scores are not known.")
    )
    return []


def _of_the_first(scores: Tensor, axis: str) -> str:
    first = " + ".join(f"{q:g}·{k:g}" for q, k in zip(worked.QUERIES[0], worked.KEYS[0], strict=True))
    sums = _("The first score: {products} = {score:.2f}; not divided by √dₖ = 2, to keep it short.").format(
        products=first, score=float(scores[0, 0])
    )
    if axis == "rows":
        return sums + " " + _("Every row of weights sums to 1: each query shares out one whole.")
    return sums + " " + _("Over columns (softmax with dim=0) the columns sum to 1 and the rows to anything.")


def _matrix(values: Tensor, digits: int) -> str:
    rows = (" & ".join(f"{value:.{digits}f}" for value in row) for row in values.tolist())
    return r"\begin{bmatrix}" + r"\\".join(rows) + r"\end{bmatrix}"


def _sums(weights: Tensor) -> str:
    sums = r"\\".join(rf"\Sigma\,{total:.4f}" for total in weights.sum(-1).tolist())
    return r"\begin{matrix}" + sums + r"\end{matrix}"
