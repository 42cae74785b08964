"""What following a model does to the record, where an endpoint takes it in several steps. Pure."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from patch_endpoint.decide import CHECK_AFTER, LONGEST_PAUSE, is_undone, pause_after
from patch_endpoint.record import Attempt, Record, Rollout
from protocols.protocol import Underway


def look_put_off(record: Record, now: datetime) -> Record:
    """Note before when not to look again, so that back-off also holds across a crash."""
    rollout = record.rollout
    if rollout is None:
        return record
    failed = rollout.looks_failed + 1
    later = now + pause_after(failed)
    return replace(record, rollout=replace(rollout, looks_failed=failed, look_at=later))


def underway(record: Record, attempt: Attempt, answer: Underway, now: datetime) -> Record:
    """Note how far the endpoint is with the model of *attempt*."""
    before = record.rollout if attempt.step == "advance" else None
    is_further = before is None or before.stage != answer.stage
    # The entry that was written with the claim wakes us then: no further one is needed.
    look_at = max(now + answer.look_after, attempt.claimed_at + CHECK_AFTER)
    if answer.at_once:
        look_at = now
    rollout = Rollout(
        model=attempt.model,
        instant=attempt.instant,
        cause=attempt.cause,
        began_at=now if before is None else before.began_at,
        stage=answer.stage,
        notes=answer.notes,
        since=now if before is None or is_further else before.since,
        look_at=look_at,
    )
    record = replace(record, rollout=rollout, not_before=None)
    desired = record.desired
    if desired is None or not is_undone(desired) or not desired.is_of(rollout):
        return record
    return replace(record, desired=replace(desired, error=None, next_attempt_at=look_at))


def tidying_put_off(record: Record, now: datetime) -> Record:
    """Note before when not to tidy up again."""
    return replace(record, tidy_at=now + LONGEST_PAUSE)


def with_spare(record: Record, spare_for: timedelta | None, now: datetime) -> Record:
    """Have what served before *now* taken away at the endpoint in time, if anything is left."""
    return replace(record, tidy_at=None if spare_for is None else now + spare_for)
