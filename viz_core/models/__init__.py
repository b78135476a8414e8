"""Where models come from. `load` finds one by name; every model it returns has the same face."""

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viz_core import memory
from viz_core.language import _
from viz_core.models import bundled, gpt2
from viz_core.models.bundled import bundled_names, bundled_readers
from viz_core.models.chat import read_chat
from viz_core.models.checkpoint import (
    CONFIG,
    PICKLE,
    in_float32,
    is_pickled,
    must_be_allowed,
    must_fit,
    read_json,
    read_tokenizer,
    weight_files,
)
from viz_core.models.errors import UnusableText, WeightsUnavailable
from viz_core.models.foreign import Foreign
from viz_core.models.model import Model, NextToken, Source
from viz_core.models.sequence_to_sequence import SequenceToSequence
from viz_core.models.translator import Translator
from viz_core.models.weights import bytes_in_float32
from viz_core.transformer import Transformer

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedTokenizerBase

    from viz_core.models.hub import About, Progress, Snapshot

__all__ = [
    "SOURCES",
    "Model",
    "NextToken",
    "SequenceToSequence",
    "Translator",
    "UnusableText",
    "WeightsUnavailable",
    "about",
    "bundled_names",
    "bundled_readers",
    "fetch",
    "load",
]

SOURCES: tuple[Source, ...] = ("bundled", "folder", "hub")


def load(
    name: "str | nn.Module",
    *,
    tokenizer: "PreTrainedTokenizerBase | None" = None,
    progress: "Progress | None" = None,
    sources: Collection[Source] = SOURCES,
    largest: int | None = None,
    fetched: "Snapshot | None" = None,
    pickles: bool = False,
) -> Model | Translator | SequenceToSequence:
    """A model by its bundled name, a checkpoint folder, or its Hub id ("gpt2", "owner/name"), in that order; or one
    that is in memory already, with its tokenizer: of transformers, or any nn.Module from token ids [1, seq] to logits
    [1, seq, vocab] that computes attention by torch.nn.functional.scaled_dot_product_attention.

    "formation@1650" is a bundled model at an earlier step of its training. A bundled encoder–decoder comes as a
    Translator, another one (T5, BART, …) as a SequenceToSequence, everything else as a Model.

    tokenizer  of a model given itself; without one it takes token ids only. The model is changed: float32, evaluation
               mode, no gradients; and one of transformers computes its attention by viz_core's function from now on
    progress   called with (bytes done, bytes in all, file) while a Hub model is downloaded; maybe from another thread
    sources    where to look: a public server leaves out "folder", so that visitors cannot ask about its disk
    largest    bytes that the weights of a folder or of the Hub may take in float32; None: what this machine has free
    fetched    what `fetch` has brought of it: the Hub is not asked again
    pickles    whether weights that exist only as pickle files may be opened: say so only of files you trust

    Raises WeightsUnavailable in one sentence that says what to do.
    """
    if not isinstance(name, str):
        return _given(name, tokenizer)
    try:
        where = sources if fetched is None else ()  # what has been fetched need not be looked for
        return _found(name.strip(), progress, where, largest, fetched, pickles=pickles)
    except (MemoryError, RuntimeError) as error:
        if not memory.ran_out(error):
            raise
        message = _("This machine ran out of memory while {name} was loaded. Choose a smaller model.")
        # without its frames, which would keep the weights that had come
        raise WeightsUnavailable(message.format(name=name.strip())) from error.with_traceback(None)


def _found(
    name: str,
    progress: "Progress | None",
    sources: Collection[Source],
    largest: int | None,
    fetched: "Snapshot | None",
    *,
    pickles: bool,
) -> Model | Translator | SequenceToSequence:
    if "bundled" in sources and (found := bundled.find(name)):
        return bundled.load(*found)
    if "folder" in sources and (folder := _folder(name)):
        try:
            return _checkpoint(name, folder, "folder", _state_of(folder), largest=largest, pickles=pickles)
        except PermissionError as error:
            message = _("The folder {folder} may not be read ({reason}).")
            raise WeightsUnavailable(message.format(folder=folder, reason=error.strerror)) from error
    if "hub" in sources:
        from viz_core.models import hub  # noqa: PLC0415  most of a second, which the bundled models do not need

        if hub.is_repo_id(name):
            fetched = hub.fetch(name, accept=_supported, progress=progress, largest=largest, pickles=pickles)
    if fetched is not None:
        return _checkpoint(
            name, fetched.folder, "hub", fetched.commit, fetched.licence, largest=largest, pickles=pickles
        )
    message = _("There is no model {name}. Expected {bundled}, an existing folder, or a Hub id such as gpt2.")
    raise WeightsUnavailable(message.format(name=repr(name[:100]), bundled=", ".join(bundled_names())))


