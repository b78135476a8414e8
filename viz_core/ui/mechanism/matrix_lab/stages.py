"""The chain, stage by stage: maps with their numbers, and the formulas with the chosen cell's filled in.

Every function returns the keys of the figures whose cells the page's bridge links.
"""

from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from torch import Tensor

from viz_core.analysis.lab import Experiment, shares
from viz_core.figures import limits_of, palette
from viz_core.figures.numbers_in_cells import numbered_map, numbered_vectors
from viz_core.figures.palette import ThemeName
from viz_core.language import _
from viz_core.ui import formulas, maps, settings, show, store
from viz_core.ui.mechanism.matrix_lab import filled, words
from viz_core.ui.parts import Part
from viz_core.ui.show import number

SMALL = 6  # rows and columns up to which three maps beside each other leave room for numbers
SAME = 5e-4  # sums that read alike
WIDTH = {3: 240, 2: 400}  # pixels of a map


@dataclass(frozen=True, eq=False)
class Seen:
    experiment: Experiment
    of: str  # all that the numbers depend on
    query: int
    key: int
    theme: ThemeName

    @property
    def size(self) -> tuple[int, int]:
        n, m = self.experiment.stages.scores.shape[-2:]
        return n, m

    def names(self, letter: str) -> list[str]:
        """Of the rows (q, z) or columns (k, v)."""
        return words.rows(letter, self.size[0 if letter in "qz" else 1])

    @property
    def a_line(self) -> int:
        """Maps beside each other."""
        return 3 if max(*self.size, self.experiment.d_k, self.experiment.record.value.shape[-1]) <= SMALL else 2

    @property
    def chosen(self) -> tuple[str, str]:
        return self.names("q")[self.query], self.names("k")[self.key]


def parts(experiment: Experiment) -> list[Part[Seen]]:
    """What the strip offers."""
    projected = [Part("projections", lambda: "Q, K, V", _projections)] if experiment.projected else []
    by = "√dₖ" if experiment.divisor is None else number(experiment.divided_by)
    return [
        Part("all", lambda: _("the whole chain"), _all),
        *projected,
        Part("scores", lambda: "QKᵀ", _scores),
        Part("scaled", lambda: f"÷ {by}", _scaled),
        Part("mask", lambda: _("mask"), _masked),
        Part("softmax", lambda: _("softmax"), _softmax),
        Part("values", lambda: "· V", _values),
    ]


# -- maps ------------------------------------------------------------------------------------------------------


def _map(seen: Seen, stage: str) -> str:
    """One of the four maps of cells."""
    found = seen.experiment.stages
    scores: dict[str, Any] = {
        "limit": limits_of(found.scores[0].numpy(), found.scaled_scores[0].numpy()),
        "relation": _("{row} meets {column}"),
    }
    allowed = {"allowed": seen.experiment.record.allowed.numpy()}
    wrong = seen.experiment.wrong_axis
    drawings: dict[str, tuple[Tensor, str, str, dict[str, Any]]] = {
        "scores": (
            found.scores,
            _("scores QKᵀ"),
            _("query of the row · key of the column"),
            {"unit": _("score"), **scores},
        ),
        "scaled": (
            found.scaled_scores,
            _("scaled scores"),
            _("not divided")
            if seen.experiment.divided_by == 1
            else _("divided by {divisor}; the same colours").format(divisor=number(seen.experiment.divided_by)),
            {"unit": _("scaled score"), **scores},
        ),
        "masked": (
            found.masked_scores,
            _("masked scores"),
            _("grey: −∞, may not be looked at") if seen.experiment.causal else _("nothing is masked"),
            {"unit": _("masked score"), **scores, **allowed},
        ),
        "weights": (
            found.weights,
            _("weights, over columns: a mistake") if wrong else _("weights"),
            _("row looks at column; columns sum to 1") if wrong else _("row looks at column; rows sum to 1"),
            {"unit": _("weight"), "weights": True, "row_sums": True, "column_sums": wrong, **allowed},
        ),
    }
    values, title, subtitle, rule = drawings[stage]
    drawn = store.figure(
        ("lab", seen.of, stage, seen.theme),
        lambda: numbered_map(
            values[0].numpy().astype("float32"),
            seen.names("k"),
            rows=seen.names("q"),
            title=title,
            subtitle=subtitle,
            theme=seen.theme,
            width=WIDTH[seen.a_line],
            **rule,
        ),
    )
    show.figure(drawn, stage, f"{title}. {subtitle}")
    return stage


