"""Where models come from. `load` finds one by name; every model it returns has the same face."""

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from viz_core.language import _
from viz_core.models import bundled, gpt2
from viz_core.models.bundled import bundled_names, bundled_readers
from viz_core.models.checkpoint import CONFIG, read_json, read_tokenizer
from viz_core.models.errors import UnusableText, WeightsUnavailable
from viz_core.models.model import Model, NextToken, Source
from viz_core.models.translator import Translator

if TYPE_CHECKING:
    from viz_core.models.hub import Progress

__all__ = [
    "SOURCES",
    "Model",
    "NextToken",
    "Translator",
    "UnusableText",
    "WeightsUnavailable",
    "bundled_names",
    "bundled_readers",
    "load",
]

SOURCES: tuple[Source, ...] = ("bundled", "folder", "hub")


def load(name: str, *, progress: "Progress | None" = None, sources: Collection[Source] = SOURCES) -> Model | Translator:
    """A model by its bundled name, a checkpoint folder, or its Hub id ("gpt2", "owner/name"), in that order.

    "formation@1650" is a bundled model at an earlier step of its training. A bundled encoder–decoder comes as a
    Translator, everything else as a Model.

    progress  called with (bytes done, bytes in all, file) while a Hub model is downloaded; maybe from another thread
    sources   where to look: a public server leaves out "folder", so that visitors cannot ask about its disk

    Raises WeightsUnavailable in one sentence that says what to do.
    """
    name = name.strip()
    if "bundled" in sources and (found := bundled.find(name)):
        return bundled.load(*found)
    if "folder" in sources and (folder := _folder(name)):
        try:
            return _checkpoint(name, folder, "folder", _state_of(folder))
        except PermissionError as error:
            message = _("The folder {folder} may not be read ({reason}).")
            raise WeightsUnavailable(message.format(folder=folder, reason=error.strerror)) from error
    if "hub" in sources:
        from viz_core.models import hub  # noqa: PLC0415  most of a second, which the bundled models do not need

        if hub.is_repo_id(name):
            snapshot = hub.fetch(name, accept=_supported, progress=progress)
            return _checkpoint(name, snapshot.folder, "hub", snapshot.commit, snapshot.licence)
    message = _("There is no model {name}. Expected {bundled}, an existing folder, or a Hub id such as gpt2.")
    raise WeightsUnavailable(message.format(name=repr(name[:100]), bundled=", ".join(bundled_names())))


def _folder(name: str) -> Path | None:
    try:
        path = Path(name).expanduser()
        return path if name and path.is_dir() else None
    except (OSError, RuntimeError, ValueError):  # too long, an unknown ~user, a null byte: no folder's name
        return None


def _state_of(folder: Path) -> str:
    """Changes when the folder's files are written again, so that nothing kept of the old weights is taken for new."""
    found = ((path.name, path.stat()) for path in folder.iterdir() if path.is_file())
    files = sorted((name, file.st_size, file.st_mtime_ns) for name, file in found)
    return hashlib.sha256(repr(files).encode()).hexdigest()[:16]


def _supported(folder: Path) -> None:
    gpt2.transformer_config(read_json(folder / CONFIG))


def _checkpoint(name: str, folder: Path, source: Source, revision: str = "", licence: str | None = None) -> Model:
    transformer = gpt2.load(folder)
    card = {"parameters": sum(weight.numel() for weight in transformer.parameters()), "licence": licence}
    return Model(name, transformer, read_tokenizer(folder), source, revision, card)
