"""Explore, the landing page: type a sentence, see every head, choose one, see what comes next."""

import streamlit as st

from viz_core.analysis.overview import strongest_keys
from viz_core.figures import attention_heatmap, next_token_bars
from viz_core.language import _
from viz_core.ui import controls, frame, show, state, store
from viz_core.ui.choice import chosen_in, observation
from viz_core.ui.components.head_grid import head_grid
from viz_core.ui.components.plot_bridge import plot_bridge
from viz_core.ui.components.token_strip import token_strip

view = frame.start(_("Explore"))
model, text, recording = controls.model_and_recording(view, examples=True)
choice = chosen_in(view, model, recording)
record = recording.blocks[choice.layer].attention.head(choice.head)
stages = record.stages()
weights = stages.weights[0]
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
    st.markdown("**" + _("Every head: layers down, heads across") + "**")
    tiles, allowed = store.tiles(model, text)
    head_grid(
        tiles,
        layer=choice.layer,
        head=choice.head,
        allowed=allowed,
        key="heads",
        on_choose=lambda layer, head: state.show(layer=layer, head=head),
    )
    st.caption(
        _("Each square is one head: a row for each token, more colour where it looks (shades show √weight). Click one.")
    )
    st.markdown(
        "**"
        + _("What {model} would say next").format(model=show.literal(model.name))
        + "** · "
        + _("click a bar to add it")
    )
    following = model.next_tokens(recording, 6)
    labels, odds = [token.label for token in following], [token.probability for token in following]
    show.figure(
        next_token_bars(labels, odds, theme=theme, height=160),
        "next",
        _("The likeliest next tokens"),
        on_bar=lambda index: state.show(text=model.extend(text, following[index].token_id), query=-1, key=-1),
    )

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
    st.markdown(observation(weights, recording.token_ids))
    st.page_link(
        "pages/inside_one_head.py",
        label=_("Walk through this head's computation"),
        icon=":material/arrow_forward:",
        query_params=state.address_of(view),
    )
    show.badge(record)

plot_bridge(
    ["map"],
    chosen=(choice.query, choice.key),
    shape=choice.size,
    key="bridge",
    on_choose=lambda query, key: state.show(query=query, key=key),
)
state.mirror()
