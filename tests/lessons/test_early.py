"""Lessons 1 to 6: every answer, and what the words claim, against a computation of its own."""

import math
from functools import lru_cache
from typing import Any

import pytest
import torch
from torch import Tensor

import viz_core
from viz_core import grammar
from viz_core.lessons.answers.bottleneck import BLEU_IN_THE_PAPER
from viz_core.lessons.asked import Asked, asked
from viz_core.lessons.asking import right, spoken_words
from viz_core.lessons.lesson import Lesson, Step
from viz_core.lessons.shelf import lessons
from viz_core.models.translator import greedy

LONG = "At night her bird will chase the cat that the children saw."
INDUCTION = [(1, 0), (1, 1), (1, 3), (1, 4), (1, 5)]
load = lru_cache(viz_core.load)


@lru_cache
def lesson(number: int, language: str = "en") -> Lesson:
    found = next(lesson for lesson in lessons(language) if lesson.number == number)
    assert isinstance(found, Lesson), found
    return found


@lru_cache
def preset(number: int, step: int) -> Asked:
    view = lesson(number).steps[step - 1].view
    return asked({name: value for name, value in view.items() if name != "page"}, load)


def answer(number: int, step: int) -> Any:
    """The right option, or the right tokens or cells."""
    ask = lesson(number).steps[step - 1].ask
    assert ask is not None
    found = right(ask, preset(number, step), lesson(number).file)
    return next(iter(found)) if ask.options else found


def words_of(number: int, step: int, language: str = "en") -> str:
    """All that the step says, with its numbers."""
    found: Step = lesson(number, language).steps[step - 1]
    said = [found.words]
    if found.ask is not None:
        said += [found.ask.question, found.ask.why, *found.ask.options]
    file = lesson(number, language).file
    return "\n".join(spoken_words(words, preset(number, step), file, found.line) for words in said)


def softmax(scores: list[float]) -> list[float]:
    powers = [math.exp(score) for score in scores]
    return [power / sum(powers) for power in powers]


def weights(layer: int, head: int, divisor: float = math.sqrt(32), edits: Any = None, masked: bool = True) -> Tensor:
    """[query, key] of tiny-gpt on the lessons' text, from q and k."""
    model = load("tiny-gpt")
    recording = preset(3, 3).recording if edits is None else model.record(preset(3, 3).text, edits)
    attention = recording.blocks[layer].attention
    scores = attention.query[head] @ attention.key[head].T / divisor
    above = torch.ones_like(scores, dtype=torch.bool).triu(1)
    return torch.softmax(scores.masked_fill(above, -torch.inf) if masked else scores, -1)


def probabilities(*off: tuple[int, int]) -> Tensor:
    """Of the next token of the lessons' text, with heads switched off."""
    recording = load("tiny-gpt").record(preset(3, 3).text, viz_core.Edits(ablated=frozenset(off)))
    return torch.softmax(recording.logits[-1].double(), -1)


def kl(*off: tuple[int, int]) -> float:
    before, after = probabilities(), probabilities(*off)
    return float((before * (before / after).log()).sum())


# -- 1: why attention ----------------------------------------------------------------------------------------


def test_without_attention_every_token_is_given_the_same_vector():
    assert answer(1, 1) == 0
    for name, alike in (("gru-plain", True), ("gru-attention", False)):
        contexts = load(name).record("The small dog sees a red ball.").contexts
        assert all(torch.equal(row, contexts[0]) for row in contexts) is alike
        assert f"{'256' if alike else '9'} " in words_of(1, 1)


def test_the_word_that_is_lost_is_the_cat():
    assert answer(1, 2) == 1
    assert load("gru-plain").translate(LONG).split()[-3] == "개를"
    for name in ("gru-attention", "tiny-translator"):
        assert load(name).translate(LONG) == "밤에 그녀의 새는 그 아이들이 본 고양이를 쫓을 것이다."


def test_long_sentences_measured_anew_fall_near_the_chosen_option():
    """As on the card up to chance: other sentences of the same grammar, of 11 to 14 words."""
    assert answer(1, 3) == 2
    pairs = [pair for pair in grammar.pairs(7, 400, held_out=True) if 11 <= len(pair.english) - 1 <= 14]
    model = load("gru-plain")
    written = greedy(model.network, [model.tokenizer.token_ids(pair.source) for pair in pairs])
    right_ones = sum(model.tokenizer.text(ids) == pair.target for ids, pair in zip(written, pairs, strict=True))
    assert len(pairs) > 40
    assert 0.3 < right_ones / len(pairs) < 0.55
    assert "44%" in words_of(1, 3)


