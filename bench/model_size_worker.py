"""Deploys one model in a process of its own until it is live and its bytes are kept."""

import time
from datetime import timedelta
from pathlib import Path

import msgspec

from bench.fresh import answer, order_of
from bench.memory import peak
from bench.site import Clock
from retrain_trigger.engine import App
from retrain_trigger.landed import model_landed
from retrain_trigger.watch import watch

_UNTIL_CONFIRMED = timedelta(seconds=40)
_TICKS = 3


class Order(msgspec.Struct, frozen=True):
    """What to do.

    Attributes:
        environ: The app settings.
        endpoint: Whose model it is.
        model: The blob's name.
    """

    environ: dict[str, str]
    endpoint: str
    model: str


class Deployed(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        seconds: From the event until the PATCH was reported.
        keeping: Whether the bytes are kept, in the record's word.
        peak: The most bytes that this process ever held.
    """

    seconds: float
    keeping: str
    peak: int


def main() -> None:
    """Deploy it."""
    order, clock = order_of(Order), Clock()
    engine = App(order.environ, Path(), now=clock).engine
    engine.endpoints.current()
    begun = time.monotonic()
    model_landed(engine, order.model)
    seconds = time.monotonic() - begun
    for _ in range(_TICKS):
        clock.move(_UNTIL_CONFIRMED)
        watch(engine)
    serving = engine.records.read(order.endpoint).record.serving
    answer(Deployed(seconds, serving.keeping if serving else "nothing serves", peak()))


if __name__ == "__main__":
    main()
