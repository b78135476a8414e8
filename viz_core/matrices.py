"""Matrices as people write them → tensors: CSV and what spreadsheets copy, Python lists, NumPy and PyTorch print-outs.

1, 2.5          [[1, 2.5],      [[1.  2.5]      array([[1. , 2.5],      1;2,5
3, 4             [3, 4]]         [3.  4. ]]            [3. , 4. ]])     3;4

A comma parts two numbers; but between tabs, and between semicolons within several lines, it belongs to one.
"""

import math
import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from viz_core.language import _

MOST = 16  # rows and columns: what can be read, and followed by hand
LARGEST = 1e6  # in magnitude: products of products of such numbers are still finite, in float32 too
LONGEST = 20_000  # characters; 16 × 16 numbers need far fewer
LONGEST_NUMBER = 1_000  # characters of one that is typed by itself: two million digits take seconds to read
LEAST = 1e-99  # what is smaller is written as 0: its exponent would have three digits
DIGITS = 8  # significant ones of a number in an address: 16 × 16 of them fit into 4,000 characters
QUOTED = 20  # characters of what could not be read
_ASSIGNED = re.compile(r"^\s*[A-Za-z_]\w*\s*=")
_WRAPPED = re.compile(r"(?:np\.|numpy\.|torch\.)?(?:array|tensor|matrix)\s*\((.*)\)", re.DOTALL)
_SETTING = re.compile(r",\s*(?:dtype|device|requires_grad|grad_fn)\s*=\s*[^,\]\)]+")
_ROW = re.compile(r"\[([^\[\]]*)\]")
_OPENING = re.compile(r"[\[\s]*")
_INNER = re.compile(r"(?=\[\s*\[)")
_BLANK_PARTED = re.compile(r"\S +\S")
_NUMBER = re.compile(r"[+-]?(?:[.,]?\d)+\.?(?:[eE][+-]?\d+)?")  # with points and commas of any meaning
_UNDECIDED = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")  # in thousands, or with three decimals
_SPACED = re.compile(r"(?<=\d)[\u00a0\u202f'’](?=\d{3}(?!\d))")  # thousands, where no comma or point parts them
_TORN = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:[, ]0\d\d|[\u00a0\u202f]\d{3})(?![\d])")  # thousands, cut in two


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
            message = _("Row {row} is of length {actual}, row 1 of length {expected}: all rows must be of one length.")
            raise UnusableMatrix(message.format(row=i + 1, actual=len(row), expected=width))
    if len(rows) > MOST or width > MOST:
        message = _("The matrix is {rows} × {columns}; at most {most} × {most} can be followed here.")
        raise UnusableMatrix(message.format(rows=len(rows), columns=width, most=MOST))
    return torch.tensor(numbers, dtype=torch.float64)


# -- cells -----------------------------------------------------------------------------------------------------


def _rows(text: str) -> list[list[str]]:
    """The cells, still as text, each as Python writes a number."""
    text = _ASSIGNED.sub("", _uniform(text).replace("\r\n", "\n").replace("\r", "\n"))
    inner = _WRAPPED.fullmatch(text.strip().rstrip(";").rstrip())  # a pattern would try every blank in turn
    text = _SETTING.sub("", inner[1]) if inner else text
    if "..." in text or "…" in text:
        raise UnusableMatrix(
            _("Something is left out (…). Print all of it, e.g. after np.set_printoptions(threshold=1000).")
        )
    if "[" in text or "]" in text:
        lines = _bracketed(text.strip())
    else:
        whole = [line.strip(" ") for line in text.split("\n") if line.strip(" ")]
        if table := _table(whole):
            return _with_points(table)
        lines = re.split(r"[\n;]", "\n".join(whole))
    return [cells for line in lines if (cells := _cells(line))]


def _table(lines: Sequence[str]) -> list[list[str]]:
    """The cells between tabs, or between semicolons within several lines; [] where neither part any: tabs may indent
    lines, semicolons end them, or the rows of a single one."""
    indented = all("\t" not in line.strip() and _BLANK_PARTED.search(line) for line in lines)
    if not indented and any("\t" in line for line in lines):
        return [[cell.strip() for cell in line.split("\t")] for line in lines]
    ended = [line.strip().removesuffix(";") for line in lines]
    if len(lines) == 1 or not any(";" in line for line in ended):
        return []
    lines = ended if all(line.strip().endswith(";") for line in lines) else lines
    return [[cell.strip() for cell in line.split(";")] for line in lines]


def _bracketed(text: str) -> list[str]:
    """The rows between brackets."""
    left = re.sub(r"[\s,\[\]]", "", _ROW.sub("", text))
    if text.count("[") != text.count("]") or left:
        raise UnusableMatrix(_("The brackets do not fit together, near {found}.").format(found=_quoted(left or text)))
    opening = _OPENING.match(text)
    depth = opening[0].count("[") if opening else 0
    if len(_INNER.findall(text)) > max(depth - 1, 0):  # more than one matrix within the outermost brackets
        raise UnusableMatrix(_("These are several matrices, one inside another; give one of rows and columns."))
    return _ROW.findall(text)


def _cells(line: str) -> list[str]:
    """Of one row: between commas or semicolons where there are any, else between blanks."""
    line = line.strip().rstrip(",;")
    if torn := _TORN.search(line):
        message = _("{cell} would be read as two numbers; write thousands as one, e.g. 1000.")
        raise UnusableMatrix(message.format(cell=_quoted(torn[0])))
    return [cell.strip() for cell in re.split(r"[,;]", line)] if re.search(r"[,;]", line) else line.split()


