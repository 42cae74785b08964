"""What an endpoint should serve: the order of models, and what a new wish does to the record."""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec.structs import replace

from patch_endpoint.record import Deployment, Problem, Record
from patch_endpoint.trained_model import TrainedModel

EMPTY_MODEL = Problem("empty_model", "the blob has no bytes", about_model=True)
MODEL_GONE = Problem("model_gone", "the blob is not there any more", about_model=True)
OVERWRITTEN = Problem("model_gone", "the blob holds other bytes now", about_model=True)
_ENDED_BADLY = ("refused", "rolled_back")

type Verdict = Literal[
    "desired",
    "waiting",
    "same_model",
    "same_bytes",
    "older_than_desired",
    "ended_before",
    "model_gone",
    "not_asked",
]


class Wanted(msgspec.Struct, frozen=True):
    """What became of a wish.

    Attributes:
        record: The record with it, or as it was.
        verdict: Which, as a constant that logs speak of.
    """

    record: Record
    verdict: Verdict


def landed(model: TrainedModel) -> Deployment:
    """Make the wish that a landed model is."""
    return Deployment(model=model, instant=model.last_modified, cause="new_model")


def released(waiting: Deployment) -> Deployment:
    """Make the wish that a waiting model is once it need not wait any more."""
    return replace(waiting, state="pending", error=None)


def want(record: Record, wish: Deployment, *, waits: bool, now: datetime) -> Wanted:
    """Let *wish* become what is desired, if nothing later is.

    Args:
        record: The record as it is.
        wish: A landed model or a person's request.
        waits: Whether a landed model waits for a person here.
        now: When.
    """
    latest = _latest(record)
    if wish.requested_by is None:
        known = _known(record, latest, wish)
        if known is not None:
            return known
    if latest is not None and wish.order < latest.order:
        return Wanted(_with_candidate(record, wish, now), "older_than_desired")
    record = _superseded(record, now, "waiting")
    if waits and wish.requested_by is None:
        return Wanted(replace(record, waiting=replace(wish, state="waiting")), "waiting")
    record = replace(_superseded(record, now, "desired"), desired=wish)
    return Wanted(_without_empty(record, now), "desired")


def request(
    record: Record, model: TrainedModel, by: str, reason: str | None, at: datetime
) -> Deployment:
    """Make the wish of a person, which is later than whatever the record knows.

    Args:
        record: The record as it is.
        model: What the person wants.
        by: Who.
        reason: What that person said.
        at: When, by the storage's clock.
    """
    latest = _latest(record)
    instant = max(at, latest.instant) if latest else at
    return Deployment(
        model=model, instant=instant, cause="redeploy", requested_by=by, reason=reason
    )


def refused(record: Record, problem: Problem, now: datetime) -> Record:
    """Note that what is desired cannot be served; go back to a model that still can, if any."""
    if record.desired is None:
        return record
    desired = replace(record.desired, state="refused", error=problem, next_attempt_at=None)
    return _fallen_back(replace(record, desired=desired), now)


def overwritten(record: Record, model: TrainedModel, now: datetime) -> Record:
    """Desire the bytes that are now under the desired name: the earlier ones are lost."""
    if record.desired is None:
        return record
    if _ended_badly(record, model):
        return refused(record, OVERWRITTEN, now)
    wish = replace(landed(model), instant=max(model.last_modified, record.desired.instant))
    lost = replace(record.desired, state="superseded", error=OVERWRITTEN)
    record = replace(record.with_past(lost, now), desired=wish)
    return _without_empty(record, now)


def with_facts(
    record: Record, model: TrainedModel, facts: TrainedModel | None, now: datetime
) -> Record:
    """Hold *model*, which is about to be sent, against what is in storage.

    Args:
        record: The record as it is.
        model: What is desired, or what serves and is to be sent again.
        facts: The blob under its name now; None: there is none.
        now: When.

    Returns:
        The same record where the model can be sent.
    """
    if facts is not None and facts.has_bytes_of(model) and facts.size > 0:
        return record
    desired = record.desired
    if desired is not None and desired.state in {"pending", "waiting"}:
        return overwritten(record, facts, now) if facts else refused(record, MODEL_GONE, now)
    if record.serving is None:
        return record
    # What serves goes on serving: the service has a copy of its own. It just cannot be sent again.
    serving = replace(record.serving, renewable=False, renew_at=None)
    return replace(record, serving=serving, repeat_at=None)


def _without_empty(record: Record, now: datetime) -> Record:
    if record.desired is not None and record.desired.model.size == 0:
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
        and one.patched_at is None
        and one.error != OVERWRITTEN
        and (since is None or one.instant > since)
    ]


def _latest_refusal(record: Record, now: datetime) -> Record:
    """Show the latest of the models that were refused, after trying older ones in vain."""
    badly = [past.deployment for past in record.history if past.deployment.state in _ENDED_BADLY]
    known = [one for one in (*badly, record.desired) if one is not None]
    latest = max(known, key=lambda one: one.order)
    if record.desired is None or latest is record.desired:
        return record
    return replace(_without_past(record, latest).with_past(record.desired, now), desired=latest)


def _without_past(record: Record, deployment: Deployment) -> Record:
    kept = tuple(past for past in record.history if not past.deployment.is_same(deployment))
    return replace(record, history=kept)


def _ended_badly(record: Record, model: TrainedModel) -> bool:
    return any(
        past.deployment.model.is_version(model) and past.deployment.state in _ENDED_BADLY
        for past in record.history
    )


def _latest(record: Record) -> Deployment | None:
    known = [one for one in (record.desired, record.waiting) if one is not None]
    return max(known, key=lambda deployment: deployment.order, default=None)


def _known(record: Record, latest: Deployment | None, wish: Deployment) -> Wanted | None:
    """Recognise a landing that is none: the same event, or the same bytes, again."""
    if any(one and one.model.is_version(wish.model) for one in (record.desired, record.waiting)):
        return Wanted(record, "same_model")
    if any(past.deployment.model.is_version(wish.model) for past in record.history):
        return Wanted(record, "ended_before")
    if latest is None or latest.state in _ENDED_BADLY:
        return None
    if not latest.model.has_bytes_of(wish.model):
        return None
    if wish.instant <= latest.instant:
        return Wanted(record, "same_bytes")
    # A model that landed in between must not win: these bytes are the latest.
    moved = replace(latest, model=wish.model, instant=wish.instant)
    slot = "waiting" if latest is record.waiting else "desired"
    return Wanted(replace(record, **{slot: moved}), "same_bytes")


def _superseded(record: Record, now: datetime, slot: str) -> Record:
    old: Deployment | None = getattr(record, slot)
    if old is None:
        return record
    ended = old if old.state in _ENDED_BADLY else replace(old, state="superseded")
    return replace(record.with_past(ended, now), **{slot: None})


def _with_candidate(record: Record, wish: Deployment, now: datetime) -> Record:
    """Keep an older model in mind while nothing as new serves: the newer one may be refused."""
    if record.serving is not None and wish.instant <= record.serving.instant:
        return record
    return _fallen_back(record.with_past(replace(wish, state="superseded"), now), now)
