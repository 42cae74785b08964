"""Goes back to a model that served before. Pure."""

from datetime import datetime

from msgspec.structs import replace

from patch_endpoint.desired import Asked, Wanted, released, request, want
from patch_endpoint.record import Deployment, Hold, Record


def rolled_back(record: Record, target: Deployment, asked: Asked, *, hold: bool) -> Wanted:
    """Want *target* again, and have models that land wait, unless *hold* is off."""
    wish = replace(request(record, target.model, asked), cause="rollback")
    held = Hold(asked.at, asked.by, asked.reason) if hold else record.held
    record = replace(record, not_before=None, held=held)
    return want(record, wish, waits=False, now=asked.at)


def release(record: Record, asked: Asked, now: datetime) -> Wanted:
    """End the hold, and let the newest model win."""
    record = replace(record, held=None)
    if record.waiting is None:
        return Wanted(record, "released")
    waiting = replace(released(record.waiting), released_by=asked.by, reason=asked.reason)
    return want(replace(record, waiting=None), waiting, waits=False, now=now)