def test_gru_attention_looks_at_the_verb():
    assert answer(1, 4) == 1
    recording = load("gru-attention").record(LONG)
    row = recording.attention.weights[recording.tokens.index("·쫓을") - 1]
    assert recording.source_tokens[int(row.argmax())] == "·chase"
    assert f"{float(row.max()):.2f}" in words_of(1, 4)


def test_danish_is_the_mistake_and_the_scores_are_those_of_the_paper():
    assert answer(1, 5) == 1
    assert BLEU_IN_THE_PAPER == {"English–German": 28.4, "English–French": 41.8}
    assert [lesson(1, language).steps[4].ask.source for language in ("en", "ko")] == [
        "Vaswani et al. 2017, table 2",
        "Vaswani 외 2017, 표 2",
    ]


# -- 2: query, key, value ------------------------------------------------------------------------------------


def test_taste():
    assert answer(2, 1) == 1
    mine, ana, ben = (5, 4, 1, 2), (4, 5, 1, 3), (1, 2, 5, 4)
    products = [sum(a * b for a, b in zip(mine, other, strict=True)) for other in (ana, ben)]
    assert products == [47, 26]
    assert sum(a * b for a, b in zip(ben, ben, strict=True)) > sum(a * b for a, b in zip(ben, ana, strict=True))
    assert answer(2, 2) == 0
    share = softmax([47 / 2, 26 / 2])[0]
    assert f"{5 * share + 1 * (1 - share):.4f}" in words_of(2, 2)


def test_with_one_matrix_looking_is_mutual_and_with_two_it_is_not():
    assert answer(2, 4) == 2
    attention = preset(2, 5).recording.blocks[1].attention
    there, back = (float(attention.query[4, i] @ attention.key[4, j]) for i, j in ((17, 8), (8, 17)))
    assert f"{there:.3g}" in words_of(2, 4)
    assert f"{back:.3g}" in words_of(2, 4)
    assert there > 2 * back


def test_red_looks_at_ball_and_its_value_arrives():
    assert answer(2, 5) == {8}
    assert int(weights(1, 4)[17].argmax()) == 8
    assert preset(2, 5).recording.tokens[8] == "·ball"
    assert answer(2, 6) == 0
    value = preset(2, 6).recording.blocks[1].attention.value[4]
    context = weights(1, 4)[17] @ value
    cosines = (value @ context) / value.norm(dim=-1) / context.norm()
    assert int(cosines.argmax()) == 8
    assert f"{float(cosines[8]):.2f}" in words_of(2, 6)


# -- 3: from dot product to weights ----------------------------------------------------------------------------


def test_three_words_by_hand():
    assert answer(3, 1) == 2
    scores = [1.18, 1.86, 0.96]
    assert answer(3, 2) == 1
    shares = softmax(scores)
    assert shares[1] / shares[2] == pytest.approx(math.exp(0.9)) == pytest.approx(2.46, abs=0.005)
    for number in ("3.2544", "6.4237", "2.6117", "12.2898", "0.2648", "0.5227", "0.2125"):
        assert number in words_of(3, 2)
    assert answer(3, 6) == 2
    assert f"{shares[0] + 0.5 * shares[2]:.4f}" in words_of(3, 6)


def test_ten_more_for_all_changes_nothing():
    assert answer(3, 3) == 2
    row = torch.rand(5, dtype=torch.float64)
    assert torch.allclose(torch.softmax(row + 10, -1), torch.softmax(row, -1))


def test_dim_0_makes_columns_sum_to_one():
    assert answer(3, 4) == 1
    assert lesson(3).steps[3].ask.mistake == 7
    for total in ("0.69", "1.19", "1.12"):
        assert total in words_of(3, 4)


def test_every_row_of_the_first_head_looks_one_back():
    assert answer(3, 5) == {(12, 11)}
    assert weights(0, 0).argmax(-1).tolist()[1:] == list(range(17))
    assert all(f"{float(weights(0, 0)[row, row - 1]):.3g}" in words_of(3, 5) for row in (8, 9))


# -- 4: why √d_k -----------------------------------------------------------------------------------------------