def _vectors(seen: Seen, name: str) -> str:
    """Q, K, V or the context Z."""
    record = seen.experiment.record
    values = {"q": record.query, "k": record.key, "v": record.value, "z": seen.experiment.stages.context}[name][0]
    hues = {"q": palette.QUERY, "k": palette.KEY, "v": palette.VALUE, "z": palette.OUTPUT}
    title = _("Z, the context") if name == "z" else name.upper()
    alike = [record.value, seen.experiment.stages.context] if name in "vz" else [values]
    drawn = store.figure(
        ("lab", seen.of, name, seen.theme),
        lambda: numbered_vectors(
            values.numpy().astype("float32"),
            seen.names(name),
            title=title,
            subtitle=f"[{values.shape[0]}×{values.shape[1]}]",
            theme=seen.theme,
            width=WIDTH[seen.a_line],
            hue=hues[name],
            limit=limits_of(*(matrix.numpy() for matrix in alike)),
            rows_are="query" if name in "qz" else "key",
        ),
    )
    show.figure(drawn, name, title)
    return name


def _side_by_side(seen: Seen, *names: str) -> tuple[list[str], DeltaGenerator]:
    """Vectors are named by one letter, maps of cells by their stage. Returns the keys of the figures, and a place for
    what is said of them: beside them, where one is free."""
    for first in range(0, len(names), seen.a_line):
        line = names[first : first + seen.a_line]
        columns = st.columns(seen.a_line, gap="medium")
        for column, name in zip(columns, line, strict=False):
            with column:
                (_vectors if len(name) == 1 else _map)(seen, name)
    free = len(names) % seen.a_line
    return list(names), columns[free] if free else st.container()


# -- stages ----------------------------------------------------------------------------------------------------


def _all(seen: Seen) -> list[str]:
    experiment, (i, j) = seen.experiment, (seen.query, seen.key)
    weights = experiment.stages.weights[0, i]
    best = int(weights.argmax())
    looks = _("{query} looks most at {key}, with {share}.").format(
        query=seen.names("q")[i], key=seen.names("k")[best], share=show.share(float(weights[best]))
    )
    maps.explain(
        _chain(experiment),
        _("Click a cell to follow it through all maps, down to its arithmetic."),
        "" if experiment.wrong_axis else looks,
    )
    stages = ["scores", "scaled", "masked", "weights", "v", "z"]
    if experiment.projected:
        stages = ["q", "k", "v", "scores", "scaled", "masked", "weights", "z"]
    keys, _place = _side_by_side(seen, *stages)
    _say_wrong_axis(seen)
    component = _heading(seen, experiment.record.value.shape[-1])
    left, right = st.columns(2, gap="medium")
    with left:
        _filled(
            *filled.score(experiment, i, j),
            *filled.scaled(experiment, i, j),
            *filled.masked(experiment, i, j),
        )
    with right:
        _filled(*filled.weight(experiment, i, j), *filled.context(experiment, i, component))
        _say_letters(seen)
    return keys


def _chain(experiment: Experiment) -> str:
    score = r"QK^\top" + ("" if experiment.divided_by == 1 else rf" / {_by(experiment)}")
    score = rf"\mathrm{{mask}}\left({score}\right)" if experiment.causal else score
    return rf"Z = \mathrm{{softmax}}\left({score}\right) V"


def _projections(seen: Seen) -> list[str]:
    n, d = seen.experiment.matrices["X"].shape
    k = seen.experiment.d_k
    maps.explain(
        rf"\begin{{array}}{{l}} Q = XW_Q \quad K = XW_K \quad V = XW_V \\[4pt] "
        rf"{formulas.product(n, d, k)} \end{{array}}",
        _("Each token is multiplied with three matrices: what it looks for, what it offers, what it hands over."),
    )
    keys, place = _side_by_side(seen, "q", "k", "v")
    widths = {"Q": k, "K": k, "V": seen.experiment.record.value.shape[-1]}
    at = {"Q": seen.query, "K": seen.key, "V": seen.key}
    with place:
        component = _heading(seen, max(widths.values()))
        there = [name for name, width in widths.items() if component < width]
        _filled(*(line for name in there for line in filled.projection(seen.experiment, name, at[name], component)))
    return keys


def _scores(seen: Seen) -> list[str]:
    n, m = seen.size
    row = seen.experiment.stages.scores[0, seen.query]
    best = int(row.argmax())
    maps.explain(
        rf"S = QK^\top \quad {formulas.product(n, seen.experiment.d_k, m)}",
        _("Every query meets every key: {d} products each, added up.").format(d=seen.experiment.d_k),
        _("{query} matches {key} best, with {score}.").format(
            query=seen.chosen[0], key=seen.names("k")[best], score=number(float(row[best]))
        ),
    )
    keys, place = _side_by_side(seen, "q", "k", "scores")
    with place:
        _heading(seen)
        _filled(*filled.score(seen.experiment, seen.query, seen.key))
    return keys


def _scaled(seen: Seen) -> list[str]:
    experiment = seen.experiment
    root = _(
        "Divided because each score is a sum of {d} products, whose spread grows with √{d}; how many rows there are "
        "plays no part."
    ).format(d=experiment.d_k)
    said = {None: root, 1.0: _("Not divided here.")}.get(
        experiment.divisor,
        _("Divided by a number of your own; attention itself takes √dₖ = √{d} = {root}.").format(
            d=experiment.d_k, root=number(experiment.d_k**0.5)
        ),
    )
    maps.explain(rf"S / {_by(experiment)}", said)
    keys, place = _side_by_side(seen, "scores", "scaled")
    with place:
        _heading(seen)
        _filled(*filled.scaled(experiment, seen.query, seen.key))
    return keys


