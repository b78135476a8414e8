"""The training that the page tells of, as measured when the model was made, and the visitor's sentence in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from viz_core.analysis.birth import Rise, rise_of
from viz_core.analysis.heads import role_scores
from viz_core.analysis.overview import Overview
from viz_core.edits import Edits
from viz_core.models import Model
from viz_core.recording import Recording
from viz_core.ui import store
from viz_core.ui.roles import Best, Roles
from viz_core.ui.scene import Scene

MODEL = "formation"


@dataclass(frozen=True, eq=False)
class Course:
    """models  one a moment, the last the finished one"""

    models: tuple[Model, ...]

    @property
    def last(self) -> Model:
        return self.models[-1]

    @cached_property
    def steps(self) -> list[int]:
        return [model.card["steps"] for model in self.models]

    @cached_property
    def loss(self) -> list[float]:
        """Held-out, nats a token."""
        found = {moment["step"]: moment["loss"] for moment in self.last.card["figures"]["checkpoints"]}
        return [found[step] for step in self.steps]

    @cached_property
    def history(self) -> Mapping[str, list[float]]:
        """ "step", "loss" (of training, mean since the line before), and the best head's score in each role on random
        repeats; a value for every 50 steps."""
        lines = self.last.card["history"]
        return {name: [line[name] for line in lines] for name in lines[0]}

    @cached_property
    def rises(self) -> Mapping[str, Rise]:
        """Of the heads that induction is made of."""
        return {role: rise_of(self.history["step"], self.history[role]) for role in ("previous", "induction")}

    @cached_property
    def appears(self) -> int:
        """The first moment at which induction is there; where none was kept after it came, the last."""
        step = self.history["step"][self.rises["induction"].index]
        return next((moment for moment, at in enumerate(self.steps) if at >= step), len(self.steps) - 1)

    @property
    def before(self) -> int:
        """The moment before induction appears; where it is there from the first, that one."""
        return max(self.appears - 1, 0)

    @cached_property
    def around(self) -> list[int]:
        """The moments before, at and after that at which induction appears, and the last: those that there are."""
        last = len(self.steps) - 1
        return sorted({self.before, self.appears, min(self.appears + 1, last), last})

    def best(self, role: str, moment: int) -> Best:
        """As measured when the model was made."""
        return _best(np.array(self.models[moment].card["roles"][role]))

    @cached_property
    def below(self) -> Best | None:
        """What the finished model's best induction head may be built on: the best previous-token head of the layers
        before its own; None where it is in the first."""
        layer = self.best("induction", -1).layer
        return _best(np.array(self.last.card["roles"]["previous"][:layer])) if layer else None

    def fitting(self, text: str) -> str:
        """As much of the text's beginning as the model takes, without the blanks before it where it must be cut."""
        cut = self.last.cut(text)
        return cut if cut == text else self.last.cut(text.lstrip())


def _best(scores: NDArray[np.float64]) -> Best:
    """scores [layer, head]"""
    layer, head = np.unravel_index(scores.argmax(), scores.shape)
    return Best(int(layer), int(head), float(scores[layer, head]))


@dataclass(frozen=True, eq=False, kw_only=True)
class Birth(Scene):
    """The scene at one moment: `model` and `recording` are those of that moment."""

    course: Course
    moment: int

    def recorded(self, moment: int) -> Recording:
        return store.recording(self.course.models[moment], self.text)

    def seen(self, moment: int) -> Overview:
        return store.all_heads(self.course.models[moment], self.text)

    def roles(self, moment: int) -> Roles:
        return Roles.of(self.course.models[moment].card["roles"], self.seen(moment).roles)

    def here(self, role: str) -> NDArray[np.float64]:
        """[moment]: the best head's score on this text; NaN where the role sleeps on it."""
        return np.array([float(self.seen(moment).roles[role].max()) for moment in range(len(self.course.steps))])

    def without(self, layer: int) -> list[float]:
        """The best induction score of the layers after `layer` on this text, in the finished model: as it is, then
        with each head of `layer` switched off. `layer` is not the last."""
        last = self.course.last
        off = [frozenset[tuple[int, int]](), *(frozenset({(layer, head)}) for head in range(self.config.n_head))]

        def found() -> list[float]:
            runs = [store.recording(last, self.text, edits=Edits(ablated=heads)) for heads in off]
            return [
                max(
                    float(role_scores(block.attention.weights, run.token_ids)["induction"].max())
                    for block in run.blocks[layer + 1 :]
                )
                for run in runs
            ]

        return store.finding(("without", last.name, self.text, layer), found)
