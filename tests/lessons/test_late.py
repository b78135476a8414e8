"""Lessons 7 to 12: each question's right answer, against what is computed here in another way."""

import math
from functools import lru_cache
from typing import Any

import pytest
import torch

import viz_core
from viz_core.edits import Cells, Edits
from viz_core.lessons.answers import ANSWERS, cost, fitting, translation
from viz_core.lessons.asked import Asked, asked
from viz_core.lessons.asking import spoken_words
from viz_core.lessons.lesson import LESSONS, Lesson, Step
from viz_core.lessons.shelf import lessons
from viz_core.lessons.values import VALUES

load = lru_cache(viz_core.load)
TEXT = "The little dog chased the red ball. The little dog chased the red"
MISTAKES = {5, 6, 9, 12, 13, 1}


@lru_cache
def lesson(number: int, language: str = "en") -> Lesson:
    found = next(each for each in lessons(language, LESSONS) if each.number == number)
    assert isinstance(found, Lesson)
    return found


def step_of(number: int, step: int) -> Step:
    return lesson(number).steps[step - 1]


def preset(step: Step) -> Asked:
    return asked({name: value for name, value in step.view.items() if name != "page"}, load)


def right(number: int, step: int) -> Any:
    """What the lesson holds right: the words of an option, or tokens or cells."""
    shown = step_of(number, step)
    assert shown.ask is not None
    found = ANSWERS[shown.ask.answer](preset(shown), **shown.ask.given)
    return shown.ask.options[found] if shown.ask.options else found


def weights(text: str, **edits: Any) -> list[torch.Tensor]:
    return [block.attention.weights for block in load("tiny-gpt").record(text, Edits(**edits)).blocks]


def ball(**edits: Any) -> float:
    """The probability of “ball” after the app's sentence."""
    logits = load("tiny-gpt").record(TEXT, Edits(**edits)).logits[-1].double()
    return float((logits - logits.logsumexp(0)).exp()[load("tiny-gpt").token_ids(" ball")[0]])


def test_all_mistakes_that_these_lessons_are_to_show() -> None:
    steps = [step for number in range(7, 13) for step in lesson(number).steps]
    assert {step.ask.mistake for step in steps if step.ask} - {0} == MISTAKES


@pytest.mark.parametrize("number", range(7, 13))
def test_each_has_four_to_six_steps_and_the_same_in_korean(number: int) -> None:
    english, korean = lesson(number), lesson(number, "ko")
    assert 4 <= len(english.steps) <= 6
    assert english.questions >= 2
    assert korean.language == "ko"
    assert len(korean.steps) == len(english.steps)
    for one, other in zip(english.steps, korean.steps, strict=True):
        assert one.words.count("$$") == other.words.count("$$")
        assert one.view == other.view


# -- 7 -----------------------------------------------------------------------------------------------------------


def test_the_mask_alone_tells_the_order() -> None:
    one, another = "The dog bit the man", "The man bit the dog"
    order = [0, 4, 2, 3, 1]

    def apart(allowed: torch.Tensor) -> float:
        made: dict[str, Any] = {"positions": "zeroed", "allowed": Cells.of(allowed)}
        pairs = zip(weights(one, **made), weights(another, **made), strict=True)
        return max(float((first - second[:, order][:, :, order]).abs().max()) for first, second in pairs)

    everyone = torch.ones(5, 5, dtype=torch.bool)
    assert apart(everyone) < 1e-4
    assert apart(everyone.tril()) > 0.1
    assert right(7, 1).startswith("A model with a causal mask")


def test_only_the_first_row_stays() -> None:
    assert right(7, 2) == {0}
    first, second = (weights(text, positions="zeroed") for text in ("The dog bit the man", "The man bit the dog"))
    assert all(bool((layer[:, 0, 0] == 1).all()) for layer in (*first, *second))
    order, shown = [0, 4, 2, 3, 1], preset(step_of(7, 2))
    apart = (first[shown.layer] - second[shown.layer][:, order][:, :, order])[shown.head].abs().amax(1)
    assert (shown.layer, shown.head) == (0, 0)
    assert (apart > 0.005).tolist() == [False, True, True, True, True]  # of the head that is drawn


