"""Who does it and what it is done to, perhaps with a relative clause, in which someone does something again."""

from viz_core.grammar.circumstances import sometime, somewhere
from viz_core.grammar.clause import Clause, modified, unambiguous, verb_predicate
from viz_core.grammar.dice import Dice
from viz_core.grammar.korean import Tense
from viz_core.grammar.lexicon import (
    EVENTS,
    LIVE,
    NAMES,
    OBJECT_PRONOUNS,
    PRONOUNS,
    SAME,
    STATES,
    VERBS,
    Noun,
    Verb,
    determiners_of,
    nouns_of,
)
from viz_core.grammar.noun_phrases import counted, described
from viz_core.grammar.phrases import Phrase, both, named, pronoun

RELATIVE = 0.12  # the share of nouns that get a relative clause


def doer(dice: Dice, kinds: str, relative: float = RELATIVE) -> Phrase:
    """Who does it: a pronoun, a name, a definite noun, two of them, or one with a relative clause."""
    people = "person" in kinds.split()
    draw = dice.throw()
    if people and draw < 0.35:
        return pronoun(dice.one(tuple(PRONOUNS)))
    if people and draw < 0.43:
        return named(dice.one(tuple(NAMES)))
    if people and draw < 0.5:
        return relation(dice)
    noun = dice.one(nouns_of(kinds))
    if draw > 1 - relative:
        return with_relative(dice, noun)
    if draw > 0.96 - relative:
        other = dice.one(nouns_of(kinds))
        if other != noun:
            return both(described(dice, noun, "the"), described(dice, other, "the"))
    determiner = dice.one(determiners_of(noun))
    return described(dice, noun, determiner, plural=determiner == "the" and dice.chance(0.25))


def relation(dice: Dice) -> Phrase:
    """Someone's mother or grandfather."""
    noun = dice.one(nouns_of("family"))
    return described(dice, noun, dice.one(determiners_of(noun)))


def undergoer(dice: Dice, kinds: str, subject: Phrase, relative: float = RELATIVE) -> Phrase:
    """What it is done to: another than does it."""
    while (phrase := _anything(dice, kinds, subject, relative)).lemma == subject.lemma:
        pass
    return phrase


def _anything(dice: Dice, kinds: str, subject: Phrase, relative: float) -> Phrase:
    noun = dice.one(nouns_of(kinds))
    if noun.kind == "family":
        return described(dice, noun, "your" if subject.lemma == "you" else "my")
    if noun.plain_the or noun.kind == "subject":
        return described(dice, noun, "" if noun.kind == "subject" else "the")
    if noun.kind == "person" and dice.chance(0.35):
        word = dice.one([word for word in PRONOUNS if word not in SAME.get(subject.lemma, ())])
        return pronoun(word, OBJECT_PRONOUNS[word])
    draw = dice.throw()
    if draw < relative and not subject.relative:
        return with_relative(dice, noun)
    if draw < relative + 0.04:
        other = dice.one(nouns_of(noun.kind))
        if other != noun and other in nouns_of(kinds):
            return both(described(dice, noun, "the"), described(dice, other, "the"))
    return counted(dice, noun) if noun.plural else described(dice, noun, dice.one(("", "", "the", "this")))


def with_relative(dice: Dice, noun: Noun) -> Phrase:
    """A noun with a clause in which it acts or is acted on."""
    head = described(dice, noun, "the", relative=True)
    acts = noun.kind in ("person", "animal") and dice.chance(0.6)
    return modified(head, _acting(dice, noun, head) if acts else _acted_on(dice, noun), acts=acts)


def _acting(dice: Dice, noun: Noun, head: Phrase) -> Clause:
    """... who sees the dog; ... who lives in the village."""
    if dice.chance(0.3):
        return living(dice, head, "present")
    verb = dice.one([verb for verb in VERBS if noun in nouns_of(verb.by)])
    tense: Tense = "present" if verb.english in STATES else dice.one(("past", "present"))
    return unambiguous(doing_to(dice, verb, head, tense, relative=0))


def _acted_on(dice: Dice, noun: Noun) -> Clause:
    """... that the boy ate."""
    verb = dice.one([verb for verb in VERBS if noun in nouns_of(verb.of)])
    while (subject := doer(dice, verb.by, relative=0)).lemma == noun.english:
        pass
    tense: Tense = "present" if verb.english in STATES or verb.english == verb.past else "past"
    roles = {"time": sometime(dice, tense)} if verb.action and dice.chance(0.2) else {}
    said = (f"{verb.english} {noun.english}", *subject.combinations)
    return Clause(subject, verb_predicate(verb), tense, roles=roles, combinations=said)


def doing_to(dice: Dice, verb: Verb, subject: Phrase, tense: Tense, relative: float = RELATIVE) -> Clause:
    """He eats the apple: a verb with its object, and nothing else yet."""
    thing = undergoer(dice, verb.of, subject, relative)
    return Clause(
        subject,
        verb_predicate(verb),
        "past" if verb.english in EVENTS else tense,
        roles={"object": thing.with_particle(verb.particle)},
        combinations=(f"{verb.english} {thing.lemma}", *subject.combinations, *thing.combinations),
        action=verb.action,
    )


def living(dice: Dice, subject: Phrase, tense: Tense) -> Clause:
    """He lives in the village."""
    kinds = "village city farm" if subject.kind == "person" else "park garden farm village"
    place = somewhere(dice, kinds, "에")
    return Clause(
        subject,
        verb_predicate(LIVE),
        tense,
        roles={"place": place},
        combinations=(f"live {place.lemma}", *subject.combinations, *place.combinations),
        action=False,
    )
