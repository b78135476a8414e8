"""What every page asks the visitor for: the model and the sentence. The two visitor errors are caught here.

A failed input leaves the last good picture standing: its sentence is shown, what was typed stays in the box.
"""

from collections.abc import Callable, Collection, Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from viz_core.language import _
from viz_core.models import Model, UnusableText, WeightsUnavailable, bundled_readers
from viz_core.recording import Recording
from viz_core.ui import classroom, downloads, server, settings, show, state, store, waiting
from viz_core.ui.choice import Choice
from viz_core.ui.taking import recordings, shown
from viz_core.ui.workshop import Progress

START = (state.View.model, state.View.text)

EXAMPLES = {  # name on the button: a text whose attention shows something
    "a repeated sentence": "The little dog chased the red ball. The little dog chased the red",
    "a story": "The dog bit the man because he was angry.",
    "a name again": "Once upon a time, there was a girl named Lily. Lily and her mom went to the park. Lily",
    "같은 말 되풀이": "커피 마시고 싶어. 커피 마시고",
    "영화 이야기": "이 영화는 정말 재미있어요. 배우들의 연기가",
}


def model_and_recording(view: state.View, *, examples: bool = False) -> tuple[Model, str, Recording]:
    """The sentence box and the model chooser; returns the model, the text and its recording.

    When the input cannot be used, says why and returns the last that could.
    """
    box, chooser = st.columns([4, 1.35], vertical_alignment="bottom")
    with box, st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        _sentence_box(view)
        _long_text_box(view)
        menu = recordings.menu()
    model, text, recording = _asked_for(view, chooser, examples=examples)
    shown.reads(model.name, text)
    recordings.offer(menu, view, model, text, recording)
    return model, text, recording


def _asked_for(view: state.View, chooser: DeltaGenerator, *, examples: bool) -> tuple[Model, str, Recording]:
    with chooser:
        _model_chooser(view)
    if examples:
        _examples()
    says = st.container()
    good: tuple[str, str] = st.session_state.get("good", START)
    model = _model_or_sentence(view.model, good, says)
    if model is None:
        return _last_good([good, START], says)
    try:
        text = _as_read(model, view.text, says)
        with waiting.shown(says, "recording", _reading, lambda: state.show(model=good[0], text=good[1])) as report:
            recording = store.recording(model, text, report)
    except UnusableText as error:
        _say_unusable(error, model, view.text, says)
        return _last_good([(model.name, good[1]), good, START], says)
    st.session_state["good"] = (view.model, text)
    return model, text, recording


def _as_read(model: Model, text: str, place: DeltaGenerator) -> str:
    """The text, or, of a model that was trained on conversations, what the visitor says in one. Raises UnusableText."""
    if model.chat is None:
        return text
    with place:
        words = _("The text becomes what a user says, in this model's chat template, with the opening of its answer.")
        chatting = settings.switch("chat", _("As a conversation"), help=words)
    if not chatting or not text.strip():
        return text
    key = ("conversation", model.name, model.revision, text)
    said = store.finding(key, lambda: model.conversation([{"role": "user", "content": text}]))
    opening = said.partition(text)[0]
    return text if opening and text.startswith(opening) else said  # a token was added to one: it is one already


def _sentence_box(view: state.View) -> None:
    """In a session that has just begun, the browser may still hold what was typed in one that is gone: the server
    began anew, or the connection was lost for longer than sessions are kept. That is then what the visitor meant."""
    begins = "sentence" not in st.session_state and "good" not in st.session_state
    if not begins:
        settings.put("sentence", view.text)
    typed = st.text_input(
        _("Type a sentence"),
        view.text if begins else "",
        key="sentence",
        on_change=lambda: _new_text(st.session_state["sentence"]),
        placeholder=_("Type a sentence in English or Korean and press Enter"),
    )
    if begins and typed != view.text:
        _new_text(typed)
        st.rerun()


def _long_text_box(view: state.View) -> None:
    """For text of several lines: a one-line box would run them together."""
    words = _("A longer text, of several lines")
    with st.popover(words, icon=":material/notes:", help=words, width="content", key="long-text-menu"):
        begins = "long_text_of" not in st.session_state  # the browser may still hold a draft: see _sentence_box
        written = "long_text" in st.session_state and st.session_state.get("long_text_of") == view.text
        if not (begins or written):  # else a rerun would overwrite what is being written
            st.session_state["long_text"] = view.text
        st.session_state["long_text_of"] = view.text
        draft = view.text if begins else ""
        st.text_area(_("A longer text"), draft, key="long_text", height=260, on_change="ignore", width=560)
        st.button(_("Look at this text"), type="primary", on_click=lambda: _new_text(st.session_state["long_text"]))


def _model_chooser(view: state.View) -> None:
    names = server.offered()
    settings.put("model_name", view.model)
    st.selectbox(
        _("Model"),
        names if view.model in names else [view.model, *names],
        key="model_name",
        accept_new_options=may_type(),
        on_change=lambda: state.show(
            model=(st.session_state["model_name"] or state.View.model).strip(), layer=-1, head=-1, query=-1, key=-1
        ),
        help=_about_models(names),
    )


def may_type() -> bool:
    """Whether a model may be asked for that is not offered."""
    return bool(server.others()) and not classroom.current().models


