"""Inside one head: the whole chain as a walk, X → Q, K, V → scores → ÷√d → mask → softmax → ·V → concat → W_O."""

from viz_core.language import _
from viz_core.models import Model
from viz_core.recording import Recording
from viz_core.ui import arithmetic, chain, controls, frame, own_code, reading, show, state, store, themes, window
from viz_core.ui.choice import chosen_in
from viz_core.ui.components.bridge import bridge
from viz_core.ui.scene import HeadScene


@frame.live
def inside(view: state.View, model: Model, text: str, recording: Recording) -> None:
    choice = chosen_in(view, model, recording)
    controls.head_and_cell(choice, recording)
    step = own_code.strip(chain.STEPS, model, name="step", says=_("Step of the computation"))
    stages = store.stages(model, text, choice.layer, choice.head)
    scene = HeadScene(
        model=model,
        text=text,
        recording=recording,
        choice=choice,
        theme=themes.theme(),
        window=window.of(model.name, text, choice.size),
        path=store.walk(model, text, choice.layer, choice.head) if model.own else None,
        stages=stages,
    )
    linked = own_code.drawn(step, scene, model)
    if step.name != "softmax" or reading.now(predicts=model.predicts).plain:
        show.badge(scene.record, choice.identity(model, text))
    if linked and step.name not in {"x", "qkv"}:  # no cells yet
        arithmetic.behind_the_cell(scene, with_products=step.name != "scores")
    bridge(
        linked,
        of=f"{model.name} {text}",
        chosen=choice.chosen,
        limits=choice.limits(recording),
        window=scene.window,
        on_choose=state.show,
        on_window=lambda part: window.keep(model.name, text, part),
    )


with frame.page("inside_one_head") as view:
    inside(*controls.model_and_recording(view))
