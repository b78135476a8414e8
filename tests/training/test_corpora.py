from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from tests.training.conftest import RECIPE
from viz_core.training.corpora import Corpus, CorpusMissing, documents, load_corpora, train_tokenizer
from viz_core.training.recipe import END_OF_TEXT


def test_every_document_comes_back_and_ends_where_it_ended(corpora: list[Corpus], folder: Path, tokenizer: Tokenizer):
    assert tokenizer.token_to_id(END_OF_TEXT) == 0
    for corpus in corpora:
        ids = np.concatenate([corpus.train, corpus.held_out])
        texts = tokenizer.decode(ids.tolist(), skip_special_tokens=False).split(END_OF_TEXT)
        assert texts == [*documents(corpus.source, folder), ""]
        assert len(corpus.held_out) == pytest.approx(len(ids) / 100, abs=1)


def test_corpora_are_encoded_once_and_again_when_they_change(
    corpora: list[Corpus], folder: Path, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        patch.delattr("viz_core.training.corpora._encode")  # nothing is encoded a second time
        again = load_corpora(RECIPE, tokenizer, folder, folder / "encoded")
    assert np.array_equal(again[0].train, corpora[0].train)
    (folder / "stories.txt").write_text("Another story. " * 50, encoding="utf-8")
    changed = load_corpora(RECIPE, tokenizer, folder, folder / "encoded")
    assert not np.array_equal(changed[0].train, corpora[0].train)
    assert np.array_equal(changed[1].train, corpora[1].train)
    (folder / "stories.txt").unlink()
    with pytest.raises(CorpusMissing):
        load_corpora(RECIPE, tokenizer, folder, folder / "encoded")


def test_a_corpus_that_is_not_there_is_named_by_its_path(folder: Path):
    (folder / "questions.csv").unlink()
    with pytest.raises(CorpusMissing, match=rf"questions: no file at {folder / 'questions.csv'}\. Pass --corpora"):
        train_tokenizer(RECIPE, folder)


def test_a_layout_that_is_not_known_is_refused(folder: Path):
    with pytest.raises(ValueError, match="stories: layout 'xml'; expected text, line or question-answer"):
        list(documents(replace(RECIPE.sources[0], layout="xml"), folder))
