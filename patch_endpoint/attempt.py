"""What a PATCH does to the record: claimed before, reported after. Pure."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from patch_endpoint.decide import CHECK_AFTER, RESENDS, Advance, Patch, is_undone, pause_after
from patch_endpoint.fallback import refused
from patch_endpoint.history import that_brought
from patch_endpoint.record import (
    NEVER,
    Attempt,
    Deployment,
    Problem,
    Record,
    Serving,
    Unknown,
)
from patch_endpoint.rollout import look_put_off, tidying_put_off, underway
from patch_endpoint.sas import SignedModel
from patch_endpoint.unproven import unproven, with_unproven
from protocols.protocol import Accepted, Answer, Refused, Underway, Unsettled
from protocols.wire import REQUEST_LIMIT

SEND_WITHIN = timedelta(seconds=10)
"""How long after its claim a PATCH may still be sent."""
CLOCK_SLACK = timedelta(seconds=20)
"""How far two instances' clocks may be apart."""
LATE_FOR = timedelta(minutes=5)
"""How long an endpoint may take to apply a PATCH that it never answered."""
FAULT_PAUSE = timedelta(minutes=2)
"""How often an endpoint whose table has a fault is looked at again."""


def claimed(
    record: Record, patch: Patch | Advance, signed: SignedModel, id_: str, now: datetime
) -> Record:
    """Claim the endpoint for one request, and note before when not to try again."""
    send_by = min(now + SEND_WITHIN, signed.send_by)
    attempt = Attempt(
        id=id_,
        model=patch.model,
        instant=patch.instant,
        cause=patch.cause,
        blob=signed.blob,
        claimed_at=now,
        send_by=send_by,
        deadline=send_by + REQUEST_LIMIT + CLOCK_SLACK,
        token_expires_at=signed.expires_at,
        token_expiry=signed.expiry_text,
        renew_at=signed.renew_at,
        step="patch" if isinstance(patch, Patch) else "advance",
    )
    if isinstance(patch, Advance):
        return look_put_off(replace(record, attempt=attempt), now)
    # What is sent now takes the place of what the endpoint was about to take.
    return replace(_with_pause(record, patch, now), attempt=attempt, again=False, rollout=None)


def tidying(record: Record, id_: str, now: datetime) -> Record:
    """Claim the endpoint for tidying up, and note before when not to try again."""
    serving = record.serving
    if serving is None:
        return replace(record, tidy_at=None)
    send_by = now + SEND_WITHIN
    attempt = Attempt(
        id=id_,
        model=serving.model,
        instant=serving.instant,
        cause="tidy",
        blob=serving.blob,
        claimed_at=now,
        send_by=send_by,
        deadline=send_by + REQUEST_LIMIT + CLOCK_SLACK,
        token_expires_at=NEVER,
        token_expiry="",
        renew_at=NEVER,
        step="tidy",
    )
    return tidying_put_off(replace(record, attempt=attempt), now)


def _with_pause(record: Record, patch: Patch, now: datetime) -> Record:
    """Note before when this is not tried again, so that back-off also holds across a crash."""
    if patch.cause in RESENDS and record.serving is not None:
        return _with_resend_pause(record, record.serving, now)
    if record.desired is None:
        return record
    attempts = record.desired.attempts + 1
    later = now + pause_after(attempts)
    desired = replace(record.desired, state="pending", attempts=attempts, next_attempt_at=later)
    return replace(record, desired=desired)


def _with_resend_pause(record: Record, serving: Serving, now: datetime) -> Record:
    """A repeat and a renewal send the same: where one has no answer, the other waits too."""
    tried = serving.resends_tried + 1
    later = now + pause_after(tried)
    renew_at = max(serving.renew_at, later) if serving.renew_at is not None else None
    repeats = record.is_to_be_repeated
    serving = replace(serving, resends_tried=tried, renew_at=renew_at)
    repeat_at = max(record.repeat_at or later, later) if repeats else None
    return replace(record, serving=serving, again=False, repeat_at=repeat_at)


