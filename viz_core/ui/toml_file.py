"""A TOML file that a person has written for this program: read with errors that say what to change."""

import os
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viz_core.language import _


def path_of(name: str) -> Path:
    """What a name that may begin with ~ stands for; a user that is none leaves it as it is."""
    try:
        return Path(os.path.expanduser(name))  # noqa: PTH111  whose Path.expanduser raises for such a user
    except ValueError:  # a null byte, half of a character: nobody is called so
        return Path(name)


def is_folder(path: Path) -> bool:
    """One that can be looked into as far as to it; False where we may not."""
    return os.path.isdir(path)  # noqa: PTH112  whose Path.is_dir raises where we may not look


class Unusable(ValueError):
    """The file cannot be used: names the file, the key, the value and what is allowed."""


def table_of(path: Path, variable: str) -> dict[str, Any]:
    """What the file holds; `variable` is that of the environment that names it. Raises Unusable."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        reason = _("{path}: cannot be read ({reason}). {variable} names the file.")
        raise Unusable(reason.format(path=path, reason=error.strerror, variable=variable)) from error
    except (ValueError, RecursionError) as error:  # no TOML, or not in UTF-8
        raise Unusable(_("{path}: is no TOML: {reason}").format(path=path, reason=error)) from error


@dataclass(frozen=True)
class Reader:
    """Reads keys one by one; each raises Unusable."""

    path: Path
    found: dict[str, Any]

    def wrong(self, key: str, value: object, allowed: str) -> Unusable:
        words = _("{path}: {key} = {value}: allowed is {allowed}")
        return Unusable(words.format(path=self.path, key=key, value=as_toml(value), allowed=allowed))

    def known(self, entries: dict[str, Any], allowed: Iterable[str], where: str = "") -> None:
        for key, value in entries.items():
            if key not in allowed:
                words = _("{path}: {key} = {value}: there is no such key; allowed are {names}")
                name, names = f"{where}{key}", listed(allowed)
                raise Unusable(words.format(path=self.path, key=name, value=as_toml(value), names=names))

    def told_apart(self, key: str, values: Sequence[object]) -> None:
        for at, value in enumerate(values):
            if value in values[:at]:
                raise self.wrong(key, value, _("each once"))

    def text(self, key: str) -> str:
        value = self.found.get(key, "")
        if not isinstance(value, str):
            raise self.wrong(key, value, _('text in quotes, as in {key} = "…"').format(key=key))
        return value.strip()

    def values(self, key: str) -> list[Any]:
        value = self.found.get(key, [])
        if not isinstance(value, list):
            raise self.wrong(key, value, _("a list, as in {key} = […]").format(key=key))
        return value

    def texts(self, key: str) -> list[str]:
        values = self.values(key)
        for value in values:
            if not isinstance(value, str) or not value.strip():
                raise self.wrong(key, value, _("a list of texts in quotes"))
        return [value.strip() for value in values]

    def whole_number(self, key: str, default: int, least: int, most: int) -> int:
        value = self.found.get(key, default)
        if type(value) is not int or not least <= value <= most:
            allowed = _("a whole number from {least} to {most}").format(least=least, most=most)
            raise self.wrong(key, value, allowed)
        return value

    def number(self, key: str, least: float, most: float) -> float | None:
        """None where it is not set."""
        value = self.found.get(key)
        if value is None:
            return None
        if type(value) not in (int, float) or not least <= value <= most:
            raise self.wrong(key, value, _("a number from {least} to {most}").format(least=least, most=most))
        return float(value)


def listed(names: Iterable[object]) -> str:
    return ", ".join(map(str, names))


def as_toml(value: object) -> str:
    said = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return said if len(said) <= 80 else said[:79] + "…"
