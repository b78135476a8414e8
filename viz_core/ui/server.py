"""What whoever runs a server lets visitors ask of it, in one TOML file named by ATTENTION_SERVER (docs/deploy.md).

Without the file, and where the program serves its own machine alone, who asks is who runs it, and may ask for any
model. Everybody else gets the models that come with the program, those of the class (viz_core.ui.classroom), and those
of the file; any other name is refused before the disk or the Hub is asked about it.

`python -m viz_core.ui.server` says whether the file can be used, and what it allows.
"""

import os
import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

from viz_core import memory
from viz_core.language import _
from viz_core.models import SOURCES, WeightsUnavailable, bundled, bundled_readers
from viz_core.models.model import Source
from viz_core.ui import classroom
from viz_core.ui.classroom import GPT2_FAMILY
from viz_core.ui.toml_file import Reader, Unusable, is_folder, listed, path_of, table_of

VARIABLE = "ATTENTION_SERVER"
LOCAL = {"localhost", "127.0.0.1", "::1"}
FORWARDED = ("Forwarded", "Via", "X-Real-Ip")  # headers that a proxy adds, and all that begin with X-Forwarded
EVERY = "*"
HUB_NAME = re.compile(r"[\w.-]+/([\w.-]+|\*)", re.ASCII)
LONGEST_TEXT = 100_000  # characters
KEPT = 3_000_000_000  # bytes, or half of what is free at the start, if that is less
GB = 1e9


@dataclass(frozen=True)
class Server:
    """models         Hub ids that may be asked for; "owner/*" stands for all of an owner, "*" for all
    folders        whose checkpoints, they or what is below them, may be named
    longest_text   characters of a text
    largest_model  bytes that a model's weights take in float32
    memory         bytes of what is kept: models, recordings and what is computed from them
    heavy          how many pieces of heavy work are done at a time
    """

    models: tuple[str, ...]
    folders: tuple[Path, ...]
    longest_text: int
    largest_model: int
    memory: int
    heavy: int


@dataclass(frozen=True)
class Permit:
    """Where a model may be looked for, and how many bytes its weights may take in float32; None: what fits."""

    sources: tuple[Source, ...]
    largest: int | None = None


def current() -> Server:
    """That of this process. Raises Unusable."""
    return read(os.environ.get(VARIABLE, ""))


@lru_cache(maxsize=8)
def read(path: str) -> Server:
    """Of a file, or "" for none; a change of it is seen when the server starts again. Raises Unusable."""
    return _Reader(Path(path), table_of(Path(path), VARIABLE) if path else {}).server()


def is_operator() -> bool:
    """Whether who asks is taken for who runs the server: there is no file, the server answers its own machine alone,
    and no proxy on that machine has passed on what somebody else asks."""
    return not os.environ.get(VARIABLE) and st.get_option("server.address") in LOCAL and not _came_from_elsewhere()


def permit(name: str) -> Permit:
    """Where the model of that name may be looked for. Asks neither the disk nor the Hub, but about a folder that is
    allowed. Raises WeightsUnavailable, in the same words for whatever is not allowed."""
    name = name.strip()
    if bundled.find(name):
        return Permit(("bundled",))
    if is_operator():
        return Permit(SOURCES)
    sources: list[Source] = []
    if _is_folder_allowed(name):
        sources.append("folder")
    if _is_on_the_hub_and_allowed(name):
        sources.append("hub")
    if not sources:
        message = _("This server has no model {name}. It has {names}.")
        raise WeightsUnavailable(message.format(name=repr(name[:100]), names=listed(everything())))
    return Permit(tuple(sources), current().largest_model)


def offered() -> list[str]:
    """The models that may be asked for and have a name of their own: of the class, or else those that come with the
    program and those the operator names, or knows how to get."""
    named = GPT2_FAMILY if is_operator() else [name for name in current().models if EVERY not in name]
    readers = sorted(bundled_readers(), key=lambda name: name != "tiny-gpt")
    return list(classroom.current().models) or [*readers, *named]


def others() -> list[str]:
    """In words, what may be asked for besides those, by typing its name; [] where nothing may."""
    if is_operator():
        hub = _("any model of the Hugging Face Hub that transformers runs (Qwen/Qwen3-0.6B, google-t5/t5-small …)")
        return [hub, _("a folder of this computer")]
    server = current()
    hub_too = [_said(name) for name in server.models if EVERY in name]
    return hub_too + [_("a folder in {folder}").format(folder=folder) for folder in server.folders]


def everything() -> list[str]:
    """All that a visitor may ask for, in words."""
    return [*bundled_readers(), *_named(), *others()]


def _said(pattern: str) -> str:
    return _("any model of the Hugging Face Hub") if pattern == EVERY else pattern


