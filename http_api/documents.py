"""What the API says of an endpoint."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, NotRequired, TypedDict

from http_api.answers import ListedInstant, listed_instant
from patch_endpoint.decide import rollout_in_force
from patch_endpoint.plan import Instant, ModelDocument
from patch_endpoint.record import NEVER, Cause, Deployment, Past, Problem, Record, Serving, State
from patch_endpoint.records import WAITING, Summary
from patch_endpoint.trained_model import TrainedModel
from settings.scoring_endpoint import ScoringEndpoint


class DesiredDocument(TypedDict):
    """What an endpoint should serve, or what waits for a person, and how far that got."""

    model: ModelDocument
    instant: Instant
    cause: Cause
    requested_by: str | None
    reason: str | None
    state: State
    error: str | None
    attempts: int
    next_attempt_at: Instant | None


class ServingDocument(TypedDict):
    """What an endpoint serves, as far as it told."""

    model: ModelDocument
    since: Instant
    token_expires_at: Instant | None
    confirmed_by: Literal["smoke_test", "location"] | None
    renewable: bool
    error: str | None


class PastDocument(TypedDict):
    """What was desired before, until when, whether it ever was live, and if its bytes are there."""

    model: ModelDocument
    state: State
    at: Instant
    live_at: Instant | None
    cause: Cause
    error: str | None
    restorable: bool


class RolloutDocument(TypedDict):
    """How far the endpoint is with a model that it takes in several steps."""

    model: ModelDocument
    stage: str
    since: Instant
    look_at: Instant


class EndpointHead(TypedDict):
    """What every answer about an endpoint begins with."""

    name: str
    protocol: str
    held: bool
    fault: str | None


class EndpointDocument(EndpointHead):
    """What is desired at an endpoint and what serves, since when, why, and confirmed how."""

    desired: DesiredDocument | None
    waiting: DesiredDocument | None
    serving: ServingDocument | None
    rollout: RolloutDocument | None
    history: list[PastDocument]


class ModelInShort(TypedDict, total=False):
    """A model as a listing shows it; a long name is cut."""

    name: str | None
    etag: str | None


class DesiredInShort(TypedDict):
    """What an endpoint should serve, or what waits for a person, out of a listing."""

    model: ModelInShort
    instant: ListedInstant | None
    cause: str | None
    state: str | None
    error: str | None


class ServingInShort(TypedDict):
    """What an endpoint serves, out of a listing."""

    model: ModelInShort
    since: ListedInstant | None
    token_expires_at: ListedInstant | None
    confirmed_by: str | None
    error: str | None


class EndpointInShort(EndpointHead):
    """An endpoint out of a listing: no record is read."""

    desired: DesiredInShort | None
    waiting: DesiredInShort | None
    serving: ServingInShort | None


class EndpointsPage(TypedDict):
    """A page of endpoints, and where the next one is."""

    value: list[EndpointInShort]
    nextLink: NotRequired[str]


def endpoint_document(
    endpoint: ScoringEndpoint, record: Record, seen: Iterable[TrainedModel]
) -> EndpointDocument:
    """Say what is desired and what serves, since when, why, and confirmed how.

    Args:
        endpoint: Which.
        record: What is known of it.
        seen: What is in storage now of the models of its history.
    """
    there = [*seen, *(one.model for one in record.kept)]
    desired, waiting = record.desired, record.waiting
    if waiting and (not desired or _tells_all(desired.state, desired.instant, waiting.instant)):
        desired = waiting
    return {
        **_head(endpoint, held=record.held is not None),
        "desired": _desired(desired, record.not_before) if desired else None,
        "waiting": _desired(waiting, record.not_before) if waiting else None,
        "serving": _serving(record.serving) if record.serving else None,
        "rollout": _rollout(record),
        "history": [_past(past, there) for past in reversed(record.history)],
    }


def endpoint_summary(endpoint: ScoringEndpoint, summary: Summary | None) -> EndpointInShort:
    """Say the same in short, out of a listing: no record is read."""
    fields: Mapping[str, str] = summary.fields if summary else {}
    serving: ServingInShort | None = None
    if "serving" in fields:
        serving = {
            "model": {"name": fields.get("serving")},
            "since": listed_instant(fields.get("since")),
            "token_expires_at": listed_instant(fields.get("token_expires_at")),
            "confirmed_by": fields.get("confirmed_by"),
            "error": fields.get("serving_error"),
        }
    held, waiting = "held" in fields, _desired_in_short(fields, WAITING)
    desired = _desired_in_short(fields, "")
    if waiting and (not desired or _tells_all(desired["state"], *_instants(fields))):
        desired = waiting
    return {
        **_head(endpoint, held=held),
        "desired": desired,
        "waiting": waiting,
        "serving": serving,
    }


def _tells_all(state: str | None, instant: datetime, waiting_since: datetime) -> bool:
    """Say whether `serving` tells all of what was desired before what waits, so that this is shown.

    A rollback or a redeploy that is still on its way, or was refused, is not to be hidden.
    """
    return state == "live" and instant < waiting_since


def _instants(fields: Mapping[str, str]) -> tuple[datetime, datetime]:
    """Give the place in the order of what is desired, and of what waits."""
    desired, waiting = (datetime.fromisoformat(fields[f"{slot}instant"]) for slot in ("", WAITING))
    return desired, waiting


def _head(endpoint: ScoringEndpoint, *, held: bool) -> EndpointHead:
    return {
        "name": endpoint.name,
        "protocol": endpoint.protocol,
        "held": held,
        "fault": "; ".join(str(fault) for fault in endpoint.faults) or None,
    }


def _model(model: TrainedModel) -> ModelDocument:
    return {"name": model.name, "etag": model.etag, "last_modified": model.last_modified}


def _desired(deployment: Deployment, not_before: datetime | None) -> DesiredDocument:
    known = [deployment.next_attempt_at, not_before] if deployment.next_attempt_at else []
    return {
        "model": _model(deployment.model),
        "instant": deployment.instant,
        "cause": deployment.cause,
        "requested_by": deployment.requested_by or deployment.released_by,
        "reason": deployment.reason,
        "state": deployment.state,
        "error": _error(deployment.error),
        "attempts": deployment.attempts,
        "next_attempt_at": max((instant for instant in known if instant), default=None),
    }


def _desired_in_short(fields: Mapping[str, str], slot: str) -> DesiredInShort | None:
    if f"{slot}state" not in fields:
        return None
    return {
        "model": {"name": fields.get(f"{slot}model"), "etag": fields.get(f"{slot}etag")},
        "instant": listed_instant(fields.get(f"{slot}instant")),
        "cause": fields.get(f"{slot}cause"),
        "state": fields.get(f"{slot}state"),
        "error": fields.get(f"{slot}error"),
    }


def _serving(serving: Serving) -> ServingDocument:
    return {
        "model": _model(serving.model),
        "since": serving.since,
        "token_expires_at": None if serving.token_expires_at == NEVER else serving.token_expires_at,
        "confirmed_by": serving.confirmed_by,
        "renewable": serving.renewable,
        "error": _error(serving.error),
    }


def _rollout(record: Record) -> RolloutDocument | None:
    rollout = rollout_in_force(record)
    if rollout is None:
        return None
    return {
        "model": _model(rollout.model),
        "stage": rollout.stage,
        "since": rollout.since,
        "look_at": rollout.look_at,
    }


def _past(past: Past, there: list[TrainedModel]) -> PastDocument:
    deployment = past.deployment
    return {
        "model": _model(deployment.model),
        "state": deployment.state,
        "at": past.at,
        "live_at": deployment.live_at,
        "cause": deployment.cause,
        "error": _error(deployment.error),
        "restorable": _is_restorable(deployment.model, there),
    }


def _error(problem: Problem | None) -> str | None:
    return f"{problem.code}: {problem.message}" if problem else None


def _is_restorable(model: TrainedModel, there: list[TrainedModel]) -> bool:
    """Say whether its bytes are there; of a job's result elsewhere its service is not asked."""
    is_there = model.from_job is not None or any(one.has_bytes_of(model) for one in there)
    return is_there and not model.is_empty
