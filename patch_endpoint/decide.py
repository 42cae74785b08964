"""Decides what to do for an endpoint now, and when to look again. Pure: facts in, a value out."""

from datetime import UTC, datetime, timedelta

import msgspec

from patch_endpoint.record import AttemptCause, Deployment, PatchCause, Record, Rollout
from patch_endpoint.trained_model import TrainedModel
from patch_endpoint.unproven import accepted, another_may_answer, unproven

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)
CHECK_AFTER = timedelta(seconds=35)
"""How long after its claim an attempt is looked after. The one entry that is written for this also
serves to confirm a PATCH that went well, which then needs no entry of its own."""
CONFIRM_FOR = timedelta(hours=1)
"""How long the effect of a PATCH is asked for, by the pauses; after that it stays unconfirmed."""
_WHENEVER = datetime.min.replace(tzinfo=UTC)

RESENDS = frozenset({"repeat", "sas_expiring"})
"""The causes of a PATCH that sends what serves once more, whatever is desired."""
ROLLING_OUT = "rolling_out"


class Patch(msgspec.Struct, frozen=True):
    """Send this model.

    Attributes:
        model: Which.
        instant: Its place in the order.
        cause: Why now.
    """

    model: TrainedModel
    instant: datetime
    cause: PatchCause


class Advance(msgspec.Struct, frozen=True):
    """Look how far the endpoint is with the model that it is about to take, and go on.

    Attributes:
        model: Which.
        instant: Its place in the order.
        cause: Why it was sent.
    """

    model: TrainedModel
    instant: datetime
    cause: AttemptCause


class Tidy(msgspec.Struct, frozen=True):
    """Take away what served before at the endpoint."""


class Confirm(msgspec.Struct, frozen=True):
    """Ask whether the accepted model is in effect."""


class Keep(msgspec.Struct, frozen=True):
    """Copy the bytes of what serves, so that it can be gone back to."""


class Skip(msgspec.Struct, frozen=True):
    """Do nothing.

    Attributes:
        reason: Why, as a constant that logs speak of.
    """

    reason: str


type Decision = Patch | Advance | Confirm | Keep | Tidy | Skip


def pause_after(attempts: int) -> timedelta:
    """Give the back-off after so many tries: 30 s, doubled each time, up to 15 min."""
    doublings = min(max(attempts - 1, 0), 10)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


def decide(record: Record, now: datetime) -> Decision:
    """Decide what to do now, for an endpoint without faults."""
    if record.attempt is not None and now < record.attempt.deadline:
        return Skip("in_flight")
    if record.not_before is not None and now < record.not_before:
        return Skip("endpoint_asked_to_wait")
    rollout = rollout_in_force(record)
    if rollout is not None:
        return _for_rollout(rollout, now)
    newer = _for_desired(record.desired, now)
    if newer is not None:
        # What cannot be sent now must not cost what serves its token.
        return newer if isinstance(newer, Patch) else _for_renewal(record, now) or newer
    return (
        _for_repeat(record, now)
        or _for_renewal(record, now)
        or _for_keeping(record, now)
        or _for_tidying(record, now)
        or _for_confirmation(record, now)
        or Skip(record.desired.state if record.desired else "nothing_desired")
    )


def wake_at(record: Record, now: datetime) -> datetime | None:
    """Say when something may become due; None: never by itself."""
    if record.attempt is not None:
        attempt = record.attempt
        early = attempt.claimed_at + CHECK_AFTER
        return early if now < early else attempt.deadline
    rollout = rollout_in_force(record)
    if rollout is not None:
        return max(rollout.look_at, record.not_before or rollout.look_at)
    instants = [
        _sending_of(record.desired, now),
        _confirmation_of(record),
        _repetition_of(record, now),
        _renewal_of(record),
        _keeping_of(record, now),
        _tidying_of(record),
    ]
    due = min((instant for instant in instants if instant is not None), default=None)
    if due is None or record.not_before is None:
        return due
    return max(due, record.not_before)


def is_at_rest(record: Record) -> bool:
    """Say whether nothing will ever become due by itself."""
    return wake_at(record, _WHENEVER) is None


