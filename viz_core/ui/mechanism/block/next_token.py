"""From logits to the next token: temperature, top-k, top-p, a draw, and the token added to the sentence."""

import pandas as pd
import streamlit as st
import torch

from viz_core.analysis.sampling import Sampling, sampling_of
from viz_core.figures.sampling import sampling_bars
from viz_core.language import _
from viz_core.ui import controls, maps, settings, show, state
from viz_core.ui.mechanism.block import growth
from viz_core.ui.scene import Scene
from viz_core.ui.show import number, quoted

TEMPERATURES = [0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0]
COUNTS = [1, 2, 3, 5, 10, 20, 40, 100, 1000]
SHARES = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0]
DRAWN = 10  # tokens


def next_token(scene: Scene) -> list[str]:
    if scene.model.both_sides:
        _no_next(scene)
        return []
    maps.explain(
        r"p_i = \frac{e^{z_i/T}}{\sum_j e^{z_j/T}} \;\to\; \text{top-}k \;\to\; \text{top-}p \;\to\; "
        + _(r"\frac{p_i}{\sum_{\text{kept}} p_j}"),
        _(
            "The last token's vector gives one logit $z$ for each of {vocab:,} tokens. The temperature $T$ divides "
            "them; top-k keeps the k likeliest; top-p the fewest that hold a share p together. What is kept is made to "
            "sum to 1 again, and one token is drawn."
        ).format(vocab=scene.config.vocab_size),
    )
    temperature, top_k, top_p = _asked(scene)
    found = sampling_of(scene.recording.logits[-1], temperature=temperature, top_k=top_k, top_p=top_p)
    left, right = st.columns([1.35, 1], gap="large")
    with right:
        drawn = _pick(scene, found)
        st.markdown(_said(scene, found))
    with left:
        _bars(scene, found, drawn)
    with st.expander(_("The numbers behind the bars")):
        _numbers(scene, found, temperature)
    st.markdown("#### " + _("What one more token adds"))
    left, right = st.columns([1.35, 1], gap="large")
    with left:
        controls.head_and_cell(scene.choice, scene.recording, ("layer", "head"))
        key = growth.attention(scene)
    with right:
        growth.cache(scene)
    return [key]


def _no_next(scene: Scene) -> None:
    st.info(
        _(
            "{model} is an encoder: every row sees the whole text, before and after it, and it guesses hidden words. "
            "It has no next token to draw, and adding a token would change every row, so nothing can be kept in a "
            "cache. Choose a model that reads from left to right, such as tiny-gpt."
        ).format(model=show.literal(scene.model.name)),
        icon=":material/info:",
    )
    st.button(
        _("Look at this with tiny-gpt"),
        key="use_decoder",
        on_click=lambda: state.show(model=state.View.model, layer=-1, head=-1, query=-1, key=-1),
    )


def _asked(scene: Scene) -> tuple[float, int, float]:
    vocab = scene.config.vocab_size
    first, second, third = st.columns(3, gap="medium")
    with first:
        temperature = settings.slider(
            "next_temperature", _("Temperature T"), TEMPERATURES, default=1.0, says=_says_temperature
        )
    with second:
        counts = [*(count for count in COUNTS if count < vocab), vocab]
        top_k = settings.slider(
            "top_k",
            _("top-k"),
            counts,
            default=vocab,
            says=lambda k: _("all") if k == vocab else f"{k:.0f}",
        )
    with third:
        top_p = settings.slider(
            "top_p", _("top-p"), SHARES, default=1.0, says=lambda p: _("all") if p == 1 else f"{p:g}"
        )
    return temperature, int(top_k), top_p


def _says_temperature(value: float) -> str:
    return _("0 (the likeliest alone)") if value == 0 else f"{value:g}"


def _pick(scene: Scene, found: Sampling) -> int:
    """The token that would come next, and the button that adds it."""
    how = settings.one_of("pick", _("The next token is"), {"drawn": _("drawn"), "likeliest": _("the likeliest")})
    if how == "drawn":
        seed = settings.whole_number("draw", _("Draw number"), 1, 999, default=1)
        token_id = found.draw(seed, scene.text)
    else:
        token_id = int(found.probabilities.argmax())
    label = scene.model.labels([token_id])[0]
    st.markdown(
        _("**{token}**, with a probability of {share}").format(
            token=quoted(label), share=show.share(float(found.probabilities[token_id]))
        )
    )
    if scene.model.tokenizer and not scene.model.tokenizer.is_whole([token_id]):
        st.caption(
            _(
                "This token is some bytes of a character, ⟨…⟩: most Korean letters and emoji take several. Adding it "
                "adds the likeliest tokens after it too, until the character is whole."
            )
        )
    _adding(scene, token_id)
    return token_id


