"""The formulas of the chain for the model at hand, as KaTeX: what this configuration computes, nothing else."""

from viz_core.config import TransformerConfig


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


def divisor(config: TransformerConfig, layer: int) -> str:
    """What the scores of a layer (from 0) are divided by, e.g. \\sqrt{d_k} \\cdot 3; "" where nothing divides."""
    parts = [r"\sqrt{d_k}"] if config.divide_by_sqrt_d_head else []
    parts += [str(layer + 1)] if config.divide_by_layer else []
    return r" \cdot ".join(parts)


def scaled_score(config: TransformerConfig, layer: int) -> str:
    by = divisor(config, layer)
    return rf"S_{{ij}} / {by}" if by and r"\cdot" not in by else rf"S_{{ij}} / ({by})" if by else "S_{ij}"


def masked_score(config: TransformerConfig, layer: int) -> str:
    """The score of a cell that may be looked at."""
    return scaled_score(config, layer) + (" + b_{ij}" if config.positions == "alibi" else "")


def attention_input(config: TransformerConfig, layer: int) -> str:
    """X of Q = XW_Q: the residual, normalised first in a pre-norm model."""
    added = config.positions in {"learned", "sinusoidal"}
    arrives = r"\text{residual}" if layer else r"\text{token} + \text{position}" if added else r"\text{token}"
    return rf"\mathrm{{Norm}}({arrives})" if config.norm_place == "pre" else arrives


def product(rows: int, inner: int, columns: int) -> str:
    """The shapes of a matrix product."""
    return rf"[{rows}\times{inner}]\cdot[{inner}\times{columns}] = [{rows}\times{columns}]"


def mask(config: TransformerConfig, score: str) -> str:
    """M: where a row may look, and where not."""
    if config.architecture == "encoder":
        return rf"M_{{ij}} = {score}"
    return rf"M_{{ij}} = \begin{{cases}} {score} & j \le i \\ -\infty & j > i \end{{cases}}"
