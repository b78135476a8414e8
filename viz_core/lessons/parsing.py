"""From a file to a lesson: front matter, then steps, each a heading, words, and at most one view and one question."""

import inspect
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from viz_core.language import LANGUAGES, _
from viz_core.lessons import places
from viz_core.lessons.answers import ANSWERS
from viz_core.lessons.blocks import Block
from viz_core.lessons.filling import slots
from viz_core.lessons.lesson import MISTAKES, Ask, Complaint, Lesson, Step
from viz_core.models import bundled_readers

FILE = re.compile(r"(?P<number>(?!00)\d{2})-(?P<name>[a-z0-9-]+?)(?:\.(?P<language>[\w-]+))?\.md")
CLICKS = {"cell", "token"}
LONGEST = 60  # minutes; more is no lesson
FENCE = re.compile(r"(`{3,}|~{3,})\s*(\w*)\s*$")


def parts_of(file: Path) -> tuple[int, str, str]:
    """The number, name and language that a file's name says. Raises Complaint."""
    said = FILE.fullmatch(file.name)
    if said is None:
        raise Complaint(file, 1, _("expected a name like 04-why-sqrt.md, or 04-why-sqrt.ko.md in Korean"))
    language = said["language"] or "en"
    if language not in LANGUAGES:
        words = _("unknown language {language}; there are {languages}")
        raise Complaint(file, 1, words.format(language=language, languages=", ".join(LANGUAGES)))
    return int(said["number"]), said["name"], language


def parsed(file: Path) -> Lesson:
    """The lesson that an English file holds. Raises Complaint on the first thing that is wrong."""
    number, name, language = parts_of(file)
    front, drafts = _read(file)
    front.only({"title", "summary", "minutes"})
    steps = tuple(_step(draft) for draft in drafts)
    minutes = front.number("minutes", LONGEST)
    title, summary = _unfilled(front, "title"), _unfilled(front, "summary")
    return Lesson(number, name, title, summary, minutes, steps, language, file)


def translated(original: Lesson, file: Path) -> Lesson:
    """The same lesson in the words of another file, whose presets and answers are the original's. Raises Complaint."""
    _number, _name, language = parts_of(file)
    front, drafts = _read(file)
    front.only({"title", "summary", "minutes"})
    if len(drafts) != len(original.steps):
        words = _("{count} steps; the English file has {expected}")
        line = drafts[min(len(original.steps), len(drafts) - 1)].line
        raise Complaint(file, line, words.format(count=len(drafts), expected=len(original.steps)))
    steps = tuple(_in_other_words(step, draft) for step, draft in zip(original.steps, drafts, strict=True))
    title, summary = _unfilled(front, "title"), _unfilled(front, "summary")
    return replace(original, title=title, summary=summary, steps=steps, language=language, file=file)


# -- the file as it is written ------------------------------------------------------------------------------


@dataclass
class _Draft:
    """A step as it is written; `said` holds its words, each line with its number in the file."""

    file: Path
    title: str
    line: int
    said: list[tuple[int, str]] = field(default_factory=list)
    view: Block | None = None
    ask: Block | None = None

    @property
    def words(self) -> str:
        return "\n".join(words for _line, words in self.said).strip()


def _read(file: Path) -> tuple[Block, list[_Draft]]:
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise Complaint(file, 1, _("this is no UTF-8 text")) from error
    except OSError as error:
        raise Complaint(file, 1, _("this cannot be read: {reason}").format(reason=error.strerror)) from error
    if lines[0].strip() != "---":
        raise Complaint(file, 1, _("no front matter at its beginning: a line ---, title, summary, minutes, a line ---"))
    end = next((at for at, line in enumerate(lines[1:], 1) if line.strip() == "---"), None)
    if end is None:
        raise Complaint(file, 1, _("the front matter has no end: a line --- after it"))
    front = Block("\n".join(lines[1:end]), file, 2, _("front matter"))
    drafts = _drafts(lines, end + 1, file)
    if not drafts:
        raise Complaint(file, end + 1, _("there is no step: a line that begins with ## opens one"))
    for draft in drafts:
        for line, words in [(draft.line, draft.title), *draft.said]:
            _check_words(file, line, words)
    return front, drafts


def _drafts(lines: list[str], at: int, file: Path) -> list[_Draft]:
    drafts: list[_Draft] = []
    while at < len(lines):
        line, number = lines[at], at + 1
        fence = FENCE.match(line)
        if line.startswith("## "):
            drafts.append(_Draft(file, line[3:].strip(), number))
        elif not drafts:
            if line.strip():
                raise Complaint(file, number, _("words before the first step: a line that begins with ## opens one"))
        elif fence:
            at = _fenced(lines, at, fence, drafts[-1])
        else:
            drafts[-1].said.append((number, line))
        at += 1
    return drafts


def _fenced(lines: list[str], at: int, fence: re.Match[str], draft: _Draft) -> int:
    """Takes a fenced block into the draft; returns its last line."""
    file = draft.file
    end = next((i for i in range(at + 1, len(lines)) if lines[i].strip() == fence[1]), None)
    if end is None:
        raise Complaint(file, at + 1, _("this block has no end: a line {fence}").format(fence=fence[1]))
    what = fence[2]
    if what not in {"view", "ask"}:
        draft.said += [(at + i + 1, line) for i, line in enumerate(lines[at : end + 1])]
        return end
    if getattr(draft, what) is not None:
        raise Complaint(file, at + 1, _("a second {what} in one step; a step has at most one").format(what=what))
    setattr(draft, what, Block("\n".join(lines[at + 1 : end]), file, at + 2, what))
    return end


