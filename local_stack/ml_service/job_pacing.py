"""When a running batch job may report its end: four ways, so that tests can choose one."""

from datetime import timedelta

from msgspec import Struct


class AsTrained(Struct, frozen=True, tag=True):
    """When its training is done, as long as that takes."""


class AtOnce(Struct, frozen=True, tag=True):
    """At the first look after the start, which waits for the training."""


class AfterPolls(Struct, frozen=True, tag=True):
    """After this many looks that still said Running."""

    polls: int


class AfterTime(Struct, frozen=True, tag=True):
    """Once the service's clock is this far past the start."""

    time: timedelta


type Pacing = AsTrained | AtOnce | AfterPolls | AfterTime


def waits_for_training(pacing: Pacing, polls: int, running: timedelta) -> bool | None:
    """What a look at a running job does.

    Args:
        pacing: The way chosen.
        polls: Earlier looks since the start.
        running: Time since the start.

    Returns:
        ``False``: it still runs. ``True``: its end is waited for. ``None``: ask the training.
    """
    match pacing:
        case AsTrained():
            return None
        case AtOnce():
            return True
        case AfterPolls(needed):
            return polls >= needed
        case AfterTime(needed):
            return running >= needed
