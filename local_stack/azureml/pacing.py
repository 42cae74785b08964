"""When an operation under way may report its end: three ways, so that tests can choose one."""

from datetime import timedelta

from msgspec import Struct


class AsItGoes(Struct, frozen=True, tag=True):
    """When the work behind it is done, as long as that takes."""


class AfterLooks(Struct, frozen=True, tag=True):
    """After this many looks that still saw it under way; the next waits for the work."""

    looks: int


class AfterTime(Struct, frozen=True, tag=True):
    """Once the service's clock is this far past its beginning; that look waits for the work."""

    time: timedelta


type Pacing = AsItGoes | AfterLooks | AfterTime


def waits_for_work(pacing: Pacing, looks: int, since: timedelta) -> bool | None:
    """What a look at an operation under way does.

    Args:
        pacing: The way chosen.
        looks: Earlier looks since its beginning.
        since: Time since its beginning.

    Returns:
        ``False``: it is under way. ``True``: its end is waited for. ``None``: ask the work.
    """
    match pacing:
        case AsItGoes():
            return None
        case AfterLooks(needed):
            return looks >= needed
        case AfterTime(needed):
            return since >= needed
