"""models: what comes with the program."""

import re
from argparse import Namespace

from viz_core.models import bundled


def run(_options: Namespace) -> None:
    names = bundled.bundled_names()
    width = max(map(len, names))
    for name in names:
        purpose, facts = _card(name)
        steps = bundled.steps(name)
        print(f"{name:{width}}  {purpose}")  # noqa: T201
        for fact in facts:
            print(f"{'':{width}}  {fact}")  # noqa: T201
        if steps:
            earlier = ", ".join(f"{name}@{step}" for step in steps)
            print(f"{'':{width}}  at earlier steps: {earlier}")  # noqa: T201


def _card(name: str) -> tuple[str, list[str]]:
    """What the model is for, and its kind, size and context, as its card says."""
    card = (bundled.FOLDER / name / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\w+) \| (.+) \|$", card, flags=re.MULTILINE))
    paragraphs = card.split("\n\n")
    return paragraphs[1].strip(), [rows[row] for row in ("kind", "size", "context") if row in rows]