def test_the_previous_token_head_on_the_last_row() -> None:
    found = weights("The dog bit the man")[0][0]
    assert right(7, 3) == {(4, 3)}
    assert float(found[4, 3]) == max(found[4].tolist())
    told = weights("The man bit the dog")[0][0]
    assert found.argmax(1).tolist() == told.argmax(1).tolist() == [0, 0, 1, 2, 3]
    said = spoken_words(step_of(7, 3).ask.why, preset(step_of(7, 3)), lesson(7).file, 1)  # type: ignore[union-attr]
    zeroed, shuffled = (weights("The dog bit the man", positions=each)[0][0] for each in ("zeroed", "shuffled"))
    even = (1 / 2 + 1 / 3 + 1 / 4 + 1 / 5) / 4
    assert float(zeroed.diagonal(-1).mean()) < even
    for share in (found.diagonal(-1).mean(), zeroed.diagonal(-1).mean(), even, shuffled.diagonal(-1).mean()):
        assert f"{100 * share:.0f}%" in said
    places = Edits(positions="shuffled").order(5).tolist()
    assert places[4] == places[2] + 1  # “man” is told the place after “bit”
    assert shuffled.argmax(1).tolist()[2:] == [1, 2, 2]


def test_waves_begin_with_sines_of_zero() -> None:
    assert right(7, 4) == "0, 1, 0, 1, …"
    assert (math.sin(0), math.cos(0)) == (0, 1)


def test_a_score_stays_where_both_tokens_move() -> None:
    """Moved for real: the same five tokens after ten others, in the first layer, where only positions differ."""
    ids = load("tiny-gpt").token_ids("The dog bit the man")
    shifted = load("tiny-gpt").record([*ids, *ids, *ids]).blocks[0].attention.scores[0]
    assert float(shifted[14, 13]) == pytest.approx(float(shifted[4, 3]), abs=1e-3)
    assert right(7, 5) == "It stays as it is"
    assert float(VALUES["moved_score"](preset(step_of(7, 5)), by=10)) == pytest.approx(float(shifted[4, 3]), abs=0.01)


def test_who_loses_most_beyond_training() -> None:
    kinds = ("learned", "sinusoidal", "rotary", "alibi", "none")
    figures = {kind: load(f"positions-{kind}").card["figures"] for kind in kinds}
    worse = {kind: each["held_out_loss_doubled"] - each["held_out_loss"] for kind, each in figures.items()}
    assert right(7, 6) == "sinusoidal" == max(worse, key=worse.__getitem__)
    assert step_of(7, 6).ask.given["between"] == [f"positions-{kind}" for kind in kinds]  # type: ignore[union-attr]
    assert worse["alibi"] < 0
    assert worse["none"] < worse["learned"] < worse["rotary"]


# -- 8 -----------------------------------------------------------------------------------------------------------


def test_the_stream_grows() -> None:
    blocks = load("tiny-gpt").record(TEXT).blocks
    start, end = blocks[0].residual_in.square().sum(-1).sqrt(), blocks[-1].residual_out.square().sum(-1).sqrt()
    assert right(8, 1) == "More than ten times as long"
    assert end.mean() > 10 * start.mean()


def test_without_heads_other_tokens_do_not_matter() -> None:
    every = frozenset((layer, head) for layer in range(4) for head in range(6))
    model = load("tiny-gpt")
    logits = [model.record(text, Edits(ablated=every)).logits[-1] for text in (TEXT, "A big cat saw the red")]
    assert float((logits[0] - logits[1]).abs().max()) < 1e-4
    assert right(8, 2) == "Attention"
    assert preset(step_of(8, 2)).view["off"] == "0-1-2-3"


def test_after_layernorm() -> None:
    x = load("tiny-gpt").record(TEXT).blocks[1].residual_in[17]
    alone = torch.nn.functional.layer_norm(x, x.shape)
    assert abs(float(alone.mean())) < 1e-5
    assert float(alone.square().mean()) == pytest.approx(1, abs=1e-3)
    assert right(8, 3) == "Mean 0 and variance 1"


