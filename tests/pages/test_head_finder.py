"""The page "Head finder" through AppTest: every part on every kind of model, and numbers that are viz_core's."""

import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import viz_core
from tests.models.checkpoints import saved
from tests.pages.test_pages import SENTENCE, drawn, opened
from tests.pages.test_variants import bundle
from viz_core.analysis.finder import places, spread
from viz_core.analysis.heads import ROLES, role_scores
from viz_core.analysis.probe import probe, sequences
from viz_core.analysis.similar import flat, likeness
from viz_core.models import bundled
from viz_core.ui import state
from viz_core.ui.questions.head_finder import definitions, heads, repeats, table
from viz_core.ui.roles import NONE, Roles, head_name

PAGE = "pages/head_finder.py"
PARTS = ["table", "alike", "map", "repeats"]
TWICE = state.View.text


def words(app: AppTest) -> str:
    """All that is written, without Markdown's backslashes."""
    said = [element.value for kind in (app.markdown, app.caption, app.info) for element in kind]
    return "\n".join(said).replace("\\", "")


def shown(app: AppTest) -> pd.DataFrame:
    return app.dataframe[0].value


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", ["tiny-gpt", "tiny-bert", "formation"])
@pytest.mark.parametrize("text", [TWICE, SENTENCE, "x"])
def test_every_part_on_every_reader(part: str, name: str, text: str) -> None:
    app = opened(PAGE, part=part, model=name, text=text)
    assert not app.exception
    assert not app.error
    assert drawn(app) > 0 or ("single token" in words(app) and part in {"alike", "map"})


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    "settings",
    [
        {"norm_place": "post"},
        {"n_kv_head": 2, "norm": "rmsnorm", "activation": "swiglu", "bias": False},
        {"n_layer": 1, "n_head": 1},
        {"n_head": 14, "d_head": 2},
        {"architecture": "encoder"},
        {"context": 7},
    ],
    ids=str,
)
def test_every_part_on_odd_shapes(part: str, settings: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = bundle(tmp_path, **settings)
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    app = opened(PAGE, part=part, model=name, text="a dog")
    assert not app.exception
    assert not app.error
    said = words(app)
    assert drawn(app) > 0 or "single head" in said or "at least 3 heads" in said or "at most 7 tokens" in said
    assert "known for" not in said, "nobody measured this model"


@pytest.mark.parametrize("part", PARTS)
def test_an_address_may_say_anything(part: str) -> None:
    hostile = {"of_role": "<b>", "of_layer": "99", "sorted_by": "layer", "smallest_first": "x"}
    hostile |= {"random_tokens": "1e99", "said": "²", "draws": "-3", "random_seed": "nan", "probed": "broad"}
    app = opened(PAGE, part=part, text=TWICE, layer="77", head="-1", labels="?", **hostile)
    assert not app.exception
    assert not app.error
    assert drawn(app) > 0


# -- the table -----------------------------------------------------------------------------------------------


def test_the_table_holds_every_number_of_every_head() -> None:
    model = viz_core.load("tiny-gpt")
    recording = model.record(TWICE)
    seen = shown(opened(PAGE, text=TWICE, sorted_by="place"))
    assert seen["name"].tolist() == [head_name(*place) for place in places(recording)]
    weights = [block.attention.weights for block in recording.blocks]
    for role in ("previous", "induction", "duplicate", "first", "self", "local", "broad"):
        expected = np.concatenate([role_scores(layer, recording.token_ids)[role].numpy() for layer in weights])
        np.testing.assert_allclose(seen[role], expected, atol=1e-4)
    for name, numbers in spread(recording)._asdict().items():
        np.testing.assert_allclose(seen[name], numbers, atol=1e-4)
    best = int(np.argmax(np.array(model.card["roles"]["induction"])))
    assert seen["known"][best] == "I 0.93"


def test_roles_that_sleep_are_said_to() -> None:
    app = opened(PAGE, text=SENTENCE)
    assert set(shown(app)["induction"]) == set(shown(app)["duplicate"]) == {"asleep"}
    assert "I, D: asleep, no token of this text repeats." in words(app)
    awake = opened(PAGE, text=TWICE)
    assert "asleep" not in words(awake)
    assert "I, D: almost no token of this text repeats, take the numbers lightly." in words(
        opened(PAGE, text="I saw the dog and the cat")
    )


def test_sorted_and_filtered_as_asked() -> None:
    app = opened(PAGE, text=TWICE, sorted_by="entropy")
    assert (np.diff(shown(app)["entropy"]) <= 0).all()
    app = opened(PAGE, text=TWICE, sorted_by="distance", smallest_first="1", of_layer="2")
    assert (np.diff(shown(app)["distance"]) >= 0).all()
    assert all(name.startswith("L2·") for name in shown(app)["name"])
    assert "6 of 24 heads." in words(app)
    app = opened(PAGE, text=TWICE, of_role="induction")
    seen = shown(app)
    assert (np.diff(seen["induction"]) <= 0).all(), "sorted by the role that is asked for"
    known = seen["known"].str.startswith("I ")
    assert ((seen["induction"] >= 0.25) | known).all()
    assert known.sum() == 5
    assert f"{len(seen)} of 24 heads: those with 0.25 or more here, or known for it." in words(app)


def test_the_clearest_come_first_and_nearness_after_them() -> None:
    whole = pd.DataFrame(
        {"layer": [0, 0, 1, 1], "head": [0, 1, 0, 1]}
        | {"here": ["local", "", "first", "self"], "here_score": [0.9, np.nan, 0.5, 0.6]}
    )
    assert table._sorted(whole, "clearest", upwards=False).index.tolist() == [3, 2, 0, 1]
    assert table._sorted(whole, "clearest", upwards=True).index.tolist() == [2, 3, 0, 1]


def test_no_head_of_a_role_is_said_and_the_map_stays() -> None:
    app = opened(PAGE, text=SENTENCE, model="tiny-gpt", of_role="duplicate")
    assert not app.exception
    assert not app.dataframe
    assert "0 of 24 heads" in words(app)
    assert drawn(app) == 1


def test_the_file_holds_all_heads_whatever_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[pd.DataFrame] = []
    monkeypatch.setattr(table, "partial", lambda written, whole: given.append(whole) or (lambda: written(whole)))
    app = opened(PAGE, text=SENTENCE, of_layer="1")
    assert not app.exception
    assert app.get("download_button")
    assert len(shown(app)) == 6
    read = pd.read_csv(io.StringIO(table.csv_of(given[-1])))
    recording = viz_core.load("tiny-gpt").record(SENTENCE)
    assert list(zip(read["layer"], read["head"], strict=True)) == places(recording)
    np.testing.assert_allclose(read["entropy"], spread(recording).entropy, atol=1e-5)
    assert read["induction"].isna().all(), "it sleeps on this text"


def test_the_chosen_head_stands_among_all() -> None:
    recording = viz_core.load("tiny-gpt").record(TWICE)
    numbers = spread(recording)
    own = places(recording).index((2, 3))
    wider = int((numbers.entropy > numbers.entropy[own]).sum())
    farther = int((numbers.distance > numbers.distance[own]).sum())
    said = words(opened(PAGE, text=TWICE, layer="2", head="3"))
    assert f"Of 24 heads {wider} spread more and {farther} look farther." in said


def test_in_the_order_of_the_model_there_is_no_smallest_first() -> None:
    app = opened(PAGE, text=TWICE, sorted_by="place", smallest_first="1")
    assert shown(app)["name"][0] == "L0·H0"
    assert not [one for one in app.toggle if one.label == "smallest first"]
    app = opened(PAGE, text=TWICE, sorted_by="entropy")
    assert [one for one in app.toggle if one.label == "smallest first"]


def test_rows_out_of_sight_are_told_and_numbers_stand_before_the_roles() -> None:
    app = opened(PAGE, text=TWICE)
    assert "15 of 24 rows are in sight: scroll." in words(app)
    assert list(shown(app))[:6] == ["name", "here", "known", "entropy", "distance", "largest"]
    assert "in sight" not in words(opened(PAGE, text=TWICE, of_layer="2"))


def test_what_on_this_text_means_is_the_rule_of_the_marks() -> None:
    """Even is no role; near only from 0.80 on, and only where no other reaches 0.40."""
    said = definitions.helps(both_sides=False)["here"]
    assert "from 0.40 on" in said
    assert "from 0.80 on" in said
    scores = {"previous": [[0.39, 0.41, 0.1]], "local": [[0.81, 0.99, 0.79]], "broad": [[1.0, 1.0, 1.0]]}
    marks = Roles({}, {role: np.array(table) for role, table in scores.items()}).marks()
    assert [ROLES[mark] if mark != NONE else "" for mark in marks[0]] == ["local", "previous", ""]


# -- models with a window -------------------------------------------------------------------------------------


def test_a_role_behind_the_window_is_said_to_be(tmp_path: Path) -> None:
    """Mistral sees 4 tokens: nearness is no choice of any head, and copies 32 back cannot be seen."""
    name = str(saved(tmp_path, "mistral"))
    app = opened(PAGE, text=TWICE, model=name)
    assert not app.exception
    assert set(shown(app)["local"]) == {"asleep"}
    assert re.search(r"\bL: asleep, the mask leaves almost no row a choice there\.", words(app))
    app = opened(PAGE, part="repeats", text=SENTENCE, model=name, draws="2")
    assert not app.exception
    assert "No head of this model may look far enough back" in words(app)


def test_a_head_with_a_window_is_told_beside_one_without(tmp_path: Path) -> None:
    name = str(saved(tmp_path, "gemma2"))
    said = words(opened(PAGE, part="repeats", text=SENTENCE, model=name, draws="1", layer="0", head="0"))
    assert "**L0·H0** may not look far enough back" in said
    assert "nan" not in said
    app = opened(PAGE, part="repeats", text=SENTENCE, model=name, draws="1", layer="1", head="0")
    assert not app.exception
    assert "**L1·H0** gives" in words(app)
    assert "nan" not in words(app)


# -- alike, and the map --------------------------------------------------------------------------------------


def test_the_most_alike_is_named_and_can_be_gone_to() -> None:
    recording = viz_core.load("tiny-gpt").record(TWICE)
    found, everyone = likeness(recording), places(recording)
    own = everyone.index((1, 4))
    nearest, furthest = found.order(own)[0], found.order(own)[-1]
    app = opened(PAGE, part="alike", text=TWICE, layer="1", head="4")
    said = words(app)
    assert f"**{head_name(*everyone[nearest])}** looks most like L1·H4" in said
    assert f"(likeness {1 - found.distances[own, nearest]:.2f})" in said
    assert f"**{head_name(*everyone[furthest])}** least ({1 - found.distances[own, furthest]:.2f})" in said
    layer, head = everyone[nearest]
    app.button(key=f"thumbnails-{layer}-{head}").click().run()
    assert not app.exception
    assert (app.session_state["view"].layer, app.session_state["view"].head) == (layer, head)
    assert f"looks most like {head_name(layer, head)}" in words(app)


def test_of_two_heads_one_is_not_the_most_and_the_least_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = bundle(tmp_path, n_layer=1, n_head=2)
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    said = words(opened(PAGE, part="alike", model=name, text="a dog", layer="0", head="1"))
    assert "L0·H1 and the only other head, **L0·H0**, have a likeness of" in said
    assert "looks most like" not in said


def test_the_map_says_how_far_it_can_be_trusted() -> None:
    recording = viz_core.load("tiny-bert").record(TWICE)
    laid = flat(likeness(recording).distances)
    said = words(opened(PAGE, part="map", model="tiny-bert", text=TWICE))
    assert f"keep {laid.kept:.0%} of the eigenvalues" in said
    assert f"off by **{laid.stress:.0%}** of a typical one" in said
    assert "Heads near on the map may be far in truth" in said
    assert "Kruskal" not in said, "his stress divides by the distances of the map"


def test_some_rows_for_all_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("viz_core.analysis.similar.MOST_CELLS", 0)
    said = words(opened(PAGE, part="alike", text=TWICE + " ball. Some rows stand for all."))
    assert "Compared on 16 of " in said


@pytest.mark.parametrize("part", ["alike", "map", "repeats"])
def test_what_takes_long_is_done_when_asked_for(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "AT_ONCE", 0)
    monkeypatch.setattr(repeats, "AT_ONCE", 0)
    app = opened(PAGE, part=part, text=f"{TWICE} asked {part}", random_seed=str(100 + PARTS.index(part)))
    assert not app.exception
    assert drawn(app) == 0
    ask = next(button for button in app.button if (button.key or "").startswith("ask-"))
    ask.click().run()
    assert not app.exception
    assert drawn(app) > 0
    assert not [button for button in app.button if (button.key or "").startswith("ask-")]


# -- random tokens -------------------------------------------------------------------------------------------


def test_random_tokens_are_measured_as_set() -> None:
    model = viz_core.load("tiny-gpt")
    app = opened(PAGE, part="repeats", layer="1", head="4", said="3", random_tokens="16", draws="4", random_seed="7")
    found = probe(model.record, sequences(repeats.vocabulary(model), length=16, times=3, draws=4, seed=7))
    own = places(model.record([1, 2])).index((1, 4))
    mean, apart = float(found.mean("induction")[own]), float(found.spread("induction")[own])
    said = words(app)
    assert f"**L1·H4** gives **{mean:.0%}** (± {apart:.1%} over draws)" in said
    assert f"all it may see alike would give {float(found.even['induction'][own]):.0%}" in said
    card = np.array(model.card["roles"]["induction"]).flatten()
    widest = np.abs(card - found.mean("induction").double().numpy())
    assert (
        f"largest difference of any head is {widest.max():.2f} ({head_name(*divmod(int(widest.argmax()), 6))})" in said
    )


def test_special_tokens_are_not_drawn() -> None:
    for name in ("tiny-gpt", "tiny-bert"):
        model = viz_core.load(name)
        special = set(model.tokenizer.backend.get_added_tokens_decoder())
        found = set(repeats.vocabulary(model).tolist())
        assert special
        assert not special & found
        assert len(found) == model.vocab_size - len(special)


def test_a_text_on_which_the_role_sleeps_says_why() -> None:
    said = words(opened(PAGE, part="repeats", text=SENTENCE, draws="1"))
    assert re.search(r"On your text this cannot show for L\d·H\d: no token of this text repeats\.", said)
    assert "One draw tells no spread." in said
    assert "±" not in said.split("Each score")[0]


def test_an_encoder_is_told_apart() -> None:
    said = words(opened(PAGE, part="repeats", model="tiny-bert", probed="duplicate"))
    assert "An encoder was never trained on texts like these" in said
    assert "When the model was made" not in said, "the card has other texts"
