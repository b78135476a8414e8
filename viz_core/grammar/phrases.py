"""Phrases: words of both languages. Words that mean the same share a mark, so alignment survives any reordering."""

from typing import NamedTuple

from viz_core.grammar.korean import attach
from viz_core.grammar.lexicon import DETERMINERS, FUNCTION_WORDS, NAMES, NUMBERS, PRONOUNS, Attribute, Noun


class Word(NamedTuple):
    """A word of either language. A mark is any object: only whether two words have the same one counts."""

    text: str
    marks: tuple[object, ...] = ()


Words = tuple[Word, ...]


class Phrase(NamedTuple):
    """What fills a role. `lemma` and `kind` are those of its noun; `relative`: it has a relative clause."""

    english: Words
    korean: Words
    lemma: str = ""
    kind: str = ""
    plural: bool = False
    relative: bool = False
    combinations: tuple[str, ...] = ()

    @property
    def first_person(self) -> bool:
        """I or we: whom nobody asks, and who know what they want."""
        return self.lemma in ("I", "we")

    def with_particle(self, particle: str, preposition: str = "") -> "Phrase":
        """The phrase in its role: what it gets before it in English and after it in Korean."""
        *rest, last = self.korean
        before = tuple(Word(word) for word in preposition.split())
        return self._replace(
            english=(*before, *self.english),
            korean=(*rest, last._replace(text=attach(last.text, particle))),
        )


EMPTY = Phrase((), ())


def set_phrase(english: str, korean: str, lemma: str = "", kind: str = "", *, plural: bool = False) -> Phrase:
    """Words with one meaning together: all content words share a mark."""
    mark = object()
    words = (Word(word, () if word in FUNCTION_WORDS else (mark,)) for word in english.split())
    return Phrase(tuple(words), tuple(Word(word, (mark,)) for word in korean.split()), lemma, kind, plural)


def named(name: str) -> Phrase:
    """A person by name."""
    return set_phrase(name, NAMES[name], name, "person")


def pronoun(word: str, english: str = "") -> Phrase:
    """A personal pronoun; `english` is its form where that is another: me."""
    return set_phrase(english or word, PRONOUNS[word], word, "person", plural=word in ("we", "they"))


def noun_phrase(
    noun: Noun,
    determiner: str,
    attribute: Attribute | None = None,
    *,
    plural: bool = False,
    relative: bool = False,
) -> Phrase:
    """A noun with its determiner ("" for none) and an attribute. `relative`: it is to get a relative clause."""
    mark, count = object(), object()
    before = set_phrase(attribute.english, attribute.korean) if attribute else EMPTY
    english = (*before.english, Word(noun.plural if plural else noun.english, (mark,)))
    article = ("an" if english[0].text[0] in "aeiou" else "a") if determiner == "a" else determiner
    if article:
        english = (Word(article, (count,)), *english)
    many = plural and determiner not in NUMBERS  # 들 says it of people, and of the animals that one speaks about
    shown = many and (noun.kind == "person" or (noun.kind == "animal" and determiner != ""))
    korean = (*before.korean, Word(noun.korean + "들" if shown else noun.korean, (mark,)))
    if determiner in NUMBERS:
        korean = (*korean, Word(NUMBERS[determiner], (count,)), Word(noun.counter, (count, mark)))
    elif determiner in DETERMINERS and not (determiner == "the" and (relative or noun.plain_the)):
        own = "우리" if determiner == "my" and noun.kind == "family" else DETERMINERS[determiner]
        korean = (Word(own, (count,)), *korean)
    combinations = (f"{attribute.english} {noun.english}",) if attribute else ()
    return Phrase(english, korean, noun.english, noun.kind, plural, combinations=combinations)


def both(one: Phrase, other: Phrase) -> Phrase:
    """Two nouns with "and"."""
    return Phrase(
        (*one.english, Word("and"), *other.english),
        (*one.with_particle("과/와").korean, *other.korean),
        one.lemma,
        one.kind,
        plural=True,
        combinations=(*one.combinations, *other.combinations),
    )