def test_pre_and_post() -> None:
    """By what must be so: a Post-LN stream leaves each block normalised, a Pre-LN stream does not."""
    post = load("tiny-translator").record("The child reads a book.").encoder.blocks[0]
    norm = load("tiny-translator").network.encoder.blocks[0].feed_forward_norm
    plain = (post.residual_out - norm.bias) / norm.weight
    assert float(plain.var(-1, correction=0).sub(1).abs().max()) < 1e-2
    pre = load("tiny-gpt").record(TEXT).blocks[0]
    block = load("tiny-gpt").network.blocks[0]
    wrote = block.feed_forward(block.feed_forward_norm(pre.residual_mid))
    assert torch.allclose(pre.residual_mid + wrote, pre.residual_out, atol=1e-4)
    assert right(8, 4) == "Post-LN: LN(x + f(x)); Pre-LN: x + f(LN(x))"


def test_open_neurons() -> None:
    mid, block = load("tiny-gpt").record(TEXT).blocks[1].residual_mid[17], load("tiny-gpt").network.blocks[1]
    hidden: list[torch.Tensor] = []
    first = next(layer for layer in block.feed_forward.modules() if isinstance(layer, torch.nn.Linear))
    hook = first.register_forward_hook(lambda _module, _given, out: hidden.append(out))
    block.feed_forward(block.feed_forward_norm(mid))
    hook.remove()
    assert right(8, 5) == "Fewer than one in five"
    assert float((hidden[0] > 0).float().mean()) < 0.2


# -- 9 -----------------------------------------------------------------------------------------------------------


def test_both_sides_guess_the_hidden_word_better() -> None:
    bert, gpt = load("tiny-bert"), load("tiny-gpt")
    red = gpt.token_ids(" red")[0]
    masked = bert.record(TEXT.replace("red", "<mask>", 1), all_logits=True).logits[7].softmax(-1)
    continued = gpt.record("The little dog chased the").logits[-1].softmax(-1)
    assert float(masked[bert.token_ids(" red")[0]]) > float(continued[red])
    assert right(9, 1).startswith("tiny-bert")


def test_the_three_attentions() -> None:
    recording = load("tiny-translator").record(preset(step_of(9, 2)).view["english"])
    block, n, m = recording.blocks[1], len(recording.encoder.token_ids), len(recording.token_ids)
    assert right(9, 2).startswith("2 ·")
    assert right(9, 3) == "Q from the Korean; K and V from the English"
    assert (block.attention.weights.triu(1) == 0).all()
    assert (block.cross_attention.weights > 0).all()
    assert block.cross_attention.query.shape[-2] == m != n == block.cross_attention.key.shape[-2]
    assert block.cross_attention.value.shape[-2] == n
    assert (recording.encoder.blocks[0].attention.weights > 0).all()


def test_the_verb_is_looked_at_across_the_sentence() -> None:
    recording = load("tiny-translator").record("I give this book to the child and the doctor.")
    row = recording.tokens.index("·준다") - 1
    looked = recording.encoder.tokens[int(recording.blocks[1].cross_attention.weights[2, row].argmax())]
    assert looked == "·give"
    assert right(9, 4) == "“give”, the second"
    assert step_of(9, 4).view["word"] == str(row)


def test_the_verbs_line_crosses_most() -> None:
    recording = load("tiny-translator").record("I give this book to the child and the doctor.")
    columns = recording.blocks[1].cross_attention.weights[2].argmax(-1).tolist()[:8]  # without the full stop
    crossed = [
        sum((one < other) != (columns[one] < columns[other]) for other in range(8) if columns[one] != columns[other])
        for one in range(8)
    ]
    assert crossed[0] == 0
    assert crossed[7] > crossed[6]
    assert right(9, 5) == "준다 (give)"
    assert translation.crossed(recording, "준다") == crossed[7]
    looked = recording.encoder.tokens
    rows = recording.blocks[1].cross_attention.weights[2].argmax(-1).tolist()
    said = [(token, looked[rows[row]]) for row, token in enumerate(recording.tokens[1:])]
    assert [read for wrote, read in said if wrote in ("·그", ".")] == ["·child", "·and", "·give"]


# -- 10 ----------------------------------------------------------------------------------------------------------


def test_the_last_token_speaks() -> None:
    model, text = load("tiny-gpt"), "Tom gave the ball to Mary because"
    assert right(10, 1) == {len(model.token_ids(text)) - 1}


