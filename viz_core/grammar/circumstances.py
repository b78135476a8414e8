"""What a clause need not have: how, with what, with whom, where and when."""

from viz_core.grammar.clause import Clause
from viz_core.grammar.dice import Dice
from viz_core.grammar.korean import Tense
from viz_core.grammar.lexicon import ANY_TIME, MANNERS, OFTEN, PREPOSITIONS, TIMES, Verb, nouns_of
from viz_core.grammar.noun_phrases import described
from viz_core.grammar.phrases import Phrase, Word, set_phrase


def with_circumstances(dice: Dice, clause: Clause, verb: Verb) -> Clause:
    """The clause with what goes with its verb. After a relative clause that would seem to belong to it."""
    roles = dict(clause.roles)
    closed = any(phrase.relative for phrase in roles.values())
    if verb.manner and not closed and dice.chance(0.25):
        manner = dice.one(verb.manner.split())
        roles["manner"] = set_phrase(manner, MANNERS[manner])
    elif verb.tools and not closed and dice.chance(0.4):
        tool = described(dice, dice.one(nouns_of(verb.tools)), "a")
        roles["tool"] = tool.with_particle("으로/로", "with")
    elif verb.at and not closed and dice.chance(0.4):
        anywhere = clause.subject.kind == "person" or verb.at == "waterside"
        roles["place"] = somewhere(dice, verb.at if anywhere else "outside", "에서")
    if clause.subject.kind == "person" and verb.action and not closed and dice.chance(0.06):
        roles["companion"] = companion(dice, clause.subject)
    said = (words for phrase in roles.values() for words in phrase.combinations)
    clause = clause._replace(roles=roles, combinations=tuple(dict.fromkeys((*clause.combinations, *said))))
    return timed(dice, clause, closed=closed) if verb.action else clause


def timed(dice: Dice, clause: Clause, *, closed: bool = False) -> Clause:
    """The clause, perhaps with when or how often. `closed`: nothing can follow, so a time comes first."""
    draw = dice.throw()
    if draw < 0.1 and clause.tense != "future":
        often = dice.one(tuple(OFTEN))
        return clause._replace(roles={**clause.roles, "often": set_phrase(often, OFTEN[often])})
    if draw < 0.5 or (draw < 0.8 and clause.tense == "future"):
        early = closed or dice.chance(0.25)
        return clause._replace(roles={**clause.roles, "time": sometime(dice, clause.tense)}, early_time=early)
    return clause


def sometime(dice: Dice, tense: Tense) -> Phrase:
    """A time; twice as likely one that only this tense has."""
    own = TIMES[tense]
    words = {**own, **ANY_TIME}
    time = dice.one((*words, *own))
    return set_phrase(time, words[time])


def somewhere(dice: Dice, kinds: str, particle: str, preposition: str = "") -> Phrase:
    """A place, by default where one is: in the park, at home."""
    noun = dice.one(nouns_of(kinds))
    phrase = described(dice, noun, "" if noun.english in ("home", "school") else "the")
    if noun.english == "home" and preposition == "to":  # to go home
        return phrase.with_particle(particle)
    return phrase.with_particle(particle, preposition or PREPOSITIONS.get(noun.english, "in"))


def companion(dice: Dice, subject: Phrase) -> Phrase:
    """With my friend."""
    others = [noun for noun in nouns_of("friend dog mother father teacher") if noun.english != subject.lemma]
    owner = "your" if subject.lemma == "you" else "my"
    phrase = described(dice, dice.one(others), owner).with_particle("과/와")
    together = object()
    return phrase._replace(
        english=(Word("with", (together,)), *phrase.english),
        korean=(*phrase.korean, Word("함께", (together,))),
    )
