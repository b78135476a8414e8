"""Checkpoints from the Hugging Face Hub: only the files that are needed, kept on disk, read without network next time.

Imported when a Hub model is asked for, not before: huggingface_hub takes most of a second.
"""

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

from viz_core.language import _
from viz_core.models import checkpoint
from viz_core.models.errors import WeightsUnavailable

Progress = Callable[[int, int, str], None]

# Names the Hub itself still forwards; written out, so that they are found in the cache without asking it.
CANONICAL = {
    "gpt2": "openai-community/gpt2",
    "gpt2-medium": "openai-community/gpt2-medium",
    "gpt2-large": "openai-community/gpt2-large",
    "gpt2-xl": "openai-community/gpt2-xl",
    "distilgpt2": "distilbert/distilgpt2",
}


# The network's, the Hub's and the disk's; what is not JSON comes from something between us and the Hub.
_FAILURES = (httpx2.HTTPError, OSError, JSONDecodeError)


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


def fetch(name: str, accept: Callable[[Path], object], progress: Progress | None = None) -> Snapshot:
    """The checkpoint `name`, downloaded or from the cache. `accept` sees the folder when it holds config.json and
    nothing else, and raises to refuse it before any weight is downloaded.

    Raises WeightsUnavailable saying what to do.
    """
    repo = CANONICAL.get(name, name)
    try:
        return _download(repo, accept, progress)
    except _FAILURES as error:
        if (folder := _cached(repo)) is None:
            raise WeightsUnavailable(_sentence(repo, error)) from error
        accept(folder)
        return Snapshot(folder, folder.name, None)


def _download(repo: str, accept: Callable[[Path], object], progress: Progress | None) -> Snapshot:
    info = HfApi().model_info(repo, files_metadata=True, timeout=constants.HF_HUB_ETAG_TIMEOUT)
    sizes = {sibling.rfilename: sibling.size or 0 for sibling in info.siblings or ()}
    if checkpoint.CONFIG not in sizes:
        message = _("{repo} has no {file}, so it is no checkpoint that can be shown.")
        raise WeightsUnavailable(message.format(repo=repo, file=checkpoint.CONFIG))
    silent = _bar(lambda _done: None)
    # asked for by branch, which leaves a note in the cache of which commit the branch meant; all else by commit
    config = _file(repo, checkpoint.CONFIG, None, silent)
    commit = config.parent.name
    accept(config.parent)
    if checkpoint.WEIGHTS in sizes:
        weights = [checkpoint.WEIGHTS]
    elif checkpoint.INDEX in sizes:
        weights = checkpoint.shard_names(_file(repo, checkpoint.INDEX, commit, silent))
    else:
        raise WeightsUnavailable(checkpoint.without_weights(repo, list(sizes)))
    wanted = [*checkpoint.tokenizer_files(set(sizes)), *weights]
    total, before = sum(sizes.get(name, 0) for name in wanted), 0
    for name in wanted:

        def report(done: int, before: int = before, name: str = name) -> None:
            if progress is not None:
                progress(min(before + done, total), total, name)

        report(0)
        _file(repo, name, commit, _bar(report))
        before += sizes.get(name, 0)
        report(0, before)
    return Snapshot(config.parent, commit, getattr(info.card_data, "license", None))


def _file(repo: str, name: str, commit: str | None, bar: type) -> Path:
    if not isinstance(try_to_load_from_cache(repo, name, revision=commit), str):
        # hf_hub_download asks again for minutes when nobody answers; asking once beforehand fails at once
        get_hf_file_metadata(hf_hub_url(repo, name, revision=commit), timeout=constants.HF_HUB_ETAG_TIMEOUT)
    try:
        return Path(hf_hub_download(repo, name, revision=commit, tqdm_class=bar))
    except RuntimeError as error:  # hf_xet's, which carries large files
        raise OSError(str(error)) from error


def _cached(repo: str) -> Path | None:
    """The folder of a checkpoint that is wholly in the cache."""
    config = try_to_load_from_cache(repo, checkpoint.CONFIG)
    if not isinstance(config, str):
        return None
    try:
        checkpoint.weight_files(Path(config).parent)
    except WeightsUnavailable:
        return None  # broken off before the weights had come
    return Path(config).parent


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
        message = _("The download of {repo} broke off ({reason}). Load it again, or choose a bundled model.")
    reason = getattr(error, "strerror", None) or str(error).split("\n")[0]
    return message.format(repo=repo, address=f"https://huggingface.co/{repo}", reason=reason)
