"""Small checkpoints of other architectures with their tokenizers, as transformers saves them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tokenizers
import torch
import transformers
from tokenizers import decoders, models, pre_tokenizers, processors, trainers

import viz_core
from tests.models.architectures import CASES
from tests.models.conftest import VOCAB, byte_level_tokenizer
from viz_core.models import Model

CORPUS = [
    "The dog bit the man. The man bit the dog back, and the dog ran. The little angry dog chased the red ball."
] * 3
CHAT = (
    "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
NAMES = ("llama", "mistral", "gemma2", "bert", "t5", "chat", "sentence")


def word_pieces() -> tokenizers.Tokenizer:
    """BERT's kind: [CLS] before, [SEP] behind, ##ing for the rest of a word."""
    made = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))  # noqa: S106  not a password
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    made.train_from_iterator(
        CORPUS, trainers.WordPieceTrainer(vocab_size=70, special_tokens=special, show_progress=False)
    )
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return made


def saved(folder: Path, name: str) -> Path:
    """One of NAMES, as a checkpoint folder of that name."""
    kinds = {"llama": "Llama", "mistral": "Mistral", "gemma2": "Gemma2", "bert": "Bert", "t5": "T5", "chat": "Qwen3"}
    pieces = name in {"bert", "sentence"}
    tokenizer = word_pieces() if pieces else byte_level_tokenizer()
    case = next(case for case in CASES if case.name == kinds.get(name, "Bert"))
    settings: Any = case.config()
    settings.vocab_size = tokenizer.get_vocab_size() if pieces else VOCAB
    torch.manual_seed(0)
    auto = "AutoModel" if name == "sentence" else case.auto
    made = getattr(transformers, auto).from_config(settings)
    made.save_pretrained(folder / name)
    tokenizer.save(str(folder / name / "tokenizer.json"))
    if name == "chat":
        told = {"chat_template": CHAT, "bos_token": {"content": "<|endoftext|>"}}
        (folder / name / "tokenizer_config.json").write_text(json.dumps(told), encoding="utf-8")
    return folder / name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Where one of NAMES lies; made when it is first asked for."""
    made: dict[str, Path] = {}

    def of(name: str) -> Path:
        if name not in made:
            made[name] = saved(tmp_path_factory.mktemp("checkpoints"), name)
        return made[name]

    return of


def loaded(folder: Path, **how: Any) -> Model:
    model = viz_core.load(str(folder), **how)
    assert isinstance(model, Model)
    return model
