"""The KV cache: what one step of generation computes with it and without, and how large it gets."""

import streamlit as st

from viz_core.language import _
from viz_core.ui import maps
from viz_core.ui.mechanism.efficient import cache_sizes, written
from viz_core.ui.scene import Scene


def kept_or_computed_again(scene: Scene) -> list[str]:
    maps.explain(
        _(
            r"\text{row } n:\quad z_n=\mathrm{softmax}"
            r"\!\Big(\tfrac{q_n\,[K_{\text{kept}};\,k_n]^{\!\top}}{\sqrt{d_k}}\Big)\,[V_{\text{kept}};\,v_n]"
        ),
        _(
            "To write the next token **one** new row is computed: the query of the newest token read, against the keys "
            "and values of all so far. In a decoder those never change, as no row sees what comes later: the KV cache "
            "keeps them."
        ),
    )
    if scene.model.both_sides:
        st.info(
            _(
                "{model} is an encoder: every row sees both sides, so one more token changes **every** row, and with "
                "it the keys and values of all layers above the first. There is nothing to keep, and it does not write "
                "token by token. Choose a decoder (tiny-gpt, or GPT-2) to see one generate both ways."
            ).format(model=scene.model.name),
            icon=":material/info:",
        )
    elif len(scene.tokens) >= scene.model.context:
        st.info(
            _(
                "The text fills the model's context: {n} of {n} tokens. There is no room to write on, with a cache or "
                "without. Shorten the text to see it generate."
            ).format(n=f"{scene.model.context:,}"),
            icon=":material/info:",
        )
    else:
        written.both_ways(scene)
    cache_sizes.at_any_length(scene)
    return []
