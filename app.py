"""Explore, the landing page: type a sentence, see every head, choose one, see what comes next."""

import streamlit as st

from viz_core.analysis.overview import strongest_keys
from viz_core.figures import attention_heatmap
from viz_core.language import _
from viz_core.ui import controls, frame, head_roles, show, state, store
from viz_core.ui.choice import chosen_in
from viz_core.ui.components.head_grid import head_grid
from viz_core.ui.components.plot_bridge import plot_bridge
from viz_core.ui.components.token_strip import token_strip
from viz_core.ui.predictions import predictions

view = frame.start(_("Explore"))
model, text, recording = controls.model_and_recording(view, examples=True)
choice = chosen_in(view, model, recording)
record = recording.blocks[choice.layer].attention.head(choice.head)
stages = record.stages()
weights = stages.weights[0]
roles = head_roles.roles_of(model, text)
theme = frame.theme()

keys, shares = strongest_keys(weights)
token_strip(
    recording.tokens,
    row=choice.query,
    keys=keys.numpy(),
    weights=shares.numpy(),
    key="strip",
    on_choose=lambda row: state.show(query=row, key=-1),
)

st.caption(_("The model reads tokens: words or pieces of words. Hover one to see what it looks at; click to keep it."))

every_head, one_head = st.columns([1, 1.15], gap="medium")
with every_head:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.markdown("**" + _("Every head") + "**", width="content")
        head_roles.finder(model, choice, roles)
    seen = store.all_heads(model, text)
    head_grid(
        seen.tiles.numpy(),
        layer=choice.layer,
        head=choice.head,
        allowed=seen.allowed.numpy(),
        key="heads",
        on_choose=lambda layer, head: state.show(layer=layer, head=head),
    )
    st.caption(
        _(
            "Each square is one head (layers down, heads across): a row for each token, more colour where it looks "
            "(shades show √weight). Click one."
        )
    )
    predictions(model, text, recording, choice, theme)

with one_head:
    heatmap = attention_heatmap(
        weights.numpy(),
        recording.tokens,
        title=choice.name + " · " + _("weights"),
        subtitle=_("row looks at column; each row sums to 1"),
        theme=theme,
        weights=True,
        allowed=record.allowed.expand(1, *choice.size)[0].numpy(),
        unit=_("weight"),
        also={_("score"): stages.scores[0].numpy(), _("scaled"): stages.scaled_scores[0].numpy()},
    )
    show.figure(heatmap, "map", _("Attention weights of one head: rows look at columns"))
    head_roles.what_it_does(model, text, recording, choice=choice, weights=weights, roles=roles)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            "pages/inside_one_head.py",
            label=_("Walk through this head's computation"),
            icon=":material/arrow_forward:",
            query_params=state.address_of(view),
        )
        head_roles.scores(choice, roles, model.both_sides, theme)
    show.badge(record)

plot_bridge(
    ["map"],
    chosen=(choice.query, choice.key),
    shape=choice.size,
    key="bridge",
    on_choose=lambda query, key: state.show(query=query, key=key),
)
state.mirror()
