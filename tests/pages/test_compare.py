"""The page "Compare" through Streamlit's AppTest: every B on every kind of model, and what cannot be compared."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

import viz_core
from tests.models.checkpoints import saved
from tests.pages.test_pages import SENTENCE, drawn, opened
from tests.pages.test_variants import bundle
from viz_core.analysis.predictions import change_of
from viz_core.edits import Edits
from viz_core.models import Model, bundled
from viz_core.ui import store
from viz_core.ui.questions.compare import layout, pictures, ranking
from viz_core.ui.questions.compare.ranking import Ranking
from viz_core.ui.questions.compare.sentence import one_word_changed
from viz_core.ui.questions.compare.sides import Pair, Side
from viz_core.ui.show import number
from viz_core.ui.whatif import size_of

PAGE = "pages/compare.py"
PARTS = ["sentence", "head", "layer", "model", "edit"]
MODELS = ["tiny-gpt", "tiny-bert", "formation", "positions-rotary", "positions-alibi", "positions-none"]


def said(app: AppTest) -> str:
    return " ".join([*(text.value for text in app.markdown), *(text.value for text in app.caption)])


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("part", PARTS)
def test_every_b_shows_something_at_once(part: str, model: str) -> None:
    app = opened(PAGE, part=part, model=model, text=SENTENCE)
    assert not app.exception
    assert not app.error
    assert drawn(app) >= 5, "three maps, the list, the next token"
    assert "(Jensen–Shannon distance **" in said(app)
    assert "(Jensen–Shannon distance **0**" not in said(app), "the default B is not the same as A"


@pytest.mark.parametrize("kind", ["scale", "temperature", "mask", "off"])
@pytest.mark.parametrize("scope", ["head", "layer", "all"])
@pytest.mark.parametrize("model", ["tiny-gpt", "tiny-bert"])
def test_every_edit_is_compared(kind: str, scope: str, model: str) -> None:
    app = opened(PAGE, part="edit", edit=kind, edit_in=scope, model=model, text=SENTENCE)
    assert not app.exception
    assert not app.error
    assert "KL divergence" in said(app)
    assert ("The masks differ" in said(app)) == (kind == "mask")


def test_the_prediction_is_that_of_the_edit() -> None:
    app = opened(
        PAGE, part="edit", text=SENTENCE, edit_layer="3", edit_head="0", edit_temperature="5.0", edit="temperature"
    )
    model = viz_core.load("tiny-gpt")
    edits = Edits(temperature=5.0, at=frozenset({(3, 0)}))
    change = change_of(model.record(SENTENCE).logits[-1], model.record(SENTENCE, edits).logits[-1], 5)
    assert f"KL divergence {size_of(change.divergence)} nats" in said(app)
    assert "L3·H0 is edited itself" in said(app), "the head that changed most is shown"
    assert "**L3·H0** changed most of 24 heads" in said(app)


def test_what_is_switched_off_shows_in_later_layers_alone() -> None:
    app = opened(PAGE, part="edit", edit="off", edit_in="layer", model="tiny-bert", text=SENTENCE)
    assert "stands after the edit" in said(app), "a last layer that is off would change no map"
    app = opened(PAGE, part="edit", edit="off", edit_in="layer", edit_layer="3", model="tiny-bert", text=SENTENCE)
    assert "The weights of no head change" in said(app)
    assert "KL divergence" in said(app)


def test_what_the_sentences_share_is_listed() -> None:
    app = opened(PAGE, text="The dog bit the man", other_text="The dog bit a big man")
    assert "share **4** tokens, in the same order (A has 5, B 6)" in said(app)
    assert "Only in A: “the”." in said(app)
    assert "Only in B: “a”, “big”." in said(app)
    app = opened(PAGE, text="The dog bit the man", other_text="The cat bit the man", paired="1")
    assert "Replaced, and compared one for one: “dog” → “cat”." in said(app)
    assert "share **" not in said(app)


@pytest.mark.parametrize(
    "other", ["Korean 커피", "👋🏽 ok", "<script>alert(1)</script>", "$x$ **b** `c` <s>", "مرحبا", "a\x00b"]
)
def test_an_unusual_second_sentence_is_compared(other: str) -> None:
    app = opened(PAGE, text=SENTENCE, other_text=other)
    assert not app.exception
    assert not app.error


@pytest.mark.parametrize(
    ("typed", "says"), [("", "blank"), ("  ", "blank"), ("word " * 400, "at most 256")], ids=["empty", "blank", "long"]
)
def test_an_unusable_second_sentence_gets_one_sentence_and_all_else_stands(typed: str, says: str) -> None:
    app = opened(PAGE, text=SENTENCE)
    app.text_input(key="other-sentence").set_value("The man bit the cat").run()
    app.text_input(key="other-sentence").set_value(typed).run()
    assert not app.exception
    assert [says in error.value for error in app.error] == [True]
    assert "Still compared with “The man bit the cat”" in said(app).replace("\u2060", "")
    assert drawn(app) >= 5
    app.button(key="other-default").click().run()
    assert not app.error
    assert app.text_input(key="other-sentence").value == one_word_changed(SENTENCE)


def test_sentences_with_nothing_in_common_have_maps_and_no_difference() -> None:
    app = opened(PAGE, text="x", other_text="!")
    assert not app.exception
    assert "no token in common" in said(app)
    assert "nothing that could differ" in app.info[0].value
    assert drawn(app) == 4, "three maps and the next token, without a list of heads"


@pytest.mark.parametrize("part", PARTS)
def test_one_token_is_drawn(part: str) -> None:
    app = opened(PAGE, part=part, text="x")
    assert not app.exception
    assert not app.error
    assert drawn(app) >= 3


def test_two_models_that_cut_a_text_differently_are_compared_by_words() -> None:
    app = opened(PAGE, part="model", other_model="positions-learned", text="The little dog chased the red ball")
    assert "tokens are merged to words" in said(app)
    assert "Their vocabularies differ" in said(app)
    app = opened(PAGE, part="model", model="positions-rotary", other_model="positions-learned", text=SENTENCE)
    assert "tokens are merged" not in said(app)
    assert "KL(A ‖ B)" in said(app)
    app = opened(PAGE, part="model", other_model="tiny-bert", text=SENTENCE)
    assert "The masks differ" in said(app)
    assert "two questions" in said(app)


@pytest.mark.parametrize("name", ["no such/model", "../../etc", "x" * 300, "gru-plain"])
def test_an_unusable_second_model_gets_one_sentence_and_all_else_stands(name: str) -> None:
    app = opened(PAGE, part="model", other_model=name, text=SENTENCE)
    assert not app.exception
    assert len(app.error) == 1
    assert drawn(app) >= 5


def test_a_text_too_long_for_the_second_model_is_said_to_be_so() -> None:
    app = opened(PAGE, part="model", other_model="formation", text="word " * 140)
    assert not app.exception
    assert "at most 128" in app.error[0].value


@pytest.mark.parametrize(
    "address",
    [
        {"part": "head", "other_head": "99.0"},
        {"part": "head", "other_head": "x"},
        {"part": "layer", "other_layer": "99"},
        {"part": "layer", "other_layer": "1", "layer": "1"},
        {"part": "edit", "edit_layer": "99", "edit_head": "-1", "edit": "x", "edit_in": "x", "edit_temperature": "nan"},
        {"other_cell": "99.99"},
        {"other_cell": "1.x"},
    ],
    ids=str,
)
def test_an_address_beyond_the_model_still_opens(address: dict[str, str]) -> None:
    app = opened(PAGE, text=SENTENCE, **address)
    assert not app.exception
    assert not app.error


def test_a_cell_that_only_b_has_is_kept_in_the_address() -> None:
    app = opened(
        PAGE, text="The dog bit the man", other_text="The cat bit the man", layer="1", head="2", other_cell="2.0"
    )
    weight = viz_core.load("tiny-gpt").record("The cat bit the man").blocks[1].attention.head(2).weights[0, 1, 0]
    assert f"is a cell of B alone: weight {number(float(weight))}" in said(app)


SETTINGS = [
    {"n_kv_head": 2, "norm": "rmsnorm", "activation": "swiglu"},
    {"divide_by_sqrt_d_head": False},
    {"n_layer": 1},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_odd_models_are_compared(settings: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = bundle(tmp_path, **settings)
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    for part in PARTS:
        app = opened(PAGE, part=part, model=name, text="a dog")
        assert not app.exception, part
        assert not app.error, part
        assert drawn(app) > 3, part
        if part == "layer":
            assert ("one layer" in " ".join(info.value for info in app.info)) == (settings.get("n_layer") == 1)
        if part == "edit":
            kinds = app.get("button_group")
            assert kinds


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("He said that the redhead ran", "She said that the redhead ran"),
        ("DOGS bark. The Dog ran", "DOGS bark. The Cat ran"),
        ("그 개는 그 사과를 먹지 않는다", "그 개는 그 바나나를 먹지 않는다"),
        ("그 개는 달린다", "그 고양이는 달린다"),
        ("그 개인은 달린다", "그 달린다 개인은"),
        ("책 두 개 있다", "책 두 있다 개"),
        ("We walk slowly home", "We walk home slowly"),
        ("Gardeners eat an apple.", "Apple eat an Gardeners."),
    ],
)
def test_one_word_changed_leaves_a_sentence(text: str, changed: str) -> None:
    assert one_word_changed(text) == changed


def test_one_word_changed_never_leaves_a_sentence_as_it_is() -> None:
    assert one_word_changed("The dog bit the man") == "The cat bit the man"
    assert one_word_changed("커피 마시고 싶어") == "우유 마시고 싶어"
    assert one_word_changed("x") == "x x"
    assert one_word_changed("ha ha") == "ha ha ha ha"
    for text in ("the dogged one", "a b", "a  ", "?!", "he"):
        assert one_word_changed(text).strip() not in {"", text.strip()}


# -- what is said --------------------------------------------------------------------------------------------


def side(letter: str, text: str, *, layer: int = 1, head: int = 2, model: str = "tiny-gpt") -> Side:
    loaded = viz_core.load(model)
    whose = {"letter": letter, "says": "", "model": loaded, "text": text, "recording": loaded.record(text)}
    return Side(**whose, layer=layer, head=head)


def test_weight_on_tokens_of_one_text_alone_is_counted() -> None:
    """Against a loop; where no shared row may look at such a token, there is nothing to tell."""
    first, second = side("A", "The dog bit the man"), side("B", "The cat bit the man")
    pair = Pair.of(first, second)
    for one, found in zip((first, second), pair.unshared(), strict=True):
        weights = one.recording.blocks[1].attention.head(2).weights[0]
        assert found == pytest.approx(sum(float(weights[row, 1]) for row in (0, 2, 3, 4)) / 4, abs=1e-6)
    last = Pair.of(side("A", "The dog"), side("B", "The dog bit"))
    assert last.unshared() == (None, None), "only the last row of B may look at its last token"


def test_one_shared_token_is_one() -> None:
    told = said(opened(PAGE, text="x", other_text="x y"))
    assert "share **1** token, in" in told
    assert "lies on these" not in told, "the shared row may not look there"


def test_likeness_is_kept_for_each_head_of_a() -> None:
    """What is kept of one head is not shown for another."""
    other = side("B", SENTENCE)
    for head in (1, 4):
        pair = Pair.of(side("A", SENTENCE, head=head), other)
        found = ranking.likeness(pair, _Nowhere())  # type: ignore[arg-type]
        assert np.unravel_index(found.argmin(), found.shape) == (1, head)


class _Nowhere:
    """A place on a page that takes everything and shows nothing."""

    def __getattr__(self, _name: str) -> object:
        return lambda *_all, **_named: self

    def __enter__(self) -> "_Nowhere":
        return self

    def __exit__(self, *_all: object) -> None:
        return None


def ranked(values: list[float], chosen: int, **rule: object) -> Ranking:
    table = np.array([values], dtype=np.float32)
    return Ranking(values=table, chosen=(0, chosen), choose=print, title="", subtitle="", **rule)  # type: ignore[arg-type]


def test_the_headline_says_where_the_head_stands() -> None:
    apart = layout._apart
    scale = "(Jensen–Shannon distance **{}**; 0 = the same, 1 = nothing in common)."
    assert apart(ranked([0.1, 0.4, 0.2], 1)) == "**L0·H1** changed most of 3 heads " + scale.format("0.4")
    assert apart(ranked([0.1, 0.4, 0.2], 0)).startswith("**L0·H0** is number 3 of 3 heads, most changed first (")
    assert apart(ranked([0.0, 0.0], 0)) == "**L0·H0** has not changed, of 2 heads " + scale.format("0")
    alike = {"own": (0, 0), "nearest": True}
    assert apart(ranked([0.0, 0.4, 0.2], 2, **alike)).startswith("**L0·H2** is the most alike of 2 (")
    assert apart(ranked([0.0, 0.4, 0.2], 1, **alike)).startswith("**L0·H1** is number 2 of 2, the most alike first (")
    assert apart(ranked([0.0, 0.4], 1, **alike)).startswith("**L0·H1**, the only one to compare (")
    assert apart(ranked([0.0], 0, **alike)).startswith("**L0·H0** is A’s own head (")
    assert apart(ranked([0.3, 0.4, 0.2], 1, nearest=True, listed=[(0, 2)])).startswith("**L0·H1** is not among")
    assert apart(ranked([float("nan")], 0)) == ""


def test_the_headline_says_what_comes_next() -> None:
    told = said(opened(PAGE, text="The dog bit the", other_text="The dog bit the man"))
    model = viz_core.load("tiny-gpt")
    first, second = (model.next_tokens(model.record(text), 1)[0].label for text in ("The dog bit the", SENTENCE))
    assert f"Likeliest next: “{first.strip('·')}” in A, “" in told
    assert first != second
    assert "Likeliest next" not in said(opened(PAGE, part="head", text=SENTENCE)), "one run has one prediction"


def test_bars_reach_across_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = []
    monkeypatch.setattr(ranking.show, "figure", lambda drawn, *_all, **_named: kept.append(drawn))
    ranking.bars(ranked([0.1, 0.2], 0), "light")
    ranking.bars(ranked([1e-6, 0.0], 0), "light")
    ranking.bars(ranked([1.0, 0.0], 0), "light")
    assert [figure.layout.xaxis.range[1] for figure in kept] == pytest.approx([0.22, 0.055, 1.0], abs=1e-6)
    assert "all 2;" in kept[0].layout.title.text
    ranking.bars(ranked([0.1] * 20, 0), "light")
    assert "14 of 20, the others in the table of heads" in kept[-1].layout.title.text


def test_the_maps_have_every_cell_to_take_along(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {}
    monkeypatch.setattr(
        pictures.show, "figure", lambda _drawn, key, _says, cells=None, **_named: kept.update({key: cells()})
    )
    first, second = side("A", "dog " * 60), side("B", "dog " * 60, layer=2)
    pair = Pair.of(first, second)
    assert not pictures.in_a_row(pair)
    pictures.maps(pair, "light", None, with_difference=True)
    assert list(kept) == list(pictures.KEYS)
    for key, at in (("compare-a", 1), ("compare-b", 2)):
        weights = first.recording.blocks[at].attention.head(2).weights[0]
        assert np.array_equal(kept[key].values, weights.numpy()), "every one of them"
    assert np.allclose(kept["compare-difference"].values, kept["compare-a"].values - kept["compare-b"].values)
    assert len(kept["compare-a"].rows) == pair.size
    missing = Pair.of(side("A", "The dog"), side("B", "The cat"))
    pictures.maps(missing, "light", None, with_difference=False)
    assert kept["compare-a"].rows[1:] == ["·dog (A)", "·cat (B)"]


# -- few heads -----------------------------------------------------------------------------------------------


def test_the_absence_of_layers_and_of_heads_is_called_so() -> None:
    told = said(opened(PAGE, part="layer", text=SENTENCE, layer="1", other_layer="2"))
    assert "**Without layer 1, and without layer 2**" in told
    assert "Without layer 1 (context 0) the prediction changes" in told
    assert "Both are heads" not in told
    told = said(opened(PAGE, part="head", text=SENTENCE, layer="1", head="4", other_head="3.0"))
    assert "**Without L1·H4, and without L3·H0**" in told
    told = said(opened(PAGE, part="head", text=SENTENCE, layer="1", head="4", other_head="1.4"))
    assert "no two absences to compare" in told


def test_the_runs_without_them_do_not_hold_up_what_is_found_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[str] = set()
    record = Model.record

    def noted(*given: Any, **named: Any) -> Any:
        threads.add(threading.current_thread().name.partition("_")[0])
        return record(*given, **named)

    monkeypatch.setattr(Model, "record", noted)
    monkeypatch.setattr(store, "HEAVY", 0)
    app = opened(PAGE, part="layer", text="Nobody has compared this before", layer="1", other_layer="2")
    assert not app.exception
    assert threads == {"heavy"}


@pytest.mark.parametrize(
    ("count", "says"), [(1, "A and B are the same head"), (2, "Besides L0·H0 there is L0·H1 alone")]
)
def test_few_heads(count: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = bundle(tmp_path, n_layer=1, n_head=count)
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    app = opened(PAGE, part="head", model=name, text="a dog", layer="0", head="0")
    assert not app.exception
    assert says in said(app)
    assert "least:" not in said(app)
    assert ("one head" in " ".join(info.value for info in app.info)) == (count == 1)


# -- models with a window, and other vocabularies ------------------------------------------------------------

WINDOWED = "The dog bit the man again"


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("compared")
    return {name: str(saved(root, name)) for name in ("mistral", "gemma2", "bert")}


def of_masks(app: AppTest) -> str:
    return said(app).partition("The masks differ: ")[2].partition(" may")[0]


def test_lifting_the_causal_mask_leaves_a_window(foreign: dict[str, str]) -> None:
    model = viz_core.load(foreign["mistral"])
    allowed = model.record(WINDOWED).blocks[0].attention.allowed
    n = allowed.shape[-1]
    assert int(allowed.sum()) < n * (n + 1) // 2, "it has a window"
    app = opened(PAGE, part="edit", edit="mask", edit_in="all", model=foreign["mistral"], text=WINDOWED)
    assert not app.exception
    assert of_masks(app) == f"{n * (n - 1) // 2} of {n * n} shared cells", "the future, and nothing of the past"
    assert "lifted as well" not in said(app)


def test_one_mask_for_layers_whose_windows_differ_is_told(foreign: dict[str, str]) -> None:
    address = {"part": "edit", "edit": "mask", "model": foreign["gemma2"], "text": WINDOWED, "layer": "0", "head": "0"}
    app = opened(PAGE, **address, edit_in="all")
    assert "the window of L0, L2 is lifted as well" in said(app)
    app = opened(PAGE, **address, edit_in="layer", edit_layer="0")
    n = viz_core.load(foreign["gemma2"]).record(WINDOWED).blocks[0].attention.allowed.shape[-1]
    assert of_masks(app) == f"{n * (n - 1) // 2} of {n * n} shared cells"
    assert "lifted as well" not in said(app)


def test_tokens_of_two_vocabularies_are_matched_by_what_they_spell(foreign: dict[str, str]) -> None:
    """Both cut the text into the same five tokens, under other numbers."""
    models = [viz_core.load(name).record(SENTENCE) for name in (foreign["gemma2"], "tiny-gpt")]
    assert models[0].tokens == models[1].tokens
    assert not torch.equal(models[0].token_ids, models[1].token_ids)
    app = opened(PAGE, part="model", model=foreign["gemma2"], other_model="tiny-gpt", text=SENTENCE)
    assert not app.exception
    assert "share **" not in said(app)
    pair = Pair.of(side("A", SENTENCE, model=foreign["gemma2"]), side("B", SENTENCE))
    assert pair.whole


def test_two_encoders_guess_at_the_same_word(foreign: dict[str, str]) -> None:
    """B begins with [CLS], A does not: what is row 3 of one is row 4 of the other."""
    app = opened(PAGE, part="model", model="tiny-bert", other_model=foreign["bert"], text=SENTENCE, query="3", key="1")
    assert not app.exception
    one, other = (viz_core.load(name).record(SENTENCE) for name in ("tiny-bert", foreign["bert"]))
    assert (one.tokens[3], other.tokens[4]) == ("·the", "·the")
    found = said(app).split(" makes of ")[1:]
    assert len(found) == 2
    assert [told.startswith(f"“the” (token {at})") for told, at in zip(found, (3, 4), strict=True)] == [True, True]
    app = opened(PAGE, part="model", model=foreign["bert"], other_model="tiny-bert", text=SENTENCE, query="0", key="1")
    assert "B has no token that stands for “[CLS]”" in said(app).replace("\\", "")