def _check_words(file: Path, line: int, words: str) -> None:
    if "![" in words:
        said = _("a lesson shows views, not pictures (![…]): every reader's browser would ask another machine for one")
        raise Complaint(file, line, said)
    for slot in slots(words):
        if slot.complaint:
            raise Complaint(file, line, slot.complaint)


# -- views and questions -------------------------------------------------------------------------------------


def _step(draft: _Draft) -> Step:
    ask = _ask(draft.ask) if draft.ask else None
    if draft.view is None:
        if ask is not None and ask.click:
            words = _("there is nothing to click: the step has no view")
            raise Complaint(draft.file, ask.line, words)
        return Step(draft.title, draft.words, ask=ask, line=draft.line)
    lines = {name: draft.view.line(name) for name in draft.view.names}
    return Step(draft.title, draft.words, _view(draft.view), ask, draft.line, lines)


def _view(block: Block) -> dict[str, str]:
    block.only({"page", *places.CHOSEN, *places.settings()})
    view = {name: block.text(name) for name in block.names}
    page = block.text("page")
    if page not in places.pages():
        words = _("there is no page {page}; there are {pages}")
        raise block.complaint("page", words.format(page=page, pages=", ".join(sorted(places.pages()))))
    of, parts = places.part_setting(page), places.parts(page)
    if of in view and view[of] not in parts:
        words = _("the page {page} has no {of} {part}; it has {parts}")
        told = words.format(page=page, of=of, part=view[of], parts=", ".join(sorted(parts)) or _("none"))
        raise block.complaint(of, told)
    model = view.get("model", "").partition("@")[0]
    if model and model not in bundled_readers():
        words = _("there is no bundled model {model}; there are {models}")
        raise block.complaint("model", words.format(model=view["model"], models=", ".join(bundled_readers())))
    for name in places.COUNTED:
        if name in view and not (view[name].isascii() and view[name].isdigit() and len(view[name]) < 7):
            words = _("{name} is {value}; expected a whole number from 0")
            raise block.complaint(name, words.format(name=name, value=repr(view[name])))
    return view


def _ask(block: Block) -> Ask:
    block.only({"question", "options", "click", "answer", "with", "why", "mistake", "source"})
    if ("options" in block) == ("click" in block):
        raise block.complaint("click", _("expected either options or click: cell or click: token"))
    click = block.text("click") if "click" in block else ""
    if click and click not in CLICKS:
        raise block.complaint("click", _("click is {click}; expected cell or token").format(click=click))
    answer, given = block.text("answer"), block.plain("with") if "with" in block else {}
    if answer not in ANSWERS:
        words = _("there is no answer {name}; there are {names}")
        raise block.complaint("answer", words.format(name=answer, names=", ".join(sorted(ANSWERS))))
    try:
        inspect.signature(ANSWERS[answer]).bind(None, **given)
    except TypeError as error:
        raise block.complaint("with" if "with" in block else "answer", f"{answer}: {error}") from error
    question, why = _words(block, "question"), _words(block, "why")
    options = _options(block)
    mistake = block.number("mistake", MISTAKES) if "mistake" in block else 0
    return Ask(question, answer, why, options, click, given, mistake, _source(block), block.first)


def _in_other_words(step: Step, draft: _Draft) -> Step:
    if draft.view is not None:
        raise draft.view.complaint("page", _("presets stand in the English file alone"))
    step = replace(step, title=draft.title, words=draft.words)
    ask, block = step.ask, draft.ask
    if ask is None and block is None:
        return step
    if ask is None and block is not None:
        raise block.complaint("question", _("this step of the English file asks nothing"))
    if ask is None or block is None:
        raise Complaint(draft.file, draft.line, _("the question of the English file is missing here"))
    block.only({"question", "options", "why", *({"source"} if ask.source else ())})
    options = _options(block)
    if len(options) != len(ask.options):
        words = _("{count} options; the English file has {expected}")
        raise block.complaint("options", words.format(count=len(options), expected=len(ask.options)))
    ask = replace(ask, question=_words(block, "question"), why=_words(block, "why"), options=options)
    return replace(step, ask=replace(ask, source=_source(block) or ask.source))


def _source(block: Block) -> str:
    return _words(block, "source") if "source" in block else ""


def _options(block: Block) -> tuple[str, ...]:
    options = block.texts("options") if "options" in block else ()
    for at, option in enumerate(options):
        _check_words(block.file, block.line("options"), option)
        if option in options[:at]:
            raise block.complaint("options", _("two options are the same: {option}").format(option=option))
    return options


def _unfilled(front: Block, name: str) -> str:
    """Words of the front matter: they stand on the card, where no model is at hand."""
    words = front.text(name)
    if next(slots(words), None):
        raise front.complaint(name, _("{name} can hold no {{{{…}}}}; the words of a step can").format(name=name))
    _check_words(front.file, front.line(name), words)
    return words


def _words(block: Block, name: str) -> str:
    words = block.text(name)
    _check_words(block.file, block.line(name), words)
    return words
