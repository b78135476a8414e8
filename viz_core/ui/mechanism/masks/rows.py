"""Rows in words."""

from viz_core.language import _
from viz_core.ui import show
from viz_core.ui.scene import Scene

MOST_NAMED = 4  # tokens told by name; of more, their number


def tokens(count: int) -> str:
    return _("1 token") if count == 1 else _("{count} tokens").format(count=count)


def named(scene: Scene, rows: tuple[int, ...]) -> str:
    """Tokens in a sentence: by name where they are few."""
    shown = [f"{show.quoted(scene.tokens[row])} ({row})" for row in rows[:MOST_NAMED]]
    more = [_("{count} more").format(count=len(rows) - MOST_NAMED)] if len(rows) > MOST_NAMED else []
    return ", ".join([*shown, *more])