def abandoned(record: Record, now: datetime) -> Record:
    """Take over from a holder that did not report in time: its PATCH may have been sent."""
    attempt = record.attempt
    if attempt is None or now < attempt.deadline:
        return record
    record = replace(record, attempt=None)
    return record if attempt.step == "tidy" else _with_unknown(record, attempt, attempt.deadline)


def reported(
    record: Record,
    answer: Answer,
    settles_after: timedelta,
    now: datetime,
    *,
    keeps: bool = True,
) -> Record:
    """Put the result of the attempt in flight into the record, and end the attempt.

    Args:
        record: The record as it is.
        answer: What the endpoint said.
        settles_after: How long it takes to serve what it accepted.
        now: When.
        keeps: Whether the bytes of what serves are to be kept.
    """
    attempt = record.attempt
    if attempt is None:
        return record
    record = replace(record, attempt=None, reported=attempt.id)
    if attempt.step == "tidy":
        # What is refused now is refused again: it is tidied with the next model.
        return record if isinstance(answer, Unsettled) else replace(record, tidy_at=None)
    match answer:
        case Accepted():
            return _with_keeping(_accepted(record, attempt, settles_after, now), keeps=keeps)
        case Underway():
            return underway(record, attempt, answer, now)
        case Refused():
            return _refused(replace(record, rollout=None), attempt, answer, now)
        case Unsettled():
            return _unsettled(record, attempt, answer, now)


def held_back(record: Record, patch: Patch | Advance, problem: Problem, now: datetime) -> Record:
    """Put *patch* off because something of ours stands in its way; nothing is sent."""
    if isinstance(patch, Advance):
        record = look_put_off(record, now)
    else:
        record = _with_pause(record, patch, now)
    if patch.cause in RESENDS:
        return _not_resent(record, problem)
    if record.desired is None:
        return record
    return replace(record, desired=replace(record.desired, error=problem))


def waiting_for_mending(record: Record, problem: Problem, now: datetime) -> Record:
    """Have everything wait until the endpoint's table is mended."""
    later = now + FAULT_PAUSE
    if record.desired is not None and is_undone(record.desired):
        desired = replace(record.desired, state="waiting", error=problem, next_attempt_at=later)
        record = replace(record, desired=desired)
    if record.rollout is not None:
        record = replace(record, rollout=replace(record.rollout, look_at=later))
    repeats = record.is_to_be_repeated
    record = replace(record, again=False, repeat_at=later if repeats else None)
    asked = unproven(record)
    if asked is not None and asked.next_attempt_at is not None:
        record = with_unproven(record, replace(asked, next_attempt_at=later))
    if record.serving is None or record.serving.renew_at is None:
        return record
    error = problem if record.serving.renew_at <= now else record.serving.error
    renew_at = max(later, record.serving.renew_at)
    return replace(record, serving=replace(record.serving, renew_at=renew_at, error=error))


def keeping(record: Record, now: datetime) -> Record:
    """Note before when not to try keeping again, before trying."""
    if record.serving is None:
        return record
    tried = record.serving.keeps_tried + 1
    later = now + pause_after(tried)
    return replace(record, serving=replace(record.serving, keeps_tried=tried, keep_at=later))


def overtaken(record: Record) -> Record:
    """Have what serves sent once more: a PATCH was sent by a holder that had lost its claim."""
    return replace(record, again=True)