def _number(cell: str, row: int, column: int) -> float:
    at = {"row": row + 1, "column": column + 1, "cell": _quoted(cell)}
    try:
        value = float(cell if "_" not in cell else "no number")  # Python would read 1_0 as ten
    except ValueError:
        if not cell:
            message = _("Row {row}, column {column} is empty; expected a number, e.g. 0.5.")
        else:
            message = _("Row {row}, column {column} is {cell}; expected a number, e.g. 0.5.")
        raise UnusableMatrix(message.format(**at)) from None
    if not math.isfinite(value):
        message = _("Row {row}, column {column} is {cell}; expected a finite number.")
        raise UnusableMatrix(message.format(**at))
    if abs(value) > LARGEST:
        message = _("Row {row}, column {column} is {cell}; expected a number between −{most:,.0f} and {most:,.0f}.")
        raise UnusableMatrix(message.format(most=LARGEST, **at))
    return value


def _uniform(text: str) -> str:
    """With the minus signs of typesetting as a program writes them."""
    return text.replace("−", "-")


def _quoted(text: str) -> str:
    """What stood there, on one line, shortened."""
    text = " ".join(text.split())
    return f"“{text[:QUOTED]}{'…' * (len(text) > QUOTED)}”"


# -- points and commas within a number -------------------------------------------------------------------------


def _with_points(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Cells in which a comma may stand before the decimals, or between thousands, as Python writes them: what one
    cell leaves open the others decide. Raises UnusableMatrix where none does, or where they disagree."""
    rows = [[_SPACED.sub("", cell) for cell in row] for row in rows]
    decided = {mark: cell for row in rows for cell in row if (mark := _decimal_mark(cell))}
    if len(decided) == 2:
        message = _("{one} and {other}: write all decimals after a point, or all after a comma.")
        raise UnusableMatrix(message.format(one=_quoted(decided["."]), other=_quoted(decided[","])))
    return [[_with_point(cell, "".join(decided), i, j) for j, cell in enumerate(row)] for i, row in enumerate(rows)]


def _decimal_mark(cell: str) -> str:
    """What stands before the decimals, "." or ",", where the cell alone says it; else ""."""
    if not _NUMBER.fullmatch(cell) or _UNDECIDED.fullmatch(cell):
        return ""
    marks = re.sub(r"[^.,]", "", cell)
    if len(marks) > 1 and len(set(marks)) == 1:  # thousands, so that the other one is left
        return {".": ",", ",": "."}[marks[0]]
    return marks[-1:]


def _with_point(cell: str, mark: str, row: int, column: int) -> str:
    """With `mark` before the decimals; where it is "" a point is."""
    if not mark and _UNDECIDED.fullmatch(cell) and "," in cell:
        message = _("Row {row}, column {column} is {cell}: thousands, or three decimals? Write {one}, or {other}.")
        said = {"one": cell.replace(",", ""), "other": cell.replace(",", ".")}
        raise UnusableMatrix(message.format(row=row + 1, column=column + 1, cell=_quoted(cell), **said))
    mark = mark or "."
    between = {".": ",", ",": "."}[mark]
    whole, found, decimals = cell.partition(mark)
    if between in whole and re.fullmatch(rf"[+-]?[1-9]\d{{0,2}}(?:\{between}\d{{3}})+", whole):
        whole = whole.replace(between, "")
    return whole + ("." if found else "") + decimals


def _alone(typed: str, row: int = 0, column: int = 0) -> str:
    """As Python writes it, a number that says itself what its points and commas mean."""
    if len(typed) > LONGEST_NUMBER:
        message = _("Row {row}, column {column} has {n:,} characters; a number needs far fewer.")
        raise UnusableMatrix(message.format(row=row + 1, column=column + 1, n=len(typed)))
    cell = _SPACED.sub("", _uniform(typed).strip())
    return _with_point(cell, _decimal_mark(cell), row, column)


def written(matrix: Tensor) -> str:
    """As Python lists, with as many digits as are needed to get the same numbers back."""
    rows = ", ".join("[" + ", ".join(f"{value!r}" for value in row) + "]" for row in matrix.tolist())
    return f"[{rows}]"


def lines(matrix: Tensor) -> str:
    """As CSV, a row a line, each number with at most DIGITS significant digits."""
    rows = torch.where(matrix.abs() < LEAST, 0.0, matrix).tolist()
    return "\n".join(", ".join(f"{value:.{DIGITS}g}" for value in row) for row in rows)


def addressed(matrix: Tensor) -> str:
    """Likewise for an address, of characters that stand there as they are; `from_address` reads it."""
    return lines(matrix).replace(", ", " ").replace("\n", "_")


def from_address(text: str) -> Tensor:
    """What `addressed` wrote, or anything that `parse` reads. Raises UnusableMatrix."""
    return parse(text if "[" in text else text.replace("_", "\n"))


def edited(matrix: Tensor, changes: Mapping[int, Mapping[int, str | None]]) -> Tensor:
    """With some cells replaced, {row: {column: what was typed}}, None for one left empty. Raises UnusableMatrix."""
    rows = [[f"{value!r}" for value in row] for row in matrix.tolist()]
    for row, cells in changes.items():
        for column, typed in cells.items():
            rows[row][column] = _alone(typed or "", row, column)
    numbers = [[_number(cell, i, j) for j, cell in enumerate(row)] for i, row in enumerate(rows)]
    return torch.tensor(numbers, dtype=torch.float64)


def number(text: str, least: float, most: float) -> float:
    """A single one, from least to most, read as a cell is. Raises UnusableMatrix."""
    try:
        value = float(_alone(text))
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        message = _("{cell} is no number from {least:,g} to {most:,.0f}.")
        raise UnusableMatrix(message.format(cell=_quoted(text), least=least, most=most))
    return value
