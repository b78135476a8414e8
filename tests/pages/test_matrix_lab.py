"""The page "Matrix lab": every stage of every example, what cannot be used and what does not fit, the address."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from tests.pages.test_pages import drawn, opened
from viz_core.analysis import lab, snippets
from viz_core.analysis.lab import Experiment
from viz_core.ui.mechanism.matrix_lab import words

PAGE = "pages/matrix_lab.py"
STAGES = {"all": 6, "scores": 3, "scaled": 2, "mask": 2, "softmax": 2, "values": 3}


def said(app: AppTest) -> str:
    return " ".join(element.value for element in [*app.markdown, *app.caption, *app.warning])


def errors(app: AppTest) -> str:
    return " ".join(error.value for error in app.error).replace("\\", "").replace("\u2060", "")


def latex(app: AppTest) -> str:
    return " ".join(element.value for element in app.latex)


def sound(app: AppTest) -> None:
    assert not app.exception
    assert not app.error


@pytest.mark.parametrize("way", lab.GIVEN)
@pytest.mark.parametrize("axis", ["rows", "columns"])
def test_every_stage_of_every_example(way: str, axis: str) -> None:
    for example in [*lab.examples(way), "random"]:
        app = opened(PAGE, given=way, example=example, softmax_over=axis)
        for stage, figures in (STAGES | {"all": 8, "projections": 3} if way == "xw" else STAGES).items():
            app.button_group(key="setting-stage").set_value(stage).run()
            sound(app)
            assert drawn(app) == figures
        assert (words.of_example(example) in said(app)) == (axis == "rows"), "it tells of the example as it is"


def test_the_worked_example_reads_as_on_paper() -> None:
    app = opened(PAGE, cell="0-1")
    sound(app)
    assert r"q_{0}\cdot k_{1} &= 1\cdot 1 + 0.5\cdot 1.1 + 0.3\cdot 0.5 + 0.2\cdot 0.8" in latex(app)
    assert r"&= 1.86" in latex(app)
    assert r"6.4237 \div 12.2898 = \mathbf{0.5227}" in latex(app)
    assert r"z_{0,0} &= 0.2648\cdot 1 + 0.5227\cdot 0 + 0.2125\cdot 0.5" in latex(app)


def test_the_masked_cell_is_minus_infinity() -> None:
    app = opened(PAGE, example="causal", cell="0-3")
    sound(app)
    assert r"M_{0,3} &= -\infty \quad (3 > 0)" in latex(app)
    assert r"0 \div 1 = \mathbf{0}" in latex(app)


def test_lines_of_arithmetic_follow_from_each_other() -> None:
    app = opened(PAGE, example="taste", cell="0-0")
    sound(app)
    for line in [
        r"&= 1 + 2.754\cdot 10^{-5}",
        r"&= 1.000028",
        r"1 \div 1.000028 = \mathbf{0.999972}",
        r"z_{0,0} &= 0.999972\cdot 5 + 2.754\cdot 10^{-5}\cdot 1",
        r"&= 4.9999",
    ]:
        assert line in latex(app)
    assert "The largest of these M is taken off each" in said(app)
    assert "The largest of these M" not in said(opened(PAGE, cell="0-0"))
    assert r"\mathbf{0.9680}" in latex(opened(PAGE, example="one", cell="0-0"))
    assert r"e^{5.7735}" in latex(opened(PAGE, example="one", cell="0-0"))


def test_queries_may_be_fewer_than_keys_and_values_wider() -> None:
    app = opened(PAGE, Q="1 2", K="1 2_3 4_5 6", V="1 2 3 4_5 6 7 8_9 10 11 12", only_before="yes", stage="mask")
    sound(app)
    assert "With n = 1 and m = 3 row i sees keys 0 … i" in said(app)


def test_the_wrong_axis_is_a_mistake_to_see() -> None:
    app = opened(PAGE, softmax_over="columns", stage="softmax")
    weights = Experiment(lab.examples("qkv")["words"].matrices, 1.0, wrong_axis=True).stages.weights[0]
    sums = weights.sum(1)
    assert f"The rows sum to {float(sums.min()):.3f} … {float(sums.max()):.3f}" in app.warning[0].value
    assert "Checked:" not in said(app), "PyTorch's own attention makes no such mistake"
    assert not opened(PAGE).warning
    assert "rows happen to sum to 1" in opened(PAGE, Q="7", K="2", V="3", softmax_over="columns").warning[0].value


# -- written matrices ------------------------------------------------------------------------------------------


def written(app: AppTest, name: str, text: str) -> AppTest:
    return app.text_area(key=f"text-{name}").set_value(text).run()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1, 2\n3", "Row 2 is of length 1"),
        ("1, x, 3, 4", "Row 1, column 2 is “x”"),
        ("1, nan, 3, 4", "finite"),
        ("1, inf, 3, 4", "finite"),
        ("", "no numbers"),
        ("1e99, 2, 3, 4", "between"),
        ("\n".join(["1, 2, 3, 4"] * 17), "at most 16 × 16"),
        ("9" * 100_000, "100,000 characters"),
        ("<script>alert(1)</script>", "expected a number"),
    ],
)
def test_what_is_no_matrix_is_said_and_stays_typed_and_the_last_result_stays(text: str, says: str) -> None:
    app = written(opened(PAGE, typed="text", cell="0-1"), "Q", "[[2, 0, 0, 0], [0, 1, 1, 1]]")
    sound(app)
    good = latex(app)
    assert "2\\cdot 1" in good
    written(app, "Q", text)
    assert not app.exception
    assert says in errors(app)
    assert len(app.error) == 1
    assert app.text_area(key="text-Q").value == text
    assert latex(app) == good
    assert "Still shown below" in said(app)
    written(app, "Q", "1 1 1 1; 2 2 2 2")
    sound(app)
    assert "Still shown below" not in said(app)
    assert app.text_area(key="text-Q").value == "1, 1, 1, 1\n2, 2, 2, 2", "as it was understood"


@pytest.mark.parametrize("text", ["0", "-3", "0.0001", "1,000", "abc"])
def test_a_divisor_out_of_range_is_said_and_stays_typed_and_the_last_one_is_still_shown(text: str) -> None:
    app = opened(PAGE, divide_by="own", own_divisor="2", cell="0-1")
    sound(app)
    good = latex(app)
    app.text_input(key="setting-own_divisor").set_value(text).run()
    assert not app.exception
    assert f"“{text}” is no number from 0.01 to 1,000,000. Still shown below: divided by 2." in errors(app)
    assert app.text_input(key="setting-own_divisor").value == text
    assert latex(app) == good
    app.text_input(key="setting-own_divisor").set_value("0,5").run()
    sound(app)
    assert r"1.86 \div 0.5 = 3.72" in latex(app)
    app.text_input(key="setting-own_divisor").set_value(text).run()
    app.button_group(key="setting-divide_by").set_value("root").run()
    sound(app)
    assert app.text_input[0].disabled


def test_shapes_that_do_not_multiply_are_named_and_the_last_result_stays() -> None:
    app = written(opened(PAGE, typed="text", cell="0-1"), "Q", "2 2 2 2\n1 1 1 1\n0 0 0 3")
    good = latex(app)
    assert good != latex(opened(PAGE, cell="0-1"))
    written(app, "K", "1 2 3 4 5\n1 2 3 4 5\n1 2 3 4 5")
    assert not app.exception
    assert "Q is 3 × 4 and K is 3 × 5" in errors(app)
    assert latex(app) == good
    assert "Still shown below, the last that could be computed: Q 3 × 4, K 3 × 4, V 3 × 2." in said(app)
    written(app, "Q", "1 2 3 4 5")
    sound(app)
    assert latex(app) != good


def test_an_address_whose_matrices_do_not_fit_shows_the_example() -> None:
    app = opened(PAGE, Q="1 2 3", cell="0-1")
    assert not app.exception
    assert "Q is 1 × 3 and K is 3 × 4" in errors(app)
    assert r"\mathbf{0.5227}" in latex(app)


def test_what_is_written_stands_in_the_address_and_opens_again() -> None:
    app = written(opened(PAGE, typed="text"), "Q", "[[1.25, -2, 3, 4e-3]]")
    settings_now = dict(app.session_state["view"].settings)
    assert settings_now == {"typed": "text", "Q": "1.25 -2 3 0.004"}
    assert latex(opened(PAGE, **settings_now)) == latex(app)


def test_an_example_forgets_what_was_set_before() -> None:
    app = opened(PAGE, Q="1 2 3 4", divide_by="own", only_before="yes", cell="0-1")
    app.button_group(key="lab-example").set_value("taste").run()
    sound(app)
    assert dict(app.session_state["view"].settings) == {"example": "taste"}


def test_drawn_again_is_another_one() -> None:
    app = opened(PAGE, example="random", Q="1 2 3")
    next(button for button in app.button if button.label == "Draw again").click().run()
    sound(app)
    assert dict(app.session_state["view"].settings) == {"example": "random", "lab_seed": "1"}
    app.number_input(key="setting-n_keys").set_value(2).run()
    sound(app)
    assert app.session_state["view"].settings[-1] == ("n_keys", "2")


@pytest.mark.parametrize("way", lab.GIVEN)
def test_the_largest_matrices(way: str) -> None:
    sizes = dict.fromkeys(["n_queries", "n_keys", "d_k", "d_v", "d_model"], "16")
    for stage in STAGES:
        sound(opened(PAGE, given=way, example="random", stage=stage, cell="15-15", **sizes))


@pytest.mark.parametrize(
    "address",
    [
        {"Q": "garbage"},
        {"Q": "1_2_", "K": "nan", "V": "[[["},
        {"Q": "1e6", "K": "-1e6_1e6", "V": "1e-300_1e6"},
        {"cell": "99-99"},
        {"cell": "１-２"},
        {"cell": "-1--1", "of_vectors": "1e9", "stage": "nowhere", "given": "both", "example": "x", "typed": "?"},
        {"divide_by": "own", "own_divisor": "nan"},
        {"divide_by": "own", "own_divisor": "0"},
        {"divide_by": "own", "own_divisor": "-1e999"},
        {"example": "random", "lab_seed": "9" * 3000, "n_queries": "-1", "n_keys": "²", "d_k": "0", "d_v": "99"},
        {"given": "xw", "X": "1 2", "W_Q": "1 2", "W_K": "1_2_3", "W_V": "<b>"},
    ],
    ids=str,
)
def test_an_address_may_say_anything(address: dict[str, str]) -> None:
    app = opened(PAGE, **address)
    assert not app.exception
    assert drawn(app) > 0


@given(
    st.dictionaries(
        st.sampled_from(["Q", "K", "V", "cell", "own_divisor", "d_k", "lab_seed", "of_vectors", "example", "stage"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    )
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_an_address_says_something_is_shown(address: dict[str, str]) -> None:
    app = opened(PAGE, divide_by="own", **address)
    assert not app.exception
    assert drawn(app) > 0


def test_the_program_is_the_pages() -> None:
    example = lab.examples("qkv")["words"]
    experiment = Experiment(example.matrices, example.divisor)
    assert opened(PAGE).code[0].value.strip() == snippets.pytorch(experiment).strip()
    assert opened(PAGE, snippet="numpy").code[0].value.strip() == snippets.numpy(experiment).strip()