def _accepted(record: Record, attempt: Attempt, settles_after: timedelta, now: datetime) -> Record:
    unknown = tuple(one for one in record.unknown if now < one.at + LATE_FOR)
    others = [one.at for one in unknown if not one.model.has_bytes_of(attempt.model)]
    record = replace(
        record,
        serving=_serving(record.serving, attempt, unknown, now),
        unknown=unknown,
        repeat_at=max(others) + LATE_FOR if others else None,
        not_before=None,
        rollout=None,
    )
    brought = _accepted_one(record, attempt)
    if brought is None:
        return record
    if brought.state == "live":
        return replace(record, desired=replace(brought, error=None))
    patched = replace(
        brought,
        error=None,
        patched_at=now,
        # The entry that was written with the claim wakes us then: no further one is needed.
        next_attempt_at=max(now + settles_after, attempt.claimed_at + CHECK_AFTER),
        confirmations=0,
    )
    return with_unproven(record, patched)


def _accepted_one(record: Record, attempt: Attempt) -> Deployment | None:
    """Find whose model was accepted: what is desired or, if another is by now, what was."""
    desired = record.desired
    if desired is not None and desired.is_of(attempt):
        return desired if desired.state == "live" else replace(desired, state="patched")
    was = that_brought(record, attempt)
    is_unproven = was is not None and was.state == "superseded" and was.live_at is None
    return was if is_unproven else None


def _with_keeping(record: Record, *, keeps: bool) -> Record:
    if keeps or record.serving is None:
        return record
    return replace(record, serving=replace(record.serving, keeping="off"))


def _serving(
    before: Serving | None, attempt: Attempt, unknown: tuple[Unknown, ...], now: datetime
) -> Serving:
    """Say what serves now. Of the tokens that it may hold, the first to expire counts."""
    same = before is not None and before.model.has_bytes_of(attempt.model)
    possible = [one.token_expires_at for one in unknown if one.model.has_bytes_of(attempt.model)]
    earlier = attempt.token_expires_at - min([attempt.token_expires_at, *possible])
    return Serving(
        model=attempt.model,
        instant=attempt.instant,
        since=before.since if before is not None and same else now,
        token_expires_at=attempt.token_expires_at - earlier,
        token_expiry=attempt.token_expiry,
        renew_at=None if attempt.renew_at == NEVER else attempt.renew_at - earlier,
        late_at=_late_at(attempt, earlier),
        blob=attempt.blob,
        keeping=before.keeping if before is not None and same else "due",
        confirmed_by=before.confirmed_by if before is not None and same else None,
    )


def _refused(record: Record, attempt: Attempt, answer: Refused, now: datetime) -> Record:
    problem = Problem(answer.code, answer.message, about_model=answer.about_model)
    if attempt.cause in RESENDS:
        return _not_resent(record, problem, is_refused=True)
    desired = record.desired
    if desired is None or not desired.is_of(attempt):
        return record
    return refused(record, problem, now)


def _unsettled(record: Record, attempt: Attempt, answer: Unsettled, now: datetime) -> Record:
    if answer.maybe_applied:
        record = _with_unknown(record, attempt, now)
    if answer.retry_after is not None:
        record = replace(record, not_before=now + answer.retry_after)
    problem = Problem(answer.code, answer.message)
    if attempt.cause in RESENDS:
        return _not_resent(record, problem)
    desired = record.desired
    if desired is None or not desired.is_of(attempt):
        return record
    return replace(record, desired=replace(desired, error=problem))


def _not_resent(record: Record, problem: Problem, *, is_refused: bool = False) -> Record:
    """Note what keeps what serves from being sent once more; what is desired may be another."""
    if record.serving is None:
        return record
    is_refused = is_refused or record.serving.resend_refused
    serving = replace(record.serving, error=problem, resend_refused=is_refused)
    return replace(record, serving=serving)


def _with_unknown(record: Record, attempt: Attempt, at: datetime) -> Record:
    fresh = [one for one in record.unknown if at < one.at + LATE_FOR]
    late = Unknown(attempt.model, at, attempt.token_expires_at)
    return replace(record, unknown=(*fresh, late))


def _late_at(attempt: Attempt, earlier: timedelta) -> datetime | None:
    if attempt.renew_at == NEVER:
        return None
    return attempt.renew_at + (attempt.token_expires_at - attempt.renew_at) / 2 - earlier
