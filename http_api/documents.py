"""What the API says of an endpoint."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NotRequired, TypedDict

from patch_endpoint.decide import rollout_in_force
from patch_endpoint.plan import Instant, ModelDocument
from patch_endpoint.record import NEVER, Cause, Deployment, Past, Record, Serving, State
from patch_endpoint.records import Summary
from patch_endpoint.trained_model import TrainedModel
from settings.scoring_endpoint import ScoringEndpoint

_MODEL_GONE = "model_gone"


class DesiredDocument(TypedDict):
    """What an endpoint should serve, and how far that got."""

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


class PastDocument(TypedDict):
    """What was desired before, and whether it can be gone back to."""

    model: ModelDocument
    state: State
    at: Instant
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
    serving: ServingDocument | None
    rollout: RolloutDocument | None
    history: list[PastDocument]


class ModelInShort(TypedDict, total=False):
    """A model as a listing shows it; a long name is cut."""

    name: str | None
    etag: str | None


class DesiredInShort(TypedDict):
    """What an endpoint should serve, out of a listing."""

    model: ModelInShort
    instant: str | None
    cause: str | None
    state: str | None
    error: str | None


class ServingInShort(TypedDict):
    """What an endpoint serves, out of a listing."""

    model: ModelInShort
    since: str | None
    token_expires_at: str | None
    confirmed_by: str | None


class EndpointInShort(EndpointHead):
    """An endpoint out of a listing: no record is read."""

    desired: DesiredInShort | None
    serving: ServingInShort | None


class EndpointsPage(TypedDict):
    """A page of endpoints, and where the next one is."""

    value: list[EndpointInShort]
    nextLink: NotRequired[str]


def endpoint_document(endpoint: ScoringEndpoint, record: Record) -> EndpointDocument:
    """Say what is desired and what serves, since when, why, and confirmed how."""
    shown = record.waiting or record.desired
    return {
        **_head(endpoint, held=record.held is not None),
        "desired": _desired(shown, record.not_before) if shown else None,
        "serving": _serving(record.serving) if record.serving else None,
        "rollout": _rollout(record),
        "history": [_past(record, past) for past in reversed(record.history)],
    }


def endpoint_summary(endpoint: ScoringEndpoint, summary: Summary | None) -> EndpointInShort:
    """Say the same in short, out of a listing: no record is read."""
    fields: Mapping[str, str] = summary.fields if summary else {}
    desired: DesiredInShort | None = None
    serving: ServingInShort | None = None
    if "state" in fields:
        desired = {
            "model": {"name": fields.get("model"), "etag": fields.get("etag")},
            "instant": fields.get("instant"),
            "cause": fields.get("cause"),
            "state": fields.get("state"),
            "error": fields.get("error"),
        }
    if "serving" in fields:
        serving = {
            "model": {"name": fields.get("serving")},
            "since": fields.get("since"),
            "token_expires_at": fields.get("token_expires_at"),
            "confirmed_by": fields.get("confirmed_by"),
        }
    held = fields.get("held") == "True"
    return {**_head(endpoint, held=held), "desired": desired, "serving": serving}


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
        "error": _error(deployment),
        "attempts": deployment.attempts,
        "next_attempt_at": max((instant for instant in known if instant), default=None),
    }


def _serving(serving: Serving) -> ServingDocument:
    return {
        "model": _model(serving.model),
        "since": serving.since,
        "token_expires_at": None if serving.token_expires_at == NEVER else serving.token_expires_at,
        "confirmed_by": serving.confirmed_by,
        "renewable": serving.renewable,
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


def _past(record: Record, past: Past) -> PastDocument:
    deployment = past.deployment
    return {
        "model": _model(deployment.model),
        "state": deployment.state,
        "at": past.at,
        "cause": deployment.cause,
        "error": _error(deployment),
        "restorable": _is_restorable(record, deployment),
    }


def _error(deployment: Deployment) -> str | None:
    return f"{deployment.error.code}: {deployment.error.message}" if deployment.error else None


def _is_restorable(record: Record, deployment: Deployment) -> bool:
    """Say whether it can be gone back to: a copy is kept, or nothing else is in its place."""
    if record.copy_of(deployment.model) is not None:
        return True
    if deployment.error is not None and deployment.error.code == _MODEL_GONE:
        return False
    known = [past.deployment.model for past in record.history]
    known += [one.model for one in (record.desired, record.waiting) if one is not None]
    model = deployment.model
    return not any(
        one.name == model.name
        and not one.has_bytes_of(model)
        and one.last_modified >= model.last_modified
        for one in known
    )
