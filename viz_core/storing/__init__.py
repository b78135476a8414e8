"""A recording as a file: .npz, which NumPy opens by itself, or .safetensors. No pickle, neither written nor read.

    token_ids, embeddings, positions, logits          as in `Recording`
    layers.3.query, .key, .value, .allowed, .scale …  as in `AttentionRecord`; residual_in … as in `Stream`
    layers.3.cross.query …                            a decoder's cross-attention
    encoder.token_ids, encoder.layers.3.query …       the encoder of an encoder–decoder
    metadata                                          JSON: tokens, model, text, about, axes, shared, format, version

What is None is left out. What several names stand for, such as one mask of all layers, is stored under the first;
"shared" tells it for the others: {"layers.1.allowed": "layers.0.allowed", …}. Numbers return bit for bit.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from viz_core.files import replacing
from viz_core.language import _
from viz_core.recording import Recording
from viz_core.storing import containers, names
from viz_core.storing.errors import NoRecording, UnusableRecording

__all__ = ["Kind", "Stored", "UnusableRecording", "load_recording", "load_stored", "nbytes", "save"]

FORMAT = "viz_core recording"
VERSION = 1
Kind = Literal["npz", "safetensors"]
_WRITERS = {"npz": containers.write_npz, "safetensors": containers.write_safetensors}


@dataclass(frozen=True, eq=False)
class Stored:
    """A recording, and what its file says of it.

    model  the name of the model, as `viz_core.load` takes it; "" when not told
    text   what it read; "" when not told
    about  whatever else was said when it was saved, e.g. the edits
    """

    recording: Recording
    model: str = ""
    text: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)


def save(
    recording: Recording,
    to: str | Path | BinaryIO,
    *,
    model: str = "",
    text: str = "",
    about: Mapping[str, Any] | None = None,
    kind: Kind | None = None,
) -> None:
    """Write a recording to a path, replacing what is there once all is written, or to an open binary file.

    kind   decided by the path's suffix unless given
    about  anything JSON can hold

    Raises TypeError for what is no Recording, and ValueError when the kind is unknown or cannot hold the numbers.
    """
    if not isinstance(recording, Recording):
        raise TypeError(
            f"recording is a {type(recording).__name__}; expected a Recording, as model.record(…) returns it"
        )
    write = _WRITERS[kind or kind_of(to)]
    stored, shared = names.once(names.named(recording))
    told = {"model": model, "text": text, "about": dict(about or {}), "tokens": recording.tokens}
    if recording.encoder is not None:
        told["encoder_tokens"] = recording.encoder.tokens
    metadata = json.dumps({"format": FORMAT, "version": VERSION} | told | {"axes": names.AXES, "shared": shared})
    if isinstance(to, str | Path):
        with replacing(Path(to)) as file:
            write(file, stored, metadata)
    else:
        write(to, stored, metadata)


def kind_of(to: str | Path | BinaryIO) -> Kind:
    """Raises ValueError when the name ends in neither suffix."""
    suffix = Path(to).suffix.lower() if isinstance(to, str | Path) else ""
    if suffix == ".npz":
        return "npz"
    if suffix == ".safetensors":
        return "safetensors"
    raise ValueError(_("A recording is stored as .npz or .safetensors; {file} ends in neither.").format(file=to))


def load_recording(source: str | Path | BinaryIO) -> Recording:
    """The recording that `save` wrote, equal to the last bit. Raises UnusableRecording."""
    return load_stored(source).recording


def load_stored(source: str | Path | BinaryIO) -> Stored:
    """The recording that `save` wrote, and what was said of it. The two kinds are told apart by what is in the file.

    Raises UnusableRecording, naming the file, what was found and what was expected.
    """
    name = source if isinstance(source, str | Path) else getattr(source, "name", _("The file"))
    try:
        if isinstance(source, str | Path):
            with Path(source).open("rb") as file:
                return _stored(file)
        return _stored(source)
    except FileNotFoundError:
        raise UnusableRecording(_("There is no file {file}.").format(file=name)) from None
    except IsADirectoryError:
        raise UnusableRecording(_("{file} is a folder; expected a file.").format(file=name)) from None
    except NoRecording as error:
        message = _("{file} is no recording of this program: {reason}.")
        raise UnusableRecording(message.format(file=name, reason=error)) from error
    except Exception as error:  # zipfile, zlib, numpy and safetensors have errors of their own for a bad file
        message = _("{file} cannot be read: it is damaged, incomplete or of another kind ({reason}).")
        reason = str(error).split("\n", maxsplit=1)[0][:200] or type(error).__name__
        raise UnusableRecording(message.format(file=name, reason=reason)) from error


def _stored(file: BinaryIO) -> Stored:
    container = containers.open_container(file)
    metadata = _metadata(container)
    recording = names.recording(
        names.everywhere(container.tensors(), metadata.get("shared", {})),
        _labels(metadata, "tokens"),
        _labels(metadata, "encoder_tokens"),
    )
    return Stored(
        recording,
        _said(metadata, "model", "", _("a text")),
        _said(metadata, "text", "", _("a text")),
        _said(metadata, "about", {}, _("an object")),
    )


def _said(metadata: Mapping[str, Any], name: str, nothing: Any, expected: str) -> Any:
    """`nothing` where it is not told, and of that type where it is."""
    found = metadata.get(name, nothing)
    if not isinstance(found, type(nothing)):
        message = _("its {name} is {actual}; expected {expected}")
        raise NoRecording(message.format(name=name, actual=repr(found)[:100], expected=expected))
    return found


def _metadata(container: containers.Container) -> dict[str, Any]:
    if container.metadata is None:
        holds = ", ".join(container.names)[:100] or _("nothing")
        raise NoRecording(_("it has no metadata that say so; it holds {names}").format(names=holds))
    metadata = json.loads(container.metadata)
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        found = metadata.get("format") if isinstance(metadata, dict) else metadata
        message = _("its metadata say the format is {actual}; expected {expected}")
        raise NoRecording(message.format(actual=repr(found)[:100], expected=repr(FORMAT)))
    version = metadata.get("version")
    if not isinstance(version, int) or version < 1:
        raise NoRecording(_("its version is {actual}; expected a whole number").format(actual=repr(version)[:100]))
    if version > VERSION:
        message = _("a newer program wrote it, in version {actual} of the format; this one reads up to {expected}")
        raise NoRecording(message.format(actual=version, expected=VERSION))
    return metadata


def _labels(metadata: Mapping[str, Any], name: str) -> tuple[str, ...]:
    labels = metadata.get(name, [])
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise NoRecording(
            _("its {name} are {actual}; expected a list of texts").format(name=name, actual=repr(labels)[:100])
        )
    return tuple(labels)


def nbytes(recording: Recording) -> int:
    """Bytes that `save` writes, but for names and metadata."""
    return sum(tensor.nbytes for tensor in names.once(names.named(recording))[0].values())
