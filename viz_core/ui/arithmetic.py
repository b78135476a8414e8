"""The numbers behind the chosen cell: products → score → scaled → masked → exp → weight → the value it moves."""

import numpy as np
import pandas as pd
import streamlit as st
import torch

from viz_core.analysis.cell import Cell, cell_of
from viz_core.attention import AttentionRecord
from viz_core.figures import limits_of, product_bars, vectors_heatmap
from viz_core.figures.labels import shortened
from viz_core.language import _
from viz_core.ui import show
from viz_core.ui.formulas import tex
from viz_core.ui.scene import HeadScene
from viz_core.ui.show import number, quoted


def products(scene: HeadScene) -> None:
    """The d_head products whose sum is the chosen cell's score."""
    cell = _cell(scene)
    query, key = (shortened(scene.tokens[i], 10) for i in (scene.choice.query, scene.choice.key))
    drawn = product_bars(
        cell.query_vector.numpy(),
        cell.key_vector.numpy(),
        cell.score,
        title=_("“{query}” · “{key}”: {d} products sum to the score").format(
            query=query, key=key, d=len(cell.products)
        ),
        subtitle=_("bars: component of q × component of k; line: the sum so far"),
        theme=scene.theme,
        largest_first=st.session_state.get("largest_first", False),
    )
    show.figure(drawn, "products", _("The products that sum to the score"))
    st.toggle(_("Largest products first"), key="largest_first")


def behind_the_cell(scene: HeadScene, *, with_products: bool) -> None:
    """From score to weight to the value it moves, for the scene's chosen cell, every number from the record."""
    query, key = (quoted(scene.tokens[i]) for i in (scene.choice.query, scene.choice.key))
    looks = _("{query} looks at {key}") if _cell(scene).allowed else _("{query} may not look at {key}")
    st.markdown("#### " + _("Behind the chosen cell:") + " " + looks.format(query=query, key=key))
    left, right = st.columns([1.25, 1], gap="medium")
    with right, st.container(key="cell-numbers"):  # first: they are what a click on a cell asks for
        _equations(scene)
    with left:
        if with_products:
            products(scene)
        else:
            _moved_value(scene)
    if with_products:
        _moved_value(scene)


def _cell(scene: HeadScene) -> Cell:
    return cell_of(scene.record, scene.choice.query, scene.choice.key, scene.stages)


def equations(cell: Cell, record: AttentionRecord, i: int, j: int) -> str:
    """The arithmetic of a record's cell (i, j) in KaTeX, to four decimals or digits: enough for the lines to follow
    from each other."""
    lines = [rf"q_{{{i}}}\cdot k_{{{j}}} &= {tex(cell.score)}"]
    lines.append(rf"{tex(cell.score)} \div {tex(record.divisor)} &= {tex(cell.scaled)}")
    if record.bound is not None:
        lines.append(rf"{record.bound:g}\tanh({tex(cell.scaled)} \div {record.bound:g}) &= {tex(cell.capped)}")
    if record.bias is not None:
        lines.append(rf"{tex(cell.capped)} + {_signed(cell.bias)} &= {tex(cell.capped + cell.bias)}")
    if not cell.allowed:
        lines.append(rf"{tex(cell.capped + cell.bias)} &\to -\infty \quad \text{{{_('not allowed')}}}")
        lines.append(r"e^{-\infty} &= 0")
        lines.append(rf"0 \div {tex(cell.row_sum)} &= \mathbf{{0}}")
    else:
        below = cell.masked - cell.row_max
        lines.append(rf"{tex(cell.masked)} - {_signed(cell.row_max)} &= {tex(below)}")
        lines.append(rf"e^{{{tex(below)}}} &= {tex(cell.exponential)}")
        lines.append(rf"{tex(cell.exponential)} \div {tex(cell.row_sum)} &= \mathbf{{{tex(cell.weight)}}}")
    return r"\begin{aligned}" + r"\\[2pt]".join(lines) + r"\end{aligned}"


def _equations(scene: HeadScene) -> None:
    cell, record = _cell(scene), scene.record
    st.latex(equations(cell, record, scene.choice.query, scene.choice.key))
    if not cell.allowed:
        st.caption(_("This column stands after the row, so the mask sets it to −∞ and its weight is exactly 0."))
        return
    by = scene.rule.divisor
    steps = [_("The score"), _("divided by ${divisor}$").format(divisor=by) if by else _("undivided, as in this model")]
    steps += [_("bent by tanh so that none leaves ±{cap}").format(cap=number(record.bound))] if record.bound else []
    steps += [_("plus the bias of its distance")] if record.bias is not None else []
    steps += [
        _("minus the row's largest (that changes no share: it cancels, and keeps e^… from overflowing)"),
        _("as a power of e"),
        _("divided by the row's sum of such powers: the weight."),
    ]
    st.caption(", ".join(steps) + " " + _("Rounded for display; computed in float32."))


def _moved_value(scene: HeadScene) -> None:
    cell = _cell(scene)
    vectors = np.stack([cell.value.numpy(), cell.moved.numpy(), cell.context.numpy()])
    drawn = vectors_heatmap(
        vectors,
        [_("value v"), _("weight · v"), _("context z")],
        title=_("The value this weight moves"),
        subtitle=_("{weight} of the column's value goes into the row's context").format(weight=number(cell.weight)),
        theme=scene.theme,
        rows_are="",
        limit=limits_of(vectors),
        height=210,
    )
    show.figure(drawn, "moved", _("The value this weight moves"))


def _signed(value: float) -> str:
    return f"({tex(value)})" if value < 0 else tex(value)


def row_table(scene: HeadScene) -> None:
    """The chosen row's softmax, column by column: score, exponential, and its share of the row's sum."""
    row = scene.choice.query
    masked, weights = scene.stages.masked_scores[0, row], scene.stages.weights[0, row]
    looked_at = torch.nonzero(masked > -torch.inf).flatten()
    exponentials = torch.exp(masked[looked_at] - masked[looked_at].max())
    table = pd.DataFrame(
        {
            _("column (key)"): [f"{i} {scene.tokens[i]}" for i in looked_at.tolist()],
            _("masked score"): masked[looked_at].numpy(),
            _("e^(score − largest)"): exponentials.numpy(),
            _("weight = share of the sum"): weights[looked_at].numpy(),
        }
    )
    words = _("The softmax of row {query}: {count} columns, whose exponentials sum to {sum}.")
    st.markdown(
        words.format(query=quoted(scene.tokens[row]), count=len(table), sum=number(float(exponentials.sum())))
        + " "
        + _("Each weight is one exponential divided by that sum.")
    )
    names = list(table.columns)
    st.dataframe(
        table.sort_values(names[3], ascending=False),
        hide_index=True,
        height=min(38 + 35 * len(table), 290),
        column_config={
            names[1]: st.column_config.NumberColumn(format="%.4f"),
            names[2]: st.column_config.NumberColumn(format="%.4f"),
            names[3]: st.column_config.ProgressColumn(format="%.4f", min_value=0, max_value=1),
        },
    )
