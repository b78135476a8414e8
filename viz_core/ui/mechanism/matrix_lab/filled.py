"""Formulas of the chain with the numbers of the chosen cell filled in, as KaTeX."""

import math
import re
from collections.abc import Sequence

from torch import Tensor

from viz_core.analysis.lab import Experiment, shares
from viz_core.ui.formulas import digits, tex

LONG = 1e4  # from which decimals are not written
SAME = 1e-12  # of 1: what float64 itself leaves of a whole number
PLACES = 4
A_LINE = 36  # characters of a sum that a phone has room for


def aligned(*lines: str) -> str:
    return r"\begin{aligned}" + r"\\[3pt]".join(lines) + r"\end{aligned}"


def score(experiment: Experiment, i: int, j: int) -> list[str]:
    record = experiment.record
    products = _products(record.query[0, i], record.key[0, j])
    return _sum(rf"q_{{{i}}}\cdot k_{{{j}}}", products, digits(float(experiment.stages.scores[0, i, j]), 6))


def scaled(experiment: Experiment, i: int, j: int) -> list[str]:
    before, after = (float(stage[0, i, j]) for stage in experiment.stages[:2])
    by = rf"\sqrt{{{experiment.d_k}}}" if experiment.divisor is None else digits(experiment.divided_by, 6)
    return [rf"S_{{{i},{j}}} / {by} &= {_signed(before)} \div {digits(experiment.divided_by, 6)} = {digits(after, 6)}"]


def masked(experiment: Experiment, i: int, j: int) -> list[str]:
    if not bool(experiment.record.allowed[i, j]):
        return [rf"M_{{{i},{j}}} &= -\infty \quad ({j} > {i})"]
    after = digits(float(experiment.stages.masked_scores[0, i, j]), 6)
    reason = rf"\quad ({j} \le {i})" if experiment.causal else ""
    return [rf"M_{{{i},{j}}} &= {after} {reason}"]


def weight(experiment: Experiment, i: int, j: int) -> list[str]:
    """Of softmax over the row, or, as a mistake, over the column."""
    found = shares(experiment, i, j)
    below = found.masked - found.largest
    powers = [rf"e^{{{digits(value, 6)}}}" if math.isfinite(value) else r"e^{-\infty}" for value in below.tolist()]
    place = i if not experiment.wrong_axis else j
    index = rf"{place},j'" if not experiment.wrong_axis else rf"i',{place}"
    less = rf" - {_signed(found.largest)}" if found.largest else ""
    lead = rf"\textstyle\sum e^{{M_{{{index}}}{less}}}"
    own = float(found.exponentials[j if not experiment.wrong_axis else i])
    total = _power(found.total)
    share = _share(float(experiment.stages.weights[0, i, j]))
    return [
        *_sum(lead, powers, ""),
        *_sum("", [_power(value) for value in found.exponentials.tolist()], total),
        rf"A_{{{i},{j}}} &= {_power(own)} \div {total} = \mathbf{{{share}}}",
    ]


def context(experiment: Experiment, i: int, component: int) -> list[str]:
    terms = [
        rf"{_share(share)}\cdot {_signed(value)}"
        for share, value in zip(
            experiment.stages.weights[0, i].tolist(), experiment.record.value[0, :, component].tolist(), strict=True
        )
    ]
    return _sum(rf"z_{{{i},{component}}}", terms, _share(float(experiment.stages.context[0, i, component])))


def projection(experiment: Experiment, name: str, row: int, component: int) -> list[str]:
    """q, k or v of one row, one component: the row of X times a column of W."""
    x, w = experiment.matrices["X"][row], experiment.matrices[f"W_{name}"][:, component]
    return _sum(rf"{name.lower()}_{{{row},{component}}}", _products(x, w), digits(float(x @ w), 6))


def _products(one: Tensor, another: Tensor) -> list[str]:
    return [rf"{_signed(a)}\cdot {_signed(b)}" for a, b in zip(one.tolist(), another.tolist(), strict=True)]


def _sum(lead: str, terms: Sequence[str], result: str) -> list[str]:
    """lead = a + b + …, broken into lines, and what they sum to."""
    rows: list[list[str]] = [[]]
    for term in terms:
        if rows[-1] and sum(_length(one) + 3 for one in [*rows[-1], term]) > A_LINE:
            rows.append([])
        rows[-1].append(term)
    sums = [" + ".join(row) for row in rows]
    lines = [rf"{lead} &= {sums[0]}", *(rf"&\quad + {row}" for row in sums[1:])]
    return lines if not result or list(terms) == [result] else [*lines, f"&= {result}"]


def _length(term: str) -> int:
    """Characters as drawn, about; those of an exponent are small."""
    drawn = re.sub(r"[{}]", "", re.sub(r"\\[a-z]+ ?", "·", term))
    return len(drawn) if "^" not in term else len(drawn) * 3 // 4


def _power(value: float) -> str:
    """One of e, which may be large."""
    return _share(value) if value < LONG else digits(value, 8)


def _share(value: float) -> str:
    """Four decimals; as many more as tell a number beside a whole one from it, and none of a whole one, so that each
    line follows from those above: 1 + 0.00003 = 1.00003."""
    whole = round(value)
    beside = abs(value - whole)
    if not beside or (whole and beside <= SAME * abs(value)):
        return str(whole)
    if whole and beside < 0.5 * 10**-PLACES:
        return f"{value:.{1 - math.floor(math.log10(beside))}f}"
    return tex(value, PLACES)


def _signed(value: float) -> str:
    shown = digits(value, 6)
    return f"({shown})" if value < 0 else shown
