"""Goes back to a model that served before. Pure."""

from datetime import datetime

from msgspec.structs import replace

from patch_endpoint.desired import Asked, Verdict, Wanted, released, request, want
from patch_endpoint.fallback import JUST_AFTER
from patch_endpoint.record import Deployment, Hold, Record


def rolled_back(record: Record, target: Deployment, asked: Asked, *, hold: bool) -> Wanted:
    """Want *target* again, and have models that land wait, unless *hold* is off."""
    wish = replace(request(record, target.model, asked), cause="rollback")
    # What landed since the first of several holds still waits.
    since = record.held.since if record.held else asked.at
    held = Hold(since, asked.by, asked.reason) if hold else record.held
    record = replace(record, not_before=None, held=held)
    return want(record, wish, waits=False, now=asked.at)


def release(record: Record, asked: Asked, now: datetime) -> Wanted:
    """End the hold, and let the newest model win."""
    if record.waiting is None:
        verdict: Verdict = "released" if record.held is not None else "nothing_to_release"
        return Wanted(replace(record, held=None), verdict)
    waiting = replace(released(record.waiting), released_by=asked.by, reason=asked.reason)
    if record.desired is not None and record.desired.order > waiting.order:
        # A person asked for another model after it landed: the release is the later word.
        waiting = replace(waiting, instant=record.desired.instant + JUST_AFTER)
    return want(replace(record, held=None, waiting=None), waiting, waits=False, now=now)
