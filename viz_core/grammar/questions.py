"""Questions for one role: what, who, where and when."""

from viz_core.grammar.circumstances import sometime
from viz_core.grammar.clause import Clause, asked, unambiguous, verb_predicate
from viz_core.grammar.dice import Dice
from viz_core.grammar.events import alone, doing, moving, transitive
from viz_core.grammar.korean import Tense
from viz_core.grammar.lexicon import VERBS
from viz_core.grammar.participants import doer, living
from viz_core.grammar.phrases import Phrase, set_phrase
from viz_core.grammar.sentence_pair import Pair, paired

# Of what is done to things, what one can ask without naming more: "What did he wash?" hardly is.
TO_THINGS = frozenset({"eat", "drink", "read", "write", "buy", "sell", "make", "draw", "learn", "teach", "like"})


def question(dice: Dice, tense: Tense) -> Pair:
    """A question of any of these kinds."""
    return dice.one((_what, _what, _who, _where, _when))(dice, tense)


def _what(dice: Dice, tense: Tense) -> Pair:
    """What does he eat? Who does he meet?"""
    if dice.chance(0.4):
        verb = dice.one([verb for verb in VERBS if "person" in verb.of.split()])
        wanted, pattern = set_phrase("who", "누구를"), "whom"
    else:
        verb = dice.one([verb for verb in VERBS if verb.english in TO_THINGS])
        wanted, pattern = set_phrase("what", "무엇을"), "what"
    subject = _outsider(dice, verb.by)
    roles = {"object": wanted}
    if verb.action and dice.chance(0.5):
        roles["time"] = sometime(dice, tense)
    said = (f"{subject.lemma} {verb.english} {pattern}", *subject.combinations)
    clause = Clause(subject, verb_predicate(verb), tense, roles=roles)
    return paired(asked(clause, "object"), "?", pattern, said)


def _who(dice: Dice, tense: Tense) -> Pair:
    """Who opened the door?"""
    verb = dice.one([verb for verb in VERBS if verb.by.startswith("person")])
    clause = doing(dice, verb, set_phrase("who", "누구", "who", "person"), tense)
    if clause.early_time:  # the question word is first
        clause = clause._replace(early_time=False, roles=clause.without("time"))
    return paired(asked(clause, "subject"), "?", "who", clause.combinations)


def _when(dice: Dice, tense: Tense) -> Pair:
    """When does he eat the apple?"""
    clause = _simple(dice, tense)
    roles = {**clause.without("manner", "time"), "time": set_phrase("when", "언제")}
    clause = unambiguous(clause._replace(roles=roles))
    return paired(asked(clause, "time"), "?", "when", clause.combinations)


def _where(dice: Dice, tense: Tense) -> Pair:
    """Where do you go, where do you eat, where do you live? 에 is where one goes or stays, 에서 where one acts."""
    if dice.chance(0.2):
        clause, role, word = living(dice, _outsider(dice, "person"), tense), "place", "어디에"
    else:
        clause = _simple(dice, tense)
        while {"goal", "origin"} & set(clause.roles) and clause.predicate.english != "go":
            clause = _simple(dice, tense)  # "Where does he run?" would be two questions
        role, word = ("goal", "어디에") if "goal" in clause.roles else ("place", "어디에서")
    roles = {**clause.without("manner", "time"), role: set_phrase("where", word)}
    clause = unambiguous(clause._replace(roles=roles))
    return paired(asked(clause, role), "?", "where", clause.combinations)


def _simple(dice: Dice, tense: Tense) -> Clause:
    """A clause whose circumstances one can ask for."""
    while True:
        clause = dice.one((transitive, moving, alone))(dice, tense)
        plain = not (clause.early_time or clause.subject.relative or "often" in clause.roles)
        if plain and clause.action and not clause.subject.first_person:
            return clause


def _outsider(dice: Dice, kinds: str) -> Phrase:
    """A subject one can ask about."""
    while (subject := doer(dice, kinds)).first_person:
        pass
    return subject
