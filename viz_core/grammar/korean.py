"""Korean words in a sentence: the particles after nouns, and the forms of verbs and adjectives."""

from dataclasses import dataclass
from typing import Literal

from viz_core.grammar.hangul import final, vowel, with_final, with_vowel

Tense = Literal["past", "present", "future"]

BRIGHT = "ㅏㅑㅗ"  # vowels that 아 follows; 어 follows the others
MERGED = {"ㅗ": "ㅘ", "ㅜ": "ㅝ", "ㅣ": "ㅕ", "ㅚ": "ㅙ"}  # a final vowel with 아/어: 보아 → 봐
SHIFTED = {"나가": "내가", "너가": "네가", "누구가": "누가"}


def attach(word: str, particle: str) -> str:
    """`attach("빵", "을/를")` is 빵을: the first after a consonant, the second after a vowel; 로 also after ㄹ."""
    after_consonant, _, after_vowel = particle.partition("/")
    if not after_vowel:
        return word + particle
    closed = final(word) not in ("", "ㄹ") if particle == "으로/로" else final(word) != ""
    return SHIFTED.get(word + after_vowel, word + (after_consonant if closed else after_vowel))


def copula(noun: str, tense: Tense, *, asked: bool = False) -> str:
    """The noun with "is" or "was", which Korean writes onto it: 의사다, 의사였다, 선생님이다, 선생님이었니."""
    if tense == "past":
        noun += "이었" if final(noun) else "였"
    elif final(noun):
        noun += "이"
    return noun + ("니" if asked else "다")


@dataclass(frozen=True)
class Stem:
    """What stands before 다. `irregular` is ㅂ, ㄷ, 르, ㅎ, "이" (아니다) or ""; the rest is seen in the spelling."""

    text: str
    irregular: str = ""
    verb: bool = True  # an adjective otherwise

    @property
    def infinitive(self) -> str:
        """The form in 아/어, on which past and duty are built: 먹어, 가, 도와, 불러."""
        text = self.text
        match self.irregular:
            case "르":
                return with_final(text[:-1], "ㄹ") + ("라" if vowel(text[:-1]) in BRIGHT else "러")
            case "ㅎ":
                return with_vowel(with_final(text, ""), {"ㅏ": "ㅐ", "ㅑ": "ㅒ"}[vowel(text)])
            case "ㅂ":
                return with_final(text, "") + ("와" if text == "돕" else "워")
            case "이":
                return text + "어"
            case "ㄷ":
                text = with_final(text, "ㄹ")
        return _joined(text)

    @property
    def past(self) -> str:
        """The stem of the past: 먹었, 갔."""
        return with_final(self.infinitive, "ㅆ")

    def adnominal(self, tense: Tense) -> str:
        """The form before a noun: 먹는, 먹은, 먹을; of adjectives 큰, 컸던, 클, but of those in 있다 맛있는."""
        if tense == "present" and (self.verb or self.text.endswith(("있", "없"))):
            return self._before_n + "는"
        if tense == "past" and not self.verb:
            return self.past + "던"
        return self._with("ㄹ" if tense == "future" else "ㄴ")

    def declared(self, tense: Tense) -> str:
        """The end of a statement, present or past."""
        if tense == "past":
            return self.past + "다"
        if not self.verb:
            return self.text + "다"
        return self.text + "는다" if final(self._before_n) else with_final(self._before_n, "ㄴ") + "다"

    def asked(self, tense: Tense) -> str:
        """The end of a question, present or past."""
        return (self.past if tense == "past" else self._before_n) + "니"

    @property
    def _before_n(self) -> str:
        """The stem before ㄴ, where a final ㄹ falls away: 만드."""
        return with_final(self.text, "") if final(self.text) == "ㄹ" else self.text

    def _with(self, consonant: str) -> str:
        """The stem, 으 where it needs one, and a consonant."""
        match self.irregular:
            case "ㅂ":
                return with_final(with_final(self.text, "") + "우", consonant)
            case "ㄷ":
                return with_final(with_final(self.text, "ㄹ") + "으", consonant)
            case "ㅎ":
                return with_final(self.text, consonant)
        return with_final(self.text if final(self.text) in ("", "ㄹ") else self.text + "으", consonant)


def _joined(text: str) -> str:
    """A regular stem and 아 or 어, contracted as one writes it."""
    last = vowel(text)
    if text[-1] == "하":
        return text[:-1] + "해"
    if final(text) or last == "ㅟ":
        return text + ("아" if last in BRIGHT else "어")
    if last == "ㅡ":
        return with_vowel(text, "ㅏ" if len(text) > 1 and vowel(text[:-1]) in BRIGHT else "ㅓ")
    return with_vowel(text, MERGED.get(last, last))
