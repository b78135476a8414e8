"""The formulas of the chain for the model at hand, as KaTeX: what this model computes, nothing else."""

import math
from dataclasses import dataclass
from typing import Literal

from viz_core import masks
from viz_core.attention import AttentionRecord
from viz_core.config import TransformerConfig
from viz_core.language import _


def tex(value: float, places: int = 4) -> str:
    """So many decimals; as many significant digits of what is so small that decimals would leave but one or two of
    them: then a line of arithmetic follows from the one before it."""
    return f"{value:.{places}f}" if value == 0 or abs(value) >= 10 ** (2 - places) else digits(value, places)


def digits(value: float, count: int = 4) -> str:
    """So many significant digits, a power of ten written as one: 1.2\\cdot 10^{-5}."""
    mantissa, _e, power = f"{value:.{count}g}".partition("e")
    if not power:
        return mantissa
    times = "" if mantissa == "1" else rf"{mantissa}\cdot "
    return rf"{times}10^{{{int(power)}}}"


@dataclass(frozen=True)
class Rule:
    """How one layer makes masked scores of scores.

    divisor  what scores are divided by, e.g. \\sqrt{d_k} \\cdot 3; "" where nothing divides
    cap      scaled scores are bent to lie within ±cap, or None
    bias     whether one is added
    cells    which a row may look at
    """

    divisor: str
    cap: float | None
    bias: bool
    cells: Literal["all", "causal", "some"]

    @property
    def scaled(self) -> str:
        by = self.divisor
        return rf"S_{{ij}} / {by}" if by and r"\cdot" not in by else rf"S_{{ij}} / ({by})" if by else "S_{ij}"

    @property
    def masked(self) -> str:
        """The score of a cell that may be looked at."""
        capped = self.scaled if self.cap is None else rf"{self.cap:g}\tanh({self.scaled} / {self.cap:g})"
        return capped + (" + b_{ij}" if self.bias else "")

    @property
    def mask(self) -> str:
        """M: where a row may look, and where not."""
        if self.cells == "all":
            return rf"M_{{ij}} = {self.masked}"
        words = [rf"\text{{{word}}}" for word in (_("allowed"), _("not"))]
        may, may_not = [r"j \le i", "j > i"] if self.cells == "causal" else words
        return rf"M_{{ij}} = \begin{{cases}} {self.masked} & {may} \\ -\infty & {may_not} \end{{cases}}"


def rule_of(config: TransformerConfig, layer: int) -> Rule:
    """Of layer `layer`, from 0, of our own Transformer."""
    parts = [r"\sqrt{d_k}"] if config.divide_by_sqrt_d_head else []
    parts += [str(layer + 1)] if config.divide_by_layer else []
    cells: Literal["all", "causal"] = "all" if config.architecture == "encoder" else "causal"
    return Rule(r" \cdot ".join(parts), None, config.positions == "alibi", cells)


def rule_seen(record: AttentionRecord) -> Rule:
    """Of a model that runs by its own code, as the record of one of its heads shows it."""
    by = "" if record.divisor == 1 else digits(record.divisor)
    if math.isclose(record.divisor, record.query.shape[-1] ** 0.5, rel_tol=1e-5):
        by = r"\sqrt{d_k}"
    cells: Literal["all", "causal", "some"] = "causal" if masks.is_causal(record.allowed) else "some"
    return Rule(by, record.bound, record.bias is not None, "all" if record.allowed.all() else cells)


def attention_input(config: TransformerConfig, layer: int) -> str:
    """X of Q = XW_Q: the residual, normalised first in a pre-norm model."""
    added = config.positions in {"learned", "sinusoidal"}
    token, position = rf"\text{{{_('token')}}}", rf"\text{{{_('position')}}}"
    arrives = rf"\text{{{_('residual')}}}" if layer else f"{token} + {position}" if added else token
    return rf"\mathrm{{Norm}}({arrives})" if config.norm_place == "pre" else arrives


def product(rows: int, inner: int, columns: int) -> str:
    """The shapes of a matrix product."""
    return rf"[{rows}\times{inner}]\cdot[{inner}\times{columns}] = [{rows}\times{columns}]"
