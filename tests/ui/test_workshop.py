"""Long work: once for all, its progress told, given up when nobody waits."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from viz_core.language import _language, speak
from viz_core.ui.workshop import Progress, Workshop


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
