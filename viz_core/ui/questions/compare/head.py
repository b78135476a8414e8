"""B is another head, or a head of another layer, of the same run."""

import numpy as np
import streamlit as st

from viz_core.edits import Edits
from viz_core.language import _
from viz_core.ui import controls, settings, state
from viz_core.ui.questions.compare import heads, layout, nexts, ranking
from viz_core.ui.questions.compare.ranking import Place, Ranking
from viz_core.ui.questions.compare.sides import Pair, Side, first_side, with_head
from viz_core.ui.roles import head_name
from viz_core.ui.scene import Scene


def another_head(scene: Scene) -> list[str]:
    own, other, said = st.columns([1, 1, 1.6], gap="medium", vertical_alignment="bottom")
    place = st.container()
    first, second = _both(scene)
    at = (first.layer, first.head)
    values = ranking.likeness(Pair.of(first, second), place)
    alike = Ranking(values=values, chosen=at, choose=heads.keep_b, title="", subtitle="", own=at, nearest=True).order()
    chosen = heads.of_b(scene.recording, alike[0] if alike else at)
    pair = Pair.of(first, with_head(second, chosen))
    with own:
        controls.head_and_cell(scene.choice, scene.recording, ("layer", "head"))
    with other:
        _chooser(scene, chosen)
    if not alike and values.size == 1:
        st.info(_("This model has one head: there is no other to compare with."), icon=":material/info:")
    if alike:
        said.markdown(_most_and_least(first.name, alike))
    every = Ranking(
        values=values,
        chosen=chosen,
        choose=heads.keep_b,
        title=_("Which heads are like {head}?").format(head=first.name),
        subtitle=_("The distance of each head from A’s, on this text: the smaller the more alike. Click one to be B."),
        own=at,
        nearest=True,
    )
    return layout.drawn(
        scene, pair, every, lambda seen: _without(seen, [{at}, {chosen}], (first.name, pair.second.name))
    )


def _most_and_least(own: str, alike: list[Place]) -> str:
    """`alike`: the other heads, the most alike first."""
    words = (
        _("Most like {head} on this text: {one}; least: {other}.")
        if len(alike) > 1
        else _("Besides {head} there is {one} alone.")
    )
    return words.format(head=own, one=head_name(*alike[0]), other=head_name(*alike[-1]))


def _chooser(scene: Scene, chosen: Place) -> None:
    """B's layer and head."""
    layers = range(len(scene.recording.blocks))
    counts = [block.attention.n_head for block in scene.recording.blocks]

    def take() -> None:
        layer, head = st.session_state["other-layer"], st.session_state["other-head"]
        if layer in layers and head in range(max(counts)):  # else one of another model, sent before this one came
            heads.keep_b((layer, min(head, counts[layer] - 1)))

    with st.container(horizontal=True):
        settings.put("other-layer", chosen[0])
        st.selectbox(_("B: layer"), list(layers), key="other-layer", width=92, on_change=take)
        settings.put("other-head", chosen[1])
        st.selectbox(_("B: head"), list(range(counts[chosen[0]])), key="other-head", width=92, on_change=take)


def another_layer(scene: Scene) -> list[str]:
    """Heads have no counterparts by number: each is matched with the one of the other layer that is most like it."""
    layers = len(scene.recording.blocks)
    if layers == 1:
        if scene.recording.blocks[0].attention.n_head > 1:  # else what follows says it
            st.info(_("This model has one layer: there is no other to compare with."), icon=":material/info:")
        return another_head(scene)
    own, other, said = st.columns([1, 0.6, 2], gap="medium", vertical_alignment="bottom")
    at = scene.choice
    with other:
        options = {str(layer): str(layer) for layer in range(layers) if layer != at.layer}
        default = str(at.layer + 1 if at.layer + 1 < layers else at.layer - 1)
        layer = int(settings.choice("other_layer", _("B: layer"), options, default=default))
    with own:
        controls.head_and_cell(at, scene.recording, ("layer", "head"))
    first, second = _both(scene)
    values = ranking.pairs(Pair.of(first, second), (at.layer, layer), st.container())
    best = [(head, int(np.nan_to_num(row, nan=np.inf).argmin())) for head, row in enumerate(values)]
    chosen = (at.head, heads.of_b(scene.recording, (layer, best[at.head][1]), layer)[1])
    pair = Pair.of(first, with_head(second, (layer, chosen[1])))

    def choose(place: Place) -> None:
        state.show(layer=at.layer, head=place[0], key=-1)
        heads.keep_b((layer, place[1]))

    every = Ranking(
        values=values,
        chosen=chosen,
        choose=choose,
        title=_("Heads of layer {one} (A, down) against heads of layer {other} (B, across)").format(
            one=at.layer, other=layer
        ),
        subtitle=_(
            "The distance of every two heads on this text: the smaller the more alike. Click a pair for its maps."
        ),
        names=lambda place: f"{head_name(at.layer, place[0])} – {head_name(layer, place[1])}",
        nearest=True,
        listed=best,
        axes=("A·H", "B·H"),
    )
    order = every.order()
    if order:
        words = _(
            "Head numbers mean nothing across layers, so each head of A’s layer is matched with the one of B’s that is "
            "most like it. The closest match: {pair}."
        )
        said.markdown(words.format(pair=every.names(order[0])))
    off = [
        {(number, head) for head in range(scene.recording.blocks[number].attention.n_head)}
        for number in (at.layer, layer)
    ]
    names = tuple(_("layer {layer}").format(layer=number) for number in (at.layer, layer))
    return layout.drawn(scene, pair, every, lambda seen: _without(seen, off, (names[0], names[1])))


def _both(scene: Scene) -> tuple[Side, Side]:
    first = first_side(scene, "")
    second = Side(
        letter="B",
        says="",
        model=scene.model,
        text=scene.text,
        recording=scene.recording,
        layer=first.layer,
        head=first.head,
    )
    return first, second


def _without(scene: Scene, off: list[set[Place]], names: tuple[str, str]) -> None:
    if off[0] == off[1]:
        st.markdown(_("A and B are the same head: there are no two absences to compare."))
        return
    nexts.without(scene, names, (Edits(ablated=frozenset(off[0])), Edits(ablated=frozenset(off[1]))))
