"""Names and notes of the lab's matrices and examples."""

from torch import Tensor

from viz_core.language import _
from viz_core.matrices import DIGITS, LARGEST, MOST

_LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def low(number: int) -> str:
    """As an index: 12 → ₁₂."""
    return str(number).translate(_LOW)


def rows(name: str, count: int) -> list[str]:
    """Of Q: q₀, q₁ …; rows of a W are components, and only numbered."""
    letter = "" if name.startswith("W") else name.lower()
    return [letter + low(row) if letter else str(row) for row in range(count)]


def heading(name: str, matrix: Tensor) -> str:
    told = {
        "Q": _("a query a row"),
        "K": _("a key a row"),
        "V": _("a value for each key"),
        "X": _("a token a row"),
        "W_Q": _("makes queries"),
        "W_K": _("makes keys"),
        "W_V": _("makes values"),
    }[name]
    symbol = f"${name}$" if len(name) == 1 else f"${name[0]}_{name[2]}$"
    return f"**{symbol}** {matrix.shape[0]} × {matrix.shape[1]} · {told}"


def example_names() -> dict[str, str]:
    return {
        "words": _("Three words"),
        "d64": _("dₖ = 64"),
        "taste": _("Taste"),
        "one": _("One query"),
        "causal": _("Equal scores, masked"),
        "whole": _("Whole numbers"),
        "unit": _("W = 1"),
        "random": _("At random"),
    }


def of_example(name: str) -> str:
    return {
        "words": _("Three queries meet three keys of four components; not divided, to keep the numbers short."),
        "d64": _(
            "Scores of vectors with 64 components. The vectors are not known: here Q holds the scores and K is the "
            "identity, so that QKᵀ gives them; they are divided by √64 = 8."
        ),
        "taste": _(
            "Likeness as a dot product: four ratings by you (Q), by somebody of your taste and by somebody of another "
            "(K), and what those two think of a fifth thing (V)."
        ),
        "one": _("One query and three keys of three components: scores from 10 down to −1, divided by √3 = 1.7320508."),
        "causal": _("All scores are 0, so row i of the mask shares evenly among what it sees: 1/(i + 1) each."),
        "whole": _("Three tokens of four components, and three matrices that make queries, keys and values of them."),
        "unit": _("With identity matrices Q = K = V = X: tokens are compared as they are."),
        "random": _("Normal numbers to two decimals; a component of Q, K and V has a variance of about 1."),
    }[name]


def changed(name: str) -> str:
    return _("Begun from “{example}”, and changed.").format(example=example_names()[name])


def of_text() -> str:
    return _(
        "A row a line, or what you copy from a spreadsheet, Python lists, NumPy or PyTorch print-outs; at most "
        "{most} × {most} numbers between −{largest:,.0f} and {largest:,.0f}, kept to {digits} digits. "
        "Ctrl+Enter takes it."
    ).format(most=MOST, largest=LARGEST, digits=DIGITS)
