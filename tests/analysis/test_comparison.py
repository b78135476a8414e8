"""A beside B: alignment, restriction and distances, against hand-computed values and the definition spelled out."""

import math

import numpy as np
import pytest
import torch

import viz_core
from viz_core.analysis import comparison
from viz_core.analysis.birth import jensen_shannon
from viz_core.analysis.comparison import NONE, Alignment, Reading, aligned
from viz_core.analysis.words import words_of
from viz_core.attention import AttentionRecord
from viz_core.edits import Edits
from viz_core.models import Model

TEXT = "The little dog chased the red ball. The little dog chased the red"


@pytest.fixture(scope="module")
def model() -> Model:
    return viz_core.load("tiny-gpt")


def everywhere(weights: list[list[float]]) -> tuple[torch.Tensor, torch.Tensor]:
    """One head whose rows may look at every column."""
    found = torch.tensor([weights])
    return found, torch.ones_like(found, dtype=torch.bool)


def same(n: int) -> Alignment:
    return aligned(range(n), range(n))


def by_definition(p: np.ndarray, q: np.ndarray) -> float:
    """√(½ Σ p log₂(p/m) + ½ Σ q log₂(q/m)), term by term; 0 · log 0 is 0."""
    middle = (p + q) / 2
    total = sum(0.5 * x * math.log2(x / m) for one in (p, q) for x, m in zip(one, middle, strict=True) if x > 0)
    return math.sqrt(max(total, 0))


# -- alignment -----------------------------------------------------------------------------------------------


def test_a_replaced_word_has_a_place_for_each_side() -> None:
    found = aligned("abcd", "abXd")
    assert found.first == (0, 1, 2, NONE, 3)
    assert found.second == (0, 1, NONE, 2, 3)
    assert (found.shared, found.only_first, found.only_second) == ([0, 1, 4], [2], [3])


def test_replaced_one_for_one_counts_as_shared_where_asked() -> None:
    assert aligned("abcd", "abXd", paired=True) == Alignment((0, 1, 2, 3), (0, 1, 2, 3))
    assert aligned("abcd", "aXd", paired=True).only_first == [1, 2], "two for one are no pairs"
    assert aligned("abY", "abX", paired=True).shared == [0, 1, 2], "at the end too"


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [("abc", "abc", 3), ("abc", "xyz", 0), ("", "ab", 0), ("a", "ba", 1), ("abcbdab", "bdcaba", 4), ("aab", "ab", 2)],
)
def test_a_longest_common_subsequence_is_found(first: str, second: str, shared: int) -> None:
    """The fifth is the textbook case (Cormen et al., section 15.4): of length 4, e.g. bcba."""
    found = aligned(first, second)
    assert len(found.shared) == shared
    assert [first[one] for one in found.first if one != NONE] == list(first), "every token has its place, in order"
    assert [second[other] for other in found.second if other != NONE] == list(second)
    assert all(first[found.first[at]] == second[found.second[at]] for at in found.shared)


def test_it_is_never_shorter_than_any_other_subsequence() -> None:
    """Against the plain recursion over both first letters."""

    def longest(one: str, other: str) -> int:
        if not one or not other:
            return 0
        if one[0] == other[0]:
            return 1 + longest(one[1:], other[1:])
        return max(longest(one[1:], other), longest(one, other[1:]))

    random = np.random.default_rng(0)
    for _trial in range(400):
        one, other = ("".join(random.choice(list("abc"), size=random.integers(0, 10))) for _side in range(2))
        assert len(aligned(one, other).shared) == longest(one, other), (one, other)


def test_cells_are_put_where_their_tokens_are() -> None:
    cells = torch.arange(4.0).reshape(2, 2)
    axis = comparison.placed(cells, (0, NONE, 1))
    assert axis[[0, 0, 2, 2], [0, 2, 0, 2]].tolist() == [0, 1, 2, 3]
    assert int(axis.isnan().sum()) == 5


# -- restriction ---------------------------------------------------------------------------------------------


def test_a_row_is_shared_out_among_the_shared_tokens() -> None:
    weights = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3], [0.0, 1.0, 0.0]])
    found = comparison.restricted(weights, torch.tensor([0, 2]))
    assert found.weights[0].tolist() == pytest.approx([5 / 7, 2 / 7])
    assert found.share.tolist() == pytest.approx([0.7, 0.0])
    assert found.weights[1].tolist() == [0, 0], "a row that looks at nothing shared stays 0"


