"""One sweep in a process of its own: how long it took, what it mended, what it held in memory."""

import time
from pathlib import Path

import msgspec

from bench.fresh import answer, order_of
from bench.memory import peak
from retrain_trigger.engine import App
from retrain_trigger.sweep import sweep


class Order(msgspec.Struct, frozen=True):
    """The app settings."""

    environ: dict[str, str]


class Swept(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        mended: How many endpoints needed something.
        seconds: How long it took.
        peak: The most bytes that this process ever held.
    """

    mended: int
    seconds: float
    peak: int


def main() -> None:
    """Sweep."""
    engine = App(order_of(Order).environ, Path()).engine
    engine.endpoints.current()
    begun = time.monotonic()
    mended = sweep(engine)
    answer(Swept(mended, time.monotonic() - begun, peak()))


if __name__ == "__main__":
    main()
