"""The files of a checkpoint folder, as transformers writes them and the Hub holds them."""

import json
import os
import re
from pathlib import Path
from typing import Any

import tokenizers
from tokenizers import AddedToken, decoders, models, pre_tokenizers, processors

from viz_core import memory
from viz_core.language import _
from viz_core.models.errors import WeightsUnavailable
from viz_core.models.tokens import Tokenizer, panicked

MOST_TEXT = 100_000_000  # bytes of one file of settings or words
CONFIG = "config.json"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
PICKLE = "pytorch_model.bin"
TOKENIZER = "tokenizer.json"
# Without tokenizer.json, what transformers may need to build one.
TOKENIZER_PARTS = (
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
    "tokenizer.model",
    "spiece.model",
)
CHAT_PARTS = ("tokenizer_config.json", "chat_template.jinja")
_SHARD = re.compile(r"[\w.-]+\.safetensors")  # a bare name: nothing outside the folder can be meant
_END_OF_TEXT = "<|endoftext|>"


def read_json(path: Path) -> dict[str, Any]:
    """Raises WeightsUnavailable, naming the file, when it is missing or not a JSON object."""
    settings = parsed(read_text(path), path)
    if not isinstance(settings, dict):
        raise WeightsUnavailable(_("The file {file} does not hold a JSON object.").format(file=path))
    return settings


def read_text(path: Path) -> str:
    """Raises WeightsUnavailable, naming the file, when it is missing, far too long, or not in UTF-8."""
    if path.exists() and not path.is_file():  # a pipe would be waited for without end
        raise WeightsUnavailable(_("{file} is no regular file.").format(file=path))
    try:
        must_be_readable(path, path.stat().st_size)
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise WeightsUnavailable(
            _("The folder {folder} has no {file}.").format(folder=path.parent, file=path.name)
        ) from None
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def must_be_readable(file: Path | str, size: int) -> None:
    """Raises WeightsUnavailable for a file of settings or words that is far too long."""
    if size > MOST_TEXT:
        message = _("The file {file} has {size:,} bytes; it is read up to {most:,}.")
        raise WeightsUnavailable(message.format(file=file, size=size, most=MOST_TEXT))


def parsed(said: str, path: Path) -> Any:
    """Of JSON. Raises WeightsUnavailable, naming the file, where it is none."""
    try:
        return json.loads(said)
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> WeightsUnavailable:
    message = _("The file {file} cannot be read ({reason}). Delete it and load the model again.")
    # the file itself: without its link alone, the Hub's cache would link to it again
    return WeightsUnavailable(message.format(file=os.path.realpath(path), reason=error))


def weight_files(folder: Path) -> list[Path]:
    """model.safetensors, or the shards that its index names.

    Raises WeightsUnavailable when there are none, or the index names a file that is missing or elsewhere.
    """
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    if not (folder / INDEX).is_file():
        raise WeightsUnavailable(without_weights(str(folder), [path.name for path in folder.iterdir()]))
    shards = [folder / name for name in shard_names(folder / INDEX)]
    for shard in shards:
        if not shard.is_file():
            message = _("The folder {folder} lacks the file {file}, which its index names.")
            raise WeightsUnavailable(message.format(folder=folder, file=shard.name))
    return shards


def shard_names(index: Path) -> list[str]:
    """The files an index names. Raises WeightsUnavailable for a name that is not a bare safetensors file name."""
    weight_map = read_json(index).get("weight_map")
    names = sorted({str(name) for name in weight_map.values()}) if isinstance(weight_map, dict) else []
    for name in names:
        if not _SHARD.fullmatch(name):
            message = _("The index names the file {file}; expected a safetensors file beside it.")
            raise WeightsUnavailable(message.format(file=name))
    if not names:
        raise WeightsUnavailable(_("The file {file} names no weights.").format(file=index))
    return names


def is_pickled(folder: Path) -> bool:
    """Whether the folder's weights exist only as a pickle file."""
    names = {path.name for path in folder.iterdir()}
    return PICKLE in names and not names & {WEIGHTS, INDEX}


def without_weights(where: str, files: list[str]) -> str:
    """The sentence for a place that holds no safetensors weights."""
    if PICKLE in files:
        return _(
            "{where} holds its weights only as a pickle file, which can run code and is not opened. Choose a model "
            "with safetensors; or, if you trust where it comes from, say viz_core.load(…, pickles=True) in Python or "
            "--pickles on the command line."
        ).format(where=where)
    if any(name.endswith((".bin", ".pt", ".pth")) for name in files):
        return _(
            "{where} holds its weights only as pickle files, which can run code and are not opened; "
            "expected model.safetensors."
        ).format(where=where)
    return _("{where} has no weights; expected {file}.").format(where=where, file=WEIGHTS)


