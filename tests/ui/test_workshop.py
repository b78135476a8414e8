"""Long work: once for all, its progress told, given up when nobody waits."""

import gc
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import pytest

from viz_core.language import _language, speak
from viz_core.ui.workshop import Lane, Note, Progress, Workshop


class Enough(BaseException):
    """What Streamlit raises in a script whose visitor did something else."""


def test_two_who_ask_at_once_share_one_job_and_hear_of_its_progress() -> None:
    may_finish, heard, made = threading.Event(), threading.Event(), []

    def work(note: Callable[..., None]) -> str:
        made.append("it")
        note(5, 10, "a file")
        assert may_finish.wait(30)
        return "it"

    def report(progress: Progress) -> None:
        if progress == Progress(5, 10, "a file"):
            heard.set()

    workshop: Workshop[str] = Workshop("test")
    answers: list[str] = []
    askers = [
        threading.Thread(target=lambda: answers.append(workshop.get("x", work, report, every=0.01))) for _ in range(2)
    ]
    for asker in askers:
        asker.start()
    assert heard.wait(30)
    may_finish.set()
    for asker in askers:
        asker.join()
    assert answers == ["it", "it"]
    assert made == ["it"]


def test_work_that_nobody_waits_for_ends_and_can_be_asked_for_again() -> None:
    ended = threading.Event()

    def endless(note: Callable[..., None]) -> str:
        try:
            while True:
                note(1, 2)
        finally:
            ended.set()

    def give_up(_progress: Progress) -> None:
        raise Enough

    workshop: Workshop[str] = Workshop("test")
    with pytest.raises(Enough):
        workshop.get("x", endless, give_up, every=0.01)
    assert ended.wait(30)
    assert workshop.get("x", lambda _note: "it") == "it"


def test_work_goes_on_while_somebody_waits() -> None:
    may_finish, gone = threading.Event(), threading.Event()

    def work(note: Callable[..., None]) -> str:
        while not may_finish.wait(0.01):
            note(1, 2)
        note(2, 2)
        return "it"

    def give_up(_progress: Progress) -> None:
        raise Enough

    def leave() -> None:
        with pytest.raises(Enough):
            workshop.get("x", work, give_up, every=0.01)
        gone.set()

    workshop: Workshop[str] = Workshop("test")
    answers: list[str] = []
    stays = threading.Thread(target=lambda: answers.append(workshop.get("x", work, every=0.01)))
    stays.start()
    threading.Thread(target=leave).start()
    assert gone.wait(30)
    may_finish.set()
    stays.join()
    assert answers == ["it"]


def test_an_error_reaches_who_asked() -> None:
    def fail(_note: Callable[..., None]) -> str:
        raise TimeoutError("of the work itself")

    with pytest.raises(TimeoutError, match="of the work itself"):
        Workshop[str]("test").get("x", fail)


def test_work_speaks_the_language_of_who_asked() -> None:
    speak("ko")
    try:
        assert Workshop[str]("test").get("x", lambda _note: _language.get()) == "ko"
    finally:
        speak("en")


def test_work_within_work_never_waits_for_a_worker():
    """Two workers, three visitors: were the inner work to wait for a worker, nobody's would ever end."""
    workshop: Workshop[int] = Workshop("nested", workers=2)
    ready = threading.Barrier(2, timeout=10)

    def outer(number: int) -> int:
        def work(_note: Callable[..., None]) -> int:
            if number < 2:
                ready.wait()  # both workers are busy now
            return workshop.get(("inner", number), lambda _note: number) + 1

        return workshop.get(("outer", number), work)

    with ThreadPoolExecutor(3) as visitors:
        asked = [visitors.submit(outer, number) for number in range(3)]
        assert [each.result(timeout=20) for each in asked] == [1, 2, 3]


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


class Held:
    """A piece of work that goes on until it may end, and whoever waits for it."""

    def __init__(self, workshop: Workshop[str], key: str, lane: Lane | None) -> None:
        self.begun, self.may_end, self.enough = threading.Event(), threading.Event(), threading.Event()
        self.ahead: list[int] = []
        self.answer: list[object] = []
        self._asks = workshop, key, lane
        self.thread = threading.Thread(target=self._wait)
        self.thread.start()

    def _wait(self) -> None:
        workshop, key, lane = self._asks
        try:
            self.answer.append(workshop.get(key, self._work, self._report, every=0.005, lane=lane))
        except Enough as enough:
            self.answer.append(enough)

    def _work(self, note: Note) -> str:
        self.begun.set()
        while not self.may_end.wait(0.005):
            note(1, 2)
        return "it"

    def _report(self, progress: Progress) -> None:
        self.ahead.append(progress.ahead)
        if self.enough.is_set():
            raise Enough

    def end(self) -> None:
        self.may_end.set()
        self.thread.join(30)


def test_who_waits_hears_how_many_come_first_and_moves_up_when_one_has_enough() -> None:
    lane, one, other = Lane("heavy", 1), Workshop[str]("one"), Workshop[str]("other")
    first = Held(one, "x", lane)
    assert first.begun.wait(30)
    second = Held(other, "x", lane)
    until(lambda: second.ahead[-1:] == [1])
    third = Held(one, "y", lane)
    until(lambda: third.ahead[-1:] == [2])
    assert first.ahead[-1] == 0, "what has begun waits for nobody"
    second.enough.set()
    second.thread.join(30)
    until(lambda: third.ahead[-1] == 1)
    first.end()
    assert third.begun.wait(30)
    third.end()
    assert [first.answer, third.answer] == [["it"], ["it"]]
    assert isinstance(second.answer[0], Enough)
    assert not second.begun.is_set(), "what was given up before it began must not begin"


