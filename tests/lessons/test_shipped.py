"""The lessons that ship: nothing to complain of, complete in both languages, every common mistake in one of them."""

from viz_core.language import LANGUAGES
from viz_core.lessons.check import check
from viz_core.lessons.lesson import MISTAKES, Lesson
from viz_core.lessons.shelf import lessons


def test_nothing_is_wrong_with_them():
    assert [str(complaint) for complaint in check()] == []


def test_there_are_twelve_in_every_language():
    for language in LANGUAGES:
        found = lessons(language)
        assert [lesson.number for lesson in found] == list(range(1, 13))
        assert {lesson.language for lesson in found if isinstance(lesson, Lesson)} == {language}


def test_each_asks_twice_and_all_mistakes_are_seen():
    asked = {lesson.number: lesson.questions for lesson in lessons("en") if isinstance(lesson, Lesson)}
    assert min(asked.values()) >= 2, asked
    steps = [step for lesson in lessons("en") if isinstance(lesson, Lesson) for step in lesson.steps]
    assert {step.ask.mistake for step in steps if step.ask} - {0} == set(range(1, MISTAKES + 1))


def test_no_word_of_theirs_is_html():
    for language in LANGUAGES:
        for lesson in lessons(language):
            assert isinstance(lesson, Lesson)
            assert not [step.title for step in lesson.steps if "<" in step.words and "/>" in step.words]
