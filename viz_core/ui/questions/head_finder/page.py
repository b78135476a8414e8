"""What the page does before it draws a part: look at all heads, and whatever long work of the part was asked for."""

from viz_core.models import Model
from viz_core.recording import Recording
from viz_core.ui import state
from viz_core.ui.questions.head_finder import heads, repeats

LONG_WORK = {"alike": heads.do_likeness, "map": heads.do_likeness, "repeats": repeats.do_probe}


def prepare(model: Model, text: str, recording: Recording) -> None:
    heads.prepare(model, text, recording)
    work = LONG_WORK.get(state.setting("part"))
    if work is not None:
        work(model, text, recording)
