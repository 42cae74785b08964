"""What is desired once a model cannot be served, or turns out to be no good. Pure."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from patch_endpoint.history import (
    best_fallback,
    desiring,
    is_news,
    last_that_was_live,
    latest_that_ended_badly,
    that_brought,
    with_past,
)
from patch_endpoint.record import Deployment, Problem, Record

EMPTY_MODEL = Problem("empty_model", "the blob has no bytes", about_model=True)
MODEL_GONE = Problem("model_gone", "the blob is not there any more", about_model=True)
JUST_AFTER = timedelta(microseconds=1)


def refused(record: Record, problem: Problem, now: datetime) -> Record:
    """Note that what is desired cannot be served; go to a model that still can, if any."""
    if record.desired is None:
        return record
    desired = replace(record.desired, state="refused", error=problem, next_attempt_at=None)
    record = replace(record, desired=desired)
    if is_own_rollback(desired) and problem.about_model:
        record = _gone_back(record, desired.instant, desired.reason, now) or record
    else:
        record = _fallen_back(record, now)
    return replace(record, again=record.again or may_be_replaced(record))


def refused_since(before: Record, after: Record) -> list[Deployment]:
    """Find what is refused in *after*, and was not in *before*."""
    known = _refused_in(before)
    return [one for one in _refused_in(after) if not any(one.is_same(other) for other in known)]


def _refused_in(record: Record) -> list[Deployment]:
    desired = [record.desired] if record.desired is not None else []
    past = [past.deployment for past in record.history]
    return [one for one in (*desired, *past) if one.state == "refused"]


def without_empty(record: Record, now: datetime) -> Record:
    """Refuse what is desired if it has no bytes: no endpoint can serve that."""
    if record.desired is not None and record.desired.model.is_empty:
        return refused(record, EMPTY_MODEL, now)
    return record


def with_candidate(record: Record, wish: Deployment, now: datetime) -> Record:
    """Keep an older model in mind while nothing as new serves: the newer one may be refused."""
    if not is_news(record, wish):
        return record
    return _fallen_back(with_past(record, wish, now), now)


def put_back(record: Record, problem: Problem, now: datetime) -> Record | None:
    """Reject what is desired, which is in effect and fails, and go back to what was live before.

    Where a later model was passed over, as one after it was refused, that one is next.

    Returns:
        The record; None where there is nothing to go back to, or a rollback is what failed: then
        the smoke test itself is in doubt, or a person must look.
    """
    desired = record.desired
    if desired is None or desired.cause == "rollback":
        return None
    rejected = replace(desired, state="rolled_back", error=problem, next_attempt_at=None)
    # Just after what it rejects, so that any later model still wins.
    instant = desired.instant + JUST_AFTER
    back = _gone_back(replace(record, desired=rejected), instant, why_rejected(rejected), now)
    best = best_fallback(record)
    if best is None:
        return back
    if back is None or back.desired is None:
        return _trying(record, best, rejected, now)
    # Going back stands by, should that later one not be servable either.
    return _trying(back, best, replace(back.desired, state="superseded"), now)


def rejected_in(record: Record, deployment: Deployment) -> Deployment | None:
    """Find *deployment* as it ended, if it was rejected."""
    past = (past.deployment for past in record.history if past.deployment.is_same(deployment))
    return next((one for one in past if one.state == "rolled_back"), None)


def why_rejected(rejected: Deployment) -> str:
    """Say in words why *rejected* does not serve any more."""
    problem = rejected.error
    why = f": {problem.code}: {problem.message}" if problem is not None else ""
    return f"{rejected.model.name} was rejected{why}"


def is_own_rollback(deployment: Deployment) -> bool:
    """Say whether the app itself went back to it, and not a person."""
    return deployment.cause == "rollback" and deployment.requested_by is None


def may_be_replaced(record: Record) -> bool:
    """Say whether a PATCH without an answer may have put another model in the place of ours.

    Not where that was tried to be mended and is to be after a pause, which is on record.
    """
    serving = record.serving
    if serving is None or (serving.resends_tried and record.repeat_at is not None):
        return False
    return any(not one.model.has_bytes_of(serving.model) for one in record.unknown)


def _gone_back(
    record: Record, instant: datetime, reason: str | None, now: datetime
) -> Record | None:
    target = last_that_was_live(record)
    if target is None or record.desired is None:
        return None
    again = Deployment(model=target.model, instant=instant, cause="rollback", reason=reason)
    return replace(with_past(record, record.desired, now), desired=again)


def _fallen_back(record: Record, now: datetime) -> Record:
    """Desire the newest model that was never sent and is newer than what serves.

    A model that cannot be served must not take one down with it that can. Where the endpoint is at
    fault and not the model, no other model fares better; but where what serves was rejected, none
    fares worse either.
    """
    desired = record.desired
    if desired is None or desired.state != "refused":
        return record
    if desired.error is None or not (desired.error.about_model or _serves_rejected(record)):
        return record
    best = best_fallback(record)
    if best is None:
        return _latest_refusal(record, desired, now)
    return _trying(record, best, desired, now)


def _trying(record: Record, best: Deployment, ended: Deployment, now: datetime) -> Record:
    """Desire *best*, which was never accepted; its back-off, if it was tried, goes on."""
    return desiring(record, replace(best, state="pending"), ended, now)


def _serves_rejected(record: Record) -> bool:
    """Say whether what serves was rejected, and going back from it has not come to an end."""
    brought = that_brought(record, record.serving) if record.serving is not None else None
    return brought is not None and brought.state == "rolled_back"


def _latest_refusal(record: Record, desired: Deployment, now: datetime) -> Record:
    """Show the latest of the models that were refused, after trying older ones in vain."""
    latest = latest_that_ended_badly(record)
    if latest is None or latest.order <= desired.order:
        return record
    return desiring(record, latest, desired, now)
