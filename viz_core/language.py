"""Words a person reads, in the language they chose: message ids are English, catalogues lie in assets.

`_` looks a message up when it is called, in the language of the current context (one context a visitor's
run), so it must be called inside functions, never at import.
"""

from contextvars import ContextVar
from functools import lru_cache
from gettext import NullTranslations, translation
from pathlib import Path

CATALOGUES = Path(__file__).parent.parent / "assets" / "translations"

_language: ContextVar[str] = ContextVar("language", default="en")


def speak(language: str) -> None:
    """Choose the language of everything `_` returns from here on in this context, e.g. "en" or "ko"."""
    _language.set(language)


def spoken() -> str:
    """The language of this context."""
    return _language.get()


def _(message: str) -> str:
    return _catalogue(_language.get()).gettext(message)


@lru_cache
def _catalogue(language: str) -> NullTranslations:
    return translation("messages", CATALOGUES, languages=[language], fallback=True)