def _masked(seen: Seen) -> list[str]:
    experiment, (n, m) = seen.experiment, seen.size
    allowed = experiment.record.allowed
    said = [_("Nothing is masked: every query may look at every key.")]
    if experiment.causal:
        said = [
            _(
                "{cells} of {all} cells may be looked at; the others become −∞, not 0: e⁰ = 1 would still let them in."
            ).format(cells=int(allowed.sum()), all=allowed.numel())
        ]
    if experiment.causal and n != m:
        said.append(
            _(
                "With n = {n} and m = {m} row i sees keys 0 … i, counted from the first key, as PyTorch's "
                "is_causal does; a KV cache counts from the last."
            ).format(n=n, m=m)
        )
    scaled = rf"S_{{ij}} / {_by(experiment)}"
    formula = rf"\begin{{cases}} {scaled} & j \le i \\ -\infty & j > i \end{{cases}}"
    maps.explain(rf"M_{{ij}} = {formula if experiment.causal else scaled}", *said)
    keys, place = _side_by_side(seen, "scaled", "masked")
    with place:
        _heading(seen)
        _filled(*filled.masked(experiment, seen.query, seen.key))
    return keys


def _softmax(seen: Seen) -> list[str]:
    experiment = seen.experiment
    if experiment.wrong_axis:
        maps.explain(
            _(r"A_{ij} = \frac{e^{M_{ij}}}{\sum_{i'} e^{M_{i'j}}} \quad \text{(wrong)}"),
            _("The sum runs down a column."),
        )
    else:
        row = experiment.stages.weights[0, seen.query]
        best = int(row.argmax())
        maps.explain(
            r"A_{ij} = \frac{e^{M_{ij}}}{\sum_{j'} e^{M_{ij'}}}",
            _("Each row becomes shares that sum to 1."),
            _("{query} gives its largest share, {share}, to {key}.").format(
                query=seen.chosen[0], share=show.share(float(row[best])), key=seen.names("k")[best]
            ),
        )
    keys, place = _side_by_side(seen, "masked", "weights")
    _say_wrong_axis(seen)
    with place:
        _heading(seen)
        _filled(*filled.weight(experiment, seen.query, seen.key))
        _say_letters(seen)
    return keys


def _values(seen: Seen) -> list[str]:
    (n, m), d = seen.size, seen.experiment.record.value.shape[-1]
    maps.explain(
        rf"Z = AV \quad {formulas.product(n, m, d)}",
        _("Each row mixes the values in the shares of its weights: its context vector."),
    )
    keys, place = _side_by_side(seen, "weights", "v", "z")
    _say_wrong_axis(seen)
    with place:
        component = _heading(seen, d)
        _filled(*filled.context(seen.experiment, seen.query, component))
    return keys


def _say_wrong_axis(seen: Seen) -> None:
    if not seen.experiment.wrong_axis:
        return
    sums = seen.experiment.stages.weights[0].sum(-1)
    said = _("**A mistake to see:** softmax(dim=0) makes each column sum to 1; attention takes the last axis.")
    if float((sums - 1).abs().max()) < SAME:
        said += " " + _("Here the rows happen to sum to 1 as well; change a number to see the difference.")
    else:
        said += " " + _(
            "The rows sum to {least} … {most}: a query no longer shares out one whole, and its context is no mixture "
            "of values."
        ).format(least=f"{float(sums.min()):.3f}", most=f"{float(sums.max()):.3f}")
    if seen.experiment.unseen:
        said += " " + _("A column that nobody may look at is 0/0; PyTorch gives NaN, here it is 0.")
    st.warning(said, icon=":material/warning:")


def _by(experiment: Experiment) -> str:
    return r"\sqrt{d_k}" if experiment.divisor is None else formulas.digits(experiment.divisor, 6)


def _heading(seen: Seen, width: int = 1) -> int:
    """Above the formulas; returns the component that is followed, of so many."""
    query, key = seen.chosen
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.markdown("#### " + _("The chosen cell: {query}, {key}").format(query=query, key=key), width="content")
        return settings.whole_number("of_vectors", _("component"), 0, width - 1, default=0) if width > 1 else 0


def _say_letters(seen: Seen) -> None:
    """Under the sum of a softmax."""
    if seen.experiment.wrong_axis:
        said = _("M: masked scores; A: weights; the sum runs over all rows i′.")
    else:
        said = _("M: masked scores; A: weights; the sum runs over all columns j′.")
    if shares(seen.experiment, seen.query, seen.key).largest:
        said += " " + _("The largest of these M is taken off each, so that e^M does not overflow; it cancels.")
    st.caption(said)


def _filled(*lines: str) -> None:
    st.latex(filled.aligned(*lines))
