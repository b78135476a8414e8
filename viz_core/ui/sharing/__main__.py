"""A lesson as one HTML file: `python -m viz_core.ui.sharing 4 --language ko --out lesson.html`.

A process of its own: it opens the pages of the lesson as AppTest does, which takes the place of Streamlit's runtime.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, urlencode

from streamlit.testing.v1 import AppTest

import viz_core
from viz_core import files
from viz_core.figures.handout import Block, Handout, Picture, Question, Section, Words, document
from viz_core.figures.labels import unspaced
from viz_core.language import LANGUAGES, _, speak
from viz_core.lessons.asked import MODEL, TEXT, Asked, asked
from viz_core.lessons.asking import Right, right, spoken_words
from viz_core.lessons.lesson import ROOT, Ask, Lesson, Step
from viz_core.lessons.shelf import lessons
from viz_core.ui import frame
from viz_core.ui.sharing.works import FONTS
from viz_core.ui.show import literal
from viz_core.ui.taking import shown

PATIENCE = 120  # seconds for one page
MOST_SAID = 3  # right cells or tokens told, where there are several


def main() -> int:
    options = _options()
    speak(options.language)
    lesson = _lesson(options.number, options.language)
    if lesson is None:
        print(f"there is no lesson {options.number} that can be read", file=sys.stderr)  # noqa: T201
        return 1
    sections = []
    for number, step in enumerate(lesson.steps, start=1):
        if options.progress:
            print(f"{number - 1}/{len(lesson.steps)}", flush=True)  # noqa: T201
        sections.append(_section(lesson, number, step, options))
    about = [lesson.summary, _("{minutes} minutes").format(minutes=lesson.minutes)]
    first = _address(options, lesson, 1, lesson.steps[0]) if options.root else ""
    handout = Handout(f"{lesson.number}. {lesson.title}", about, sections, first, options.theme)
    try:
        files.write(options.out, document(handout, FONTS).encode("utf-8", "replace"))
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _options() -> Namespace:
    parser = ArgumentParser(prog="python -m viz_core.ui.sharing", description="A lesson as one HTML file.")
    parser.add_argument("number", type=int, help="the number of the lesson")
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    parser.add_argument("--language", choices=list(LANGUAGES), default="en")
    parser.add_argument("--theme", choices=["light", "dark"], default="light")
    parser.add_argument("--root", default="", help="where the app is served, for links: http://192.168.0.12:8501")
    parser.add_argument("--progress", action="store_true", help="print how far it is: done/all")
    return parser.parse_args()


def _lesson(number: int, language: str) -> Lesson | None:
    found = (lesson for lesson in lessons(language) if isinstance(lesson, Lesson) and lesson.number == number)
    return next(found, None)


def _section(lesson: Lesson, number: int, step: Step, options: Namespace) -> Section:
    preset = asked({name: value for name, value in step.view.items() if name != "page"}, _load)

    def told(words: str, line: int) -> str:
        return spoken_words(words, preset, lesson.file, line, literal)

    blocks: list[Block] = [Words(told(step.words, step.line))]
    pictures = list(_pictures(step, options)) if step.page else []
    if step.ask is not None:
        away = pictures if step.ask.click else []  # what is clicked in the app is read off the figures
        blocks.append(_question(step.ask, preset, lesson, told, away))
        pictures = pictures[len(away) :]
    blocks += pictures
    link = _address(options, lesson, number, step) if options.root and step.page else ""
    return Section(f"{number}. {told(step.title, step.line)}", blocks, link)


@lru_cache
def _load(name: str) -> object:
    return viz_core.load(name)


def _question(
    ask: Ask, preset: Asked, lesson: Lesson, told: Callable[[str, int], str], pictures: Sequence[Picture]
) -> Question:
    """`pictures` give the answer away."""
    options = [told(option, ask.line) for option in ask.options]
    answers = right(ask, preset, lesson.file)
    said = (
        [options[answer] for answer in sorted(answers) if isinstance(answer, int)]
        if options
        else _said(answers, preset)
    )
    told_right = "; ".join(said) + (f" ({told(ask.source, ask.line)})" if ask.source else "")
    question = told(ask.question, ask.line)
    if pictures:
        question += "\n\n" + _("Text: {text}").format(text=literal(preset.text))
    return Question(question, options, told_right, told(ask.why, ask.line), pictures)


def _said(answers: Right, preset: Asked) -> list[str]:
    """Tokens and cells, as they are read."""
    names = [f"“{literal(unspaced(token))}”" for token in preset.recording.tokens]
    found = sorted(answers, key=lambda answer: answer if isinstance(answer, tuple) else (answer,))
    said = [" → ".join(names[at] for at in (answer if isinstance(answer, tuple) else (answer,))) for answer in found]
    return said if len(said) <= MOST_SAID else [*said[:MOST_SAID], "…"]


def _pictures(step: Step, options: Namespace) -> Iterator[Picture]:
    """Every figure of the step's page, in the order of the page."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=PATIENCE)
    app.context["theme"] = options.theme
    app.session_state[shown.WANTED] = []
    of_lesson = {"model": MODEL, "text": TEXT}  # and not of the class, where a page is opened without a lesson
    for name, value in (of_lesson | _preset(step, options.language)).items():
        app.query_params[name] = value
    if step.page != "explore":
        app.switch_page(frame.file_of(step.page))
    app.run()
    if app.exception:
        raise RuntimeError(f"{step.page}: {app.exception[0].message}")
    for picture in app.session_state[shown.WANTED]:
        yield Picture.of(picture.drawn, picture.says)


def _preset(step: Step, language: str) -> dict[str, str]:
    return {name: value for name, value in step.view.items() if name != "page"} | {"lang": language}


def _address(options: Namespace, lesson: Lesson, number: int, step: Step) -> str:
    said = {"lesson": str(lesson.number), "lesson_step": str(number)} | _preset(step, options.language)
    page = "" if step.page == "explore" else step.page or "lessons"  # where words stand alone
    return f"{options.root.rstrip('/')}/{page}?{urlencode(said, quote_via=quote, errors='replace')}"


if __name__ == "__main__":
    sys.exit(main())
