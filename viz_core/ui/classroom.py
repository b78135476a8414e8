"""What a teacher sets for a class, in one TOML file named by ATTENTION_CLASS (docs/teaching.md): sentences, models,
lessons. Without it everything is as the program comes.

`python -m viz_core.ui.classroom` says whether the file can be used.
"""

import os
import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from viz_core.language import LANGUAGES, _
from viz_core.lessons.lesson import LESSONS
from viz_core.models import bundled, bundled_readers
from viz_core.ui.toml_file import Reader, Unusable, is_folder, listed, path_of, table_of

VARIABLE = "ATTENTION_CLASS"
GPT2_FAMILY = ["gpt2", "distilgpt2", "gpt2-medium", "gpt2-large", "gpt2-xl"]
ADDRESS = re.compile(r"https?://[^\s/?#@]+")
LONGEST_TITLE = 200  # characters; it stands on every page
LONGEST_TEXT = 20_000  # characters; the sentence stands in every address


@dataclass(frozen=True)
class Classroom:
    """As in the file; empty is what is not set. `sentences` are (name, text)."""

    title: str = ""
    language: str = ""
    model: str = ""
    models: tuple[str, ...] = ()
    sentences: tuple[tuple[str, str], ...] = ()
    lessons: tuple[int, ...] = ()
    address: str = ""

    @property
    def first(self) -> dict[str, Any]:
        """The model and the text that a visitor sees first, where the file sets them."""
        model = self.model or next(iter(self.models), "")
        text = self.sentences[0][1] if self.sentences else ""
        return {name: value for name, value in (("model", model), ("text", text)) if value}


def current() -> Classroom:
    """That of this server. Raises Unusable."""
    path = os.environ.get(VARIABLE, "")
    return read(Path(path)) if path else Classroom()


@lru_cache(maxsize=8)
def read(path: Path) -> Classroom:
    """Of a file; a change of it is seen when the server starts again. Raises Unusable."""
    return _Reader(path, table_of(path, VARIABLE)).classroom()


class _Reader(Reader):
    def classroom(self) -> Classroom:
        self.known(self.found, Classroom.__dataclass_fields__)
        read = Classroom(
            title=self._title(),
            language=self._language(),
            model=self.text("model"),
            models=tuple(self.texts("models")),
            sentences=tuple(self._sentence(entry, at) for at, entry in enumerate(self.values("sentences"), start=1)),
            lessons=tuple(self._lessons()),
            address=self._address(),
        )
        for key, names in (("model", [read.model] if read.model else []), ("models", read.models)):
            for name in names:
                self._existing(key, name)
        if read.models and read.model and read.model not in read.models:
            raise self.wrong("model", read.model, _("one of models: {names}").format(names=listed(read.models)))
        self.told_apart("models", read.models)
        self.told_apart("sentences", [name for name, _text in read.sentences])
        self.told_apart("lessons", read.lessons)
        return read

    def _title(self) -> str:
        value = self.text("title")
        if len(value) > LONGEST_TITLE:
            allowed = _("text in quotes, at most {most} characters").format(most=LONGEST_TITLE)
            raise self.wrong("title", value, allowed)
        return value

    def _language(self) -> str:
        value = self.text("language")
        if value and value not in LANGUAGES:
            raise self.wrong("language", value, listed(LANGUAGES))
        return value

    def _sentence(self, entry: object, at: int) -> tuple[str, str]:
        key = f"sentences[{at}]"
        if not isinstance(entry, dict):
            raise self.wrong(key, entry, '{name = "…", text = "…"}')
        self.known(entry, ("name", "text"), f"{key}.")
        for part in ("name", "text"):
            value = entry.get(part, "")
            if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT:
                allowed = _("text in quotes, at most {most} characters").format(most=LONGEST_TEXT)
                raise self.wrong(f"{key}.{part}", value, allowed)
        return entry["name"].strip(), entry["text"]

    def _lessons(self) -> list[int]:
        there = sorted({int(file.name[:2]) for file in LESSONS.glob("[0-9][0-9]-*.md")})
        values = self.values("lessons")
        for value in values:
            if type(value) is not int or value not in there:
                raise self.wrong("lessons", value, _("numbers of lessons: {names}").format(names=listed(there)))
        return values

    def _address(self) -> str:
        value = self.text("address").rstrip("/")
        if value and not (ADDRESS.fullmatch(value) and _is_an_address(value)):
            raise self.wrong("address", value, _("the server’s address, as in http://192.168.0.12:8501"))
        return value

    def _existing(self, key: str, name: str) -> None:
        """Bundled, of GPT-2's family, or a name that only the Hub or the disk can know."""
        own, at, step = name.partition("@")
        readers = bundled_readers()
        if own in readers:
            steps = bundled.steps(own)
            if at and step not in map(str, steps):
                allowed = _("{name}, or one of its steps: {steps}").format(name=own, steps=listed(steps))
                raise self.wrong(key, name, allowed)
        elif name.startswith(("/", "~")) or Path(name).is_absolute():
            if not is_folder(path_of(name)):
                raise self.wrong(key, name, _("a folder that exists"))
        elif name not in GPT2_FAMILY and name.count("/") != 1:
            known = listed([*readers, *GPT2_FAMILY])
            raise self.wrong(key, name, _("{names}, a Hub name owner/model, or a folder").format(names=known))


def _is_an_address(value: str) -> bool:
    """Of one machine, which others can reach; without a password, as it becomes a code on the wall."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    return bool(parts.hostname) and parts.hostname != "0.0.0.0" and port != 0 and parts.username is None  # noqa: S104


def main() -> str:
    """Why the file cannot be used, "" where it can."""
    try:
        found = current()
    except Unusable as error:
        return str(error)
    path = os.environ.get(VARIABLE)
    sys.stdout.write(
        f"Class: {found.title or path}\n" if path else f"{VARIABLE} is not set: there is no file to check\n"
    )
    return ""


if __name__ == "__main__":
    sys.exit(main() or 0)