def fetch(
    name: str,
    *,
    progress: "Progress | None" = None,
    sources: Collection[Source] = SOURCES,
    largest: int | None = None,
) -> "Snapshot | None":
    """What `load` would read of a Hub model, downloaded where it is not here; None for what is no Hub model. For who
    would have the waiting for the network apart from the reading; parameters as for `load`.

    Raises WeightsUnavailable as `load` does.
    """
    name = name.strip()
    local = ("bundled" in sources and bundled.find(name)) or ("folder" in sources and _folder(name))
    if local or "hub" not in sources:
        return None
    from viz_core.models import hub  # noqa: PLC0415  as above

    return hub.fetch(name, accept=_supported, progress=progress, largest=largest) if hub.is_repo_id(name) else None


def about(name: str, *, sources: Collection[Source] = SOURCES, largest: int | None = None) -> "About | None":
    """What downloading a Hub model would mean, before it is done: size, licence, whether it fits this machine's memory.
    None for what is on this machine already, or is no Hub id. `sources` and `largest` as for `load`.

    Raises WeightsUnavailable for a model that cannot be had, could not be shown, or is larger than `largest`.
    """
    if is_here(name, sources) or "hub" not in sources:
        return None
    from viz_core.models import hub  # noqa: PLC0415  as above

    if not hub.is_repo_id(name.strip()):
        return None
    found = hub.about(name.strip(), accept=_supported)
    must_be_allowed(name, found.memory, largest)
    return found


def is_here(name: str, sources: Collection[Source] = SOURCES) -> bool:
    """Whether a model is on this machine, so that nothing need be downloaded; `sources` as for `load`."""
    name = name.strip()
    if ("bundled" in sources and bundled.find(name)) or ("folder" in sources and _folder(name)):
        return True
    if "hub" not in sources:
        return False
    from viz_core.models import hub  # noqa: PLC0415  as above

    return hub.is_repo_id(name) and hub.is_here(name)


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
    settings = read_json(folder / CONFIG)
    if _is_own(settings):
        gpt2.transformer_config(settings)
    else:
        from viz_core.models import checkpoint_of_transformers as theirs  # noqa: PLC0415  transformers takes seconds

        theirs.auto_class(settings)


def _is_own(settings: Mapping[str, Any]) -> bool:
    """Whether this program's own Transformer computes it."""
    return settings.get("model_type") == gpt2.MODEL_TYPE


def _checkpoint(
    name: str,
    folder: Path,
    source: Source,
    revision: str = "",
    licence: str | None = None,
    *,
    largest: int | None = None,
    pickles: bool = False,
) -> Model | SequenceToSequence:
    _supported(folder)  # first: what kind it is says more than what is missing
    settings, pickled = read_json(folder / CONFIG), pickles and is_pickled(folder)
    files = [folder / PICKLE] if pickled else weight_files(folder)
    size = sum(path.stat().st_size for path in files)
    needed = in_float32(folder, size) if pickled else bytes_in_float32(files)
    must_be_allowed(name, needed, largest)
    must_fit(name, needed)
    network: Transformer | Foreign
    if _is_own(settings) and not pickled:
        network = gpt2.load(folder)
    else:
        from viz_core.models import checkpoint_of_transformers as theirs  # noqa: PLC0415  as above

        network = theirs.checkpoint(folder, theirs.auto_class(settings), pickles=pickled)
    card = {"parameters": _parameters(network), "licence": licence}
    return _faced(Model(name, network, read_tokenizer(folder), source, revision, card, read_chat(folder)))


def _given(model: "nn.Module", tokenizer: "PreTrainedTokenizerBase | None") -> Model | SequenceToSequence:
    from viz_core.models import checkpoint_of_transformers as theirs  # noqa: PLC0415  as above

    network = theirs.given(model)
    name = getattr(getattr(model, "config", None), "name_or_path", "") or type(model).__name__
    card = {"parameters": _parameters(network), "licence": None}
    reader = None if tokenizer is None else theirs.given_tokenizer(tokenizer)
    return _faced(Model(name, network, reader, "given", card=card, chat=theirs.given_chat(tokenizer)))


def _faced(model: Model) -> Model | SequenceToSequence:
    """With the face of those that write another text, if it is one."""
    network = model.network
    if isinstance(network, Foreign) and network.config.architecture == "encoder_decoder":
        writer = SequenceToSequence(model.name, network, model.tokenizer, model.source, model.revision, model.card)
        writer.must_write()
        return writer
    return model


def _parameters(network: Transformer | Foreign) -> int:
    module = network.model if isinstance(network, Foreign) else network
    return sum(weight.numel() for weight in module.parameters())
