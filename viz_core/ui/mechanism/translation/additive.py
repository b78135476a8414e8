"""Additive attention of a GRU encoder–decoder: its two maps, and the way to one cell worked out."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
import torch
from numpy.typing import NDArray
from torch import Tensor

from viz_core.analysis import additive
from viz_core.analysis.additive import AdditiveCell
from viz_core.figures import attention_heatmap, limits_of, product_bars, vectors_heatmap
from viz_core.figures.labels import shortened
from viz_core.language import _
from viz_core.recurrent import AdditiveRecord, AdditiveStages
from viz_core.ui import maps, show, store
from viz_core.ui.formulas import tex
from viz_core.ui.mechanism.translation import additive_cost, linked
from viz_core.ui.mechanism.translation.scene import WITH_ATTENTION, Sentence
from viz_core.ui.show import number, quoted

SATURATED = 0.99  # of tanh, from which more input changes next to nothing
MOST_MOVED = 5  # columns whose share of the context is drawn one by one
STRIP = 196  # pixels for a map of three vectors


@dataclass(frozen=True, eq=False)
class Written:
    """What gru-attention did to write the sentence, and the cell that is looked at."""

    sentence: Sentence
    record: AdditiveRecord
    stages: AdditiveStages
    writes: tuple[str, ...]
    reads: tuple[str, ...]
    cell: AdditiveCell

    @property
    def row(self) -> str:
        return self.writes[self.cell.row]

    @property
    def column(self) -> str:
        return self.reads[self.cell.column]


def worked_out(sentence: Sentence) -> list[str]:
    written = _written(sentence)
    _formula(written)
    keys = _maps(written)
    _behind_the_cell(written)
    additive_cost.beside_a_dot_product(written.record, sentence.theme)
    size = len(written.writes), len(written.reads)
    linked.bridge(sentence, keys, (written.cell.row, written.cell.column), size)
    return keys


def _written(sentence: Sentence) -> Written:
    record = sentence.recurrent(WITH_ATTENTION).attention
    if record is None:
        raise TypeError(f"{WITH_ATTENTION} has no attention; expected a record of it")
    stages = store.finding(("additive", sentence.text), record.stages)
    cell = additive.cell_of(record, *linked.cell(stages.weights), stages)
    return Written(sentence, record, stages, sentence.writes(WITH_ATTENTION), sentence.read(WITH_ATTENTION), cell)


def _formula(written: Written) -> None:
    (n_row, width), (n_column, d_state) = written.record.query.shape, written.record.value.shape
    words = _(
        "Before it writes a token, **{model}** holds a state $s$ of {d_state} numbers; of every English token its "
        "encoder has left an annotation $h_j$, {d_state} numbers too. A small network of one hidden layer, {width} "
        "units wide, looks at both and says one number: the score. Two matrices $W$ and $U$, or one: "
        "$W s + U h_j = [\\,W\\;U\\,]\\,[\\,s\\,;\\,h_j\\,]$. The paper leaves the bias $b$ out."
    )
    maps.explain(
        r"\begin{array}{l} e_{ij} = v\cdot\tanh(W s_{i-1} + b + U h_j) \\[4pt] "
        rf"v\,[{width}] \quad W, U\,[{width}\times{d_state}] \quad e\,[{n_row}\times{n_column}] \end{{array}}",
        words.format(model=WITH_ATTENTION, d_state=d_state, width=width),
    )


def _maps(written: Written) -> list[str]:
    scores, weights, _context = written.stages
    left, right = st.columns(2, gap="medium")
    with left:
        limit = limits_of(scores.numpy())
        _map(written, "additive-scores", scores, _("scores"), unit=_("score"), limit=limit)
    with right:
        also = {_("score"): scores.numpy()}
        _map(written, "additive-weights", weights, _("weights"), unit=_("weight"), weights=True, also=also)
    most = additive.bound(written.record)
    words = _(
        "Scores here run from {low} to {high}. They cannot leave ±{most}: tanh stays between −1 and 1, so a score "
        "stays within Σ|v|, however long the vectors are. Only differences within a row count: that of {row} has no "
        "score above {best}, and its weights sum to 1 like any other's."
    )
    low, high, row = float(scores.min()), float(scores.max()), int(scores.amax(-1).argmin())
    told = {"low": number(low), "high": number(high), "most": number(most)}
    st.caption(words.format(row=quoted(written.writes[row]), best=number(float(scores[row].max())), **told))
    return ["additive-scores", "additive-weights"]


def _map(written: Written, key: str, values: Tensor, name: str, **rule: Any) -> None:
    title = f"{WITH_ATTENTION} · {name}"
    subtitle = _("row looks at column; rows sum to 1") if rule.get("weights") else _("row looks at column")
    drawn = store.figure(
        _identity(written, key),
        lambda: attention_heatmap(
            values.numpy(),
            written.reads,
            rows=written.writes,
            axes=(_("English token read (key)"), _("Korean token written (query)")),
            title=title,
            subtitle=subtitle,
            theme=written.sentence.theme,
            **rule,
        ),
    )
    show.figure(drawn, key, f"{title}. {subtitle}")


def _identity(written: Written, key: str, *of: Hashable) -> tuple[Hashable, ...]:
    return key, written.sentence.text, written.sentence.theme, *of


# -- the way to one cell ---------------------------------------------------------------------------------


def _behind_the_cell(written: Written) -> None:
    words = _("Behind the chosen cell: to write {row}, it looks at {column}")
    st.markdown("#### " + words.format(row=quoted(written.row), column=quoted(written.column)))
    strips, equations = st.columns([1.15, 1], gap="medium")
    with equations, st.container(key="cell-numbers"):
        _equations(written)
    with strips:
        _strips(written)
    left, right = st.columns([1.15, 1], gap="medium")
    with left:
        _products(written)
    with right:
        _row_table(written)
    _context(written)


def _strips(written: Written) -> None:
    cell = written.cell
    inside = np.stack([cell.query.numpy(), cell.key.numpy(), cell.total.numpy()])
    _cells_map(
        written,
        "into-tanh",
        inside,
        ["W s + b", "U h", _("their sum")],
        title=_("Into the tanh: {d} numbers each").format(d=len(cell.total)),
        subtitle=_("of the state, of the annotation of {column}, and both added").format(
            column=f"“{shortened(written.column)}”"
        ),
        height=STRIP,
    )
    after = np.stack([cell.squashed.numpy(), cell.v.numpy(), cell.products.numpy()])
    _cells_map(
        written,
        "out-of-tanh",
        after,
        [_("tanh"), "v", _("v × tanh")],
        title=_("Out of it"),
        subtitle=_("the sum squashed to −1 … 1, the learned v, and their products"),
        limit=1.0,
        height=STRIP,
    )
    full = int((cell.squashed.abs() > SATURATED).sum())
    words = _(
        "**{full} of {d}** units stand beyond ±{edge} here, where tanh is flat: they say little more than + or −."
    )
    st.markdown(words.format(full=full, d=len(cell.squashed), edge=SATURATED))


def _cells_map(
    written: Written,
    key: str,
    vectors: NDArray[np.float32],
    names: list[str],
    *,
    title: str,
    subtitle: str,
    **rule: Any,
) -> None:
    """Vectors of the chosen cell, one a row."""
    rule = {"theme": written.sentence.theme, "rows_are": ""} | rule
    drawn = store.figure(
        _identity(written, key, written.cell.row, written.cell.column),
        lambda: vectors_heatmap(vectors, names, title=title, subtitle=subtitle, **rule),
    )
    show.figure(drawn, key, f"{title}: {', '.join(names)}")


def _equations(written: Written) -> None:
    """One component whole, then all of them, then the row's softmax; every number from the record."""
    cell = written.cell
    k, d = cell.most, len(cell.products)
    power, powers = float(cell.exponentials[cell.column]), float(cell.exponentials.sum())
    of_state, of_word = float(cell.query[k]), float(cell.key[k])
    lines = [
        rf"(W s + b)_{{{k}}} + (U h)_{{{k}}} &= {tex(of_state)} + {_bracketed(of_word)}",
        rf"{tex(of_state)} + {_bracketed(of_word)} &= {tex(float(cell.total[k]))}",
        rf"\tanh({tex(float(cell.total[k]))}) &= {tex(float(cell.squashed[k]))}",
        rf"{tex(float(cell.v[k]))} \cdot {_bracketed(float(cell.squashed[k]))} &= {tex(float(cell.products[k]))}",
        rf"\textstyle\sum_{{k=0}}^{{{d - 1}}} v_k \tanh(\ldots)_k &= \mathbf{{{tex(cell.score)}}} = e_{{ij}}",
        rf"{tex(cell.score)} - {_bracketed(cell.largest)} &= {tex(cell.score - cell.largest)}",
        rf"e^{{{tex(cell.score - cell.largest)}}} &= {tex(power)}",
        rf"{tex(power)} \div {tex(powers)} &= \mathbf{{{tex(cell.weight)}}}",
    ]
    st.latex(r"\begin{aligned}" + r"\\[3pt]".join(lines) + r"\end{aligned}")
    pulls = _("pulls the score up") if cell.products[k] > 0 else _("pulls the score down")
    st.caption(
        _(
            "Component {k}: of the {d} products its is the largest in size, and {pulls}. All {d} added: the score; "
            "less the row's largest, as a power of e, divided by the row's sum of such powers: the weight. Rounded "
            "for display; computed in float32."
        ).format(k=k, d=d, pulls=pulls)
    )


