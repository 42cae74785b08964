"""What an endpoint desired before: bounded, and what can be found in it. Pure."""

from datetime import datetime
from functools import partial

from msgspec.structs import replace

from patch_endpoint.record import (
    ENDED_BADLY,
    Attempt,
    Deployment,
    Past,
    Problem,
    Record,
    Serving,
)
from patch_endpoint.trained_model import TrainedModel

HISTORY_KEPT = 20
OVERWRITTEN = Problem("model_gone", "the blob holds other bytes now", about_model=True)


def with_past(record: Record, deployment: Deployment, at: datetime) -> Record:
    """Put *deployment* at the end of the history, which is bounded."""
    record = without_past(record, deployment)
    return _bounded(replace(record, history=(*record.history, Past(deployment, at))))


def without_past(record: Record, deployment: Deployment) -> Record:
    """Take *deployment* out of the history."""
    kept = tuple(past for past in record.history if not past.deployment.is_same(deployment))
    return replace(record, history=kept)


def desiring(record: Record, one: Deployment, ended: Deployment, at: datetime) -> Record:
    """Desire *one*, which may be a past one, in the place of *ended*."""
    return replace(with_past(without_past(record, one), ended, at), desired=one)


def last_that_was_live(record: Record) -> Deployment | None:
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
        stood = [one[:2] for one in lived if one[2].model.has_bytes_of(desired.model)]
        place = max(stood, default=place)
    before = [
        one for one in lived if one[:2] < place and not one[2].model.has_bytes_of(desired.model)
    ]
    return max(before, key=lambda one: one[:2])[2] if before else None


def that_brought(record: Record, sent: Attempt | Serving) -> Deployment | None:
    """Find the past deployment that *sent* was sent for; of several the last."""
    found = [past.deployment for past in record.history if past.deployment.is_of(sent)]
    return found[-1] if found else None


def is_news(record: Record, wish: Deployment) -> bool:
    """Say whether *wish* is later than what serves; of the same second, by their names."""
    serving = record.serving
    if serving is None:
        return True
    known = (record.desired, *(past.deployment for past in record.history))
    brought = [one.order for one in known if one is not None and one.is_of(serving)]
    # Where that is forgotten, a person may have asked for it.
    return wish.order > max(brought, default=(serving.instant, True, serving.model.name))


def ended_badly(record: Record, model: TrainedModel) -> bool:
    """Say whether this version of *model* was refused before, or rolled back."""
    return any(
        past.deployment.model.is_version(model) and past.deployment.state in ENDED_BADLY
        for past in record.history
    )


def latest_that_ended_badly(record: Record) -> Deployment | None:
    """Find the latest in the order that was refused, or rolled back."""
    badly = [past.deployment for past in record.history if past.deployment.state in ENDED_BADLY]
    return max(badly, key=lambda one: one.order, default=None)


def may_have_forgotten(record: Record, model: TrainedModel) -> bool:
    """Say whether *model* may have been refused, or have waited, and been dropped since."""
    return record.forgotten_until is not None and model.last_modified <= record.forgotten_until


def best_fallback(record: Record) -> Deployment | None:
    """Find the latest model that is newer than what serves and was never sent.

    Of two of one name and second the one that came into the history later: it has that name now.
    """
    passed_over = [
        past.deployment
        for past in record.history
        if past.deployment.state == "superseded"
        and past.deployment.approved
        and past.deployment.patched_at is None
        and past.deployment.error != OVERWRITTEN
        and is_news(record, past.deployment)
    ]
    return max(reversed(passed_over), key=lambda one: one.order, default=None)


def _bounded(record: Record) -> Record:
    """Drop what matters least; of what matters as little, the earliest in the order."""
    while len(record.history) > HISTORY_KEPT:
        worth = partial(_worth, record, best_fallback(record))
        least = min(record.history, key=lambda past: (worth(past), past.deployment.order))
        record = _dropped(record, least)
    return record


def _dropped(record: Record, past: Past) -> Record:
    """Drop *past*; where its model must not go unasked, so much stays on record."""
    one, until = past.deployment, record.forgotten_until
    if one.state in ENDED_BADLY or not one.approved:
        until = max(until or one.model.last_modified, one.model.last_modified)
    kept = tuple(other for other in record.history if other is not past)
    return replace(record, history=kept, forgotten_until=until)


def _worth(record: Record, best: Deployment | None, past: Past) -> int:
    """Say how much a past deployment still matters.

    What serves, or is about to, is asked for its proof. What was live can be gone back to, what
    ended badly must not be tried again, and the best of the passed over may be fallen back to.
    """
    one, is_later = past.deployment, is_news(record, past.deployment)
    if any(sent is not None and one.is_of(sent) for sent in (record.serving, record.attempt)):
        return 3
    if one.live_at is not None or one is best or (one.state in ENDED_BADLY and is_later):
        return 2
    return 1 if is_later else 0
