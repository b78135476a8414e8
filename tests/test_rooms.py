"""The import arrows of the design: each room, and the rooms and libraries that it alone may reach."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = {
    "attention",
    "config",
    "edits",
    "files",
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
    "files": set(),
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
    "lessons": CORE | {"analysis", "efficiency", "grammar", "models"},
    "ui": CORE
    | {
        "analysis",
        "efficiency",
        "figures",
        "grammar",
        "lessons",
        "matrices",
        "models",
        "notebook",
        "storing",
        "streamlit",
    },
    "storing": {"attention", "files", "language", "recording"},
    "notebook": {"attention", "edits", "figures", "language", "recording"},
    "command": CORE | {"analysis", "figures", "models", "notebook", "storing"},
    "__main__": {"command"},
    "__init__": {"edits", "models", "notebook", "storing"},
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


@pytest.mark.parametrize("package", ["viz_core", "viz_core.figures", "viz_core.models", "viz_core.grammar"])
def test_no_module_takes_the_name_of_what_its_package_offers(package: str):
    """Importing such a module would put it in the place of a function that others ask the package for."""
    code = f"import pkgutil, importlib, {package} as p\n"
    code += "offered = {name: getattr(p, name) for name in p.__all__}\n"
    code += "for found in pkgutil.iter_modules(p.__path__): importlib.import_module(f'{p.__name__}.{found.name}')\n"
    code += "assert all(getattr(p, name) is offered[name] for name in offered), offered"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