def _about_models(names: Collection[str]) -> str:
    """What is true of those offered, and of what may be typed."""
    said = [
        _(
            "These come with the program: **tiny-gpt** reads left to right; **tiny-bert** sees both sides and guesses "
            "hidden words; **formation** is a small model whose training can be watched; the five **positions-…** "
            "differ only in how they know the order of words."
        )
    ]
    own = {*bundled_readers()}
    if any(name.partition("@")[0] not in own and not name.startswith(("/", "~")) for name in names):
        said.append(_("The others are downloaded once."))
    if may_type():
        kinds = [_("a step of a training (formation@1650 is formation’s step 1,650)"), *server.others()]
        words = _("You may also type the name of another one: {kinds}.")
        said.append(words.format(kinds="; ".join(map(show.literal, kinds))))
    return " ".join(said)


def _examples() -> None:
    """The teacher's sentences, where there are some."""
    own = dict(classroom.current().sentences)
    examples = own or EXAMPLES
    st.pills(
        _("Examples"),
        list(examples),
        format_func=show.literal if own else _named,
        key="example",
        label_visibility="collapsed",
        on_change=lambda: _take_example(examples),
    )


def _named(example: str) -> str:
    """Those in Korean are called in Korean, in every language."""
    english = {
        "a repeated sentence": _("a repeated sentence"),
        "a story": _("a story"),
        "a name again": _("a name again"),
    }
    return english.get(example, example)


def _take_example(examples: Mapping[str, str]) -> None:
    if st.session_state["example"] in examples:  # else none, or a word of the language before
        _new_text(examples[st.session_state["example"]])
    st.session_state["example"] = None


def _new_text(text: str) -> None:
    state.show(text=text, query=-1, key=-1)


def _reading(progress: Progress) -> str:
    words = _("Reading the text: layer {done} of {total}")
    return words.format(done=progress.done + 1, total=progress.total) if progress.total else _("Reading the text …")


def _model_or_sentence(name: str, good: tuple[str, str], says: DeltaGenerator) -> Model | None:
    def loading(progress: Progress) -> str:
        if not progress.total:
            return _("Loading {name} …").format(name=show.literal(name))
        words = _("Downloading {name}: {file}, {done:,.0f} of {total:,.0f} MB")
        done, total = progress.done / 1e6, progress.total / 1e6
        return words.format(name=show.literal(name), file=show.literal(progress.what), done=done, total=total)

    def back() -> None:
        state.show(model=good[0], layer=-1, head=-1)

    try:
        if not downloads.wanted(name, says, back):
            return None
        with waiting.shown(says, "model", loading, back) as report:
            return store.model(name, report)
    except WeightsUnavailable as error:
        says.error(show.literal(_short(str(error), 400)), icon=":material/cloud_off:")
        if name != state.View.model:
            says.button(
                _("Use the bundled model"),
                key="use_bundled",
                on_click=lambda: state.show(model=state.View.model, layer=-1, head=-1),
            )
        return None


def _last_good(candidates: list[tuple[str, str]], says: DeltaGenerator) -> tuple[Model, str, Recording]:
    """The first (model, text) that can be shown; the last one is what the program comes with, and must be."""
    for name, text in candidates:
        try:
            model = store.model(name)
            recording = store.recording(model, text)
        except (UnusableText, WeightsUnavailable):
            if (name, text) == START:
                raise
            continue
        words = _("Still shown below: “{text}” in {model}.")
        says.caption(words.format(text=show.literal(_short(text)), model=show.literal(name)))
        return model, text, recording
    raise AssertionError("no candidates")


def _say_unusable(error: UnusableText, model: Model, text: str, says: DeltaGenerator) -> None:
    says.error(show.literal(_short(str(error), 400)), icon=":material/error:")
    if error.limit is not None or error.characters is not None:
        to_tokens = _("Cut it to the first {limit} tokens").format(limit=error.limit)
        says.button(
            _("Cut it to what this model takes") if error.limit is None else to_tokens,
            key="cut",
            on_click=lambda: _cut(model, text),
        )
    uncut, why = st.session_state.pop("uncut", ("", ""))
    if uncut == text and why:
        says.error(show.literal(_short(why, 400)), icon=":material/error:")


def _cut(model: Model, text: str) -> None:
    """Where that fails, the text stays as it was typed, and why is said below it."""
    try:
        _new_text(model.cut(text))
    except UnusableText as error:
        st.session_state["uncut"] = (text, str(error))


def _short(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def head_and_cell(
    choice: Choice, recording: Recording, asked: Collection[str] = ("layer", "head", "query", "key")
) -> None:
    """Choosers for layer, head, row and column, or those `asked`: what a click does, for the keyboard and for screen
    readers. A row without a column is just a token."""
    names = [f"{index} {token}" for index, token in enumerate(recording.tokens)]
    row = _("Row looks (query)") if "key" in asked else _("Token")
    fields: tuple[tuple[str, str, int, int, int, Callable[[int], str]], ...] = (
        ("layer", _("Layer"), choice.layer, len(recording.blocks), 92, str),
        ("head", _("Head"), choice.head, recording.blocks[choice.layer].attention.n_head, 92, str),
        ("query", row, choice.query, choice.size[0], 172, names.__getitem__),
        ("key", _("at column (key)"), choice.key, choice.size[1], 172, names.__getitem__),
    )

    def take(name: str, count: int) -> None:
        chosen = st.session_state[f"choose-{name}"]
        if chosen in range(count):  # else a word of the sentence before
            # of a model that stands in for the visitor's own, the head shown may not be the view's
            state.show(**({"layer": choice.layer, "head": choice.head} | {name: chosen}))

    with st.container(horizontal=True):
        for name, label, value, count, width, says in (field for field in fields if field[0] in asked):
            settings.put(f"choose-{name}", value, says(value))
            st.selectbox(
                label,
                list(range(count)),
                format_func=says,
                key=f"choose-{name}",
                width=width,
                on_change=take,
                args=(name, count),
            )
