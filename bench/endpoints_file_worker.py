"""Reads an endpoints file in a process of its own: time, and memory that stays."""

import gc
import time
from pathlib import Path

import msgspec

from bench.fresh import answer, order_of
from bench.memory import held
from retrain_trigger.engine import App


class Order(msgspec.Struct, frozen=True):
    """The app settings."""

    environ: dict[str, str]


class Parsed(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        seconds: How long it took.
        held: Bytes that it takes in memory for good.
        endpoints: How many there are, none with a fault.
    """

    seconds: float
    held: int
    endpoints: int


def main() -> None:
    """Read it."""
    engine = App(order_of(Order).environ, Path()).engine
    gc.collect()
    before, begun = held(), time.monotonic()
    endpoints = engine.endpoints.current()
    endpoints.takers.of("nobody's")
    seconds = time.monotonic() - begun
    gc.collect()
    good = sum(not one.faults for one in endpoints.by_name.values())
    answer(Parsed(seconds, held() - before, good))


if __name__ == "__main__":
    main()
