"""How much memory is left, as control groups and ulimit say it; and what is told when it runs out all the same."""

import subprocess
import sys
from pathlib import Path

import pytest

import viz_core
from viz_core import memory
from viz_core.models import Model, UnusableText, WeightsUnavailable, bundled

ROOT = Path(__file__).parents[2]
GB = 10**9
UNLIMITED_V1 = 9223372036854771712


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of 100 GB whose control groups are this folder."""
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    monkeypatch.setattr(memory, "OF_PROCESS", tmp_path / "cgroup")
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: type("Memory", (), {"available": 100 * GB}))
    monkeypatch.setattr(memory, "_left_by_ulimit", list)
    return tmp_path


def group(folder: Path, names: tuple[str, str, str], limit: object, used: int, cache: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon {used - cache}\n{names[2]} {cache}\n")


def test_version_2_nested(groups: Path) -> None:
    (groups / "cgroup").write_text("0::/system.slice/app.service\n")
    group(groups / "system.slice", memory.V2, 8 * GB, 5 * GB)
    group(groups / "system.slice/app.service", memory.V2, "max", 1 * GB)
    assert memory.available() == 3 * GB, "the group around it is full before its own"
    group(groups / "system.slice/app.service", memory.V2, 3 * GB, 1 * GB)
    assert memory.available() == 2 * GB


def test_version_1_and_both_at_once(groups: Path) -> None:
    (groups / "cgroup").write_text("4:cpu,memory:/docker/abc\n1:name=systemd:/\n0::/\n")
    group(groups / "memory", memory.V1, UNLIMITED_V1, 50 * GB)
    group(groups / "memory/docker/abc", memory.V1, 4 * GB, 3 * GB)
    assert memory.available() == 1 * GB
    group(groups / "unified", memory.V2, GB, GB // 2)
    assert memory.available() == GB // 2


def test_inside_a_container_its_own_group_is_the_root(groups: Path) -> None:
    """/proc/self/cgroup may name a path of the host, or one outside, that is not there."""
    for path in ("/kubepods/pod1/abc", "/../../other"):
        (groups / "cgroup").write_text(f"0::{path}\n")
        group(groups, memory.V2, 2 * GB, 1 * GB)
        assert memory.available() == 1 * GB


def test_files_kept_in_memory_make_room(groups: Path) -> None:
    """A model just downloaded fills the cache; it must not count as used up."""
    (groups / "cgroup").write_text("0::/\n")
    group(groups, memory.V2, 2 * GB, 2 * GB, cache=GB)
    assert memory.available() == GB


def test_a_group_that_does_not_say_which_files_it_keeps(groups: Path) -> None:
    (groups / "cgroup").write_text("0::/\n")
    (groups / "memory.max").write_text("5000\n")
    (groups / "memory.current").write_text("2000\n")
    assert memory.available() == 3000


def test_no_groups_and_more_used_than_allowed(groups: Path) -> None:
    assert memory.available() == 100 * GB
    (groups / "cgroup").write_text("0::/\n")
    group(groups, memory.V2, GB, 2 * GB)
    assert memory.available() == 0


LIMITED = """
import resource, psutil, viz_core
from viz_core import memory
model = viz_core.load("tiny-gpt")
first = model.record("The dog bit the man")
most = psutil.Process().memory_info().vms + 40_000_000
resource.setrlimit(resource.RLIMIT_AS, (most, most))
assert 0 < memory.available() < 41_000_000, memory.available()
memory.available = lambda: 10**12  # an estimate that errs
kept = []
try:
    while True:
        kept.append(model.record([5] * 200, all_logits=True))
except viz_core.UnusableText as error:
    kept.clear()
    print(error)
assert model.record("The dog bit the man").logits.equal(first.logits)
print(viz_core.load("formation").name)
"""


def test_a_process_whose_memory_ran_out_says_so_and_goes_on() -> None:
    done = subprocess.run([sys.executable, "-c", LIMITED], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("This machine ran out of memory while the model read the text of 200 tokens."), done
    assert done.stdout.endswith("formation\n")


class Full(RuntimeError):
    """As PyTorch's."""

    def __init__(self) -> None:
        super().__init__("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried")


@pytest.mark.parametrize("error", [MemoryError(), Full()])
def test_loading(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_given: object) -> None:
        raise error

    monkeypatch.setattr(bundled, "load", fails)
    with pytest.raises(WeightsUnavailable, match="ran out of memory while tiny-gpt was loaded"):
        viz_core.load("tiny-gpt")


@pytest.mark.parametrize("error", [MemoryError(), Full()])
def test_gradients(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    model = viz_core.load("tiny-gpt")
    assert isinstance(model, Model)

    def fails(*_given: object) -> None:
        raise error

    monkeypatch.setattr("viz_core.models.model.gradients", fails)
    with pytest.raises(UnusableText, match="ran out of memory"):
        model.gradients("The dog", 1, 5)


def test_other_errors_stay_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_given: object) -> None:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(bundled, "load", fails)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        viz_core.load("tiny-gpt")
