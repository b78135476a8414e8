"""What a page draws from: one model, one text and its recording, one head, one cell."""

from dataclasses import dataclass

from torch import Tensor

from viz_core.analysis.walk import HeadWalk
from viz_core.attention import AttentionRecord, Stages
from viz_core.config import TransformerConfig
from viz_core.figures.heatmaps import Window
from viz_core.figures.palette import ThemeName
from viz_core.models import Model
from viz_core.recording import Recording
from viz_core.ui.choice import Choice


@dataclass(frozen=True, eq=False, kw_only=True)
class Scene:
    model: Model
    text: str
    recording: Recording
    choice: Choice
    theme: ThemeName
    window: Window | None = None  # the part of the maps of cells that is drawn, None for all

    @property
    def tokens(self) -> tuple[str, ...]:
        return self.recording.tokens

    @property
    def config(self) -> TransformerConfig:
        return self.model.transformer.config

    @property
    def shape(self) -> dict[str, int]:
        """The letters of the formulas: n tokens, d_model, h heads, d_k."""
        return {"n": len(self.tokens), "d": self.config.d_model, "h": self.config.n_head, "k": self.config.d_head}

    @property
    def record(self) -> AttentionRecord:
        """The chosen head's, as the model has it."""
        return self.recording.blocks[self.choice.layer].attention.head(self.choice.head)

    @property
    def allowed(self) -> Tensor:
        """This head's bool [query, key]."""
        return self.record.allowed.expand(1, *self.choice.size)[0]

    def title(self, stage: str) -> str:
        return f"{self.choice.name} · {stage}"


@dataclass(frozen=True, eq=False, kw_only=True)
class HeadScene(Scene):
    """What a step of one head's chain draws from."""

    walk: HeadWalk
    stages: Stages
