"""What is said: a pattern, a tense and, where one can ask, whether it is told or asked."""

import numpy as np

from viz_core.grammar.circumstances import somewhere
from viz_core.grammar.clause import NOT, Clause, Predicate, Sides, asked, be_form, told, unambiguous
from viz_core.grammar.dice import Dice
from viz_core.grammar.events import alone, being, giving, moving, transitive, with_mood
from viz_core.grammar.korean import Stem, Tense, copula
from viz_core.grammar.lexicon import CREATURES, NAMES, PRONOUNS, nouns_of
from viz_core.grammar.noun_phrases import described
from viz_core.grammar.participants import doer, living, relation
from viz_core.grammar.phrases import Phrase, Word, named, pronoun, set_phrase
from viz_core.grammar.questions import question
from viz_core.grammar.sentence_pair import Pair, paired

LONGEST = 15  # English words of a sentence, with its full stop
PATTERNS = {"recipient": "giving", "goal": "motion", "origin": "motion", "object": "transitive"}  # by role
EXISTING = Stem("있", verb=False)


def pair(rng: np.random.Generator) -> Pair:
    """One random sentence."""
    dice = Dice(rng)
    while True:
        made = _sentence(dice)
        if len(made.english) <= LONGEST:
            return made


def _sentence(dice: Dice) -> Pair:
    """A sentence of any length."""
    draw = dice.throw()
    tense: Tense = dice.one(("past", "past", "present", "present", "present", "future"))
    if draw < 0.12:
        return _told_or_asked(dice, being(dice, tense), "adjective")
    if draw < 0.19:
        return _located(dice)
    if draw < 0.24:
        return _profession(dice, tense)
    if draw < 0.32:
        return question(dice, tense)
    if draw < 0.34:
        return _told_or_asked(dice, with_mood(dice, living(dice, doer(dice, CREATURES), tense)), "place")
    clause = dice.one((transitive, transitive, transitive, moving, alone, giving))(dice, tense)
    pattern = next((name for role, name in PATTERNS.items() if role in clause.roles), "intransitive")
    if "often" not in clause.roles:
        clause = with_mood(dice, clause)
    return _told_or_asked(dice, unambiguous(clause), pattern)


def _told_or_asked(dice: Dice, clause: Clause, pattern: str) -> Pair:
    """The clause as a statement or, where that makes sense, perhaps as a question for yes or no."""
    askable = not clause.subject.first_person and clause.modal != "must" and not clause.negative
    if askable and not clause.early_time and dice.chance(0.2):
        return paired(asked(clause), "?", pattern + " question", clause.combinations)
    words = (pattern, clause.modal, "negative" if clause.negative else "")
    return paired(told(clause), ".", " ".join(word for word in words if word), clause.combinations)


def _located(dice: Dice) -> Pair:
    """The dog is in the park. There is a dog in the park. Where is the dog?"""
    kind = dice.one(("person", "animal", "thing", "wear tool"))
    place = somewhere(dice, "outside" if kind == "animal" else "inside outside", "에")
    draw = dice.throw()
    tense: Tense = dice.one(("past", "present", "present"))
    if draw < 0.35:
        determiner = dice.one(("a", "two", "three"))
        phrase = described(dice, dice.one(nouns_of(kind)), determiner, plural=determiner != "a")
        return _existing(phrase, place, tense)
    if kind in ("person", "animal"):
        subject = doer(dice, kind)
    else:
        subject = described(dice, dice.one(nouns_of(kind)), dice.one(("the", "my", "your")))
    where = draw < 0.55 and not subject.first_person
    if where:
        place = set_phrase("where", "어디에", "where")
    negative = not where and dice.chance(0.2)
    said = (f"{place.lemma} {subject.lemma}", *subject.combinations, *place.combinations)
    predicate = Predicate("be", "", EXISTING, be=())
    clause = Clause(subject, predicate, tense, negative, roles={"place": place}, combinations=said)
    if where:
        return paired(asked(clause, "place"), "?", "where", said)
    return _told_or_asked(dice, clause, "place")


def _existing(phrase: Phrase, place: Phrase, tense: Tense) -> Pair:
    """There is a dog in the park."""
    mark = object()
    sides = Sides(
        (Word("there", (mark,)), Word(be_form(phrase, tense), (mark,)), *phrase.english, *place.english),
        (*place.korean, *phrase.with_particle("이/가").korean, Word(EXISTING.declared(tense), (mark,))),
    )
    said = (f"{place.lemma} {phrase.lemma}", *phrase.combinations, *place.combinations)
    return paired(sides, ".", "existence", said)


def _profession(dice: Dice, tense: Tense) -> Pair:
    """She is a doctor. Is he a king? In Korean one does not "be" in the future or not: 될 것이다, 아니다."""
    noun = dice.one(nouns_of("teacher student doctor farmer singer cook soldier"))
    name = dice.one(tuple(NAMES))
    singular = [word for word in PRONOUNS if word not in ("we", "they")]
    subject = dice.one(
        (
            pronoun(dice.one(singular)),
            named(name),
            described(dice, dice.one(nouns_of("man woman")), dice.one(("the", "this", "that"))),
            relation(dice),
        )
    )
    if tense == "future" and subject.kind == "family":
        tense = "past"
    phrase = described(dice, noun, "a")
    subjective = phrase.with_particle("이/가")
    negative = dice.chance(0.2)
    said = (f"{subject.lemma} be {noun.english}", *subject.combinations, *phrase.combinations)
    if tense == "future":  # what one will be, one becomes
        becoming = Predicate("be", "", Stem("되"))
        clause = Clause(subject, becoming, tense, negative, roles={"object": subjective})
        return paired(told(clause), ".", "profession", said)
    not_being = Predicate("be", "", Stem("아니", "이", verb=False), phrase.english, subjective.korean, NOT)
    clause = Clause(subject, not_being, tense, negative)
    if negative:
        return paired(told(clause), ".", "profession negative", said)
    is_asked = subject.lemma != "I" and dice.chance(0.25)
    english = (asked if is_asked else told)(clause).english
    *before, last = phrase.korean
    korean = (*before, last._replace(text=copula(last.text, tense, asked=is_asked)))
    sides = Sides(english, (*subject.with_particle("은/는").korean, *korean))
    return paired(sides, "?" if is_asked else ".", "profession question" if is_asked else "profession", said)
