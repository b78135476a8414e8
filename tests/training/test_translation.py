from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from viz_core import grammar
from viz_core.config import TransformerConfig
from viz_core.grammar import Pair, held_out
from viz_core.models.translator import END, greedy
from viz_core.recurrent import RecurrentConfig
from viz_core.training import pairs
from viz_core.training.corpora import CorpusMissing, bpe
from viz_core.training.loop import IGNORED, backward, train
from viz_core.training.pairs import file_pairs, load_pairs, split, word_counts
from viz_core.training.recipe import Recipe, Source, Training
from viz_core.training.translation import Translation, padded, translations
from viz_core.training.translation_evaluation import alignment, evaluate, words_of

GRAMMAR = Source("grammar", "", "English → Korean", "own", 0.5, "grammar")
PEOPLE = Source("people", "pairs.tsv", "English → Korean", "own", 0.5, "pairs")
TRAINING = Training(
    seed=7,
    steps=50,
    batch=8,
    learning_rate=0.01,
    warmup=5,
    decay=0.2,
    weight_decay=0.0,
    checkpoint_every=50,
    bfloat16=False,
)
SHAPES = {
    "transformer": TransformerConfig(
        vocab_size=400,
        context=48,
        n_layer=1,
        n_head=2,
        d_model=12,
        architecture="encoder_decoder",
        norm_place="post",
        positions="sinusoidal",
    ),
    "attention": RecurrentConfig(vocab_size=400, context=48, d_embedding=8, d_state=12, d_attention=6),
    "plain": RecurrentConfig(vocab_size=400, context=48, d_embedding=8, d_state=12),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pairs, "GRAMMAR_PAIRS", 300)
    rows = "".join(f"I have {n} dogs.\t나는 개가 {n}마리 있다.\ttatoeba.org #{n}\n" for n in range(200))
    (tmp_path / "pairs.tsv").write_text("en\tko\tattribution\n" + rows, encoding="utf-8")
    (tmp_path / "run").mkdir()
    return tmp_path


def task_of(folder: Path, kind: str) -> Translation:
    recipe = Recipe(kind, "tests", SHAPES[kind], TRAINING, (GRAMMAR, PEOPLE), "one")
    tokenizer, corpora = load_pairs(recipe, folder, folder / "run")
    return Translation(recipe, corpora, tokenizer)


# -- pairs ------------------------------------------------------------------------------------------------


def test_held_out_pairs_are_never_trained_on(folder: Path):
    for source in (GRAMMAR, PEOPLE):
        train_on, kept = split(source, folder, 7, folder)
        assert not {english for english, _ in train_on} & {english for english, _ in kept}
        assert kept
    assert all(held_out(pair) for pair in grammar.pairs(7, 50, held_out=True))
    assert not any(held_out(pair) for pair in grammar.pairs(7, 50, held_out=False))


def test_one_sentence_in_twenty_of_a_file_is_held_out(folder: Path):
    train_on, kept = split(PEOPLE, folder, 7, folder)
    assert len(train_on) + len(kept) == 200
    assert len(kept) / 200 == pytest.approx(0.05, abs=0.03)


def test_a_missing_file_is_named_by_its_path(tmp_path: Path):
    with pytest.raises(CorpusMissing, match=rf"people: no file at {tmp_path / 'pairs.tsv'}\. Pass --corpora"):
        list(file_pairs(PEOPLE, tmp_path))


def test_a_layout_that_is_not_known_is_refused(folder: Path):
    with pytest.raises(ValueError, match="people: layout 'xml'; expected grammar or pairs"):
        split(replace(PEOPLE, layout="xml"), folder, 7, folder)


def test_pairs_too_long_for_the_model_are_left_out(folder: Path):
    long = "word " * 60
    with (folder / "pairs.tsv").open("a", encoding="utf-8") as file:
        file.write(f"{long}\t{long}\tnobody\n")
    task = task_of(folder, "plain")
    assert max(len(ids) for corpus in task.corpora for pair in corpus.train for ids in pair) <= 47


