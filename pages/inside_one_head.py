"""Inside one head: the whole chain as a walk, X → Q, K, V → scores → ÷√d → mask → softmax → ·V → concat → W_O."""

from viz_core.analysis.walk import head_walk
from viz_core.language import _
from viz_core.ui import arithmetic, chain, controls, frame, show, state
from viz_core.ui.choice import chosen_in
from viz_core.ui.components.plot_bridge import plot_bridge
from viz_core.ui.scene import Scene

view = frame.start(_("Inside one head"))
model, text, recording = controls.model_and_recording(view)
choice = chosen_in(view, model, recording)
walk = head_walk(model.transformer, recording, choice.layer, choice.head)

controls.head_and_cell(choice, recording)
step = chain.strip(view.step)
scene = Scene(model, recording, walk, choice, frame.theme())
linked = step.draw(scene)
show.badge(walk.record)

if step.name not in {"x", "qkv"}:  # no cells yet
    arithmetic.behind_the_cell(scene, with_products=step.name != "scores")
plot_bridge(
    linked,
    chosen=(choice.query, choice.key),
    shape=choice.size,
    key="bridge",
    on_choose=lambda query, key: state.show(query=query, key=key),
)
state.mirror()