def _bracketed(value: float) -> str:
    return f"({tex(value)})" if value < 0 else tex(value)


def _products(written: Written) -> None:
    cell, largest_first = written.cell, st.session_state.get("largest_first", False)
    drawn = store.figure(
        _identity(written, "additive-products", cell.row, cell.column, largest_first),
        lambda: product_bars(
            cell.v.numpy(),
            cell.squashed.numpy(),
            cell.score,
            title=_("{d} products sum to the score").format(d=len(cell.products)),
            subtitle=_("bars: v × tanh(…); line: the sum so far"),
            theme=written.sentence.theme,
            largest_first=largest_first,
        ),
    )
    show.figure(drawn, "additive-products", _("The products that sum to the score"))
    st.toggle(_("Largest products first"), key="largest_first")


def _row_table(written: Written) -> None:
    cell = written.cell
    table = pd.DataFrame(
        {
            _("column (key)"): [f"{index} {token}" for index, token in enumerate(written.reads)],
            _("score"): cell.scores.numpy(),
            _("power of e"): cell.exponentials.numpy(),
            _("weight"): cell.weights.numpy(),
        }
    )
    names = list(table.columns)
    words = _("The softmax of the row {row}: {count} columns, whose powers sum to {total}.")
    st.markdown(words.format(row=quoted(written.row), count=len(table), total=number(float(cell.exponentials.sum()))))
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


def _context(written: Written) -> None:
    """What the row takes of each annotation, and their sum."""
    cell = written.cell
    columns, added = additive.shares_of(written.record, cell, MOST_MOVED)
    named = [f"{float(cell.weights[j]):.3f} {shortened(written.reads[j], 8)}" for j in columns]
    if len(added) > len(columns):
        named.append(_("{count} more").format(count=len(written.reads) - len(columns)))
    stacked = torch.cat([added, cell.context[None]]).numpy()
    best = columns[0]
    _cells_map(
        written,
        "additive-context",
        stacked,
        [*named, _("context c")],
        title=_("The context: the annotations mixed by the weights"),
        subtitle=_("weight × annotation; last row: the sum of those above"),
        height=130 + 24 * len(stacked),
    )
    words = _(
        "To write {row}, the annotation of {column} gets {share} of the weight. An annotation is no word alone: the "
        "encoder reads from both ends, so each tells of its neighbours too."
    )
    st.caption(
        words.format(
            row=quoted(written.row), share=show.share(float(cell.weights[best])), column=quoted(written.reads[best])
        )
    )