def test_the_layer_from_which_ball_leads() -> None:
    model, blocks = load("tiny-gpt"), load("tiny-gpt").record(TEXT).blocks
    said = [
        int((model.network.final_norm(block.residual_out[-1]) @ model.network.embedding.weight.T).argmax())
        for block in blocks
    ]
    token = model.token_ids(" ball")[0]
    assert said[0] != token
    assert said[1:] == [token] * 3
    assert right(10, 2) == "L1"


def test_what_a_head_writes_towards_ball() -> None:
    """A logit's change when the head's own vector is taken out of the last stream, its norm held as it is."""
    model, recording = load("tiny-gpt"), load("tiny-gpt").record(TEXT)
    end, norm = recording.blocks[-1].residual_out[-1], model.network.final_norm
    to_ball = norm.weight * model.network.embedding.weight[model.token_ids(" ball")[0]]
    found = {}
    for layer, head in ((0, 0), (1, 4), (3, 5)):
        context = recording.blocks[layer].attention.context[head, -1]
        wrote = model.network.blocks[layer].attention.output.weight[:, head * 32 : head * 32 + 32] @ context
        found[layer, head] = float((wrote - wrote.mean()) @ to_ball / end.std(correction=0))
    assert max(found, key=found.__getitem__) == (3, 5)
    assert right(10, 3).startswith("L3·H5")
    assert float(VALUES["direct"](preset(step_of(10, 3)), layer=3, head=5)) == pytest.approx(found[3, 5], abs=0.02)


def test_how_many_top_p_keeps() -> None:
    def kept(text: str) -> int:
        shares = load("tiny-gpt").record(text).logits[-1].softmax(-1).sort(descending=True).values.tolist()
        total = 0.0
        for count, share in enumerate(shares, start=1):
            total += share
            if total >= 0.9:
                return count
        raise AssertionError

    texts = step_of(10, 4).ask.given["between"]  # type: ignore[union-attr]
    assert [kept(text) for text in texts].index(max(map(kept, texts))) == 1
    assert right(10, 4).startswith("Once upon")
    assert kept(TEXT) == 1


def test_nothing_overtakes() -> None:
    logits = load("tiny-gpt").record("Tom gave the ball to Mary because").logits[-1]
    assert (
        (logits / 2).argsort(descending=True, stable=True)[:50].equal(logits.argsort(descending=True, stable=True)[:50])
    )
    assert right(10, 5) == "None of them"


def test_older_rows_stay() -> None:
    before, after = weights(TEXT)[1][4], weights(TEXT + " ball")[1][4]
    assert torch.allclose(before, after[:18, :18], atol=1e-5)
    assert right(10, 6) == "None"


# -- 11 ----------------------------------------------------------------------------------------------------------


def test_costs() -> None:
    assert right(11, 1) == "It becomes four times as much"
    assert (2 * 1024) ** 2 / 1024**2 == 4
    assert right(11, 2).startswith("It saves work")
    assert right(11, 4).startswith("Its window is 4,096 tokens, and")


def test_reach_by_replacing_tokens() -> None:
    """With windows of 2 in four layers, only the last five tokens can change the last prediction."""
    model = load("tiny-gpt")
    ids = model.token_ids(TEXT)
    n = len(ids)
    near = torch.ones(n, n, dtype=torch.bool).tril().triu(-1)
    edits = Edits(allowed=Cells.of(near))
    before = model.record(ids, edits).logits[-1]
    changed = [
        place
        for place in range(n)
        if not torch.equal(model.record([*ids[:place], 1000, *ids[place + 1 :]], edits).logits[-1], before)
    ]
    assert changed == [13, 14, 15, 16, 17]
    assert right(11, 3) == "5"


def test_tiles_are_exact_and_keep_a_fraction() -> None:
    record = load("tiny-gpt").record(TEXT).blocks[1].attention.head(4)
    q, k, v = record.query[0], record.key[0], record.value[0]
    largest, total, out = torch.full((18, 1), -torch.inf), torch.zeros(18, 1), torch.zeros(18, 32)
    for key in range(18):
        score = (q @ k[key] / 32**0.5).masked_fill(torch.arange(18) < key, -torch.inf)[:, None]
        now = torch.maximum(largest, score)
        old, new = (largest - now).exp().nan_to_num(0), (score - now).exp().nan_to_num(0)
        largest, total, out = now, total * old + new, out * old + new * v[key]
    assert torch.allclose(out / total, record.context[0], atol=1e-4)
    assert right(11, 5) == "It saves more than nine tenths of it, and the result is the same."
    assert cost.times_less_memory(asked({}, load)) == pytest.approx(
        2 * 2048**2 / (2048 * 32 + 2 * 384 * 32 + 2 * 32 * 32 + 384 * 32)
    )