def test_heavy_work_is_done_in_the_order_of_asking_and_as_much_at_a_time_as_is_said() -> None:
    lane, workshop = Lane("heavy", 2), Workshop[str]("test")
    asked = []
    for number in range(5):
        asked.append(Held(workshop, str(number), lane))
        until(lambda: asked[-1].begun.is_set() or bool(asked[-1].ahead))
    until(lambda: all(each.begun.is_set() for each in asked[:2]))
    for number in range(3):
        assert not asked[number + 2].begun.is_set()
        asked[number].end()
        assert asked[number + 2].begun.wait(30)
    for each in asked:
        each.end()


def test_light_work_never_waits_for_heavy_work() -> None:
    lane, workshop = Lane("heavy", 1), Workshop[str]("test")
    heavy = [Held(workshop, f"heavy {number}", lane) for number in range(4)]
    assert workshop.get("light", lambda _note: "light") == "light"
    assert not any(each.answer for each in heavy)
    for each in heavy:
        each.end()


def test_heavy_work_that_asks_for_more_of_any_kind_does_it_itself() -> None:
    """One worker: were the inner work to wait in line, nothing would ever end."""
    lane, one, other = Lane("heavy", 1), Workshop[str]("one"), Workshop[str]("other", workers=1)

    def outer(_note: Note) -> str:
        heavy = other.get("inner", lambda _note: threading.current_thread().name, lane=lane)
        light = other.get("light", lambda _note: threading.current_thread().name)
        return f"{heavy} {light}"

    assert one.get("outer", outer, lane=lane) == "heavy_0 heavy_0"


def test_what_was_given_up_in_line_keeps_nothing_alive() -> None:
    class Weights:
        pass

    def work(_note: Note, weights: Weights) -> str:
        return str(weights)

    def give_up(_progress: Progress) -> None:
        raise Enough

    lane, workshop, weights = Lane("heavy", 1), Workshop[str]("test"), Weights()
    first, gone = Held(workshop, "x", lane), weakref.ref(weights)
    assert first.begun.wait(30)
    with pytest.raises(Enough):
        workshop.get("y", partial(work, weights=weights), give_up, every=0.005, lane=lane)
    del weights
    gc.collect()
    assert gone() is None
    first.end()


def test_an_error_of_heavy_work_reaches_all_who_wait_and_leaves_the_lane_free() -> None:
    lane, workshop, ready = Lane("heavy", 1), Workshop[str]("test"), threading.Event()

    def fail(_note: Note) -> str:
        assert ready.wait(30)
        raise ValueError("wrong")

    with ThreadPoolExecutor(3) as visitors:
        asked = [visitors.submit(workshop.get, "x", fail, lane=lane) for _ in range(3)]
        ready.set()
        for each in asked:
            with pytest.raises(ValueError, match="wrong"):
                each.result(30)
    assert workshop.get("x", lambda _note: "it", lane=lane) == "it"


AT_THE_END = """
import threading, time
from viz_core.ui.workshop import Lane, Workshop
lane, workshop = Lane("heavy", 1), Workshop("test")
def late():
    threading.main_thread().join()
    time.sleep(0.2)
    for _ in range(2):
        try:
            workshop.get("late", lambda note: "it", lane=lane)
        except RuntimeError:
            print("refused")
threading.Thread(target=late).start()
for number in range(3):
    threading.Thread(target=workshop.get, args=(number, lambda note: time.sleep(0.1)), kwargs={"lane": lane}).start()
"""


def test_a_program_that_ends_waits_for_nobody_for_ever() -> None:
    """What waits for its turn is dropped, and what comes too late is refused, every time."""
    ended = subprocess.run([sys.executable, "-c", AT_THE_END], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout.split() == ["refused", "refused"]


IN_THE_MIDDLE = """
import threading, time
from viz_core.ui.workshop import Lane, Workshop
lane, workshop, asked = Lane("heavy", 1), Workshop("test"), set()
def without_end(note):
    while True:
        note(0, 1)
        time.sleep(0.01)
def wait(number):
    try:
        workshop.get(number, without_end, lambda progress: asked.add(number), lane=lane)
    except BaseException as error:
        print(type(error).__name__)
for number in range(20):
    threading.Thread(target=wait, args=(number,)).start()
while len(asked) < 20:
    time.sleep(0.01)
"""


def test_a_program_that_ends_gives_up_what_is_under_way() -> None:
    """Twenty pieces of work without end: before, the program never ended."""
    command = [sys.executable, "-c", IN_THE_MIDDLE]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout.count("GivenUp") == 20


def test_work_that_fails_leaves_nothing_behind() -> None:
    """Error, frame and job hold each other: what the work held is gone all the same, without the collector."""
    workshop = Workshop[None]("test")

    class Held:
        pass

    seen: list[weakref.ref[Held]] = []

    def fails(_note: Note) -> None:
        held = Held()
        seen.append(weakref.ref(held))
        raise ValueError(str(held))

    gc.collect()
    gc.disable()
    try:
        with suppress(ValueError):
            workshop.get("fails", fails)
        until = time.monotonic() + 5
        while seen[0]() is not None and time.monotonic() < until:  # the worker's frame ends in its own time
            time.sleep(0.01)
        assert seen[0]() is None
    finally:
        gc.enable()
