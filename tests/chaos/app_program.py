"""The app in a process of its own: does what the lines on its standard input say.

Orders are carried out side by side, as a host's events are. Ends when its standard input does.
"""

import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import msgspec

from retrain_trigger.landed import model_landed
from retrain_trigger.sweep import sweep
from retrain_trigger.watch import watch
from tests.chaos.opened_app import Opened, opened
from tests.chaos.orders import Announce, Clock, Done, Numbered, Open, Order, Put, Sweep, Tick

_AT_ONCE = 16


class Program:
    """The app, and its clock, which stands still until it is told to go on."""

    def __init__(self) -> None:
        self._instant = datetime.now(UTC)
        self._opened: Opened | None = None
        self._never = threading.Event()

    def now(self) -> datetime:
        """Say what time it is for the app."""
        return self._instant

    def carry_out(self, order: Order) -> None:
        """Do what is told."""
        match order:
            case Open():
                self._opened = opened(order, self.now)
            case Clock(instant):
                self._instant = instant
            case Put(name, after, announced_after):
                self._put(name, after, announced_after)
            case Announce(name, after):
                self._never.wait(after)
                model_landed(self._app.engine, name)
            case Tick():
                watch(self._app.engine)
            case Sweep():
                sweep(self._app.engine)

    @property
    def _app(self) -> Opened:
        if self._opened is None:
            raise ValueError("there is no app yet")
        return self._opened

    def _put(self, name: str, after: float, announced_after: float | None) -> None:
        self._never.wait(after)
        self._app.put(name)
        if announced_after is not None:
            self._never.wait(announced_after)
            model_landed(self._app.engine, name)


def main() -> None:
    """Serve until the standard input ends."""
    logging.basicConfig(level=logging.ERROR)
    program, writing = Program(), threading.Lock()

    def work(told: Numbered) -> None:
        error = None
        try:
            program.carry_out(told.order)
        except Exception as failure:  # noqa: BLE001 - whoever gave the order judges it
            error = f"{type(failure).__name__}: {failure}"
        with writing:
            sys.stdout.buffer.write(msgspec.json.encode(Done(told.number, error)) + b"\n")
            sys.stdout.buffer.flush()

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for line in sys.stdin.buffer:
            told = msgspec.json.decode(line, type=Numbered)
            if isinstance(told.order, Clock):
                work(told)  # a clock does not stand in line
            else:
                pool.submit(work, told)


if __name__ == "__main__":
    main()
