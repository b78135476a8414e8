"""Clauses: what happens and who takes part in it, told, asked, or said of a noun in either language's order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple

from viz_core.grammar.korean import Stem, Tense
from viz_core.grammar.lexicon import DENIED, TIMES, UNWILLED, Adjective, Verb
from viz_core.grammar.phrases import EMPTY, Phrase, Word, Words, set_phrase

Modal = Literal["", "want", "can", "must"]
Ending = Literal["declared", "asked", "adnominal"]

ENGLISH_ORDER = ("object", "recipient", "goal", "origin", "manner", "tool", "companion", "place", "time")
KOREAN_ORDER = ("time", "often", "companion", "place", "tool", "recipient", "origin", "goal", "object", "manner")
NOTHING: Mapping[str, Phrase] = MappingProxyType({})
NOT, MODAL, FUTURE = object(), object(), object()  # marks: a sentence has each of them once at most


@dataclass(frozen=True)
class Predicate:
    """A verb, or "be" with an adjective or a noun; `mark` joins its words."""

    english: str
    past: str
    korean: Stem
    be: Words | None = None  # what follows "be"; None for other verbs
    before: Words = ()  # Korean words that stay in front of it: 매우, 의사가
    mark: object = field(default_factory=object)


def verb_predicate(verb: Verb) -> Predicate:
    return Predicate(verb.english, verb.past, verb.korean)


def adjective_predicate(adjective: Adjective, *, very: bool = False) -> Predicate:
    mark = object()
    degree = set_phrase("very", "매우") if very else EMPTY
    be = (*degree.english, Word(adjective.english, (mark,)))
    return Predicate("be", "", adjective.korean, be, degree.korean, mark)


class Clause(NamedTuple):
    """A predicate and its roles, each already with its particle.

    `early_time`: the time opens the sentence. `action`: one can want to do it, or be able to. `combinations` are the
    words that it brings together, by which sentences are held out of training.
    """

    subject: Phrase
    predicate: Predicate
    tense: Tense = "present"
    negative: bool = False
    modal: Modal = ""
    roles: Mapping[str, Phrase] = NOTHING
    early_time: bool = False
    combinations: tuple[str, ...] = ()
    action: bool = True

    def without(self, *roles: str) -> dict[str, Phrase]:
        """The other roles."""
        return {role: phrase for role, phrase in self.roles.items() if role not in roles}


class Sides(NamedTuple):
    """A sentence in both languages, without its end."""

    english: Words
    korean: Words


def told(clause: Clause) -> Sides:
    """A statement."""
    helper, verb = _english_verb(clause)
    first = clause.roles["time"] if clause.early_time else EMPTY
    rest = clause.without("time") if clause.early_time else clause.roles
    subject = clause.subject.with_particle("은/는")
    return Sides(
        (*first.english, *subject.english, *helper, *_adverb(clause), *verb, *_in_english(rest)),
        (*first.korean, *subject.korean, *_in_korean(rest), *_korean_verb(clause, "declared")),
    )


def asked(clause: Clause, role: str = "") -> Sides:
    """A question, for one role or for yes or no: English moves words to the front, Korean moves none."""
    helper, verb = _english_verb(clause)
    subject = clause.subject.with_particle("이/가" if role == "subject" else "은/는")
    if role == "subject":
        english: Words = (*subject.english, *helper, *_adverb(clause), *verb)
    else:
        if not helper:  # only the bare verb has none
            base = "want" if clause.modal == "want" else clause.predicate.english.split()[0]
            helper, verb = (_do(clause),), (verb[0]._replace(text=base), *verb[1:])
        front = clause.roles[role].english if role else ()
        english = (*front, *helper, *subject.english, *_adverb(clause), *verb)
    return Sides(
        (*english, *_in_english(clause.without(role))),
        (*subject.korean, *_in_korean(clause.roles), *_korean_verb(clause, "asked")),
    )


def modified(head: Phrase, clause: Clause, *, acts: bool) -> Phrase:
    """The head and its relative clause: English puts the clause after it, Korean before it."""
    helper, verb = _english_verb(clause)
    who = Word("who" if head.kind == "person" else "that")
    subject = EMPTY if acts else clause.subject.with_particle("이/가")
    return head._replace(
        english=(*head.english, who, *subject.english, *helper, *verb, *_in_english(clause.roles)),
        korean=(*subject.korean, *_in_korean(clause.roles), *_korean_verb(clause, "adnominal"), *head.korean),
        relative=True,
        combinations=(*head.combinations, *clause.combinations),
    )


def unambiguous(clause: Clause) -> Clause:
    """ "I read the book." is of any time: a verb spelled the same in the past is past only beside a past time."""
    same = clause.predicate.english == clause.predicate.past
    time = " ".join(word.text for word in clause.roles["time"].english) if "time" in clause.roles else ""
    return clause._replace(tense="present") if same and clause.tense == "past" and time not in TIMES["past"] else clause


def be_form(subject: Phrase, tense: Tense) -> str:
    """The form of "be" beside the subject, present or past."""
    if tense == "past":
        return "were" if subject.plural or subject.lemma == "you" else "was"
    return "am" if subject.lemma == "I" else "are" if _with_plural_verb(subject) else "is"


def _adverb(clause: Clause) -> Words:
    """What English puts before the verb: often."""
    return clause.roles["often"].english if "often" in clause.roles else ()


def _in_english(roles: Mapping[str, Phrase]) -> Words:
    return tuple(word for role in ENGLISH_ORDER if role in roles for word in roles[role].english)


def _in_korean(roles: Mapping[str, Phrase]) -> Words:
    return tuple(word for role in KOREAN_ORDER if role in roles for word in roles[role].korean)


def _english_verb(clause: Clause) -> tuple[Words, Words]:
    """The auxiliary, which a question puts first, and the rest of the verb; neither has the adverb between them."""
    predicate, subject = clause.predicate, clause.subject
    verb, *preposition = predicate.english.split()
    marks: tuple[object, ...] = (predicate.mark,)
    negation = (Word("not", (NOT,)),) if clause.negative else ()
    if clause.modal == "want":
        tail = (Word("to"), *_marked((verb, *preposition), marks))
        verb, forms, marks = "want", ("want", "wants", "wanted"), (MODAL,)
    else:
        tail = _marked(preposition, marks)
        forms = (verb, _third(verb), predicate.past)
    if clause.tense == "future" or clause.modal in ("can", "must"):
        helper = Word("will", (FUTURE,)) if clause.tense == "future" else Word(clause.modal, (MODAL,))
        base = (Word("be"), *predicate.be) if predicate.be is not None else (Word(verb, marks), *tail)
        if clause.modal == "can" and clause.negative:
            return (Word("cannot", (MODAL, NOT)),), base
        return (helper,), (*negation, *base)
    if predicate.be is not None:
        return (Word(be_form(subject, clause.tense), () if predicate.be else marks),), (*negation, *predicate.be)
    if negation:
        return (_do(clause),), (*negation, Word(verb, marks), *tail)
    plain, third, past = forms
    form = past if clause.tense == "past" else plain if _with_plural_verb(subject) else third
    return (), (Word(form, marks), *tail)


def _do(clause: Clause) -> Word:
    return Word("did" if clause.tense == "past" else "do" if _with_plural_verb(clause.subject) else "does")


def _with_plural_verb(subject: Phrase) -> bool:
    return subject.plural or subject.lemma in ("I", "you")


def _marked(words: Sequence[str], marks: tuple[object, ...]) -> Words:
    return tuple(Word(word, marks) for word in words)


def _third(verb: str) -> str:
    """The form after he, she and it."""
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("o", "s", "sh", "ch", "x")) else "s")


def _korean_verb(clause: Clause, ending: Ending) -> Words:
    """The predicate: each of want, can, must, not and the future binds the stem before it and is the next stem."""
    predicate = clause.predicate
    stem, tense, negative = predicate.korean, clause.tense, clause.negative
    marks: tuple[object, ...] = (predicate.mark,)
    words = list(predicate.before)
    match clause.modal:
        case "want":
            words.append(Word(stem.text + "고", marks))
            marks = (MODAL,)
            stem = Stem("싶", verb=False)
            if not clause.subject.first_person:  # what others want shows only in what they do
                words.append(Word("싶어", marks))
                stem = Stem("하")
        case "can":
            words += [Word(stem.adnominal("future"), marks), Word("수", (MODAL,))]
            marks, stem = (MODAL,), Stem("있", verb=False)
        case "must":
            words.append(Word(stem.infinitive + "야", marks))
            marks, stem = (MODAL,), Stem("하")
    if negative and stem.text in DENIED:
        marks, stem = (*marks, NOT), DENIED[stem.text]
    elif negative and stem.text != "아니":
        words.append(Word(stem.text + "지", marks))
        marks, stem = (*marks, NOT), Stem("못하" if stem.text in UNWILLED else "않", verb=stem.verb)
    if tense == "future" and ending != "adnominal":
        words.append(Word(stem.adnominal("future"), marks))
        return (*words, Word("것이다" if ending == "declared" else "거니", (FUTURE,)))
    form = {"declared": stem.declared, "asked": stem.asked, "adnominal": stem.adnominal}[ending](tense)
    return (*words, Word(form, marks))
