"""What the app in a process of its own is told to do, one line of JSON each."""

from datetime import datetime

import msgspec


class Open(msgspec.Struct, frozen=True, tag=True):
    """Put the app together.

    Attributes:
        environ: The app settings.
        folder: Where the app is.
        limit: How many seconds it waits for an endpoint.
        shared: Host and port of storage that is no Azurite: see shared_storage.py.
    """

    environ: dict[str, str]
    folder: str
    limit: float
    shared: tuple[str, int] | None = None


class Clock(msgspec.Struct, frozen=True, tag=True):
    """Have the app's clock stand at this instant."""

    instant: datetime


class Put(msgspec.Struct, frozen=True, tag=True):
    """Write a model after so many seconds, and announce it so many later; None: not at all."""

    name: str
    after: float = 0.0
    announced_after: float | None = None


class Announce(msgspec.Struct, frozen=True, tag=True):
    """Have the event of a model come, after so many seconds."""

    name: str
    after: float = 0.0


class Tick(msgspec.Struct, frozen=True, tag=True):
    """Have the timer `watch` fire."""


class Sweep(msgspec.Struct, frozen=True, tag=True):
    """Have the timer `sweep` fire."""


type Order = Open | Clock | Put | Announce | Tick | Sweep


class Numbered(msgspec.Struct, frozen=True):
    """An order, with a number by which its answer is known."""

    number: int
    order: Order


class Done(msgspec.Struct, frozen=True):
    """An order was carried out, or failed."""

    number: int
    error: str | None = None
