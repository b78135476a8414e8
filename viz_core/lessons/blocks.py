"""YAML in a lesson's file, with the line of every entry, so that a complaint can name it.

Of YAML it is what a lesson needs: texts, lists and entries; no tags (!!int), no references (&a, *a), no dates.
"""

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import yaml

from viz_core.language import _
from viz_core.lessons.lesson import Complaint

NUMBER = re.compile(r"[-+]?([0-9]{1,15}|[0-9]{0,15}\.[0-9]{1,30})")
DEEPEST = 20
CONSTANTS = {"": None, "null": None, "~": None, "true": True, "false": False}
EITHER = frozenset({"yes", "no", "on", "off"})  # words to some readers of YAML, true and false to others


class Block:
    """Entries by name, as they are written: `text`, `number`, `texts`, `plain`. Raises Complaint on what is no YAML.

    first  the line of the file that its first one is
    """

    def __init__(self, source: str, file: Path, first: int, what: str) -> None:
        self.file, self.first, self.what = file, first, what
        self.source = source
        try:
            _refuse(source)
            node = yaml.compose(source, Loader=yaml.BaseLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise self._complaint(self._line(mark.index) if mark else 0, error.problem or str(error)) from error
        except yaml.YAMLError as error:  # a character that YAML has not
            at = self._line(getattr(error, "position", 0))
            raise self._complaint(at, str(error).splitlines()[0]) from error
        if not isinstance(node, yaml.MappingNode):
            raise self._complaint(0, _("expected lines of the form “name: value”"))
        self._nodes: dict[str, yaml.Node] = {}
        self._lines: dict[str, int] = {}
        for name, value, line in self._entries(node):
            self._nodes[name], self._lines[name] = value, line

    def _line(self, index: int) -> int:
        """Counted as editors do; YAML ends lines at U+2028 too."""
        return self.source.count("\n", 0, index)

    def _entries(self, node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node, int]]:
        """Names, each once, with what they are given and their lines."""
        names: set[str] = set()
        for key, value in node.value:
            line = self._line(key.start_mark.index)
            if not isinstance(key, yaml.ScalarNode):
                raise self._complaint(line, _("expected lines of the form “name: value”"))
            if key.value in names:
                raise self._complaint(line, _("{name} stands here twice").format(name=key.value))
            names.add(key.value)
            yield key.value, value, line

    def __contains__(self, name: str) -> bool:
        return name in self._nodes

    @property
    def names(self) -> list[str]:
        return list(self._nodes)

    def line(self, name: str) -> int:
        return self.first + self._lines.get(name, 0)

    def only(self, allowed: Collection[str]) -> None:
        """Raises Complaint on any other name."""
        for name in self._nodes:
            if name not in allowed:
                words = _("unknown entry {name}; expected {allowed}")
                raise self.complaint(name, words.format(name=name, allowed=", ".join(sorted(allowed))))

    def complaint(self, name: str, cause: str) -> Complaint:
        return self._complaint(self._lines.get(name, 0), cause)

    def _complaint(self, line: int, cause: str) -> Complaint:
        return Complaint(self.file, self.first + line, f"{self.what}: {cause}")

    def text(self, name: str) -> str:
        """As it is written: “no” and 1.0 stay what they are."""
        node = self._nodes.get(name)
        if node is None or not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            cause = _("{name} is missing") if node is None else _("{name} is no text")
            raise self.complaint(name, cause.format(name=name))
        return str(node.value).strip()

    def number(self, name: str, most: int) -> int:
        """From 1."""
        said = self.text(name)
        if not (said.isascii() and said.isdigit() and len(said) < 7 and 1 <= int(said) <= most):
            words = _("{name} is {value}; expected a whole number from 1 to {most}")
            raise self.complaint(name, words.format(name=name, value=repr(said), most=most))
        return int(said)

    def texts(self, name: str) -> tuple[str, ...]:
        node = self._nodes[name]
        entries = node.value if isinstance(node, yaml.SequenceNode) else []
        if len(entries) < 2 or not all(isinstance(entry, yaml.ScalarNode) and entry.value.strip() for entry in entries):
            raise self.complaint(name, _("{name}: expected a list of two texts or more").format(name=name))
        return tuple(str(entry.value).strip() for entry in entries)

    def plain(self, name: str) -> dict[str, Any]:
        """Entries with numbers as numbers and lists as lists."""
        node = self._nodes[name]
        if not isinstance(node, yaml.MappingNode):
            raise self.complaint(name, _("{name}: expected entries of the form name: value").format(name=name))
        return {name: self._value(value) for name, value, _line in self._entries(node)}

    def _value(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.SequenceNode):
            return [self._value(entry) for entry in node.value]
        if isinstance(node, yaml.MappingNode):
            return {name: self._value(value) for name, value, _line in self._entries(node)}
        if node.style is not None:  # in quotes
            return node.value
        if NUMBER.fullmatch(node.value):
            return float(node.value) if "." in node.value else int(node.value)
        if node.value.lower() in EITHER:
            words = _("{value}: expected true or false, or else the word in quotes")
            raise self._complaint(self._line(node.start_mark.index), words.format(value=node.value))
        return CONSTANTS.get(node.value.lower(), node.value)


def _refuse(source: str) -> None:
    """Raises yaml.MarkedYAMLError on what no lesson needs."""
    depth = 0
    for event in yaml.parse(source, Loader=yaml.BaseLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            words = _("lists in lists, {deepest} deep at most").format(deepest=DEEPEST)
            raise yaml.MarkedYAMLError(problem=words, problem_mark=event.start_mark)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None):
            words = _("a lesson has neither tags (!) nor references (*)")
            raise yaml.MarkedYAMLError(problem=words, problem_mark=event.start_mark)