def test_who_bears_a_window_of_four() -> None:
    found = {
        place: float(weights(TEXT)[place[0]][place[1]].triu(-3).sum(-1).mean()) for place in ((0, 0), (1, 4), (3, 5))
    }
    assert max(found, key=found.__getitem__) == (0, 0)
    assert right(11, 6).startswith("L0·H0")
    assert VALUES["in_window"](asked({}, load), window=4, layer=1, head=4) == f"{found[1, 4]:.1%}"


# -- 12 ----------------------------------------------------------------------------------------------------------


def test_a_smaller_weight_carries_more() -> None:
    model, record = load("tiny-gpt"), load("tiny-gpt").record(TEXT).blocks[0].attention.head(1)
    moved = record.value[0] @ model.network.blocks[0].attention.output.weight[:, 32:64].T
    carried = [float(record.weights[0, 2, key] * moved[key].norm()) for key in range(3)]
    assert int(record.weights[0, 2].argmax()) == 0
    assert carried.index(max(carried)) == 2
    assert right(12, 1) == {2}


def test_weights_are_one_factor() -> None:
    before = load("tiny-gpt").record(TEXT).logits[-1].double().softmax(-1)

    def felt(layer: int, head: int) -> float:
        after = load("tiny-gpt").record(TEXT, Edits(ablated=frozenset({(layer, head)}))).logits[-1].double()
        return float((before * (before.log() - after.log_softmax(-1))).sum())

    places = [(layer, head) for layer in range(4) for head in range(6)]
    by_weight = sorted(places, key=lambda place: float(weights(TEXT)[place[0]][place[1], -1].max()))
    effects = {place: felt(*place) for place in places}
    by_effect = sorted(places, key=effects.__getitem__)
    squared = sum((by_weight.index(place) - by_effect.index(place)) ** 2 for place in places)
    rho = 1 - 6 * squared / (24 * (24**2 - 1))
    assert 0.1 < rho < 0.9
    assert right(12, 2).startswith("Some relation")
    assert VALUES["agreement"](asked({}, load)) == f"{rho:.2f}"
    assert by_effect[-1] == (0, 0)
    assert right(12, 3) == "L0·H0"


def test_heads_together_and_flat() -> None:
    three = frozenset({(1, 1), (1, 4), (1, 5)})
    assert all(ball(ablated=frozenset({place})) > 0.9 for place in three)
    assert 0.5 < ball(ablated=three) < 0.9
    assert right(12, 4) == "Between 50% and 90%"
    plain, flat, off = ball(), ball(temperature=10.0, at=frozenset({(1, 4)})), ball(ablated=frozenset({(1, 4)}))
    assert flat > 0.9
    edits = Edits(temperature=10.0, at=frozenset({(1, 4)}))
    largest = load("tiny-gpt").record(TEXT, edits).blocks[1].attention.weights[4, 17].max()
    step = step_of(12, 5)
    assert f"to {float(largest):.2g}." in spoken_words(step.words, preset(step), lesson(12).file, 1)
    assert 0 < flat - off < 0.1 * (plain - off)  # flattening does nearly as much as removing
    said = spoken_words(step.ask.why, preset(step), lesson(12).file, 1)  # type: ignore[union-attr]
    for share in (flat, off, 1 - plain, 1 - flat, 1 - off):
        assert f"{share:.1%}" in said
    assert right(12, 5) == "Above 90%"


# -- exactly one option ------------------------------------------------------------------------------------------


def test_options_that_leave_a_choice_are_refused() -> None:
    with pytest.raises(ValueError, match="exactly one"):
        fitting.only([True, False, True])
    with pytest.raises(ValueError, match="exactly one"):
        fitting.largest([2.0, 2.0])
    with pytest.raises(ValueError, match="ascending"):
        fitting.range_of(0.5, [0.9, 0.1])
    assert [fitting.range_of(value, [0.1, 0.9]) for value in (0.05, 0.1, 0.9)] == [0, 1, 2]
