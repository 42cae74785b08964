"""Goes back to a model that served before. Pure."""

from datetime import datetime

from msgspec.structs import replace

from patch_endpoint.desired import Asked, Wanted, released, request, want
from patch_endpoint.record import Deployment, Hold, Record


def target_of(record: Record) -> Deployment | None:
    """Find the newest once-live model before what is desired; repeated, it walks back.

    A rollback's own deployment does not count: its model stands where it first stood.
    """
    desired = record.desired
    if desired is None:
        return None
    # Two models of one name may share a second, and so their order: the history tells them apart.
    lived = [
        (one.order, number, one)
        for number, one in enumerate(past.deployment for past in record.history)
        if one.live_at is not None and one.cause != "rollback"
    ]
    place = (desired.order, len(record.history))
    if desired.cause == "rollback":
        stood = [one[:2] for one in lived if one[2].model.is_version(desired.model)]
        place = max(stood, default=place)
    before = [
        one for one in lived if one[:2] < place and not one[2].model.has_bytes_of(desired.model)
    ]
    return max(before, key=lambda one: one[:2])[2] if before else None


def rolled_back(record: Record, target: Deployment, asked: Asked, *, hold: bool) -> Wanted:
    """Want *target* again, and have models that land wait, unless *hold* is off."""
    wish = replace(request(record, target.model, asked), cause="rollback")
    held = Hold(asked.at, asked.by, asked.reason) if hold else record.held
    record = replace(record, not_before=None, held=held)
    return want(record, wish, waits=False, now=asked.at)


def release(record: Record, now: datetime) -> Wanted:
    """End the hold, and let the newest model win."""
    record = replace(record, held=None)
    if record.waiting is None:
        return Wanted(record, "released")
    waiting = released(record.waiting)
    return want(replace(record, waiting=None), waiting, waits=False, now=now)
