"""What a page draws from: one model, one text and its recording, one head, one cell."""

from dataclasses import dataclass

from torch import Tensor

from viz_core.analysis.walk import HeadWalk
from viz_core.attention import AttentionRecord, Stages
from viz_core.config import TransformerConfig
from viz_core.figures.heatmaps import Window
from viz_core.figures.palette import ThemeName
from viz_core.models import Model
from viz_core.recording import Recording, Unrecorded
from viz_core.ui import store
from viz_core.ui.choice import Choice
from viz_core.ui.formulas import Rule, rule_of, rule_seen


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
        """Raises Unrecorded for a model that runs by its own code."""
        return self.model.transformer.config

    @property
    def rule(self) -> Rule:
        """How the chosen layer makes masked scores of scores."""
        return rule_of(self.config, self.choice.layer) if self.model.own else rule_seen(self.record)

    @property
    def shape(self) -> dict[str, int]:
        """The letters of the formulas: n tokens, d_model, h heads, d_k."""
        query = self.recording.blocks[self.choice.layer].attention.query
        return {
            "n": len(self.tokens),
            "d": self.recording.embeddings.shape[-1],
            "h": query.shape[-3],
            "k": query.shape[-1],
        }

    @property
    def n_layer(self) -> int:
        return len(self.recording.blocks)

    @property
    def n_head(self) -> int:
        """Of the chosen layer; models whose layers differ are rare."""
        return self.recording.blocks[self.choice.layer].attention.n_head

    @property
    def rotary(self) -> bool:
        """Whether it is known that queries and keys were turned."""
        return self.model.own and self.config.positions == "rotary"

    @property
    def record(self) -> AttentionRecord:
        """The chosen head's, as the model has it."""
        return self.recording.blocks[self.choice.layer].attention.head(self.choice.head)

    @property
    def allowed(self) -> Tensor:
        """This head's bool [query, key]."""
        return self.record.allowed.expand(1, *self.choice.size)[0]

    def is_heavy(self, times: float = 1) -> bool:
        """Whether to run the model so many times over the text is heavy work."""
        return store.is_heavy(self.model, len(self.tokens), times)

    def title(self, stage: str) -> str:
        return f"{self.choice.name} · {stage}"


@dataclass(frozen=True, eq=False, kw_only=True)
class HeadScene(Scene):
    """What a step of one head's chain draws from. path: None for a model that runs by its own code."""

    path: HeadWalk | None
    stages: Stages

    @property
    def walk(self) -> HeadWalk:
        """From X to the layer's output. Raises Unrecorded where that is not known."""
        if self.path is None:
            raise Unrecorded(f"{self.model.name} runs by its own code: X, W_Q, W_K, W_V are not recorded")
        return self.path