def test_width_makes_scores_large_and_length_does_not():
    assert answer(4, 1) == 1
    torch.manual_seed(1)
    spread = {}
    for width, keys in ((16, 16), (256, 16), (16, 256)):
        query, key = torch.randn(2_000, 1, width), torch.randn(2_000, keys, width)
        spread[width, keys] = float((query @ key.transpose(1, 2)).var())
    assert spread[256, 16] / spread[16, 16] == pytest.approx(16, rel=0.1)
    assert spread[16, 256] / spread[16, 16] == pytest.approx(1, rel=0.1)
    assert answer(4, 2) == 1
    assert math.sqrt(256 / 64) == 2


def test_a_row_of_64_components():
    assert answer(4, 3) == 1
    scores = [14.63096, 13.30902, 13.05022]
    whole, divided = softmax(scores), softmax([score / 8 for score in scores])
    assert f"{whole[0]:.4f}" in words_of(4, 3)
    assert f"{divided[0]:.4f}" in words_of(4, 3)


def test_undivided_the_same_key_gets_more():
    assert answer(4, 4) == 0
    own, whole = weights(1, 4), weights(1, 4, divisor=1)
    assert torch.equal(own.argmax(-1), whole.argmax(-1))
    assert float(own[16].max()) == pytest.approx(0.282, abs=5e-4)
    assert f"{float(whole[16].max()):.3g}" in words_of(4, 4)
    entropies = [float(torch.special.entr(found)[1:].sum(-1).mean()) for found in (own, whole)]
    assert all(f"{entropy:.3g}" in words_of(4, 4) for entropy in entropies)


def test_most_undivided_rows_of_wide_heads_pass_nothing_back():
    assert answer(4, 5) == 2
    torch.manual_seed(2)
    scores = (torch.randn(1_000, 1, 512) @ torch.randn(1_000, 16, 512).transpose(1, 2))[:, 0]

    def share_dead(divisor: float) -> float:
        shares = torch.softmax(scores / divisor, -1)
        jacobian = torch.diag_embed(shares) - shares[:, :, None] * shares[:, None, :]
        return float((jacobian.norm(dim=(1, 2)) < 0.01).float().mean())

    assert share_dead(1) == pytest.approx(0.65, abs=0.06)
    assert share_dead(math.sqrt(512)) == 0


def test_a_higher_temperature_looks_wider():
    assert answer(4, 6) == 2
    rows = [weights(1, 4, divisor=math.sqrt(32) * temperature)[16] for temperature in (0.5, 1, 2)]
    entropies = [float(torch.special.entr(row).sum()) for row in rows]
    assert entropies == sorted(entropies)
    assert all(f"{entropy:.3g}" in words_of(4, 6) for entropy in entropies)
    cold, hot = (weights(1, 4, divisor=math.sqrt(32) * temperature) for temperature in (0.05, 20))
    assert float(cold.max(-1).values.min()) > 0.7
    evenness = torch.special.entr(hot).sum(-1)[1:] / torch.arange(2, 19).log()
    assert float(evenness.min()) > 0.95


# -- 5: masks --------------------------------------------------------------------------------------------------


def test_no_row_may_look_ahead():
    assert answer(5, 1) == set(range(9, 18))


def test_lifting_the_mask_shows_the_answer():
    assert answer(5, 2) == 0
    model, text = load("tiny-gpt"), preset(5, 2).text
    everyone = viz_core.Cells.of(torch.ones(18, 18, dtype=torch.bool))
    ids = model.token_ids(text)
    for edits in (viz_core.Edits(), viz_core.Edits(allowed=everyone)):
        shares = torch.softmax(model.record(text, edits, all_logits=True).logits, -1)
        mean = sum(float(shares[row, ids[row + 1]]) for row in range(17)) / 17
        assert f"{mean:.1%}" in words_of(5, 2)


def test_only_rows_from_the_replaced_token_on_change():
    assert answer(5, 3) == 1
    model = load("tiny-gpt")
    texts = preset(5, 3).text, preset(5, 3).text.replace("dog", "cat", 1)
    before, after = (model.record(text, all_logits=True).logits for text in texts)
    assert [torch.equal(one, other) for one, other in zip(before, after, strict=True)] == [True] * 2 + [False] * 16


def test_minus_infinity_is_the_mask_that_works():
    assert answer(5, 4) == 2
    assert lesson(5).steps[3].ask.mistake == 2
    whole = weights(1, 4, masked=False)
    assert f"{float(whole[2, :3].sum()):.2g}" in words_of(5, 4)
    attention = preset(5, 4).recording.blocks[1].attention
    scores = attention.query[4] @ attention.key[4].T / math.sqrt(32)
    leaking = torch.softmax(scores.tril(), -1)
    assert f"{float(leaking[4, :5].sum()):.2g}" in words_of(5, 4)


