"""What an endpoint should serve: the order of models, and what a new wish does to the record."""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec.structs import replace

from patch_endpoint.decide import is_undone
from patch_endpoint.fallback import (
    JUST_AFTER,
    MODEL_GONE,
    may_be_replaced,
    refused,
    with_candidate,
    without_empty,
)
from patch_endpoint.history import OVERWRITTEN, ended_badly, that_brought, with_past, without_past
from patch_endpoint.record import ENDED_BADLY, Deployment, Record
from patch_endpoint.trained_model import TrainedModel
from settings.scoring_endpoint import ScoringEndpoint

type Verdict = Literal[
    "desired",
    "waiting",
    "same_model",
    "same_bytes",
    "older_than_desired",
    "ended_before",
    "model_gone",
    "not_asked",
    "released",
    "nothing_to_release",
]


class Wanted(msgspec.Struct, frozen=True):
    """What became of a wish.

    Attributes:
        record: The record with it, or as it was.
        verdict: Which, as a constant that logs speak of.
    """

    record: Record
    verdict: Verdict


class Asked(msgspec.Struct, frozen=True):
    """A person's word.

    Attributes:
        by: Who.
        reason: What that person said.
        at: When, by the storage's clock.
    """

    by: str
    reason: str | None
    at: datetime


def landings_wait(record: Record, endpoint: ScoringEndpoint) -> bool:
    """Say whether what nobody asked for waits for a person here."""
    return record.held is not None or not endpoint.auto_deploy


def landed(model: TrainedModel) -> Deployment:
    """Make the wish that a landed model is."""
    return Deployment(model=model, instant=model.last_modified, cause="new_model")


def released(waiting: Deployment) -> Deployment:
    """Make the wish that a waiting model is once it need not wait any more."""
    return replace(waiting, state="pending", approved=True, error=None)


def parked(record: Record, now: datetime) -> Record:
    """Have what is desired wait for a person, and desire what serves: nothing goes unasked now."""
    desired = record.desired
    if desired is None:
        return record
    again = record.again or may_be_replaced(record)
    record = replace(record, desired=_that_serves(record), again=again)
    if record.desired is not None:
        record = without_past(record, record.desired)
    if record.waiting is not None and record.waiting.order > desired.order:
        return with_past(record, replace(desired, state="superseded", approved=False), now)
    waits = replace(desired, state="waiting", approved=False, error=None, next_attempt_at=None)
    return replace(_superseded(record, now, "waiting"), waiting=waits)


def want(record: Record, wish: Deployment, *, waits: bool, now: datetime) -> Wanted:
    """Let *wish* become what is desired, if nothing later is.

    Args:
        record: The record as it is.
        wish: A landed model or a person's request.
        waits: Whether a landed model waits for a person here.
        now: When.
    """
    if wish.requested_by is None:
        known = _known(record, _latest(record), wish)
        if known is not None:
            return known
    latest = latest_before(record, wish)
    if latest is not None and wish.order < latest.order:
        candidate = replace(wish, state="superseded", approved=not waits)
        return Wanted(with_candidate(record, candidate, now), "older_than_desired")
    if waits and wish.requested_by is None:
        waiting = replace(wish, state="waiting", approved=False)
        return Wanted(replace(_superseded(record, now, "waiting"), waiting=waiting), "waiting")
    if not _waits_on(record, wish):
        record = _superseded(record, now, "waiting")
    record = replace(_superseded(record, now, "desired"), desired=wish)
    return Wanted(without_empty(record, now), "desired")


def latest_before(record: Record, wish: Deployment) -> Deployment | None:
    """Give what *wish* has to be later than: in a hold, what else landed and waits or was taken."""
    if record.held is None or not wish.is_unasked:
        return _latest(record)
    if record.waiting is not None or wish.instant < record.held.since:
        return record.waiting or _latest(record)
    known = (record.desired, *(past.deployment for past in record.history))
    taken = [one for one in known if one is not None and one.state not in ENDED_BADLY]
    landings = [landed(one.model) for one in taken if one.model.last_modified >= record.held.since]
    return max(landings, key=lambda one: one.order, default=None)


def request(record: Record, model: TrainedModel, asked: Asked) -> Deployment:
    """Make the wish of a person, which is later than whatever the record knows."""
    latest = _latest(record)
    instant = asked.at
    if latest is not None and asked.at <= latest.instant:
        instant = latest.instant + JUST_AFTER
    return Deployment(
        model=model,
        instant=instant,
        cause="redeploy",
        requested_by=asked.by,
        reason=asked.reason,
    )


