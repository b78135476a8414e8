"""Checkpoints from the Hugging Face Hub: only the files that are needed, kept on disk, read without network next time.

Imported when a Hub model is asked for, not before: huggingface_hub takes most of a second.
"""

import errno
import time
from collections.abc import Callable
from dataclasses import dataclass
from json import JSONDecodeError
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import (
    HfApi,
    constants,
    get_hf_file_metadata,
    hf_hub_download,
    hf_hub_url,
    try_to_load_from_cache,
)
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from huggingface_hub.file_download import repo_folder_name

from viz_core import memory
from viz_core.language import _
from viz_core.models import checkpoint
from viz_core.models.errors import WeightsUnavailable

# Bytes are told as they come: else a slow network shows no progress for ten megabytes, and nobody can give up.
constants.DOWNLOAD_CHUNK_SIZE = None  # type: ignore[assignment]  # what httpx2 takes for "whatever has come"

Progress = Callable[[int, int, str], None]
ABANDONED = 3600  # seconds without a byte after which a half file is nobody's any more

# Names the Hub itself still forwards; written out, so that they are found in the cache without asking it.
CANONICAL = {
    "gpt2": "openai-community/gpt2",
    "gpt2-medium": "openai-community/gpt2-medium",
    "gpt2-large": "openai-community/gpt2-large",
    "gpt2-xl": "openai-community/gpt2-xl",
    "distilgpt2": "distilbert/distilgpt2",
}


# The network's, the Hub's and the disk's; what is not JSON comes from something between us and the Hub.
_FAILURES = (httpx2.HTTPError, OSError, JSONDecodeError, UnicodeDecodeError)  # the last: of a damaged cache
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_LOCKED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR)


@dataclass(frozen=True)
class Snapshot:
    """One commit of a Hub repository, as far as it was needed, on this disk."""

    folder: Path
    commit: str
    licence: str | None


def is_repo_id(name: str) -> bool:
    """Whether `name` is formed like a Hub id: "name" or "owner/name"."""
    try:
        hf_hub_url(name, checkpoint.CONFIG)  # validates the id; asks nobody
    except HFValidationError:
        return False
    return True


@dataclass(frozen=True)
class About:
    """What a download would be, before anything but config.json has come.

    size     bytes to be downloaded, those already here left out
    memory   bytes that the weights take in float32
    free     bytes that this machine has left for them
    licence  as the Hub tells it, or None
    """

    repo: str
    size: int
    memory: int
    free: int
    licence: str | None

    @property
    def fits(self) -> bool:
        return self.memory <= self.free


@dataclass(frozen=True)
class _Plan:
    """What a repository holds that is needed: name → bytes, in the order in which it is fetched."""

    about: About
    config: Path
    files: dict[str, int]


def about(name: str, accept: Callable[[Path], object]) -> About:
    """What downloading `name` would mean. `accept` as for `fetch`.

    Raises WeightsUnavailable as `fetch` does.
    """
    repo = CANONICAL.get(name, name)
    try:
        return _plan(repo, accept).about
    except _FAILURES as error:
        raise WeightsUnavailable(_sentence(repo, error)) from error


def is_here(name: str) -> bool:
    """Whether the checkpoint is in the cache, so that nothing need be downloaded."""
    return _cached(CANONICAL.get(name, name)) is not None


def fetch(
    name: str,
    accept: Callable[[Path], object],
    progress: Progress | None = None,
    *,
    largest: int | None = None,
    pickles: bool = False,
) -> Snapshot:
    """The checkpoint `name`, downloaded or from the cache. `accept` sees the folder when it holds config.json and
    nothing else, and raises to refuse it before any weight is downloaded. largest: bytes that its weights may take in
    float32, None for any number. pickles: whether its weights may be a pickle file.

    Raises WeightsUnavailable saying what to do.
    """
    repo = CANONICAL.get(name, name)
    try:
        plan = _plan(repo, accept, pickles=pickles)
        checkpoint.must_be_allowed(name, plan.about.memory, largest)
        return _download(repo, plan, progress)
    except _FAILURES as error:
        if (folder := _cached(repo, pickles=pickles)) is None:
            raise WeightsUnavailable(_sentence(repo, error)) from error
        accept(folder)
        return Snapshot(folder, folder.name, None)


