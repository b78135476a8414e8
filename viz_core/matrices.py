"""Matrices as people write them → tensors: CSV and what spreadsheets copy, Python lists, NumPy and PyTorch print-outs.

1, 2.5          [[1, 2.5],      [[1.  2.5]      array([[1. , 2.5],
3; 4             [3, 4]]         [3.  4. ]]            [3. , 4. ]])
"""

import math
import re
from collections.abc import Mapping

import torch
from torch import Tensor

from viz_core.language import _

MOST = 16  # rows and columns: what can be read, and followed by hand
LARGEST = 1e6  # in magnitude: products of products of such numbers are still finite, in float32 too
LONGEST = 20_000  # characters; 16 × 16 numbers need far fewer
DIGITS = 8  # significant ones of a number in an address: 16 × 16 of them fit into 4,000 characters
_ASSIGNED = re.compile(r"^\s*[A-Za-z_]\w*\s*=")
_WRAPPED = re.compile(r"^\s*(?:np\.|numpy\.|torch\.)?(?:array|tensor|matrix)\s*\((.*)\)\s*;?\s*$", re.DOTALL)
_SETTING = re.compile(r",\s*(?:dtype|device|requires_grad|grad_fn)\s*=\s*[^,\]\)]+")
_ROW = re.compile(r"\[([^\[\]]*)\]")
_OPENING = re.compile(r"[\[\s]*")
_INNER = re.compile(r"(?=\[\s*\[)")


class UnusableMatrix(ValueError):
    """What was written is no matrix; says where (rows and columns counted from 1), what stood there, and what is
    expected."""


def parse(text: str) -> Tensor:
    """float64 [row, column], finite. Raises UnusableMatrix."""
    if len(text) > LONGEST:
        raise UnusableMatrix(
            _("{n:,} characters; a matrix of {most} × {most} needs far fewer.").format(n=len(text), most=MOST)
        )
    rows = _rows(text)
    if not rows:
        raise UnusableMatrix(_("There are no numbers. Write a row a line, e.g. 1, 2, 3."))
    numbers = [[_number(cell, i, j) for j, cell in enumerate(row)] for i, row in enumerate(rows)]
    width = len(numbers[0])
    for i, row in enumerate(numbers):
        if len(row) != width:
            message = _("Row {row} has {actual} numbers, row 1 has {expected}: all rows must be of one length.")
            raise UnusableMatrix(message.format(row=i + 1, actual=len(row), expected=width))
    if len(rows) > MOST or width > MOST:
        message = _("The matrix is {rows} × {columns}; at most {most} × {most} can be followed here.")
        raise UnusableMatrix(message.format(rows=len(rows), columns=width, most=MOST))
    return torch.tensor(numbers, dtype=torch.float64)


def _rows(text: str) -> list[list[str]]:
    """The cells, still as text."""
    text = _ASSIGNED.sub("", text)
    inner = _WRAPPED.match(text)
    text = _SETTING.sub("", inner[1]) if inner else text.strip()
    if "..." in text or "…" in text:
        raise UnusableMatrix(
            _("Something is left out (…). Print all of it, e.g. after np.set_printoptions(threshold=1000).")
        )
    if "[" in text or "]" in text:
        lines = _bracketed(text)
    else:
        lines = re.split(r"\n|;", text) if "\t" not in text else text.split("\n")
    return [cells for line in lines if (cells := _cells(line))]


def _bracketed(text: str) -> list[str]:
    """The rows between brackets."""
    left = re.sub(r"[\s,\[\]]", "", _ROW.sub("", text))
    if text.count("[") != text.count("]") or left:
        found = left[:20] or text[:20]
        raise UnusableMatrix(_("The brackets do not fit together, near {found}.").format(found=repr(found)))
    opening = _OPENING.match(text)
    depth = opening[0].count("[") if opening else 0
    if len(_INNER.findall(text)) > max(depth - 1, 0):  # more than one matrix within the outermost brackets
        raise UnusableMatrix(_("These are several matrices, one inside another; give one of rows and columns."))
    return _ROW.findall(text)


def _cells(line: str) -> list[str]:
    """Of one row: between commas, semicolons or tabs where there are any, else between blanks."""
    line = line.strip().rstrip(",;")
    if not line:
        return []
    return [cell.strip() for cell in re.split(r"[,;\t]", line)] if re.search(r"[,;\t]", line) else line.split()


def _number(cell: str, row: int, column: int) -> float:
    at = {"row": row + 1, "column": column + 1}
    try:
        value = float(cell.replace("−", "-"))
    except ValueError:
        if not cell:
            message = _("Row {row}, column {column} is empty; expected a number, e.g. 0.5.")
        else:
            message = _("Row {row}, column {column} is {cell}; expected a number, e.g. 0.5.")
        raise UnusableMatrix(message.format(cell=repr(cell[:20]), **at)) from None
    if not math.isfinite(value):
        message = _("Row {row}, column {column} is {cell}; expected a finite number.")
        raise UnusableMatrix(message.format(cell=cell[:20], **at))
    if abs(value) > LARGEST:
        message = _("Row {row}, column {column} is {cell}; expected a number between −{most:,.0f} and {most:,.0f}.")
        raise UnusableMatrix(message.format(cell=cell[:20], most=LARGEST, **at))
    return value


def written(matrix: Tensor) -> str:
    """As Python lists, with as many digits as are needed to get the same numbers back."""
    rows = ", ".join("[" + ", ".join(f"{value!r}" for value in row) + "]" for row in matrix.tolist())
    return f"[{rows}]"


def lines(matrix: Tensor) -> str:
    """As CSV, a row a line, each number with at most DIGITS significant digits."""
    return "\n".join(", ".join(f"{value:.{DIGITS}g}" for value in row) for row in matrix.tolist())


def addressed(matrix: Tensor) -> str:
    """Likewise for an address, of characters that stand there as they are; `from_address` reads it."""
    return lines(matrix).replace(", ", " ").replace("\n", "_")


def from_address(text: str) -> Tensor:
    """What `addressed` wrote, or anything that `parse` reads. Raises UnusableMatrix."""
    return parse(text if "[" in text else text.replace("_", "\n"))


def edited(matrix: Tensor, changes: Mapping[int, Mapping[int, float | None]]) -> Tensor:
    """With some cells replaced, {row: {column: number}}, None for one left empty. Raises UnusableMatrix."""
    rows = [[f"{value!r}" for value in row] for row in matrix.tolist()]
    for row, cells in changes.items():
        for column, value in cells.items():
            rows[row][column] = "" if value is None else repr(value)
    numbers = [[_number(cell, i, j) for j, cell in enumerate(row)] for i, row in enumerate(rows)]
    return torch.tensor(numbers, dtype=torch.float64)
