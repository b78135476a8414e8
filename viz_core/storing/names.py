"""A recording ↔ its tensors by name."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor

from viz_core.attention import AttentionRecord
from viz_core.language import _
from viz_core.recording import BlockRecord, Recording, Stream
from viz_core.storing.errors import NoRecording

AXES = {
    "token_ids": "[seq]",
    "embeddings": "[seq, d_model]",
    "positions": "[seq, d_model]",
    "logits": "[seq, vocab], or [1, vocab]: of the last position",
    "query": "[head, query, d_head]",
    "key": "[kv_head, key, d_head]; kv_head divides head",
    "value": "[kv_head, key, d_value]",
    "allowed": "bool, [query, key] or [head, query, key]; true = the row may look at the column",
    "scale": "what query · keyᵀ is multiplied by: a number, or [head, 1, 1]",
    "bias": "[head, query, key], added after scaling",
    "kept": "what weights are multiplied by before they mix the values: [head, query, key] or [head, 1, 1]",
    "cap": "a number, or [head, 1, 1]; scaled scores are bent to cap · tanh(score / cap) before the bias is added",
    "residual_in": "[seq, d_model]",
    "residual_mid": "[seq, d_model]",
    "residual_out": "[seq, d_model]",
    "residual_attended": "[seq, d_model]",
}
CELLS = ("allowed", "bias")  # alike in many layers, and large: compared number by number
_OWN = ("token_ids", "embeddings", "positions", "logits")


def named(recording: Recording, prefix: str = "") -> dict[str, Tensor]:
    """Every tensor and number of a recording; numbers as float64 without axes."""
    found: dict[str, Any] = {name: getattr(recording, name) for name in _OWN}
    for layer, block in enumerate(recording.blocks):
        for within, part in (("", block.attention), ("cross.", block.cross_attention), ("", block.stream)):
            if part is not None:
                found |= {f"layers.{layer}.{within}{field.name}": getattr(part, field.name) for field in fields(part)}
    tensors = {
        prefix + name: value if isinstance(value, Tensor) else torch.tensor(value, dtype=torch.float64)
        for name, value in found.items()
        if value is not None
    }
    return tensors if recording.encoder is None else tensors | named(recording.encoder, f"{prefix}encoder.")


def once(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """What is to be stored, and for each other name the one it is stored under."""
    stored: dict[str, Tensor] = {}
    shared: dict[str, str] = {}
    seen: dict[tuple[Any, ...], str] = {}
    cells: dict[tuple[Any, ...], list[str]] = {}
    for name, tensor in tensors.items():
        place = (tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype)
        alike = cells.setdefault((name.split(".")[-1], tensor.shape, tensor.dtype), [])
        twin = seen.get(place)
        if twin is None and name.endswith(CELLS):
            twin = next((other for other in alike if torch.equal(stored[other], tensor)), None)
        if twin is None or not tensor.dim():
            stored[name] = tensor
            alike.append(name)
        else:
            shared[name] = twin
        seen.setdefault(place, twin or name)
    return stored, shared


def everywhere(stored: Mapping[str, Tensor], shared: object) -> dict[str, Tensor]:
    """Under every name what it stands for: the reverse of `once`."""
    if not isinstance(shared, dict):
        raise NoRecording(_("its table of shared names is {actual}").format(actual=type(shared).__name__))
    tensors = dict(stored)
    for name, twin in shared.items():
        if name in stored or twin not in stored:
            message = _("{name} is said to be stored as {twin}, which is not there or not needed")
            raise NoRecording(message.format(name=repr(name)[:100], twin=repr(twin)[:100]))
        tensors[name] = stored[twin]
    return tensors


def recording(tensors: Mapping[str, Tensor], tokens: tuple[str, ...], encoder_tokens: tuple[str, ...]) -> Recording:
    """The reverse of `named`. Raises NoRecording where a name is missing, unknown, or its shape does not fit."""
    left = dict(tensors)
    encoder = None
    if "encoder.token_ids" in left:
        mine = {name.removeprefix("encoder."): left.pop(name) for name in tensors if name.startswith("encoder.")}
        encoder = _built(mine, encoder_tokens, None)
    return _built(left, tokens, encoder)


def _built(left: dict[str, Tensor], tokens: tuple[str, ...], encoder: Recording | None) -> Recording:
    """Takes what it needs out of `left`."""
    ids, embeddings, logits = (_needed(left, name) for name in ("token_ids", "embeddings", "logits"))
    n = len(ids) if ids.dim() == 1 else 0
    if not n or ids.dtype != torch.int64:
        raise NoRecording(_wrong("token_ids", ids, "int64 [seq]"))
    if len(tokens) not in {0, n}:
        raise NoRecording(_("it has {actual} labels for {n} tokens").format(actual=len(tokens), n=n))
    width = embeddings.shape[-1] if embeddings.dim() else 0
    positions = left.pop("positions", None)
    for name, rows in (("embeddings", embeddings), ("positions", positions)):
        if rows is not None and rows.shape != (n, width):
            raise NoRecording(_wrong(name, rows, f"[{n}, {width or 'd_model'}]"))
    if logits.dim() != 2 or len(logits) not in {0, 1, n}:
        raise NoRecording(_wrong("logits", logits, f"[{n}, vocab] or [1, vocab]"))
    blocks: list[BlockRecord] = []
    while f"layers.{len(blocks)}.query" in left:
        blocks.append(_block(left, f"layers.{len(blocks)}.", n, encoder))
    if not blocks:
        raise NoRecording(_("it lacks {name}").format(name="layers.0.query"))
    if left:
        raise NoRecording(_("it holds {name}, which no recording has").format(name=repr(min(left))[:100]))
    return Recording(ids, embeddings, positions, tuple(blocks), logits, tokens, encoder)


def _block(left: dict[str, Tensor], at: str, n: int, encoder: Recording | None) -> BlockRecord:
    cross = None
    if f"{at}cross.query" in left:
        if encoder is None:
            raise NoRecording(_("it has cross-attention, but no encoder to look at"))
        cross = _record(left, f"{at}cross.", n, len(encoder.token_ids))
    return BlockRecord(_record(left, at, n, n), cross, _stream(left, at, n))


def _record(left: dict[str, Tensor], at: str, n_query: int, n_key: int) -> AttentionRecord:
    query, key, value, allowed, scale = (
        _needed(left, at + name) for name in ("query", "key", "value", "allowed", "scale")
    )
    for name, tensor, rows in (("query", query, n_query), ("key", key, n_key), ("value", value, n_key)):
        if tensor.dim() != 3 or tensor.shape[1] != rows or not tensor.numel() or not tensor.is_floating_point():
            raise NoRecording(_wrong(at + name, tensor, f"[head, {rows}, components]"))
    cap = left.pop(f"{at}cap", None)
    for name, factor in (("scale", scale), ("cap", cap)):
        if factor is not None and not factor.is_floating_point():
            raise NoRecording(_wrong(at + name, factor, "a number"))
    try:
        record = AttentionRecord(
            query,
            key,
            value,
            allowed,
            scale if scale.dim() else float(scale),
            left.pop(f"{at}bias", None),
            left.pop(f"{at}kept", None),
            cap if cap is None or cap.dim() else float(cap),
        )
    except ValueError as error:
        raise NoRecording(f"{at}{error}") from error
    _check_numbers(record, at)
    return record


def _check_numbers(record: AttentionRecord, at: str) -> None:
    """Of what is no number no map can be drawn; a bias may be −inf, which forbids."""
    for name in ("query", "key", "value", "scale", "kept", "cap"):
        factor = getattr(record, name)
        if factor is not None and not torch.as_tensor(factor).isfinite().all():
            raise NoRecording(_("{name} holds NaN or infinity; expected finite numbers").format(name=at + name))
    if record.bias is not None and not (record.bias < torch.inf).all():
        raise NoRecording(_("{name} holds NaN or +infinity; expected numbers or −infinity").format(name=f"{at}bias"))


def _stream(left: dict[str, Tensor], at: str, n: int) -> Stream | None:
    parts = {field.name: left.pop(at + field.name, None) for field in fields(Stream)}
    if all(part is None for part in parts.values()):
        return None
    for name, part in parts.items():
        if part is None and name != "residual_attended":
            raise NoRecording(_("it lacks {name}").format(name=at + name))
        if part is not None and (part.dim() != 2 or len(part) != n):
            raise NoRecording(_wrong(at + name, part, f"[{n}, d_model]"))
    return Stream(**parts)  # type: ignore[arg-type]  # none of those it needs is None


def _needed(left: dict[str, Tensor], name: str) -> Tensor:
    if name not in left:
        raise NoRecording(_("it lacks {name}").format(name=name))
    return left.pop(name)


def _wrong(name: str, actual: Tensor, expected: str) -> str:
    found = f"{str(actual.dtype).removeprefix('torch.')} {list(actual.shape)}"
    return _("{name} is {actual}; expected {expected}").format(name=name, actual=found, expected=expected)