# -- what a step draws ------------------------------------------------------------------------------------


def test_the_decoder_sees_the_words_before_the_one_to_guess():
    target, source, is_token, wanted = padded([([3, 4, 5], [6, 7]), ([3], [6, 7, 8])])
    assert source.tolist() == [[3, 4, 5, END], [3, END, END, END]]
    assert is_token.tolist() == [[True] * 4, [True, True, False, False]]
    assert target.tolist() == [[END, 6, 7, END], [END, 6, 7, 8]]
    assert wanted.tolist() == [[6, 7, END, IGNORED], [6, 7, 8, END]]


def test_a_step_draws_every_pair_once_however_it_is_cut(folder: Path, monkeypatch: pytest.MonkeyPatch):
    task = task_of(folder, "plain")
    whole = sum(int((piece[-1] == END).sum()) for piece in task.pieces(3))
    monkeypatch.setattr("viz_core.training.translation.TARGETS_AT_ONCE", 20)
    cut = task.pieces(3)
    assert len(cut) > 2
    assert sum(int((piece[-1] == END).sum()) for piece in cut) == whole == 8


@pytest.mark.parametrize("kind", SHAPES)
def test_padding_does_not_change_the_loss(folder: Path, kind: str):
    task = task_of(folder, kind)
    model = task.new_model().eval()
    drawn = [corpus.train[number] for number in range(4) for corpus in task.corpora]
    together = backward(task, model, [padded(drawn)])
    alone = backward(task, model, [padded([pair]) for pair in drawn])
    assert together == pytest.approx(alone, rel=1e-4)


# -- training and translating -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SHAPES)
def test_it_learns_and_is_measured(folder: Path, kind: str):
    task = task_of(folder, kind)
    model = train(task, folder / "run").eval()
    fresh, pieces = task.new_model(), task.pieces(999)
    assert backward(task, model.train(), pieces) < backward(task, fresh, pieces) - 0.5
    model.eval()
    found = evaluate_few(task, model)
    assert 0 <= found["exact"] < 0.5
    assert set(found["exact_by_length"]) == {"2–4", "5–6", "7–8", "9–10", "11–14"}
    assert ("aligned" in found) == (kind != "plain")


def evaluate_few(task: Translation, model: torch.nn.Module) -> dict[str, object]:
    with pytest.MonkeyPatch.context() as patch:
        for name, count in (("EXACT", 60), ("ALIGNED", 20), ("FROM_FILES", 5)):
            patch.setattr(f"viz_core.training.translation_evaluation.{name}", count)
        return evaluate(task, model, task.tokenizer).figures


class Spelling(torch.nn.Module):
    """Writes the tokens it was told to, then END."""

    def __init__(self, tokens: list[int]) -> None:
        super().__init__()
        self.tokens, self.weight = [*tokens, END], torch.nn.Parameter(torch.zeros(1))
        self.config = SHAPES["plain"]

    def forward(self, written: torch.Tensor, last_only: bool, source_ids: torch.Tensor, **_: object) -> object:
        assert (source_ids[:, -1] == END).all()
        logits = torch.zeros(len(written), 1, 400)
        logits[..., self.tokens[min(written.shape[1], len(self.tokens)) - 1]] = 1
        return type("Recording", (), {"logits": logits})


def test_greedy_decoding_stops_at_the_end():
    tokenizer = bpe(iter(["나는 간다."] * 3), 400)
    ids = tokenizer.encode("나는 간다.").ids
    assert greedy(Spelling(ids), [[3, 4]]) == [ids]
    assert translations(Spelling(ids), tokenizer, ["I go."]) == ["나는 간다."]


def test_greedy_decoding_stops_at_the_context():
    never = Spelling([5])
    never.tokens = [5] * 100
    assert greedy(never, [[3]]) == [[5] * 47]


