"""Three parts of "Encoder and decoder": additive attention, one vector, and one side only."""

from dataclasses import replace

import pytest
import torch
from streamlit.testing.v1 import AppTest

from tests.pages.test_pages import SENTENCE, drawn, opened
from viz_core import load
from viz_core.analysis import additive, one_side
from viz_core.analysis.bottleneck import Lost
from viz_core.analysis.bottleneck import share as counted
from viz_core.models import Model, Translator
from viz_core.ui.mechanism.translation import additive_cost, lengths, probe
from viz_core.ui.show import number, share

PAGE = "pages/encoder_decoder.py"
ENGLISH = "The cat that the children saw can cut this meat."
UNUSUAL = ["🙂 a<b>b</b> $x$ [a](b)", "커피 마시고 싶어.", "ﷺ e\u0301\u200b", "x"]


def said(app: AppTest) -> str:
    return " ".join(element.value for element in [*app.markdown, *app.caption, *app.latex, *app.info])


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few sentences and short lengths: measured in no time."""
    monkeypatch.setattr(probe, "SENTENCES", 12)
    monkeypatch.setattr(probe, "AT_ONCE", 5)
    monkeypatch.setattr(additive_cost, "LENGTHS", (4, 8))


@pytest.mark.parametrize("part", ["additive", "squeezed", "kinds"])
@pytest.mark.parametrize("english", [ENGLISH, *UNUSUAL])
def test_every_part_takes_every_sentence(part: str, english: str) -> None:
    app = opened(PAGE, part=part, english=english)
    assert not app.exception
    assert not app.error
    assert drawn(app) > 0


@pytest.mark.parametrize("part", ["additive", "squeezed", "kinds"])
@pytest.mark.parametrize("english", ["   ", "word " * 300])
def test_what_cannot_be_read_leaves_the_last_sentence(part: str, english: str) -> None:
    app = opened(PAGE, part=part, english=english)
    assert not app.exception
    # the part of the one-sided models reads another text: it shows no box, so that there is nothing to mend in it
    assert len(app.error) == (part != "kinds")
    assert drawn(app) > 0


def _record():
    model = load("gru-attention")
    assert isinstance(model, Translator)
    return model.record(ENGLISH).attention


@pytest.mark.parametrize(("word", "source"), [("2", "1"), ("0", "0"), ("5", "3")])
def test_the_chosen_cell_is_worked_out(word: str, source: str) -> None:
    app = opened(PAGE, part="additive", english=ENGLISH, word=word, source=source)
    cell = additive.cell_of(_record(), int(word), int(source))
    told = said(app)
    assert rf"\mathbf{{{cell.score:.4f}}}" in told
    table = app.dataframe[0].value
    assert table["weight"].tolist() == pytest.approx(sorted(cell.weights.tolist(), reverse=True))
    assert f"**{int((cell.squashed.abs() > 0.99).sum())} of 128** units" in told


@pytest.mark.parametrize(("word", "source"), [("999", "0"), ("x", "-1"), ("²", "7e3")])
def test_a_cell_beyond_the_sentence_is_not_taken(word: str, source: str) -> None:
    app = opened(PAGE, part="additive", english=ENGLISH, word=word, source=source)
    assert not app.exception
    assert drawn(app) == 6


@pytest.mark.usefixtures("few")
def test_costs_are_measured_when_asked_for() -> None:
    app = opened(PAGE, part="additive", english=ENGLISH)
    app.button(key="measure-additive").click().run()
    assert not app.exception
    assert drawn(app) == 7
    assert app.dataframe[1].value["n"].tolist() == ["4", "8"]
    assert "as many multiply–adds: 8,192 each" in said(app)  # 8 · 8 · 128
    assert "one thread" in str(app.get("plotly_chart")[6].proto)


def test_one_vector_is_the_same_at_every_word() -> None:
    app = opened(PAGE, part="squeezed", english=ENGLISH)
    plain, attending = (load(name).record(ENGLISH).contexts for name in ("gru-plain", "gru-attention"))
    assert torch.equal(plain, plain[:1].expand_as(plain))
    most = float((attending.amax(0) - attending.amin(0)).max())
    assert f"a number changes by 0 at most in gru-plain, by up to {number(most)} in gru-attention" in said(app)


def test_cards_are_told_with_their_numbers() -> None:
    told = said(opened(PAGE, part="squeezed", english=ENGLISH))
    assert "Of 11–14 words **gru-plain** gets **44%** right (81 of 186), **gru-attention** 91%" in told
    assert "not at 2–4." in told


def test_the_two_recurrent_ones_differ_in_attention_alone() -> None:
    plain, attending = (load(name) for name in ("gru-plain", "gru-attention"))
    assert replace(attending.network.config, d_attention=0) == plain.network.config
    assert attending.card["steps"] == plain.card["steps"]
    assert set(attending.network.state_dict()) - set(plain.network.state_dict()) == {
        *("query.weight", "query.bias", "key.weight", "v"),
    }


def test_a_difference_is_said_where_the_intervals_bear_it_out() -> None:
    def said_of(*rights: tuple[int, int]) -> str:
        plain, attending = ([counted(f"{at}", 50, pair[side]) for at, pair in enumerate(rights)] for side in (0, 1))
        return lengths.difference({"gru-plain": plain, "gru-attention": attending, "tiny-translator": attending})

    assert "apart at 1 words, not at 0." in said_of((40, 42), (10, 45))
    assert "At every length" in said_of((5, 42), (10, 45))
    assert "At no length" in said_of((40, 42), (44, 45))
    assert "**20%** right (10 of 50), **gru-attention** 90%" in said_of((5, 42), (10, 45))


def test_lost_places_are_told_apart_only_where_they_are() -> None:
    clear = [Lost(100, value, value - 0.02, value + 0.02) for value in (0.05, 0.1, 0.2, 0.3, 0.1)]
    told = lengths.where_lost(clear)
    assert "fewest words of the first fifth" in told
    assert "most of the fourth (30%)" in told
    blurred = [Lost(9, value, 0.0, 0.5) for value in (0.05, 0.1, 0.2, 0.3, 0.1)]
    assert "makes no difference" in lengths.where_lost(blurred)


@pytest.mark.usefixtures("few")
def test_measured_here_is_what_the_models_write() -> None:
    app = opened(PAGE, part="squeezed", english=ENGLISH)
    assert drawn(app) == 3
    app.button(key="measure-lengths").click().run()
    assert not app.exception
    assert app.session_state["view"].settings == (("english", ENGLISH), ("part", "squeezed"), ("probe", "1"))
    found = probe.measure(1, lambda *_at: None)
    for name in probe.MODELS:  # in batches, as one by one
        model = load(name)
        assert isinstance(model, Translator)
        assert list(found.of[name].written[:4]) == [model.translate(pair.source) for pair in found.pairs[:4]]
        right = [text == pair.target for text, pair in zip(found.of[name].written, found.pairs, strict=True)]
        assert sum(one.right for one in found.of[name].by_length) == sum(right)
    wrong = [pair for pair, right in zip(found.pairs, found.of["gru-plain"].right, strict=True) if not right]
    assert f"of the {len(wrong)} sentences that gru-plain got wrong" in said(app)

    look = next(button for button in app.button if button.key and button.key.startswith("look-"))
    look.click().run()
    assert not app.exception
    assert app.text_input(key="setting-english").value == wrong[0].source
    assert "so the right one is known" in said(app)


@pytest.mark.usefixtures("few")
def test_a_link_measures_and_others_are_drawn() -> None:
    app = opened(PAGE, part="squeezed", probe="2")
    assert not app.exception
    assert drawn(app) >= 4
    app.button(key="measure-others").click().run()
    assert ("probe", "3") in app.session_state["view"].settings


@pytest.mark.parametrize("probe_said", ["x", "0", "-1", "99999", "²"])
def test_a_seed_that_is_none_measures_nothing(probe_said: str) -> None:
    app = opened(PAGE, part="squeezed", probe=probe_said)
    assert not app.exception
    assert app.button(key="measure-lengths")


@pytest.fixture(scope="module")
def both() -> tuple[Model, Model]:
    return load("tiny-bert"), load("tiny-gpt")


@pytest.mark.parametrize("row", [1, 4])
def test_the_hidden_token_is_guessed_from_either_side(both: tuple[Model, Model], row: int) -> None:
    encoder, decoder = both
    told = said(opened(PAGE, part="kinds", text=SENTENCE, hidden=str(row)))
    ids = decoder.token_ids(SENTENCE)
    seen = encoder.record(encoder.hidden(SENTENCE, row), all_logits=True).logits[row]
    left = decoder.record(ids[:row]).logits[-1]
    for logits in (seen, left):
        probability = share(float(torch.softmax(logits.double(), -1)[ids[row]]))
        assert f"guess number **{one_side.rank(logits, ids[row]):,}**, with {probability}." in told


def test_every_place_is_averaged(both: tuple[Model, Model]) -> None:
    encoder, decoder = both
    ids = decoder.token_ids(SENTENCE)
    seen = [
        float(
            torch.softmax(encoder.record(encoder.hidden(SENTENCE, row), all_logits=True).logits[row].double(), -1)[
                ids[row]
            ]
        )
        for row in range(1, len(ids))
    ]
    told = said(opened(PAGE, part="kinds", text=SENTENCE))
    assert (
        f"On average over {len(seen)} places **tiny-bert** gives the true token **{share(sum(seen) / len(seen))}**"
        in told
    )


@pytest.mark.parametrize("text", UNUSUAL)
def test_one_side_takes_unusual_text(text: str) -> None:
    app = opened(PAGE, part="kinds", text=text)
    assert not app.exception
    assert drawn(app) > 0


@pytest.mark.parametrize(
    ("text", "says"),
    [("a <mask> c", "does not know"), ("", "no text"), ("  \n ", "blank"), ("word " * 400, "at most 256")],
)
def test_one_side_says_what_it_cannot_take(text: str, says: str) -> None:
    app = opened(PAGE, part="kinds", text=text)
    assert not app.exception
    assert [says in error.value.replace("\\", "") for error in app.error] == [True]
    assert drawn(app) == 5
    assert app.text_input(key="one-side-text").value == text


def test_the_first_token_has_nothing_to_its_left() -> None:
    for text in ("x", SENTENCE):
        app = opened(PAGE, part="kinds", text=text, hidden="0")
        assert "nothing stands to its left" in said(app)
        assert not app.exception


def test_a_long_text_is_hidden_in_turn_when_asked_for() -> None:
    text = "The dog ran home and the cat sat on the mat. " * 6
    app = opened(PAGE, part="kinds", text=text, hidden="70")
    assert drawn(app) == 4
    app.button(key="hide-each").click().run()
    assert not app.exception
    assert drawn(app) == 5
    assert "have stood after the same token before" in said(app)


@pytest.mark.parametrize("hidden", ["99", "x", "-1"])
def test_a_place_beyond_the_text_is_not_hidden(hidden: str) -> None:
    app = opened(PAGE, part="kinds", text=SENTENCE, hidden=hidden)
    assert not app.exception
    assert drawn(app) == 5


@pytest.mark.parametrize(("word", "source"), [("2", "1"), ("0", "0"), ("5", "3"), ("7", "4")])
def test_the_largest_product_is_said_with_what_its_sign_does(word: str, source: str) -> None:
    cell = additive.cell_of(_record(), int(word), int(source))
    told = said(opened(PAGE, part="additive", english=ENGLISH, word=word, source=source))
    assert f"Component {cell.most}: of the 128 products its is the largest in size" in told
    assert ("pulls the score up" in told) == (float(cell.products[cell.most]) > 0)
    assert float(cell.products[cell.most].abs()) == float(cell.products.abs().max())


def test_what_the_scores_need_more_is_counted() -> None:
    width, both = 128, 2 * 128  # v and b; W and U, each [128, 256]
    assert f"But for the {2 * width + 2 * width * both:,} weights" in said(opened(PAGE, part="squeezed"))


def test_the_word_that_gains_most_is_hidden_first(both: tuple[Model, Model]) -> None:
    encoder, decoder = both
    app = opened(PAGE, part="kinds", text=SENTENCE)
    ids = decoder.token_ids(SENTENCE)
    gains = {}
    for row, label in enumerate(decoder.labels(ids)):
        if row and any(map(str.isalnum, label)):
            seen = encoder.record(encoder.hidden(SENTENCE, row), all_logits=True).logits[row]
            left = decoder.record(ids[:row]).logits[-1]
            of_both, of_left = (torch.log_softmax(logits, -1)[ids[row]] for logits in (seen, left))
            gains[row] = float(of_both - of_left)
    assert app.selectbox(key="setting-hidden").value == str(max(gains, key=gains.__getitem__))
    assert "Chosen: the word that gains most" in said(app)
    assert "Chosen: the word" not in said(opened(PAGE, part="kinds", text=SENTENCE, hidden=str(min(gains))))