NUMBER_BYTES = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}


def in_float32(folder: Path, size: int) -> int:
    """Bytes in memory of weights that take `size` bytes as their config.json says they are stored."""
    settings = read_json(folder / CONFIG)
    stored = settings.get("dtype") or settings.get("torch_dtype")
    return size * 4 // NUMBER_BYTES.get(str(stored), 4)


def must_fit(name: str, needed: int) -> None:
    """Raises WeightsUnavailable when weights of so many bytes would not fit into this machine's memory."""
    free = memory.room_for(needed)
    if needed > free:
        message = _(
            "{name} takes {needed:,.1f} GB of memory in float32, and this machine has {free:,.1f} GB free. Choose a "
            "smaller model."
        )
        raise WeightsUnavailable(message.format(name=name, needed=needed / 1e9, free=free / 1e9))


def must_be_allowed(name: str, needed: int, largest: int | None) -> None:
    """Raises WeightsUnavailable when weights take more than `largest` bytes in float32; None: any number."""
    if largest is not None and needed > largest:
        message = _(
            "{name} takes {needed:,.1f} GB of memory in float32, and this server takes models of at most "
            "{largest:,.1f} GB. Choose a smaller model."
        )
        raise WeightsUnavailable(message.format(name=name, needed=needed / 1e9, largest=largest / 1e9))


def tokenizer_files(names: set[str]) -> list[str]:
    """Those of `names` that are needed to build the tokenizer, and to write a conversation as a text; none when the
    checkpoint has none."""
    parts = [TOKENIZER] if TOKENIZER in names else [name for name in TOKENIZER_PARTS if name in names]
    return list(dict.fromkeys([*parts, *(name for name in CHAT_PARTS if name in names)])) if parts else []


def read_tokenizer(folder: Path) -> Tokenizer | None:
    """The folder's tokenizer, or None when it has none. Raises WeightsUnavailable when it has one that cannot be read.

    From tokenizer.json; or vocab.json and merges.txt, GPT-2's own files; or whatever transformers makes of the rest.
    """
    names = {path.name for path in folder.iterdir()}
    vocabulary = names & {"vocab.json", "merges.txt", "vocab.txt", "tokenizer.model", "spiece.model"}
    try:
        if TOKENIZER in names:
            return Tokenizer(tokenizers.Tokenizer.from_file(str(folder / TOKENIZER)))
        if not vocabulary:
            return None
        if vocabulary == {"vocab.json", "merges.txt"} and "added_tokens.json" not in names and _is_gpt2s(folder):
            return Tokenizer(_byte_level_bpe(folder))
        return Tokenizer(_transformers_tokenizer(folder))
    except BaseException as error:  # tokenizers raises bare Exception, and panics; transformers, what its parts raise
        if not (isinstance(error, Exception) or panicked(error)):
            raise
        message = _("The tokenizer in {folder} cannot be read ({reason}).")
        if TOKENIZER in names:
            message = _("The file {file} cannot be read ({reason}). Delete it and load the model again.")
        file, reason = os.path.realpath(folder / TOKENIZER), str(error).split("\n")[0]
        raise WeightsUnavailable(message.format(folder=folder, file=file, reason=reason)) from error


def _is_gpt2s(folder: Path) -> bool:
    path = folder / "tokenizer_config.json"
    kind = read_json(path).get("tokenizer_class", "GPT2Tokenizer") if path.is_file() else "GPT2Tokenizer"
    return kind in ("GPT2Tokenizer", "GPT2TokenizerFast")


def _byte_level_bpe(folder: Path) -> tokenizers.Tokenizer:
    tokenizer = tokenizers.Tokenizer(models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt")))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    if tokenizer.token_to_id(_END_OF_TEXT) is not None:
        tokenizer.add_special_tokens([AddedToken(_END_OF_TEXT, special=True, normalized=False)])
    return tokenizer


def _transformers_tokenizer(folder: Path) -> tokenizers.Tokenizer:
    from transformers import AutoTokenizer  # noqa: PLC0415  takes seconds, and few checkpoints need it

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if not isinstance(backend, tokenizers.Tokenizer):
        raise TypeError(f"{type(tokenizer).__name__} is not built on the tokenizers library")
    return backend
