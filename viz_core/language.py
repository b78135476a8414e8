"""Words a person reads, in the language they chose: message ids are English, catalogues lie in assets.

`_` looks a message up when it is called, in the language of the current context (one context a visitor's
run), so it must be called inside functions, never at import.
"""

import logging
import re
import unicodedata
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from gettext import NullTranslations, translation
from pathlib import Path

import tossi

CATALOGUES = Path(__file__).parent.parent / "assets" / "translations"
LANGUAGES = {"en": "English", "ko": "한국어"}  # each by the name its speakers give it

_language: ContextVar[str] = ContextVar("language", default="en")


def speak(language: str) -> None:
    """Choose the language of everything `_` returns from here on in this context, one of LANGUAGES."""
    if language not in LANGUAGES:
        raise ValueError(f"no catalogue for the language {language!r}; there are {', '.join(LANGUAGES)}")
    _language.set(language)


def spoken() -> str:
    """The language of this context."""
    return _language.get()


def _(message: str) -> str:
    language = _language.get()
    found = _catalogue(language).gettext(message)
    return Korean(found) if language == "ko" else found


@lru_cache
def _catalogue(language: str) -> NullTranslations:
    if language == "en":  # the messages are
        return NullTranslations()
    try:
        return translation("messages", CATALOGUES, languages=[language])
    except Exception as error:  # noqa: BLE001  gettext has no error of its own for a damaged catalogue
        said = "no words in %s: the catalogue in %s cannot be read (%s), English stands in; install the program again"
        logging.getLogger(__name__).warning(said, language, CATALOGUES, error)
        return NullTranslations()


def is_whole(language: str) -> bool:
    """Whether its catalogue can be read; else its words are English."""
    return language == "en" or type(_catalogue(language)) is not NullTranslations


class Korean(str):
    """A message whose particles follow what is put into it: “{word}을(를)” becomes “커피를”, “말을”."""

    __slots__ = ()

    def format(self, *args: object, **named: object) -> str:
        return with_particles(self, lambda message: str.format(message, *args, **named))

    def __add__(self, more: str) -> "Korean":  # sentences are put together before they are filled in
        return Korean(super().__add__(more))


PAIRS = re.compile(r"은\(는\)|는\(은\)|이\(가\)|가\(이\)|을\(를\)|를\(을\)|과\(와\)|와\(과\)|\((?:으|이)\)[가-힣]+")
PAIR, BOLD = "\ue000", "\ue001"  # before a pair, and before ** that a letter follows; of private use, no text has them
CLOSING = re.compile(rf"\*\*(?=[가-힣{PAIR}])")
UNSPOKEN = re.compile(rf"(?:</?\w[^<>]*>|[\s\"'”’»)\]}}*`_~$\\\u2060{BOLD}])+$")  # between a word and its particle
WORD = re.compile(r"[^\s\"'“”‘’«»(\[*`>]+$")
LONGEST = 64  # characters before a particle that are looked at
LETTER_BY_LETTER = {"l": "엘", "m": "엠", "n": "엔", "r": "알"}  # the letters whose Korean name ends in a consonant
ENDINGS = {
    "l": "을",
    "le": "을",
    "m": "음",
    "n": "은",
    "ng": "응",
}  # endings of English words that stay consonants in Korean
# so do k, p and t after a short vowel: “캣”, “컵”, “북”; but “세트”, by usage
SHORT = re.compile(r"(?:(?<![aeiou])[aeiou](?:ck|[kpt])|ook)$")
LONG = {"bat", "hat", "hit", "net", "set"}


def with_particles(text: str, filled: Callable[[str], str] = str) -> str:
    """Choose each particle that is written as a pair, 은(는) or (으)로, by the sound of what stands before it.

    `filled` puts into the text what belongs there; pairs in that are somebody else's words, and stay. So do those whose
    sound is not known.
    """
    marked = CLOSING.sub(f"{BOLD}**", PAIRS.sub(rf"{PAIR}\g<0>", text))
    first, *others = filled(marked).split(PAIR)
    for other in others:
        pair = PAIRS.match(other)
        first += (_particle(first[-LONGEST:], pair.group()) + other[pair.end() :]) if pair else other
    return _closed(first)


def _closed(text: str) -> str:
    """Markdown takes “**5%**를” for no bold: a letter follows a sign. A word joiner is no sign, and has no width."""
    return re.sub(rf"([^\w\s*]?){BOLD}", lambda before: f"{before[1]}\u2060" if before[1] else "", text)


def _particle(before: str, pair: str) -> str:
    word = WORD.search(UNSPOKEN.sub("", before))
    sounded = _sounded(unicodedata.normalize("NFKC", word.group())) if word else ""
    return tossi.pick(sounded, pair) if sounded else pair


def _sounded(word: str) -> str:
    """Hangul or a number that ends as the word does when it is read aloud, "" where that is not known."""
    last = word[-1].lower()
    if last == "%":
        return "퍼센트"
    if last.isdigit() or "가" <= last <= "힣":
        return word
    if not ("a" <= last <= "z"):
        return ""
    letters = re.search(r"[A-Za-z]+$", word)
    if letters and (len(letters.group()) == 1 or letters.group().isupper()):
        return LETTER_BY_LETTER.get(last, "이")
    if letters and SHORT.search(letters.group().lower()) and letters.group().lower() not in LONG:
        return "읏"
    return ENDINGS.get(word[-2:].lower()) or ENDINGS.get(last, "이")
