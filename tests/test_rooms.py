"""The import arrows of the design: each room, and the rooms and libraries that it alone may reach."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = {
    "attention",
    "config",
    "edits",
    "language",
    "masks",
    "memory",
    "positions",
    "recording",
    "recurrent",
    "transformer",
}
MAY_IMPORT = {
    "masks": set(),
    "positions": set(),
    "config": set(),
    "language": set(),
    "memory": set(),
    "attention": {"masks"},
    "recurrent": set(),
    "edits": {"attention"},
    "matrices": {"language"},
    "grammar": set(),
    "recording": {"attention"},
    "transformer": {"attention", "config", "edits", "masks", "positions", "recording"},
    "analysis": CORE | {"matrices"},
    "efficiency": CORE | {"analysis"},
    "models": CORE | {"transformers"},
    "figures": {"language"},
    "training": CORE | {"analysis", "grammar", "models"},
    "ui": CORE | {"analysis", "efficiency", "figures", "grammar", "matrices", "models", "streamlit"},
    "__init__": {"edits", "models"},
}
GUARDED = {"streamlit", "transformers"}


def imports(path: Path) -> set[str]:
    """Rooms of viz_core, and guarded libraries, that a file imports, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    parts = [name.split(".") for name in names]
    rooms = {part[1] for part in parts if part[0] == "viz_core" and len(part) > 1}
    return rooms | {part[0] for part in parts} & GUARDED


FILES = sorted((ROOT / "viz_core").rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_point_one_way(path: Path):
    room = path.relative_to(ROOT / "viz_core").parts[0].removesuffix(".py")
    assert imports(path) - {room} <= MAY_IMPORT[room]


@pytest.mark.parametrize("path", [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))], ids=lambda path: path.name)
def test_pages_leave_transformers_to_models(path: Path):
    assert "transformers" not in imports(path)
