"""Korean sentences in Markdown, with the words marked in which they differ."""

from collections.abc import Sequence

from viz_core.analysis.bottleneck import kept_words
from viz_core.language import _
from viz_core.ui.mechanism.translation.probe import words
from viz_core.ui.show import literal

MARKED = ":orange-background[**{}**]"
ENDS = {".", "?"}
Marked = Sequence[tuple[str, bool]]  # words, and whether each is marked


def against(written: str, wanted: str) -> str:
    """`written`, with the words marked that `wanted` does not have in that place."""
    said = words(written)
    return shown([(word, not kept) for word, kept in zip(said, kept_words(said, words(wanted)), strict=True)])


def shown(marked: Marked) -> str:
    said = ""
    for word, differs in marked:
        blank = "" if not said or word in ENDS else " "
        said += blank + (MARKED.format(literal(word)) if differs else literal(word))
    return said or _("(nothing)")