def is_behind_a_proxy() -> bool:
    """Whether something in front has passed on what is asked."""
    return any(name in FORWARDED or name.startswith("X-Forwarded") for name in st.context.headers)


def _came_from_elsewhere() -> bool:
    """Through a proxy, as its headers say; or under a name that is not this machine's own."""
    if is_behind_a_proxy():
        return True
    host = st.context.headers.get("Host")
    return host is not None and _host(host) not in LOCAL


def _host(said: str) -> str:
    try:
        return urlsplit(f"//{said}").hostname or ""
    except ValueError:
        return ""


def _is_folder_allowed(name: str) -> bool:
    """Only a name below a folder that is allowed is looked up, for where its links lead; ".." is none, for where it
    leads would have to be looked up too."""
    path = path_of(name)
    if not path.is_absolute() or ".." in path.parts:
        return False
    if path in _folders_of_class():
        return True
    try:
        return any(
            path.is_relative_to(top) and path.resolve().is_relative_to(top.resolve()) for top in current().folders
        )
    except (OSError, RuntimeError, ValueError):  # links in a circle, a null byte
        return False


def _folders_of_class() -> list[Path]:
    own = classroom.current()
    names = (name for name in (own.model, *own.models) if name.startswith(("/", "~")))
    return [path_of(name) for name in names]


def _is_on_the_hub_and_allowed(name: str) -> bool:
    named, patterns = _named(), [pattern for pattern in current().models if EVERY in pattern]
    if not patterns and not named:
        return False
    from viz_core.models import hub  # noqa: PLC0415  most of a second, which the bundled models do not need

    if not hub.is_repo_id(name):
        return False
    repo = hub.CANONICAL.get(name, name)
    if repo in {hub.CANONICAL.get(one, one) for one in named} or EVERY in patterns:
        return True
    owner, slash, _rest = repo.partition("/")
    return f"{owner}{slash}{EVERY}" in patterns


def _named() -> list[str]:
    """The models besides those that come with the program that the class or the operator names."""
    of_class = classroom.current()
    names = (of_class.model, *of_class.models, *current().models)
    return list(dict.fromkeys(name for name in names if name and EVERY not in name and not bundled.find(name)))


class _Reader(Reader):
    def server(self) -> Server:
        self.known(self.found, Server.__dataclass_fields__)
        kept = self._bytes("memory", 0.1, 10_000)
        kept = min(KEPT, memory.available() // 2) if kept is None else kept
        largest = self._bytes("largest_model", 0.001, 10_000)
        return Server(
            models=tuple(self._models()),
            folders=tuple(map(self._folder, self.texts("folders"))),
            longest_text=self.whole_number("longest_text", LONGEST_TEXT, 1_000, 10_000_000),
            largest_model=kept // 2 if largest is None else largest,  # models have half of it
            memory=kept,
            heavy=self.whole_number("heavy", 1, 1, 64),
        )

    def _bytes(self, key: str, least: float, most: float) -> int | None:
        """Of a number of GB."""
        value = self.number(key, least, most)
        return None if value is None else round(value * GB)

    def _models(self) -> list[str]:
        names = self.texts("models")
        for name in names:
            if name != EVERY and name not in GPT2_FAMILY and not HUB_NAME.fullmatch(name):
                allowed = _('{names}, a Hub name owner/model, "owner/*", or "*"').format(names=listed(GPT2_FAMILY))
                raise self.wrong("models", name, allowed)
        self.told_apart("models", names)
        return names

    def _folder(self, name: str) -> Path:
        path = path_of(name)
        if not path.is_absolute() or not is_folder(path) or path.resolve() == Path(path.anchor):
            raise self.wrong("folders", name, _("a folder that exists, from / or ~ on, and not the whole disk"))
        return path


def main() -> str:
    """Why the file cannot be used, "" where it can."""
    wrong = []
    for read_one in (current, classroom.current):
        try:
            read_one()
        except Unusable as error:
            wrong.append(str(error))
    if wrong:
        return "\n".join(wrong)
    server = current()
    if not os.environ.get(VARIABLE):
        sys.stdout.write(f"{VARIABLE} is not set: there is no file to check\n")
    else:
        patterns = (_said(name) for name in server.models if EVERY in name)
        lines = {
            "models": listed(["those that come with the program", *_named(), *patterns]),
            "folders": listed(server.folders) or "none",
            "longest text": f"{server.longest_text:,} characters",
            "largest model": f"{server.largest_model / GB:,.1f} GB in float32",
            "memory": f"{server.memory / GB:,.1f} GB of what is kept",
            "heavy work": f"{server.heavy} at a time",
        }
        sys.stdout.write(f"Server: {os.environ[VARIABLE]}\n" + "".join(f"  {k:15}{v}\n" for k, v in lines.items()))
    return ""


if __name__ == "__main__":
    sys.exit(main() or 0)
