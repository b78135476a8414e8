import pytest

from viz_core.grammar.clause import (
    NOT,
    Clause,
    Predicate,
    Sides,
    adjective_predicate,
    asked,
    modified,
    told,
    verb_predicate,
)
from viz_core.grammar.lexicon import ADJECTIVES, ALONE, MOVING, NOUNS, VERBS
from viz_core.grammar.phrases import Phrase, noun_phrase, pronoun, set_phrase


def noun(english: str, determiner: str = "the") -> Phrase:
    return noun_phrase(NOUNS[english], determiner)


def head(english: str) -> Phrase:
    return noun_phrase(NOUNS[english], "the", relative=True)


def does(english: str) -> Predicate:
    return verb_predicate(next(verb for verb in (*MOVING, *ALONE, *VERBS) if verb.english == english))


def is_(english: str) -> Predicate:
    return adjective_predicate(next(adjective for adjective in ADJECTIVES if adjective.english == english))


def thing(phrase: Phrase) -> dict[str, Phrase]:
    return {"object": phrase.with_particle("을/를")}


SCHOOL = {"goal": noun("school", "").with_particle("에", "to")}
DOG_SEEN = Clause(noun("man"), does("see"), roles=thing(noun("dog")))


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        (told(Clause(pronoun("I"), does("go"), roles=SCHOOL)), "I go to school | 나는 학교에 간다"),
        (
            told(Clause(pronoun("she"), does("go"), "past", roles={**SCHOOL, "time": set_phrase("yesterday", "어제")})),
            "she went to school yesterday | 그녀는 어제 학교에 갔다",
        ),
        (
            told(Clause(pronoun("he"), does("go"), "future", negative=True, roles=SCHOOL)),
            "he will not go to school | 그는 학교에 가지 않을 것이다",
        ),
        (
            told(Clause(pronoun("we"), does("eat"), "past", negative=True, roles=thing(noun("bread", "")))),
            "we did not eat bread | 우리는 빵을 먹지 않았다",
        ),
        (
            asked(Clause(noun("dog"), does("eat"), roles=thing(noun("apple")))),
            "does the dog eat the apple | 그 개는 그 사과를 먹니",
        ),
        (
            asked(
                Clause(pronoun("you"), does("drink"), "past", roles={"object": set_phrase("what", "무엇을")}), "object"
            ),
            "what did you drink | 너는 무엇을 마셨니",
        ),
        (
            asked(Clause(set_phrase("who", "누구", "who"), does("know"), roles=thing(noun("woman"))), "subject"),
            "who knows the woman | 누가 그 여자를 아니",
        ),
        (
            told(Clause(pronoun("they"), does("know"), negative=True, roles=thing(noun("song")))),
            "they do not know the song | 그들은 그 노래를 모른다",
        ),
        (
            told(Clause(noun("cat"), does("see"), "past", negative=True, roles=thing(noun("bird")))),
            "the cat did not see the bird | 그 고양이는 그 새를 보지 못했다",
        ),
        (told(Clause(noun("dog"), is_("big"))), "the dog is big | 그 개는 크다"),
        (told(Clause(pronoun("I"), is_("happy"), "past", negative=True)), "I was not happy | 나는 행복하지 않았다"),
        (
            told(Clause(pronoun("he"), does("listen to"), modal="want", roles=thing(noun("music", "")))),
            "he wants to listen to music | 그는 음악을 듣고 싶어 한다",
        ),
        (told(Clause(pronoun("I"), does("sleep"), "past", modal="want")), "I wanted to sleep | 나는 자고 싶었다"),
        (
            told(Clause(pronoun("she"), does("help"), modal="can", negative=True, roles=thing(noun("child")))),
            "she cannot help the child | 그녀는 그 아이를 도울 수 없다",
        ),
        (told(Clause(pronoun("we"), does("walk"), modal="must")), "we must walk | 우리는 걸어가야 한다"),
        (
            told(Clause(modified(head("man"), DOG_SEEN, acts=True), does("sleep"))),
            "the man who sees the dog sleeps | 그 개를 보는 남자는 잔다",
        ),
        (
            told(
                Clause(
                    pronoun("I"),
                    does("read"),
                    roles=thing(modified(head("book"), Clause(noun("boy"), does("buy"), "past"), acts=False)),
                )
            ),
            "I read the book that the boy bought | 나는 그 소년이 산 책을 읽는다",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_sentence_in_both_languages(sides: Sides, expected: str) -> None:
    assert " | ".join(" ".join(word.text for word in words) for words in sides) == expected


def test_not_is_a_word_of_its_own_in_both_languages() -> None:
    english, korean = told(Clause(pronoun("he"), does("go"), negative=True, roles=SCHOOL))
    assert [word.text for word in english if NOT in word.marks] == ["not"]
    assert [word.text for word in korean if NOT in word.marks] == ["않는다"]
