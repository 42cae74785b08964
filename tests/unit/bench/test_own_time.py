"""The clock of the app's own code stands still while the SDK works."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from bench.own_time import OwnTime

BURNT = 0.1
SOURCE = """
def call(work):
    return work()

def give(work):
    yield work()
    work()

def fail():
    raise ValueError
"""


def module_in(folder: str) -> dict[str, Any]:
    """Code that looks as if it stood in a folder."""
    names: dict[str, Any] = {}
    exec(compile(SOURCE, f"/venv/{folder}/code.py", "exec"), names)  # noqa: S102 - see above
    return names


SDK = module_in("site-packages/azure/core")


def burn() -> None:
    """Use the processor."""
    end = time.thread_time() + BURNT
    while time.thread_time() < end:
        pass


def measured(work: Callable[[], object]) -> float:
    clock = OwnTime()
    with clock.measured():
        work()
    return clock.seconds


def test_own_code_counts() -> None:
    assert measured(burn) >= BURNT


def test_what_the_sdk_does_and_has_done_does_not() -> None:
    assert measured(lambda: SDK["call"](lambda: SDK["call"](burn))) < BURNT


def test_own_code_counts_again_after_the_sdk_returned_or_failed() -> None:
    def work() -> None:
        SDK["call"](burn)
        try:
            SDK["call"](SDK["fail"])
        except ValueError:
            burn()

    assert BURNT <= measured(work) < 2 * BURNT


def test_own_code_counts_between_two_things_that_the_sdk_gives() -> None:
    def work() -> None:
        given: Iterator[None] = SDK["give"](burn)
        for _ in given:
            burn()

    assert BURNT <= measured(work) < 2 * BURNT


def test_another_threads_sdk_does_not_run_the_clock_nor_stop_it() -> None:
    inside, over = threading.Event(), threading.Event()

    def wait() -> None:
        inside.set()
        over.wait(10)

    def work() -> None:
        other = threading.Thread(target=lambda: SDK["call"](wait))
        other.start()
        inside.wait(10)
        burn()
        SDK["call"](burn)
        over.set()
        other.join()

    assert BURNT <= measured(work) < 2 * BURNT
