"""What an attack cost this process: memory, threads and files that it did not give back."""

import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
from tenacity import retry, stop_after_delay, wait_fixed

from tests.chaos.hostile.hostile_server import THREAD


@dataclass
class Cost:
    """What it came to, once the block has ended.

    Attributes:
        peak: The most memory above what there was before, in bytes.
        threads: How many threads more there are.
        files: How many file descriptors more there are, sockets included.
    """

    peak: int = 0
    threads: int = 0
    files: int = 0


@contextmanager
def measured() -> Iterator[Cost]:
    """Measure the block; threads have a while to end. The servers' own do not count."""
    cost, process = Cost(), psutil.Process()
    threads, files = _threads(), process.num_fds()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    try:
        yield cost
        cost.peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    _wait_for_threads(threads)
    cost.threads, cost.files = _threads() - threads, process.num_fds() - files


@retry(stop=stop_after_delay(10), wait=wait_fixed(0.05), retry_error_callback=lambda _: None)
def _wait_for_threads(before: int) -> None:
    assert _threads() <= before


def _threads() -> int:
    return sum(thread.name != THREAD for thread in threading.enumerate())
