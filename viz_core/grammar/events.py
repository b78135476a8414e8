"""Clauses that a sentence can tell or ask: what one does, where one goes, what one gives, how one is."""

from viz_core.grammar.circumstances import somewhere, timed, with_circumstances
from viz_core.grammar.clause import Clause, Modal, adjective_predicate, unambiguous, verb_predicate
from viz_core.grammar.dice import Dice
from viz_core.grammar.korean import Tense, attach
from viz_core.grammar.lexicon import (
    ADJECTIVES,
    ALONE,
    GIVING,
    MOVING,
    PLACES,
    VERBS,
    Verb,
    determiners_of,
    nouns_of,
)
from viz_core.grammar.participants import doer, doing_to, undergoer, with_relative
from viz_core.grammar.phrases import Phrase, noun_phrase, set_phrase


def transitive(dice: Dice, tense: Tense) -> Clause:
    """He eats the apple in the park."""
    verb = dice.one(VERBS)
    return doing(dice, verb, doer(dice, verb.by), tense)


def doing(dice: Dice, verb: Verb, subject: Phrase, tense: Tense) -> Clause:
    """The same of a verb and a subject."""
    return unambiguous(with_circumstances(dice, doing_to(dice, verb, subject, tense), verb))


def moving(dice: Dice, tense: Tense) -> Clause:
    """He goes to school by bus; she comes from the park."""
    verb = dice.one(MOVING)
    subject = doer(dice, verb.by)
    kinds = PLACES if subject.kind == "person" else "outside"
    if verb.english == "come" and dice.chance(0.5):
        role, place = "origin", somewhere(dice, kinds, "에서", "from")
    else:
        role, place = "goal", somewhere(dice, kinds + " waterside", verb.particle, "to")
    roles = {role: place}
    if verb.english in ("go", "come") and subject.kind == "person" and dice.chance(0.25):
        vehicle = dice.one(nouns_of("vehicle"))
        roles["tool"] = set_phrase(f"by {vehicle.english}", attach(vehicle.korean, "으로/로"))
    said = (f"{verb.english} {place.lemma}", *subject.combinations, *place.combinations)
    clause = Clause(subject, verb_predicate(verb), tense, roles=roles, combinations=said)
    return with_circumstances(dice, clause, verb)


def alone(dice: Dice, tense: Tense) -> Clause:
    """He sleeps."""
    verb = dice.one(ALONE)
    subject = doer(dice, verb.by)
    said = (f"{subject.lemma} {verb.english}", *subject.combinations)
    clause = Clause(subject, verb_predicate(verb), tense, combinations=said, action=verb.action)
    return with_circumstances(dice, clause, verb)


def giving(dice: Dice, tense: Tense) -> Clause:
    """She gives the apple to him."""
    verb = dice.one(GIVING)
    subject = doer(dice, verb.by)
    thing = undergoer(dice, verb.of, subject, relative=0)
    person = undergoer(dice, "person", subject, relative=0)
    roles = {"object": thing.with_particle("을/를"), "recipient": person.with_particle("에게", "to")}
    said = (f"{verb.english} {thing.lemma}", *subject.combinations, *thing.combinations, *person.combinations)
    clause = Clause(subject, verb_predicate(verb), tense, roles=roles, combinations=said)
    return with_circumstances(dice, clause, verb)


def being(dice: Dice, tense: Tense) -> Clause:
    """The dog is very big. Only what passes has a future or a time."""
    adjective = dice.one(ADJECTIVES)
    noun = dice.one(nouns_of(adjective.of))
    if adjective.passing or (noun.kind == "person" and adjective.english in ("kind", "smart", "brave")):
        subject = doer(dice, "person" if noun.kind == "person" else noun.english)
    elif not noun.plain_the and noun.kind not in ("family", "subject") and dice.chance(0.15):
        subject = with_relative(dice, noun)
    else:
        subject = noun_phrase(noun, dice.one(determiners_of(noun)))
    if tense == "future" and not adjective.passing:
        tense = "present"
    negative = dice.chance(0.2)
    very = not negative and dice.chance(0.2)
    said = (f"{adjective.english} {subject.lemma}", *subject.combinations)
    clause = Clause(subject, adjective_predicate(adjective, very=very), tense, negative, combinations=said)
    return timed(dice, clause) if adjective.passing and not very else clause


def with_mood(dice: Dice, clause: Clause) -> Clause:
    """The clause, perhaps denied, wanted, possible or due."""
    draw = dice.throw()
    if draw < 0.18:
        return clause._replace(negative=True)
    if draw <= 0.75 or not clause.action:
        return clause
    modal: Modal = dice.one(("can", "want", "must"))
    if modal != "want" and clause.tense != "present":
        return clause
    if modal == "want" and (clause.tense == "future" or clause.subject.lemma == "you"):
        return clause
    return clause._replace(modal=modal, negative=modal != "must" and dice.chance(0.2))