def test_equal_scores_are_shared_out_evenly():
    assert answer(5, 5) == 2
    assert softmax([0.0] * 4)[0] == 1 / 4


def test_an_encoder_hears_its_filling_unless_it_is_masked():
    assert answer(5, 6) == 1
    assert lesson(5).steps[5].ask.mistake == 10
    model, text = load("tiny-bert"), preset(5, 6).text
    filled = model.record(text, all_logits=True).logits
    alone = model.record("The little dog ran to the <mask>.", all_logits=True).logits
    assert (filled[:8] - alone).abs().max() > 1
    for logits in (filled, alone):
        shares = torch.softmax(logits[6].double(), -1)
        best = model.labels([int(shares.argmax())])[0].removeprefix("·")
        assert f"“{best}” {float(shares.max()):.1%}" in words_of(5, 6)


# -- 6: many heads ---------------------------------------------------------------------------------------------


def test_heads_stand_side_by_side_before_w_o():
    assert answer(6, 1) == 1
    output = load("tiny-gpt").transformer.block(1).attention.output.weight
    assert output.shape[1] == 6 * 32 == 192
    assert "1,152" in words_of(6, 1)


def test_98_304_is_one_head():
    assert answer(6, 2) == 0
    assert 3 * 512 * 64 == 98_304
    assert f"{8 * 98_304:,}" in words_of(6, 2)
    assert f"{512 * 512:,}" in words_of(6, 2)
    assert 16 * 3 * 512 * 32 == 8 * 98_304


def test_an_induction_head_looks_behind_the_earlier_copy():
    assert answer(6, 3) == {(12, 3)}
    assert weights(1, 4).argmax(-1).tolist()[12:] == [3, 4, 5, 6, 7, 8]


def test_the_head_that_looks_one_back_feeds_the_induction_head():
    assert answer(6, 4) == 0
    before = [float(weights(layer, head).diagonal(-1).mean()) for layer, head in ((0, 0), (1, 0), (3, 3))]
    assert before == sorted(before, reverse=True)[:1] + before[1:]
    off = viz_core.Edits(ablated=frozenset({(0, 0)}))
    rows, keys = range(12, 18), range(3, 9)  # what followed the earlier copy; L1 still runs with the other heads on
    own, without = (weights(1, 4, edits=edits)[list(rows), list(keys)].mean() for edits in (None, off))
    assert own > 0.6
    assert without < 0.15


def test_the_first_head_is_missed_most():
    assert answer(6, 5) == 1
    alone = [kl((1, 4)), kl((0, 0)), kl((0, 2))]
    assert alone.index(max(alone)) == 1
    assert all(f"{change:.3g}" in words_of(6, 5) for change in alone)
    assert f"{float(probabilities().max()):.1%}" in words_of(6, 5)


def test_five_induction_heads_together_change_more_than_one_by_one_but_not_by_the_logit():
    assert answer(6, 6) == 0
    marked = load("tiny-gpt").card["roles"]["induction"]
    assert [head for head in range(6) if marked[1][head] > 0.25] == [head for _layer, head in INDUCTION]
    alone, together = sum(map(kl, INDUCTION)), kl(*INDUCTION)
    assert together > 2 * alone
    model, text = load("tiny-gpt"), preset(6, 6).text
    ball = int(probabilities().argmax())

    def fall(*off: tuple[int, int]) -> float:
        logits = [model.record(text, viz_core.Edits(ablated=frozenset(heads))).logits[-1] for heads in (off, ())]
        return float(logits[0][ball] - logits[1][ball])

    assert sum(map(fall, INDUCTION)) < fall(*INDUCTION) < 0
    for change in (sum(map(fall, INDUCTION)), fall(*INDUCTION)):
        assert f"{change:.2f}".replace("-", "−") in words_of(6, 6)


# -- all of them -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("number", range(1, 7))
def test_every_word_is_said_without_a_hole(number: int, language: str):
    found = lesson(number, language)
    assert found.language == language
    assert sum(step.ask is not None for step in found.steps) >= 2
    assert not any("{{" in words_of(number, step, language) for step in range(1, len(found.steps) + 1))


def test_these_mistakes_are_found_here():
    found = {step.ask.mistake for number in range(1, 7) for step in lesson(number).steps if step.ask}
    assert found - {0} == {2, 3, 4, 7, 8, 10, 11}
