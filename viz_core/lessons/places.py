"""What a preset may name: pages, their parts and settings, read from the source, for pages cannot be imported here."""

import ast
from functools import lru_cache

from viz_core.lessons.lesson import ROOT

CHOSEN = ("model", "text", "layer", "head", "query", "key")  # what every view has
COUNTED = ("layer", "head", "query", "key")
OF_THE_VISIT = frozenset({"lang", "lesson", "lesson_step", "present", "locked"})  # settings of no page's own
STEP_OF = {"inside_one_head": ROOT / "viz_core" / "ui" / "chain.py"}  # whose parts are called steps


@lru_cache
def pages() -> frozenset[str]:
    return frozenset({"explore", *(path.stem for path in (ROOT / "pages").glob("*.py"))} - {"lessons"})


@lru_cache
def parts(page: str) -> frozenset[str]:
    """Of a page; empty for one that has none."""
    file = STEP_OF.get(page) or ROOT / ("app.py" if page == "explore" else f"pages/{page}.py")
    calls = (node for node in ast.walk(_tree(str(file))) if isinstance(node, ast.Call))
    named = (call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Part" and call.args)
    return frozenset(str(name.value) for name in named if isinstance(name, ast.Constant))


def part_setting(page: str) -> str:
    """The name of the setting that says which part is on screen."""
    return "step" if page in STEP_OF else "part"


@lru_cache
def settings() -> frozenset[str]:
    """Everything else that an address may hold."""
    tree = _tree(str(ROOT / "viz_core" / "ui" / "state.py"))
    assigned = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    groups: dict[str, list[str]] = ast.literal_eval(assigned["SETTINGS_OF"])
    return frozenset(name for names in groups.values() for name in names) - OF_THE_VISIT


def _tree(file: str) -> ast.Module:
    with open(file, encoding="utf-8") as source:  # noqa: PTH123
        return ast.parse(source.read())