def rollout_in_force(record: Record) -> Rollout | None:
    """Give what the endpoint is about to take, unless another model is wanted by now."""
    rollout, desired = record.rollout, record.desired
    if rollout is None:
        return None
    if desired is not None and is_undone(desired):
        return rollout if desired.is_of(rollout) else None
    # A repetition or a renewal.
    serves = record.serving is not None and rollout.model.has_bytes_of(record.serving.model)
    return rollout if serves else None


def _for_rollout(rollout: Rollout, now: datetime) -> Decision:
    if now < rollout.look_at:
        return Skip(ROLLING_OUT)
    return Advance(rollout.model, rollout.instant, rollout.cause)


def _for_desired(desired: Deployment | None, now: datetime) -> Decision | None:
    if desired is None or not is_undone(desired):
        return None
    if desired.next_attempt_at is not None and now < desired.next_attempt_at:
        return Skip("backing_off")
    return Patch(desired.model, desired.instant, desired.cause)


def _for_repeat(record: Record, now: datetime) -> Decision | None:
    repeat_at = _repetition_of(record, now)
    if repeat_at is None or record.serving is None or now < repeat_at:
        return None
    return Patch(record.serving.model, record.serving.instant, "repeat")


def _for_renewal(record: Record, now: datetime) -> Decision | None:
    renew_at = _renewal_of(record)
    if renew_at is None or record.serving is None or now < renew_at:
        return None
    return Patch(record.serving.model, record.serving.instant, "sas_expiring")


def _for_keeping(record: Record, now: datetime) -> Decision | None:
    keep_at = _keeping_of(record, now)
    return Keep() if keep_at is not None and keep_at <= now else None


def _for_tidying(record: Record, now: datetime) -> Decision | None:
    tidy_at = _tidying_of(record)
    return Tidy() if tidy_at is not None and tidy_at <= now else None


def _tidying_of(record: Record) -> datetime | None:
    """Say when what served before goes: never while a model is wanted that may need its place."""
    desired = record.desired
    return None if desired is not None and is_undone(desired) else record.tidy_at


def _keeping_of(record: Record, now: datetime) -> datetime | None:
    """Say when what serves is kept: once it has proven itself, or is found to prove nothing."""
    brought, serving = accepted(record), record.serving
    if serving is None or brought is None or serving.keeping != "due":
        return None
    is_asked = unproven(record) is not None and brought.confirmations > 0
    # One that answers wrong is about to be rejected: it must not push out what is gone back to.
    is_wrong = brought.error is not None and brought.error.about_model
    was_live = brought.state == "superseded" and brought.live_at is not None
    proven = brought.state == "live" or was_live or (is_asked and not is_wrong)
    if not proven or not serving.model.has_bytes_of(brought.model):
        return None
    return serving.keep_at or now


def _for_confirmation(record: Record, now: datetime) -> Decision | None:
    asked, ask_at = unproven(record), _confirmation_of(record)
    if asked is None or ask_at is None:
        return None
    if ask_at <= now:
        return Confirm()
    return Skip("settling") if asked.state == "patched" else None


def _repetition_of(record: Record, now: datetime) -> datetime | None:
    """Say when what serves is sent once more: not while another is to take its place anyway."""
    desired = record.desired
    if record.serving is None or (desired is not None and is_undone(desired)):
        return None
    return now if record.again else record.repeat_at


def _renewal_of(record: Record) -> datetime | None:
    """Say when what serves is renewed, also while a newer model is tried in vain."""
    return record.serving.renew_at if record.serving is not None else None


def _sending_of(desired: Deployment | None, now: datetime) -> datetime | None:
    if desired is None or not is_undone(desired):
        return None
    return desired.next_attempt_at or now


def _confirmation_of(record: Record) -> datetime | None:
    asked = unproven(record)
    if asked is None or another_may_answer(record):
        return None
    return asked.next_attempt_at


def is_undone(deployment: Deployment) -> bool:
    """Say whether *deployment* is still to be sent."""
    return deployment.state in {"pending", "waiting"}
