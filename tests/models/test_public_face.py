"""import viz_core is cheap, and gives what the pages need."""

import subprocess
import sys
from pathlib import Path

import pytest

import viz_core
from tests.models.conftest import byte_level_tokenizer, transformer
from viz_core.models import bundled


def loaded_by(code: str) -> set[str]:
    """The large libraries that a fresh Python holds after running `code`."""
    large = ("torch", "sympy", "transformers", "huggingface_hub", "streamlit", "plotly")
    check = f"{code}\nimport sys\nprint(*[name for name in {large} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", check], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_costs_nothing() -> None:
    assert loaded_by("import viz_core") == set()


def test_a_bundled_model_needs_neither_transformers_nor_the_hub(tmp_path: Path) -> None:
    bundled.save(tmp_path / "small", transformer(), byte_level_tokenizer())
    load = f"bundled.load(pathlib.Path({str(tmp_path / 'small')!r})).record('The dog')"
    assert loaded_by(f"import pathlib; from viz_core.models import bundled; {load}") == {"torch"}


def test_the_face() -> None:
    assert all(getattr(viz_core, name) is not None for name in viz_core.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = viz_core.nothing
