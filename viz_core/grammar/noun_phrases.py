"""Nouns as one comes upon them: with an adjective or none, one or more of them."""

from viz_core.grammar.dice import Dice
from viz_core.grammar.lexicon import WILD, Noun, attributes_of
from viz_core.grammar.phrases import Phrase, noun_phrase


def described(dice: Dice, noun: Noun, determiner: str, *, plural: bool = False, relative: bool = False) -> Phrase:
    """A noun, perhaps with an adjective: the big dog. `relative`: it is to get a relative clause."""
    fitting = () if noun.kind in ("family", "subject") else attributes_of(noun)
    attribute = dice.one(fitting) if fitting and dice.chance(0.2) else None
    return noun_phrase(noun, determiner, attribute, plural=plural, relative=relative)


def counted(dice: Dice, noun: Noun) -> Phrase:
    """One or more of a noun: a dog, dogs, my dog, two dogs."""
    determiner = dice.one(("the", "the", "the", "a", "a", "this", "that", "my", "your", "two", "three", ""))
    owned = noun.english in ("friend", "teacher") if noun.kind == "person" else noun.english not in WILD
    if determiner in ("my", "your") and not owned:
        determiner = "the"
    plural = determiner in ("two", "three", "") or (determiner == "the" and dice.chance(0.15))
    return described(dice, noun, determiner, plural=plural)
