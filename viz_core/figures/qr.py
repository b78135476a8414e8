"""An address as a QR code: what to draw, at any size."""

from dataclasses import dataclass

import segno
from segno.encoder import DataOverflowError

QUIET = 4  # modules of nothing around it, as ISO/IEC 18004 asks for
FINE = 89  # modules (version 18) from which a code is hard to read from far away


@dataclass(frozen=True)
class Code:
    """side: modules along an edge, those around it counted; path: the dark ones as one SVG path, a unit each."""

    side: int
    path: str

    @property
    def fine(self) -> bool:
        """Whether its modules are too small for the last row of a room."""
        return self.side - 2 * QUIET >= FINE

    def svg(self, says: str) -> str:
        """Dark on light in every theme: many readers know no other. `says` must be escaped."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.side} {self.side}" role="img" '
            f'aria-label="{says}" shape-rendering="crispEdges"><rect width="100%" height="100%" fill="#fff"/>'
            f'<path d="{self.path}" fill="#000"/></svg>'
        )


def code_of(address: str) -> Code | None:
    """The smallest code that holds it, with as much error correction as comes for nothing; None: it is too long."""
    address = address.encode("utf-8", "replace").decode()  # half of a character is none
    try:
        made = segno.make(address, error="l", micro=False, boost_error=True, encoding="utf-8", mode=None)
    except DataOverflowError:
        return None
    side = made.symbol_size(border=0)[0]
    return Code(int(side) + 2 * QUIET, "".join(_runs(made.matrix)))


def _runs(matrix: tuple[bytearray, ...]) -> list[str]:
    """Each run of dark modules as a box."""
    runs = []
    for row, modules in enumerate(matrix):
        start = None
        for column, dark in enumerate([*modules, 0]):
            if dark and start is None:
                start = column
            elif not dark and start is not None:
                runs.append(f"M{start + QUIET} {row + QUIET}h{column - start}v1h-{column - start}z")
                start = None
    return runs
