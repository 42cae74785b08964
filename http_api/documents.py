"""What the API says of an endpoint."""

from collections.abc import Mapping
from datetime import datetime

from patch_endpoint.record import Deployment, Past, Record, Serving
from patch_endpoint.records import Summary
from patch_endpoint.trained_model import TrainedModel
from settings.scoring_endpoint import ScoringEndpoint

type Document = dict[str, object]
_MODEL_GONE = "model_gone"


def endpoint_document(endpoint: ScoringEndpoint, record: Record) -> Document:
    """Say what is desired and what serves, since when, why, and confirmed how."""
    shown = record.waiting or record.desired
    return _head(endpoint, held=record.held is not None) | {
        "desired": _desired(shown, record.not_before) if shown else None,
        "serving": _serving(record.serving) if record.serving else None,
        "history": [_past(record, past) for past in reversed(record.history)],
    }


def endpoint_summary(endpoint: ScoringEndpoint, summary: Summary | None) -> Document:
    """Say the same in short, out of a listing: no record is read."""
    fields: Mapping[str, str] = summary.fields if summary else {}
    desired = serving = None
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
    return _head(endpoint, held=held) | {"desired": desired, "serving": serving}


def _head(endpoint: ScoringEndpoint, *, held: bool) -> Document:
    return {
        "name": endpoint.name,
        "protocol": endpoint.protocol,
        "held": held,
        "fault": "; ".join(str(fault) for fault in endpoint.faults) or None,
    }


def _model(model: TrainedModel) -> Document:
    return {"name": model.name, "etag": model.etag, "last_modified": model.last_modified}


def _desired(deployment: Deployment, not_before: datetime | None) -> Document:
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


def _serving(serving: Serving) -> Document:
    return {
        "model": _model(serving.model),
        "since": serving.since,
        "token_expires_at": serving.token_expires_at,
        "confirmed_by": serving.confirmed_by,
        "renewable": serving.renewable,
    }


def _past(record: Record, past: Past) -> Document:
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