def _adding(scene: Scene, token_id: int) -> None:
    """The button, and why it cannot be pressed, or what came of it, where that is not as expected."""
    n, limit = len(scene.tokens), scene.model.context
    st.button(
        _("Add it to the sentence"),
        key="add_token",
        type="primary",
        icon=":material/add:",
        disabled=n >= limit,
        on_click=_added,
        args=(scene, token_id),
    )
    if n >= limit:
        words = _("The text has {n} tokens, all that this model's context holds: it cannot grow.")
        st.caption(words.format(n=n))
    elif st.session_state.get("not whole") == (scene.model.name, scene.text, token_id):
        st.caption(_("This token is only part of a character that the model does not finish; it cannot stand alone."))
    elif st.session_state.get("cut anew") == (scene.model.name, scene.text):
        st.caption(_("Read again with what was added, the text is cut into other tokens, so older rows changed too."))


def _added(scene: Scene, token_id: int) -> None:
    longer = scene.model.extend(scene.text, token_id)
    if longer == scene.text:
        st.session_state["not whole"] = (scene.model.name, scene.text, token_id)
    else:
        token_ids = scene.model.token_ids(longer)
        if token_ids[: len(scene.tokens)] != scene.recording.token_ids.tolist():
            st.session_state["cut anew"] = (scene.model.name, longer)
        state.show(text=longer, query=len(token_ids) - 1, key=-1)


def _bars(scene: Scene, found: Sampling, drawn: int) -> None:
    shown = _shown(found, drawn)
    labels = scene.model.labels
    figure = sampling_bars(
        [labels([index])[0] for index in shown],
        found.plain[shown].tolist(),
        found.probabilities[shown].tolist(),
        [_cut_by(found, index) for index in shown],
        theme=scene.theme,
        title=_("What comes next"),
        subtitle=_("the likeliest {count} of {vocab:,} tokens; ▸ the one above the button").format(
            count=min(DRAWN, len(found.plain)), vocab=len(found.plain)
        ),
        drawn=shown.index(drawn),
    )
    show.figure(figure, "sampling", _("Probabilities of the next token, the model's own and those that are drawn from"))


def _shown(found: Sampling, drawn: int) -> list[int]:
    """The likeliest tokens, and the drawn one where it is not among them."""
    shown: list[int] = found.plain.topk(min(DRAWN, len(found.plain))).indices.tolist()
    return shown if drawn in shown else [*shown, drawn]


def _cut_by(found: Sampling, index: int) -> str:
    if not found.in_top_k[index]:
        return _("cut: top-k")
    if found.in_top_p[index]:
        return ""
    return _("cut: T = 0") if found.tempered[index] == 0 else _("cut: top-p")


def _said(scene: Scene, found: Sampling) -> str:
    kept = int((found.probabilities > 0).sum())
    best = int(found.plain.argmax())
    before, after = float(found.plain[best]), float(found.probabilities[best])
    vocab = len(found.plain)
    said = (
        _("All {vocab:,} tokens can be drawn.").format(vocab=vocab)
        if kept == vocab
        else _(
            "Of {vocab:,} tokens **{kept:,}** can be drawn; those cut have {share} of the model's own probability."
        ).format(vocab=vocab, kept=kept, share=show.share(float(found.plain[found.probabilities == 0].sum())))
    )
    token = quoted(scene.model.labels([best])[0])
    words = _("{token}, the likeliest, has {before} by itself and {after} now; the entropy is {old} and {new} nats.")
    entropies = [number(float(torch.special.entr(p).sum())) for p in (found.plain, found.probabilities)]
    return (
        said
        + " "
        + words.format(
            token=token, before=show.share(before), after=show.share(after), old=entropies[0], new=entropies[1]
        )
    )


def _numbers(scene: Scene, found: Sampling, temperature: float) -> None:
    shown = found.plain.topk(min(DRAWN, len(found.plain))).indices.tolist()
    logits = scene.recording.logits[-1]
    lines = [
        {
            _("token"): scene.model.labels([index])[0],
            _("logit z"): number(float(logits[index])),
            _("z / T"): number(float(found.scaled[index])) if temperature else "–",
            _("softmax"): f"{float(found.tempered[index]):.4f}",
            _("after top-k"): f"{float(found.after_top_k[index]):.4f}",
            _("likelier ones together"): f"{_before(found.after_top_k, index):.4f}",
            _("drawn from"): _cut_by(found, index) or f"{float(found.probabilities[index]):.4f}",
        }
        for index in shown
    ]
    st.dataframe(pd.DataFrame(lines), hide_index=True)
    st.caption(
        _(
            "top-p keeps a token while the likelier ones together hold less than p, and always the first. At "
            "temperature 0 nothing is divided: it stands for the limit, in which the largest logit gets everything."
        )
    )


def _before(probabilities: torch.Tensor, index: int) -> float:
    return float(probabilities[probabilities > probabilities[index]].sum())
