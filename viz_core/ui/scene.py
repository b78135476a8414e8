"""What the page "Inside one head" draws from: one model, one recording, one head, one cell."""

from dataclasses import dataclass

from viz_core.analysis.walk import HeadWalk
from viz_core.figures.palette import ThemeName
from viz_core.models import Model
from viz_core.recording import Recording
from viz_core.ui.choice import Choice


@dataclass(frozen=True, eq=False)
class Scene:
    """What a step draws from."""

    model: Model
    recording: Recording
    walk: HeadWalk
    choice: Choice
    theme: ThemeName

    @property
    def tokens(self) -> tuple[str, ...]:
        return self.recording.tokens

    @property
    def shape(self) -> dict[str, int]:
        config = self.model.transformer.config
        return {"n": len(self.tokens), "d": config.d_model, "h": config.n_head, "k": config.d_head}

    def title(self, stage: str) -> str:
        return f"{self.choice.name} · {stage}"