@pytest.mark.parametrize("kind", SHAPES)
def test_many_at_once_come_out_as_one_by_one(folder: Path, kind: str):
    task = task_of(folder, kind)
    torch.manual_seed(3)
    model = task.new_model().eval()
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.5)
    sources = [[5, 6, 7], [9], [20, 30, 40, 50, 60, 7]]
    together = greedy(model, sources)
    assert together == [greedy(model, [source])[0] for source in sources]
    assert len({tuple(ids) for ids in together}) == 3


# -- alignment --------------------------------------------------------------------------------------------

PAIR = Pair(
    english=("I", "go", "to", "school", "."),
    korean=("나는", "학교에", "간다", "."),
    alignment=((0, 0), (1, 3), (2, 1)),
    pattern="motion",
    combination=("go school",),
)


def test_tokens_belong_to_words():
    tokenizer = bpe(iter([PAIR.source, PAIR.target, "go school 학교 간다"] * 9), 300)
    for text, words in ((PAIR.source, PAIR.english), (PAIR.target, PAIR.korean)):
        encoding = tokenizer.encode(text)
        found = words_of(encoding, text, words)
        assert found == sorted(found)
        assert set(found) == set(range(len(words)))
        for number, word in enumerate(words):
            pieces = [index for index, of in zip(encoding.ids, found, strict=True) if of == number]
            assert tokenizer.decode(pieces).strip() == word


class Looking(torch.nn.Module):
    """Row i of its only head looks at `looks[i]` with weight 0.7 and at the last column with the rest."""

    def __init__(self, looks: list[int]) -> None:
        super().__init__()
        self.looks = looks

    def forward(self, written: torch.Tensor, source_ids: torch.Tensor) -> object:
        weights = torch.zeros(1, len(written), len(source_ids))
        for row, column in enumerate(self.looks[: len(written)]):
            weights[0, row, column] = 0.7
        weights[..., -1] += 0.3
        crossing = type("Record", (), {"weights": weights})
        return type("Recording", (), {"blocks": [type("Block", (), {"cross_attention": crossing})]})


def test_agreement_counts_the_rows_that_write_a_words_first_token():
    tokenizer = bpe(iter([PAIR.source, PAIR.target]), 256 + 1)  # bytes only
    english, korean = tokenizer.encode(PAIR.source), tokenizer.encode(PAIR.target)
    read, written = (
        words_of(part, text, words)
        for part, text, words in ((english, PAIR.source, PAIR.english), (korean, PAIR.target, PAIR.korean))
    )
    wanted = dict(PAIR.alignment)
    right = [read.index(wanted.get(word, 4)) for word in written]  # row i writes token i
    perfect = alignment(Looking(right), tokenizer, [PAIR])
    assert perfect.words == 3
    assert perfect.agreement.item() == 1
    assert perfect.score.item() == pytest.approx(0.7)
    one_wrong = [*right]
    one_wrong[written.index(1)] = read.index(0)  # 학교에 looks at I
    assert alignment(Looking(one_wrong), tokenizer, [PAIR]).agreement.item() == pytest.approx(2 / 3)
    late = [right[0], *right[:-1]]  # each token's row looks where the row before should have
    assert alignment(Looking(late), tokenizer, [PAIR]).agreement.item() == pytest.approx(1 / 3)


def test_agreement_is_over_words_not_sentences():
    tokenizer = bpe(iter([PAIR.source]), 257)
    pair = Pair(("Go", "."), ("가라", "."), ((0, 0),), "order", ())
    zeros = alignment(Looking([0] * 60), tokenizer, [PAIR, pair])
    assert zeros.words == 4
    assert zeros.agreement.item() == pytest.approx(np.mean([1, 0, 0, 1]))


def test_words_are_counted_by_pairs(folder: Path):
    recipe = Recipe("plain", "tests", SHAPES["plain"], TRAINING, (PEOPLE,), "one")
    tokenizer, corpora = load_pairs(recipe, folder, folder / "run")
    assert word_counts(tokenizer, corpora) == dict.fromkeys(("dogs", "have", "i"), len(corpora[0].train))
