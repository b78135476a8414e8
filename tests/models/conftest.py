"""Small checkpoints with random weights, so large that a mistake shows, and small tokenizers trained here."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest
import tokenizers
import torch
from huggingface_hub import constants, file_download
from tokenizers import AddedToken, decoders, models, pre_tokenizers, processors, trainers

from tests.models.hub import Hub, served
from viz_core.config import TransformerConfig
from viz_core.models.model import Model
from viz_core.models.tokens import Tokenizer
from viz_core.transformer import Transformer

CORPUS = ["The dog bit the man. The man bit the dog back, and the dog ran.", "어머니는 강아지를 보았다"] * 3
VOCAB = 307  # of the byte-level tokenizer: 1 special token, 256 bytes, 50 merges


def byte_level_tokenizer(vocab: int = VOCAB, corpus: list[str] | None = None) -> tokenizers.Tokenizer:
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab,
        special_tokens=[AddedToken("<|endoftext|>", special=True, normalized=False)],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus or CORPUS, trainer)
    return tokenizer


def transformer(**settings: Any) -> Transformer:
    """Random weights of σ = 0.4, biases and norms too."""
    torch.manual_seed(0)
    sizes = {"vocab_size": VOCAB, "context": 23, "n_layer": 2, "n_head": 3, "d_model": 15} | settings
    made = Transformer(TransformerConfig(**sizes))
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    return made.eval().requires_grad_(False)


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return Tokenizer(byte_level_tokenizer())


@pytest.fixture(scope="session")
def model(tokenizer: Tokenizer) -> Model:
    return Model("test", transformer(), tokenizer, "folder")


@pytest.fixture
def gpt2_folder(tmp_path: Path) -> Callable[..., Path]:
    """Makes a checkpoint folder as transformers saves it, with its tokenizer.json."""

    def make(name: str = "checkpoint", dtype: torch.dtype = torch.float32, shard: str = "5GB", **settings: Any) -> Path:
        reference = gpt2_reference(**settings).to(dtype)
        reference.save_pretrained(tmp_path / name, max_shard_size=shard)
        byte_level_tokenizer().save(str(tmp_path / name / "tokenizer.json"))
        return tmp_path / name

    return make


def gpt2_reference(**settings: Any) -> Any:
    """transformers' GPT2LMHeadModel with random weights, biases and norms too."""
    from transformers import GPT2Config, GPT2LMHeadModel  # noqa: PLC0415  only these tests wait for it

    sizes = {"vocab_size": VOCAB, "n_positions": 23, "n_layer": 3, "n_head": 5, "n_embd": 35}
    torch.manual_seed(1)
    config = GPT2Config(**(sizes | settings), initializer_range=0.4, attn_implementation="eager")
    reference = GPT2LMHeadModel(config).eval()
    for name, weight in reference.named_parameters():
        if name.endswith(".bias") or ".ln_" in name:
            torch.nn.init.normal_(weight, mean=float(name.endswith("weight")), std=0.4)
    return reference.requires_grad_(False)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 5)
    monkeypatch.setattr(file_download, "time", SimpleNamespace(sleep=lambda _seconds: None))
    with served() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.address)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", server.address + "/{repo_id}/resolve/{revision}/{filename}"
        )
        yield server
        huggingface_hub.close_session()


@pytest.fixture
def repo(hub: Hub, gpt2_folder: Callable[..., Path]) -> dict[str, bytes]:
    """owner/tiny on the server, with files nobody needs."""
    hub.repos["owner/tiny"] = files = {path.name: path.read_bytes() for path in gpt2_folder().iterdir()}
    files |= {"pytorch_model.bin": b"pickle", "README.md": b"# Tiny", "onnx/model.onnx": b"x", "vocab.json": b"{}"}
    return files
