"""What is desired once a model cannot be served: the next best one that nobody tried yet. Pure."""

from datetime import datetime

from msgspec.structs import replace

from patch_endpoint.record import Deployment, Problem, Record
from patch_endpoint.trained_model import TrainedModel

EMPTY_MODEL = Problem("empty_model", "the blob has no bytes", about_model=True)
MODEL_GONE = Problem("model_gone", "the blob is not there any more", about_model=True)
OVERWRITTEN = Problem("model_gone", "the blob holds other bytes now", about_model=True)
ENDED_BADLY = ("refused", "rolled_back")


def refused(record: Record, problem: Problem, now: datetime) -> Record:
    """Note that what is desired cannot be served; go back to a model that still can, if any."""
    if record.desired is None:
        return record
    desired = replace(record.desired, state="refused", error=problem, next_attempt_at=None)
    return _fallen_back(replace(record, desired=desired), now)


def without_empty(record: Record, now: datetime) -> Record:
    """Refuse what is desired if it has no bytes: no endpoint can serve that."""
    if record.desired is not None and record.desired.model.is_empty:
        return refused(record, EMPTY_MODEL, now)
    return record


def _fallen_back(record: Record, now: datetime) -> Record:
    """Desire the newest model that was never sent and is newer than what serves.

    A model that cannot be served must not take one down with it that can. Where the endpoint is at
    fault and not the model, no other model fares better.
    """
    desired = record.desired
    if desired is None or desired.error is None or not desired.error.about_model:
        return record
    best = max(_candidates(record), key=lambda one: one.order, default=None)
    if best is None:
        return _latest_refusal(record, now)
    again = replace(best, state="pending", next_attempt_at=None)
    return replace(_without_past(record, best).with_past(desired, now), desired=again)


def _candidates(record: Record) -> list[Deployment]:
    since = record.serving.instant if record.serving else None
    return [
        one
        for one in (past.deployment for past in record.history)
        if one.state == "superseded"
        and one.approved
        and one.patched_at is None
        and one.error != OVERWRITTEN
        and (since is None or one.instant > since)
    ]


def _latest_refusal(record: Record, now: datetime) -> Record:
    """Show the latest of the models that were refused, after trying older ones in vain."""
    badly = [past.deployment for past in record.history if past.deployment.state in ENDED_BADLY]
    known = [one for one in (*badly, record.desired) if one is not None]
    latest = max(known, key=lambda one: one.order)
    if record.desired is None or latest is record.desired:
        return record
    return replace(_without_past(record, latest).with_past(record.desired, now), desired=latest)


def _without_past(record: Record, deployment: Deployment) -> Record:
    kept = tuple(past for past in record.history if not past.deployment.is_same(deployment))
    return replace(record, history=kept)


def ended_badly(record: Record, model: TrainedModel) -> bool:
    """Say whether this version of *model* was refused before, or rolled back."""
    return any(
        past.deployment.model.is_version(model) and past.deployment.state in ENDED_BADLY
        for past in record.history
    )


def with_candidate(record: Record, wish: Deployment, now: datetime) -> Record:
    """Keep an older model in mind while nothing as new serves: the newer one may be refused."""
    if record.serving is not None and wish.instant <= record.serving.instant:
        return record
    return _fallen_back(record.with_past(wish, now), now)
