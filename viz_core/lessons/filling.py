"""{{name}} and {{name(argument=…)}} in the words of a lesson: where they stand, and what comes in their place."""

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from viz_core.language import _
from viz_core.lessons.values import VALUES

SLOT = re.compile(r"\{\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}\}")


@dataclass(frozen=True)
class Slot:
    """`complaint`: why it cannot be filled, "" where it can."""

    name: str
    given: Mapping[str, Any] = field(default_factory=dict)
    complaint: str = ""


def slots(words: str) -> Iterator[Slot]:
    return (slot(found[1]) for found in SLOT.finditer(words))


def filled(words: str, value: Callable[[Slot], str]) -> str:
    return SLOT.sub(lambda found: value(slot(found[1])), words)


def slot(said: str) -> Slot:
    try:
        name, given = _call(ast.parse(said.strip(), mode="eval").body)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):  # all that Python says of what it is not
        words = _("{{{{{said}}}}} is no value; expected {{{{name}}}} or {{{{name(argument=…)}}}}")
        return Slot(said, complaint=words.format(said=said))
    if name not in VALUES:
        words = _("there is no value {name}; there are {names}")
        return Slot(name, given, words.format(name=name, names=", ".join(sorted(VALUES))))
    try:
        inspect.signature(VALUES[name]).bind(None, **given)
    except TypeError as error:
        return Slot(name, given, f"{name}: {error}")
    return Slot(name, given)


def _call(node: ast.expr) -> tuple[str, dict[str, Any]]:
    """Raises ValueError on anything but a name, or a call of one with named constants."""
    if isinstance(node, ast.Name):
        return node.id, {}
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.args:
        return node.func.id, {str(word.arg): ast.literal_eval(word.value) for word in node.keywords}
    raise ValueError("no name")