def _plan(repo: str, accept: Callable[[Path], object], *, pickles: bool = False) -> _Plan:
    info = HfApi().model_info(repo, files_metadata=True, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    sizes = {sibling.rfilename: sibling.size or 0 for sibling in info.siblings or ()}
    if checkpoint.CONFIG not in sizes:
        message = _("{repo} has no {file}, so it is no checkpoint that can be shown.")
        raise WeightsUnavailable(message.format(repo=repo, file=checkpoint.CONFIG))
    words = checkpoint.tokenizer_files(set(sizes))
    index = [checkpoint.INDEX] if checkpoint.INDEX in sizes and checkpoint.WEIGHTS not in sizes else []
    for name in (checkpoint.CONFIG, *index, *words):
        checkpoint.must_be_readable(name, sizes[name])
    _discard_other_sizes(repo, info.sha, sizes)
    # asked for by branch, which leaves a note in the cache of which commit the branch meant; all else by commit
    config = _file(repo, checkpoint.CONFIG, None, _SILENT)
    commit = config.parent.name
    accept(config.parent)
    if checkpoint.WEIGHTS in sizes:
        weights = [checkpoint.WEIGHTS]
    elif checkpoint.INDEX in sizes:
        weights = checkpoint.shard_names(_file(repo, checkpoint.INDEX, commit, _SILENT))
    elif pickles and checkpoint.PICKLE in sizes:
        weights = [checkpoint.PICKLE]
    else:
        raise WeightsUnavailable(checkpoint.without_weights(repo, list(sizes)))
    files = {name: sizes.get(name, 0) for name in [*words, *weights]}
    missing = (name for name in files if not isinstance(try_to_load_from_cache(repo, name, revision=commit), str))
    found = About(
        repo,
        size=sum(files[name] for name in missing),
        memory=checkpoint.in_float32(config.parent, sum(files[name] for name in weights)),
        free=memory.available(),
        licence=getattr(info.card_data, "license", None),
    )
    return _Plan(found, config, files)


def _download(repo: str, plan: _Plan, progress: Progress | None) -> Snapshot:
    checkpoint.must_fit(repo, plan.about.memory)
    _discard_abandoned(repo)
    total, before = sum(plan.files.values()), 0
    for name, size in plan.files.items():

        def report(done: int, before: int = before, name: str = name) -> None:
            if progress is not None:
                progress(min(before + done, total), total, name)

        report(0)
        _file(repo, name, plan.config.parent.name, _bar(report))
        before += size
        report(0, before)
    return Snapshot(plan.config.parent, plan.config.parent.name, plan.about.licence)


def _file(repo: str, name: str, commit: str | None, bar: type) -> Path:
    if not isinstance(try_to_load_from_cache(repo, name, revision=commit), str):
        # hf_hub_download asks again for minutes when nobody answers; asking once beforehand fails at once
        get_hf_file_metadata(hf_hub_url(repo, name, revision=commit), timeout=constants.HF_HUB_ETAG_TIMEOUT)
    try:
        return Path(hf_hub_download(repo, name, revision=commit, tqdm_class=bar))
    except RuntimeError as error:  # hf_xet's, which carries large files
        raise OSError(str(error)) from error


def _discard_other_sizes(repo: str, commit: str | None, sizes: dict[str, int]) -> None:
    """What the cache holds of a commit that is not as long as the Hub says was damaged: it is fetched anew."""
    for name, size in sizes.items():
        kept = try_to_load_from_cache(repo, name, revision=commit)
        if size and isinstance(kept, str) and Path(kept).stat().st_size != size:
            Path(kept).resolve().unlink(missing_ok=True)
            Path(kept).unlink(missing_ok=True)


def _discard_abandoned(repo: str) -> None:
    """Half files of processes that were killed: huggingface_hub neither goes on with them nor removes them."""
    for half in (_folder(repo) / "blobs").glob("*.incomplete"):
        if time.time() - half.stat().st_mtime > ABANDONED:
            half.unlink(missing_ok=True)


def _folder(repo: str) -> Path:
    """Where the cache keeps it."""
    return Path(constants.HF_HUB_CACHE, repo_folder_name(repo_id=repo, repo_type="model"))


def _cached(repo: str, *, pickles: bool = False) -> Path | None:
    """The folder of a checkpoint that is wholly in the cache."""
    try:
        config = try_to_load_from_cache(repo, checkpoint.CONFIG)
    except (OSError, UnicodeDecodeError):
        return None  # damaged
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    try:
        if not (pickles and checkpoint.is_pickled(folder)):
            checkpoint.weight_files(folder)
    except WeightsUnavailable:
        return None  # broken off before the weights had come
    return folder


def _bar(report: Callable[[int], None]) -> type:
    """A class that huggingface_hub uses in place of a tqdm bar: calls `report` with the bytes of the file so far."""

    class Bar:
        def __init__(self, *_args: Any, initial: int = 0, total: int | None = None, **_options: Any) -> None:
            self.n, self.total = initial, total
            self.format_dict: dict[str, Any] = {}

        def update(self, count: float | None = 1) -> None:
            self.n += int(count or 0)
            report(self.n)

        def __enter__(self) -> "Bar":
            return self

        def __exit__(self, *_error: object) -> None:
            pass

        def _nothing(self, *_args: Any, **_options: Any) -> None:
            pass

        # Having update_transfer tells huggingface_hub not to open a second bar for bytes on the wire.
        update_transfer = set_postfix_str = set_transfer_postfix_str = refresh = close = _nothing

    return Bar


_SILENT = _bar(lambda _done: None)


def _sentence(repo: str, error: Exception) -> str:
    """What went wrong and what to do about it."""
    if isinstance(error, OfflineModeIsEnabled):
        message = _("{repo} is not on this machine, and HF_HUB_OFFLINE is set. Choose a bundled model.")
    elif isinstance(error, GatedRepoError):
        message = _("{repo} is gated: accept its terms at {address} and set HF_TOKEN, or choose a bundled model.")
    elif isinstance(error, RepositoryNotFoundError):
        message = _("The Hub has no public model {repo}. Check the spelling, or choose a bundled model.")
    elif isinstance(error, HfHubHTTPError) and error.response.status_code in (401, 403):
        message = _("The Hub refuses access to {repo}. Check HF_TOKEN, or choose a bundled model.")
    elif isinstance(error, HfHubHTTPError):
        message = _("The Hub answered with error {status}. Try again later, or choose a bundled model.")
        return message.format(status=error.response.status_code)
    elif isinstance(error, httpx2.TimeoutException):
        message = _("The Hub did not answer in time. Try again later, or choose a bundled model.")
    elif isinstance(error, httpx2.ConnectError | httpx2.ProxyError | JSONDecodeError):
        message = _("The Hub cannot be reached and {repo} is not on this machine. Choose a bundled model.")
    else:
        message = _of_the_disk(error) or _(
            "The download of {repo} broke off ({reason}). Load it again, or choose a bundled model."
        )
    reason = getattr(error, "strerror", None) or str(error).split("\n")[0]
    address, folder = f"https://huggingface.co/{repo}", _folder(repo)
    return message.format(repo=repo, address=address, reason=reason, cache=folder.parent, folder=folder)


def _of_the_disk(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return _("What is kept of {repo} is damaged. Delete the folder {folder} and load the model again.")
    if getattr(error, "errno", None) in _FULL:
        return _("The disk is full: there is no room for {repo}. Make room in {cache}, or choose a bundled model.")
    if getattr(error, "errno", None) in _LOCKED:
        return _(
            "{repo} cannot be kept: {cache} may not be written. Set HF_HOME to a folder that may, or choose a bundled "
            "model."
        )
    return ""
