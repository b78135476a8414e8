"""The parts "KV cache" and "Costs" of "Made cheaper" through AppTest: on every kind of model, at the limits."""

import re
from pathlib import Path
from unittest.mock import patch

import pytest
from streamlit.testing.v1 import AppTest

import viz_core
from tests.pages.test_pages import SENTENCE, drawn, opened, read
from tests.pages.test_variants import bundle
from viz_core.analysis.parameters import shape_of
from viz_core.efficiency.costs import cost
from viz_core.efficiency.generation import both_ways, planned
from viz_core.efficiency.layers import KINDS, Timings
from viz_core.models import bundled
from viz_core.ui.mechanism.efficient import measured, written
from viz_core.ui.mechanism.efficient.sizes import Sizes
from viz_core.ui.mechanism.efficient.tables import duration, large

PAGE = "pages/efficient.py"
WRITERS = [
    "tiny-gpt",
    "formation",
    *(f"positions-{kind}" for kind in ("learned", "sinusoidal", "rotary", "alibi", "none")),
]


def words(app: AppTest) -> str:
    said = [element.value for kind in (app.markdown, app.caption, app.info) for element in kind]
    return "\n".join(said).replace("\\", "").replace("\u2060", "")


def tables(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


# -- the cache -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("text", [SENTENCE, "x"])
def test_every_writer_writes_the_same_both_ways(name: str, text: str) -> None:
    app = opened(PAGE, part="cache", model=name, text=text, write="8", at="3")
    assert not app.exception
    assert not app.error
    assert drawn(app) == 6
    assert "Both ways write the same 8 tokens" in words(app).replace("*", "")
    assert "one row goes through" in app.get("plotly_chart")[1].proto.spec


def test_what_is_said_is_what_was_counted() -> None:
    app = opened(PAGE, part="cache", text=SENTENCE, write="16", at="5")
    model = viz_core.load("tiny-gpt")
    ids = model.record(SENTENCE).token_ids
    both = both_ways(model.transformer, ids, 16, repetitions=1)
    work, cached = planned(model.transformer.config, len(ids), 16)
    said, told = words(app), tables(app)
    assert f"{large(work)} multiply–adds without, {large(cached)} with the cache" in said
    difference = re.search(r"logits differ by at most ([^ ]+)\.", said)
    assert difference is not None
    assert read(difference[1]) == pytest.approx(max(both.differences), rel=1)
    assert f"<td class=''>{len(ids) + 5}</td><td class=''>1</td>" in told
    assert f"<td class=''>{large(both.without.multiply_adds[5])}</td>" in told
    assert f"<td class=''>{large(both.cached.multiply_adds[5])}</td>" in told
    kept = shape_of(model.transformer).cache_bytes(len(ids) + 5, 4)
    assert kept == both.cached.kept[5]


def test_the_first_step_is_the_same_both_ways() -> None:
    app = opened(PAGE, part="cache", text=SENTENCE, write="8", at="0")
    assert "The first step is the same both ways" in words(app)
    assert "one row goes through" not in app.get("plotly_chart")[1].proto.spec


def test_an_encoder_keeps_nothing_and_says_why() -> None:
    app = opened(PAGE, part="cache", model="tiny-bert", text=SENTENCE)
    assert not app.exception
    assert "tiny-bert is an encoder" in words(app)
    assert "every row sees both sides" in words(app).replace("**", "")
    assert "is a decoder's of its shape" in words(app)
    assert drawn(app) == 1


@pytest.mark.parametrize(
    ("tokens", "says"), [(32, "no room to write on"), (31, "Room for 2 more"), (30, "Room for 3 more")]
)
def test_at_the_context_s_end(tokens: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = bundle(tmp_path)
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    model = viz_core.load(name)
    text = next(text for n in range(200) if len(model.token_ids(text := "a" + " b" * n)) >= tokens)
    assert len(model.token_ids(text)) == tokens
    app = opened(PAGE, part="cache", model=name, text=text)
    assert not app.exception
    assert says in words(app).replace("**", "")
    assert drawn(app) == (1 if tokens == 32 else 6)


@pytest.mark.parametrize(
    "settings",
    [
        {"n_kv_head": 2, "norm": "rmsnorm", "activation": "swiglu"},
        {"n_kv_head": 1, "positions": "alibi"},
        {"n_head": 1},
    ],
    ids=str,
)
def test_odd_shapes(settings: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = bundle(tmp_path, **settings)
    monkeypatch.setattr(bundled, "FOLDER", tmp_path)
    app = opened(PAGE, part="cache", model=name, text="a dog", write="8")
    assert not app.exception
    assert drawn(app) == 6
    shared = 4 // settings.get("n_kv_head", 4)
    assert (f"{shared} query heads share these K and V" in words(app)) == ("n_kv_head" in settings)


def test_a_large_model_is_run_when_asked() -> None:
    with patch.object(written, "AT_ONCE", 1):
        app = opened(PAGE, part="cache", text="Something else to read", write="8")
        assert drawn(app) == 1
        assert "That is done when you ask" in words(app)
        app.button(key="write-both").click().run()
        assert not app.exception
        assert drawn(app) == 6


def test_measured_again() -> None:
    app = opened(PAGE, part="cache", text="A text that is measured twice", write="8")
    before = tables(app)
    app.button(key="again-both").click().run()
    assert not app.exception
    assert tables(app) != before


@pytest.mark.parametrize(
    ("address", "column"),
    [
        ({}, "<th scope='col' class=here>128k</th>"),
        ({"kept_length": "999999999"}, "<th scope='col' class=here>1M</th>"),
        ({"kept_length": "-5"}, "<th scope='col' class=here>1k</th>"),
        ({"kept_length": "x", "kept_width": "fp3", "write": "1e5", "at": "-9"}, "<th scope='col' class=here>128k</th>"),
    ],
)
def test_what_an_address_may_say(address: dict, column: str) -> None:
    app = opened(PAGE, part="cache", text=SENTENCE, model="tiny-bert", **address)
    assert not app.exception
    assert column in tables(app)


def test_published_sizes() -> None:
    said = words(opened(PAGE, part="cache", model="tiny-bert", text=SENTENCE, kept_length="131072"))
    assert "GPT-3** keeps **576\u00a0GiB**" in said
    assert "keeps **40\u00a0GiB**, 14.4 times less: 8 times because its 64 query heads share 8" in said
    assert "1.8 times because it has fewer layers and heads" in said
    assert "as much as in GPT-2 XL (320\u00a0KiB and 300\u00a0KiB)" in said
    assert "for 96 heads in each of 96 layers" in said
    assert "32 × 4,096 at most" in said
    assert "window of 4,096: **512\u00a0MiB**, however long" in said
    assert "From 74,175 tokens on" in said
    short = words(opened(PAGE, part="cache", model="tiny-bert", text=SENTENCE, kept_length="1024", kept_width="fp32"))
    assert "keeps **256\u00a0MiB** so far" in short


# -- costs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tiny-gpt", "tiny-bert", "positions-alibi"])
def test_the_table_is_filled_in(name: str) -> None:
    app = opened(PAGE, part="costs", model=name, text="x", n="2048", d="512", k="5", r="16")
    assert not app.exception
    assert drawn(app) == 1
    told = tables(app)
    for kind in KINDS:
        assert f"= {large(cost(kind, 2048, 512, k=5, r=16).work)}</td>" in told
    assert "n²·d = 2,048²·512" in told
    assert "log₅ n = 4.74" in told
    assert "n/r = 128" in told
    said = words(app)
    assert "n = d = 512" in said
    assert "meet in **1 layer** of self-attention, after 5 of (dilated) convolution, about 128 of restricted" in said
    assert "2,047 steps of recurrence" in said
    assert "dearer of the two, by **4 times**" in said
    assert "from n = k·d = **2,560** on" in said


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ({"n": "99999999"}, "1,048,576²·256"),
        ({"n": "-3"}, "8²·256"),
        ({"n": "nan", "d": "twelve"}, "1,024²·256"),
        ({"d": "1e8"}, "1,024²·16,384"),
        ({"n": "8", "r": "4096"}, "r·n·d = 8·8·256"),
        ({"k": "0"}, "k·n·d² = 2·"),
    ],
)
def test_numbers_beyond_the_sliders_are_the_nearest(address: dict, says: str) -> None:
    app = opened(PAGE, part="costs", text="x", **address)
    assert not app.exception
    assert says in tables(app)


def test_what_is_measured_is_as_near_as_it_can_be() -> None:
    near = "as near to those chosen above"
    assert near in words(opened(PAGE, part="costs", text="x", d="16384"))
    assert near not in words(opened(PAGE, part="costs", text="x", d="128"))
    assert "dearer of the two, by **65,536 times**" in words(opened(PAGE, part="costs", text="x", n="99999999", d="16"))


def test_equal_at_n_equal_to_d() -> None:
    assert "cost the same" in words(opened(PAGE, part="costs", text="x", n="256", d="256"))
    assert "the cheaper of the two, by **8 times**" in words(opened(PAGE, part="costs", text="x", n="32", d="256"))


LENGTHS = (64, 128, 256, 512, 1024, 2048, 4096)


def made_up(power: float, *, start: float = 0.0) -> Timings:
    """Times of known slopes: attention's n^power, the others n."""
    seconds = {
        kind: tuple(start + 1e-6 * n ** (power if kind == "attention" else 1) for n in LENGTHS) for kind in KINDS
    }
    return Timings(LENGTHS, seconds, rounds=3, threads=7)


def test_layers_are_measured_when_asked_and_said_as_measured() -> None:
    with patch.object(measured, "timings", lambda *_given, **_named: made_up(1.5)):
        app = opened(PAGE, part="costs", text="x", d="128", k="7")
        assert drawn(app) == 1
        app.button(key="time-layers").click().run()
        assert not app.exception
        assert drawn(app) == 2
        assert "$n^{1.50}$" in words(app)
        assert "CPU threads: 7; the fastest run counts, rounds: 3" in words(app)
        assert "<td class=''>1.50</td>" in tables(app)
        app.button(key="again-layers").click().run()
        assert not app.exception
        assert drawn(app) == 2


SIZES = Sizes(0, 256, 3, 64)


def test_what_the_numbers_say() -> None:
    steep, flat = made_up(2.5), made_up(1.0, start=1.0)
    assert "grew **faster** than the work: self-attention." in measured._otherwise(steep, SIZES)
    assert "slower" not in measured._otherwise(steep, SIZES)
    assert "grew **slower** than the work: self-attention." in measured._otherwise(made_up(1.2), SIZES)
    slow = made_up(1.85)
    slow.seconds["recurrent"] = tuple(1e-6 * n**1.5 for n in LENGTHS)
    assert "grew **faster** than the work: recurrent." in measured._otherwise(slow, SIZES)
    assert measured._otherwise(made_up(1.85), SIZES) == ""
    assert "its multiply–adds near n²" in measured._grew(steep, SIZES)
    assert "the curves are flatter" in measured._flat(flat, SIZES)
    assert measured._flat(made_up(2.0), SIZES) == ""
    assert "takes longer than the GRU from n = **64** on" in measured._met(steep, SIZES)
    assert "faster than the GRU even at n = **4,096**" in measured._met(made_up(0.5), SIZES)


def test_numbers_that_people_read() -> None:
    assert [large(value) for value in (8, 99_999, 100_000, 2**40)] == ["8", "99,999", "1.00·10⁵", "1.10·10¹²"]
    assert [duration(value) for value in (2.5, 0.01234, 3.4e-5)] == ["2.5\u00a0s", "12.3\u00a0ms", "34\u00a0µs"]
