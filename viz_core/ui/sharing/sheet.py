"""The page that is on the screen now, as what a hand-out is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from re import sub

from viz_core.figures.handout import Handout, Picture, Section
from viz_core.figures.palette import ThemeName
from viz_core.language import _, spoken
from viz_core.ui import themes
from viz_core.ui.taking import shown
from viz_core.ui.taking.shown import Shown

LONGEST_NAME = 60  # characters of a file's name
LONGEST_QUOTE = 2_000  # of a text


@dataclass(frozen=True, eq=False)
class Sheet:
    """key: of all that the file depends on."""

    name: str
    title: str
    about: tuple[str, ...]
    pictures: tuple[Shown, ...]
    link: str
    theme: ThemeName
    language: str

    @property
    def key(self) -> tuple[str, ...]:
        digest = sha256()
        for part in (self.title, *self.about, self.link, self.theme, self.language):
            digest.update(part.encode("utf-8", "replace") + b"\0")
        for picture in self.pictures:
            digest.update(str(picture.drawn.to_json(validate=False)).encode() + picture.says.encode("utf-8", "replace"))
        return ("page", digest.hexdigest())

    def handout(self) -> Handout:
        found = [Picture.of(picture.drawn, picture.says) for picture in self.pictures]
        return Handout(self.title, self.about, [Section("", found)], self.link, self.theme)


def sheet_of(title: str, pictures: Sequence[Shown], link: str) -> Sheet:
    """In the language and the theme of the visitor."""
    seen = shown.text()
    about = [_("Model: {name}").format(name=seen[0]), _("Text: {text}").format(text=_short(seen[1]))] if seen else []
    theme = themes.theme()
    return Sheet(file_name(title), title, tuple(about), tuple(pictures), link, theme, spoken())


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"


def file_name(title: str) -> str:
    """Letters of any language, nothing that a file system minds."""
    return sub(r"[^\w.]+", "-", title).strip("-.")[:LONGEST_NAME] or "page"