def overwritten(record: Record, model: TrainedModel, now: datetime) -> Record:
    """Desire the bytes that are now under the desired name: the earlier ones are lost."""
    if record.desired is None:
        return record
    if ended_badly(record, model):
        return refused(record, OVERWRITTEN, now)
    wish = replace(landed(model), instant=max(model.last_modified, record.desired.instant))
    lost = replace(record.desired, state="superseded", error=OVERWRITTEN)
    record = replace(with_past(record, lost, now), desired=wish)
    return without_empty(record, now)


def with_facts(
    record: Record,
    model: TrainedModel,
    facts: TrainedModel | None,
    now: datetime,
    *,
    waits: bool,
) -> Record:
    """Hold *model*, which is about to be sent, against what is in storage.

    Args:
        record: The record as it is.
        model: What is desired, or what serves and is to be sent again.
        facts: The blob under its name now; None: there is none.
        now: When.
        waits: Whether bytes that nobody asked for wait for a person here.

    Returns:
        The same record where the model can be sent.
    """
    if facts is not None and facts.has_bytes_of(model) and not facts.is_empty:
        return record
    if record.copy_of(model) is not None:
        return record
    desired = record.desired
    if desired is not None and is_undone(desired) and model.is_version(desired.model):
        if facts is None:
            return refused(record, MODEL_GONE, now)
        return refused(record, OVERWRITTEN, now) if waits else overwritten(record, facts, now)
    if record.serving is None:
        return record
    # What serves goes on serving: the service has a copy of its own. It just cannot be sent again.
    problem = MODEL_GONE if facts is None else OVERWRITTEN
    serving = replace(record.serving, renewable=False, renew_at=None, error=problem)
    return replace(record, serving=serving, again=False, repeat_at=None)


def _that_serves(record: Record) -> Deployment | None:
    """Find the deployment that brought what serves, as it was before it was superseded."""
    if record.serving is None:
        return None
    brought = that_brought(record, record.serving)
    if brought is None:
        return None
    if brought.state == "rolled_back":
        # Going back was overtaken: it is asked about again, and rejected again if it still fails.
        return replace(brought, state="patched", next_attempt_at=brought.patched_at)
    if brought.live_at is None:
        return replace(brought, state="patched")  # it is asked about as before
    return replace(brought, state="live", error=None, next_attempt_at=None)


def _waits_on(record: Record, wish: Deployment) -> bool:
    """Say whether what waits for the release is later than the model that a person wants now."""
    if record.held is None or record.waiting is None:
        return False
    return record.waiting.model.order > wish.model.order


def _latest(record: Record) -> Deployment | None:
    known = [one for one in (record.desired, record.waiting) if one is not None]
    return max(known, key=lambda deployment: deployment.order, default=None)


def _known(record: Record, latest: Deployment | None, wish: Deployment) -> Wanted | None:
    """Recognise a landing that is none: the same event, or the same bytes, again."""
    if any(one and one.model.is_version(wish.model) for one in (record.desired, record.waiting)):
        return Wanted(record, "same_model")
    if any(past.deployment.model.is_version(wish.model) for past in record.history):
        return Wanted(record, "ended_before")
    if latest is None or latest.state in ENDED_BADLY:
        return None
    if not latest.model.has_bytes_of(wish.model):
        return None
    if wish.model.last_modified < latest.model.last_modified:
        return Wanted(record, "same_bytes")
    return Wanted(_moved(record, latest, wish), "same_bytes")


def _moved(record: Record, latest: Deployment, wish: Deployment) -> Record:
    """Have *latest*, and what was sent for it, stand where the same bytes landed again.

    A model that landed in between must not win: these bytes are the latest.
    """
    there = {"model": wish.model, "instant": max(wish.instant, latest.instant)}
    slot = "waiting" if latest is record.waiting else "desired"
    record = replace(record, **{slot: replace(latest, **there)})
    if record.serving is not None and latest.is_of(record.serving):
        record = replace(record, serving=replace(record.serving, **there))
    if record.attempt is not None and latest.is_of(record.attempt):
        record = replace(record, attempt=replace(record.attempt, **there))
    if record.rollout is not None and latest.is_of(record.rollout):
        record = replace(record, rollout=replace(record.rollout, **there))
    return record


def _superseded(record: Record, now: datetime, slot: str) -> Record:
    old: Deployment | None = getattr(record, slot)
    if old is None:
        return record
    ended = old if old.state in ENDED_BADLY else replace(old, state="superseded")
    return replace(with_past(record, ended, now), **{slot: None})
