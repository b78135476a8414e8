"""What one step over a tile does, in words and as a filled-in formula."""

from viz_core.efficiency.online_softmax import Step
from viz_core.efficiency.tile_walk import Walk, watched
from viz_core.figures.labels import unspaced
from viz_core.language import _
from viz_core.ui.formulas import digits
from viz_core.ui.scene import Scene
from viz_core.ui.show import number


def of_step(scene: Scene, walk: Walk, index: int) -> str:
    """One line, not Markdown: the player writes it."""
    step = walk.steps[index]
    place = _("Tile {number} of {all}: rows {rows}, keys {keys}.").format(
        number=index + 1, all=len(walk.steps), rows=_span(*step.rows), keys=_span(*step.keys)
    )
    done = index + 1 == len(walk.steps) or walk.steps[index + 1].rows != step.rows
    last = _("These rows have seen all: o/ℓ is their context.") if done else ""
    return " ".join(part for part in (place, _row(scene, step), last) if part)


def _row(scene: Scene, step: Step) -> str:
    at = watched(step, scene.choice.query)
    row = step.rows[0] + at
    before, after = float(step.before.largest[at]), float(step.after.largest[at])
    named = _("Row {row} (“{token}”)").format(row=row, token=unspaced(scene.tokens[row]))
    if before == -float("inf"):
        said = _("{row} starts: its largest score is {score}, its sum {total}. There is nothing to rescale yet.")
    elif after > before:
        said = _("{row} meets a larger score ({before} → {score}): what was summed so far is multiplied by {factor}.")
    else:
        said = _("{row} meets no score above {score}: nothing is rescaled, {added} is added to its sum.")
    return said.format(
        row=named,
        before=number(before),
        score=number(after),
        total=number(float(step.after.total[at])),
        factor=number(float(step.rescaled[at])),
        added=number(float(step.added[at])),
    )


def filled_in(step: Step, row: int) -> str:
    """The online softmax with the numbers of one row, as KaTeX."""
    at = watched(step, row)
    before, after = step.before, step.after
    largest, total = float(before.largest[at]), float(before.total[at])
    new, factor, added = float(after.largest[at]), float(step.rescaled[at]), float(step.added[at])
    in_tile = float(step.scores[at].max())
    old_m = r"-\infty" if largest == -float("inf") else digits(largest)
    tile_m = r"-\infty" if in_tile == -float("inf") else digits(in_tile)
    power = f"e^{{S_j - {_bracketed(new)}}}"
    lines = [
        rf"m' &= \max({old_m},\ {tile_m}) = {digits(new)}",
        rf"\ell' &= e^{{{old_m} - {_bracketed(new)}}} \cdot {digits(total)} + \textstyle\sum_j {power}",
        rf"&= {digits(factor)} \cdot {digits(total)} + {digits(added)} = {digits(float(after.total[at]))}",
        rf"o' &= {digits(factor)} \cdot o + \textstyle\sum_j {power}\, v_j",
    ]
    return r"\begin{aligned} " + r" \\ ".join(lines) + r" \end{aligned}"


def _bracketed(value: float) -> str:
    return f"({digits(value)})" if value < 0 else digits(value)


def _span(first: int, end: int) -> str:
    return str(first) if end - first == 1 else f"{first}–{end - 1}"