# -- distance ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("p", "q", "distance"),
    [
        ([0.25, 0.75], [0.25, 0.75], 0.0),
        ([1.0, 0.0], [0.0, 1.0], 1.0),
        # m = [3/4, 1/4]; ½·log₂(4/3) + ½·(½·log₂(2/3) + ½·log₂ 2) = 0.31128 bits
        ([1.0, 0.0], [0.5, 0.5], math.sqrt(0.5 * math.log2(4 / 3) + 0.25 * math.log2(2 / 3) + 0.25)),
    ],
)
def test_known_distances(p: list[float], q: list[float], distance: float) -> None:
    found = comparison.distances(everywhere([p, p]), everywhere([q, q]), same(2))
    assert found.tolist() == pytest.approx([distance], abs=1e-7)
    if distance not in {0.0, 1.0}:
        assert distance == pytest.approx(0.557923, abs=1e-6)


def test_it_is_the_definition_and_that_of_how_heads_are_born() -> None:
    """Sharp and flat distributions, zeros among them; the other one is computed in float64 from entropies."""
    random = np.random.default_rng(2)
    for concentration in (0.02, 1.0, 50.0):
        p, q = (random.dirichlet(np.full(7, concentration), size=20).astype(np.float32) for _side in range(2))
        p[0] = [1, 0, 0, 0, 0, 0, 0]
        found = comparison.jensen_shannon(torch.tensor(p), torch.tensor(q)).numpy()
        expected = [by_definition(one.astype(float), other.astype(float)) for one, other in zip(p, q, strict=True)]
        assert found == pytest.approx(expected, abs=2e-4)
        assert found == pytest.approx(jensen_shannon(torch.tensor(p), torch.tensor(q)).numpy(), abs=2e-4)


def test_distributions_that_differ_by_rounding_alone_are_no_distance_apart() -> None:
    p = torch.rand(50, 9).softmax(-1)
    assert float(comparison.jensen_shannon(p, p * (1 + 1e-7)).max()) < 1e-6
    assert float(comparison.jensen_shannon(p, p).max()) == 0


