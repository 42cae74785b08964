"""Holds the app in a process of its own: see app_program.py."""

import itertools
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path
from threading import Lock, Thread
from types import TracebackType
from typing import Self

import msgspec

from tests.chaos.orders import Done, Numbered, Order

_ROOT = Path(__file__).parents[2]
_PATIENCE = 200.0  # for one order, on a machine that is busy


class ProcessEndedError(Exception):
    """The process ended before it had carried out the order."""


class OrderFailedError(Exception):
    """The app raised."""


class AppProcess:
    """A running process. Orders are given with `give`, and waited for with `do`.

    Args:
        log: Where its standard error goes.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.app_program"],
                cwd=_ROOT,
                env={},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
            )
        self._numbers = itertools.count(1)
        self._given: dict[int, Future[None]] = {}
        self._lock = Lock()
        self._has_ended = False
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def give(self, order: Order) -> Future[None]:
        """Have it begin with *order*."""
        future: Future[None] = Future()
        number = next(self._numbers)
        line = msgspec.json.encode(Numbered(number, order)) + b"\n"
        with self._lock:
            if self._has_ended or self._process.stdin is None:
                raise ProcessEndedError
            self._given[number] = future
            try:
                self._process.stdin.write(line)
                self._process.stdin.flush()
            except BrokenPipeError as error:
                raise ProcessEndedError from error
        return future

    def do(self, *orders: Order) -> None:
        """Have it carry out orders, one after the other.

        Raises:
            ProcessEndedError: It was killed meanwhile.
            OrderFailedError: The app raised.
        """
        for order in orders:
            self.give(order).result(_PATIENCE)

    def kill(self) -> None:
        """Kill it with SIGKILL, and return once it is dead; safe from any thread."""
        self._process.kill()
        self._process.wait()

    def log_text(self) -> str:
        """What it logged."""
        return self._log.read_text("utf-8", errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue

    def _read(self) -> None:
        for line in self._process.stdout or ():
            if not line.endswith(b"\n"):
                break
            done = msgspec.json.decode(line, type=Done)
            with self._lock:
                future = self._given.pop(done.number)
            if done.error is None:
                future.set_result(None)
            else:
                future.set_exception(OrderFailedError(done.error))
        with self._lock:
            self._has_ended = True
            left, self._given = self._given, {}
        for future in left.values():
            future.set_exception(ProcessEndedError())
