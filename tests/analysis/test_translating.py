"""What is said of a translation's cross-attention, against cases worked out by hand."""

import pytest
import torch

from viz_core import load
from viz_core.analysis.translating import (
    PARTICLES,
    PREPOSITIONS,
    by_word,
    cross_weights,
    crossed_farthest,
    crossings,
    farthest,
    likeliest,
    particles_found,
    same_word,
    words_of,
)
from viz_core.grammar import pairs
from viz_core.models import Translator
from viz_core.models.translator import END
from viz_core.recording import Recording
from viz_core.recurrent import RecurrentRecording

SENTENCE = "At night her bird will chase the cat that the children saw."


@pytest.fixture(scope="module")
def translator() -> Translator:
    found = load("tiny-translator")
    assert isinstance(found, Translator)
    return found


@pytest.fixture(scope="module")
def recording(translator: Translator) -> Recording:
    found = translator.record(SENTENCE)
    assert isinstance(found, Recording)
    return found


def test_row_i_is_the_one_that_writes_token_i(translator: Translator, recording: Recording):
    writes = recording.logits.argmax(-1).tolist()
    assert writes == [*recording.token_ids[1:].tolist(), END]
    cat = recording.encoder.tokens.index("·cat")
    layer, head = translator.card["figures"]["aligned_head"]
    row = recording.tokens.index("·고양이를") - 1  # its input is the token before
    assert int(cross_weights(recording)[layer, head, row].argmax()) == cat


def test_weights_of_all_heads_and_of_a_gru(recording: Recording):
    weights = cross_weights(recording)
    assert weights.shape == (2, 6, 12, 14)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 6, 12))
    gru = load("gru-attention").record(SENTENCE)
    assert isinstance(gru, RecurrentRecording)
    assert torch.equal(cross_weights(gru)[0, 0], gru.attention.weights)
    with pytest.raises(ValueError, match="no cross-attention"):
        cross_weights(load("gru-plain").record(SENTENCE))


def test_words_are_tokens_up_to_the_next_blank():
    assert words_of(["The", "·dog", "·b", "it", "·man", ".", "[end]"]) == [[0], [1], [2, 3], [4], [5], [6]]
    assert words_of(["·그", "·아이", "들이", "·낡(1/2)", "낡(2/2)", "었다", ".", "[end]"])[1:3] == [[1, 2], [3, 4, 5]]
    assert words_of(["don", "'", "t", "[end]"]) == [[0], [1, 2], [3]]
    assert words_of(["[end]"]) == [[0]]


def test_by_word_takes_the_first_row_and_sums_columns():
    weights = torch.tensor([[0.1, 0.2, 0.7], [0.5, 0.3, 0.2], [0.0, 0.6, 0.4]])
    expected = torch.tensor([[0.1, 0.9], [0.0, 1.0]])
    torch.testing.assert_close(by_word(weights, [[0, 1], [2]], [[0], [1, 2]]), expected)


def test_crossings_counts_pairs_the_other_way_round():
    assert crossings([0, 1, 2]) == (3, 0)
    assert crossings([2, 1, 0]) == (3, 3)
    assert crossings([0, 3, 3, 1]) == (6, 2)  # the two that look at column 3, each with the last
    assert crossings([4]) == (0, 0)


def test_farthest_is_sure_and_off_the_diagonal():
    weights = torch.eye(5)
    weights[1] = torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0])  # 0.42 of the text away, surely
    weights[2] = torch.tensor([0.24, 0.19, 0.19, 0.19, 0.19])  # 0.5 away, but hardly
    assert farthest(weights, range(4)) == 1
    assert farthest(weights, [0, 2]) == 2
    assert farthest(torch.ones(1, 1), [0]) == 0


def test_likeliest_are_shares_of_all_tokens(recording: Recording):
    held = likeliest(recording.logits, 5)
    assert torch.equal(held.token_ids[:, 0], recording.logits.argmax(-1))
    every = torch.softmax(recording.logits.double(), -1)
    torch.testing.assert_close(held.probabilities, every.gather(-1, held.token_ids))
    assert (held.probabilities.diff(dim=-1) <= 0).all()


def test_the_farthest_pair_is_the_surest_of_those_as_far_apart():
    assert crossed_farthest([5, 1, 3, 1], [1.0, 0.6, 0.9, 0.9]) == (0, 3)
    assert crossed_farthest([5, 1, 3, 1], [1.0, 0.9, 0.9, 0.6]) == (0, 1)
    assert crossed_farthest([5, 1, 0], [0.5, 1.0, 0.5]) == (0, 2)  # distance comes first
    with pytest.raises(ValueError, match="empty"):
        crossed_farthest([0, 1, 1], [1.0, 1.0, 1.0])


def test_particles_are_found_where_a_noun_with_one_looks_at_a_preposition():
    read = ["At", "night", "with", "my", "friend", "to"]
    written = ["밤에", "친구와", "함께", "가고"]
    assert particles_found([0, 2, 2, 5], written, read) == [(0, 0), (1, 2)]
    assert particles_found([1, 4, 2, 5], written, read) == []


def test_of_a_preposition_and_its_noun_the_grammar_aligns_the_noun_alone():
    """What the page says makes a look at the preposition a miss."""
    seen = set[str]()
    for pair in pairs(3, 800, held_out=False):
        for row, word in enumerate(pair.korean):
            aligned = {pair.english[column].lower() for at, column in pair.alignment if at == row}
            found = PREPOSITIONS & aligned if word.endswith(PARTICLES) else set()
            assert not found, (pair.source, word)
        seen |= PREPOSITIONS & set(pair.english)
    assert seen == PREPOSITIONS


def test_the_same_word_is_found_nearest():
    assert same_word("그", 3, ["그", "개", "그", "문"]) == 2
    assert same_word("새", 0, ["그", "개"]) is None