def test_a_head_s_distance_is_the_mean_of_its_rows() -> None:
    one, other = [[1.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]
    assert comparison.distances(everywhere(one), everywhere(other), same(2)).tolist() == pytest.approx([0.5])


def test_rows_without_a_choice_are_left_out() -> None:
    causal = torch.ones(2, 2, dtype=torch.bool).tril()[None]
    first = (torch.tensor([[[1.0, 0.0], [1.0, 0.0]]]), causal)
    second = (torch.tensor([[[1.0, 0.0], [0.0, 1.0]]]), causal)
    assert comparison.distances(first, second, same(2)).tolist() == pytest.approx([1.0])
    lifted = (torch.tensor([[[0.0, 1.0], [0.0, 1.0]]]), torch.ones_like(causal))
    assert comparison.distances(first, lifted, same(2)).tolist() == pytest.approx([1.0]), "one side's choice is enough"
    half = (torch.tensor([[[0.0, 1.0], [1.0, 0.0]]]), torch.ones_like(causal))
    assert comparison.distances(first, half, same(2)).tolist() == pytest.approx([0.5]), "row 0 counts though A has none"
    one = (torch.ones(1, 1, 1), torch.ones(1, 1, 1, dtype=torch.bool))
    assert comparison.distances(one, one, same(1)).isnan().all()
    assert comparison.distances(first, second, aligned("ab", "xy")).isnan().all()


def test_rows_that_give_shared_tokens_no_weight_are_left_out() -> None:
    """The second row of "ab!" looks at "!" alone, which the other text does not have."""
    first = everywhere([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    second = everywhere([[0.5, 0.5], [0.5, 0.5]])
    assert comparison.distances(first, second, aligned("ab!", "ab")).tolist() == [0.0]


def test_only_shared_rows_and_columns_count() -> None:
    """Against the definition, row by row in plain Python: tokens a c of "abc" against a c of "acX"."""
    random = np.random.default_rng(1)
    first, second = (random.dirichlet(np.ones(3), size=3) for _side in range(2))
    rows = []
    for row, other in ((0, 0), (2, 1)):
        p, q = first[row][[0, 2]], second[other][[0, 1]]
        rows.append(by_definition(p / p.sum(), q / q.sum()))
    found = comparison.distances(everywhere(first.tolist()), everywhere(second.tolist()), aligned("abc", "acX"))
    assert found.tolist() == pytest.approx([sum(rows) / 2], abs=1e-6)


def test_many_rows_are_compared_in_parts_as_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    first, second = ((torch.rand(2, 11, 11).softmax(-1), torch.ones(1, 11, 11, dtype=torch.bool)) for _side in range(2))
    whole = comparison.distances(first, second, same(11))
    monkeypatch.setattr(comparison, "MOST_ROWS", 3)
    assert comparison.distances(first, second, same(11)).tolist() == pytest.approx(whole.tolist(), abs=1e-12)


# -- rankings on a real model --------------------------------------------------------------------------------


@pytest.mark.parametrize("edits", [{"scale": 1.0}, {"temperature": 0.2}])
def test_an_edit_of_one_head_ranks_it_first_and_leaves_earlier_ones_alone(model: Model, edits: dict) -> None:
    layer, head = 1, 4
    before = model.record(TEXT)
    after = model.record(TEXT, Edits(**edits, at=frozenset({(layer, head)})))
    n = len(before.tokens)
    told: list[tuple[int, int]] = []
    found = torch.stack(comparison.changes(Reading(before), Reading(after), same(n), lambda *done: told.append(done)))
    assert divmod(int(found.argmax()), found.shape[1]) == (layer, head)
    beside = [other for other in range(found.shape[1]) if other != head]
    assert (found[:layer] == 0).all(), "nothing has reached the layers before"
    assert (found[layer, beside] == 0).all(), "nor the other heads of the layer"
    assert (found[layer + 1 :] > 0).all()
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4)]


def test_a_head_that_is_off_keeps_its_weights(model: Model) -> None:
    before = model.record(TEXT)
    after = model.record(TEXT, Edits(ablated=frozenset({(1, 4)})))
    found = torch.stack(comparison.changes(Reading(before), Reading(after), same(len(before.tokens))))
    assert (found[:2] == 0).all()
    assert (found[2:] > 0).all()


def test_rows_before_the_changed_word_stay_under_a_causal_mask(model: Model) -> None:
    first, second = model.record(TEXT), model.record(TEXT.replace("ball", "car", 1))
    found = aligned(first.token_ids.tolist(), second.token_ids.tolist())
    assert [first.tokens[found.first[at]] for at in found.only_first] == ["·ball"]
    assert [second.tokens[found.second[at]] for at in found.only_second] == ["·car"]
    start = Alignment(found.first[:7], found.second[:7])
    before = torch.stack(comparison.changes(Reading(first), Reading(second), start))
    assert float(before.max()) < 1e-6
    assert float(torch.stack(comparison.changes(Reading(first), Reading(second), found)).max()) > 0.1


def test_a_head_is_most_like_itself(model: Model) -> None:
    recording = model.record(TEXT)
    reading, n = Reading(recording), len(recording.tokens)
    found = torch.stack(comparison.likeness(reading.cells(2, 3), reading, same(n)))
    assert divmod(int(found.argmin()), found.shape[1]) == (2, 3)
    assert found[2, 3] == 0
    across = comparison.pairs(reading, reading, (2, 1), same(n))
    assert across[3].tolist() == pytest.approx(found[1].tolist())
    assert across.shape == (6, 6)


def test_words_of_two_models_are_compared_as_words(model: Model) -> None:
    """Against loops: a word's columns are summed, its rows averaged."""
    recording = model.record("The dog chased")
    spans = words_of(recording.tokens)
    assert spans == [(0, 1), (1, 2), (2, 5)]
    weights, allowed = Reading(recording, spans).cells(1, 2)
    plain = recording.blocks[1].attention.weights[2]
    expected = [[float(plain[a:b, c:d].sum()) / (b - a) for c, d in spans] for a, b in spans]
    for row, other in zip(weights[0].tolist(), expected, strict=True):
        assert row == pytest.approx(other, abs=1e-6)
    assert allowed[0].tolist() == [[True, False, False], [True, True, False], [True, True, True]]


def test_grouped_keys_and_masks_of_each_head_are_taken() -> None:
    torch.manual_seed(0)
    allowed = torch.ones(4, 5, 5, dtype=torch.bool).tril()
    allowed[2] = torch.eye(5, dtype=torch.bool)  # a head that sees only itself has no choice
    record = AttentionRecord(torch.randn(4, 5, 3), torch.randn(2, 5, 3), torch.randn(2, 5, 3), allowed, 1.0)
    cells = comparison.cells_of(record, None)
    found = comparison.distances(cells, cells, same(5))
    assert found[2].isnan()
    assert found[[0, 1, 3]].tolist() == [0, 0, 0]
