"""What a person's word would do, in the answer to a dry run."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypedDict

import msgspec

from patch_endpoint.claim import Foreseen
from patch_endpoint.decide import ROLLING_OUT, Advance, Patch, Skip
from patch_endpoint.record import PatchCause
from patch_endpoint.trained_model import TrainedModel
from protocols.protocol import ScoringProtocol
from settings.scoring_endpoint import ScoringEndpoint

type Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class ModelDocument(TypedDict):
    """A model in an answer: its plain name within the container, and which version of it."""

    name: str
    etag: str
    last_modified: Instant


class Plan(TypedDict):
    """What a person's word would do now, every secret masked.

    A person may have any model deployed: `matches_models` says whether the endpoint's `models`
    match this one's name; null where there is no model, or where the endpoint has no `models`.
    """

    endpoint: str
    model: ModelDocument | None
    matches_models: bool | None
    cause: PatchCause | None
    decision: Literal["patch", "wait"]
    reason: str | None
    replaces: str | None
    held: bool
    fault: str | None
    request: dict[str, Any] | None


def plan_of(endpoint: ScoringEndpoint, foreseen: Foreseen, protocol: ScoringProtocol) -> Plan:
    """Name endpoint, model, cause and what would be sent, every secret masked."""
    record, decision = foreseen.record, foreseen.decision
    # A patch may renew or repeat what serves, whatever is desired.
    asked = decision if isinstance(decision, Patch) else record.desired
    plan: Plan = {
        "endpoint": endpoint.name,
        "model": _model(asked.model) if asked else None,
        "matches_models": endpoint.takes(asked.model.name) if asked and endpoint.models else None,
        "cause": asked.cause if asked else None,
        "decision": "patch" if isinstance(decision, Patch) else "wait",
        "reason": _reason(foreseen),
        "replaces": record.serving.model.name if record.serving else None,
        "held": record.held is not None,
        "fault": "; ".join(str(fault) for fault in endpoint.faults) or None,
        "request": None,
    }
    if foreseen.reference is not None:
        plan["request"] = protocol.request_plan(endpoint, foreseen.reference)
    return plan


def _reason(foreseen: Foreseen) -> str | None:
    """Say why nothing would be sent now."""
    decision = foreseen.decision
    if not isinstance(decision, (Skip, Advance)):
        return None
    if foreseen.verdict == "nothing_to_release":
        return foreseen.verdict
    return decision.reason if isinstance(decision, Skip) else ROLLING_OUT


def _model(model: TrainedModel) -> ModelDocument:
    return {"name": model.name, "etag": model.etag, "last_modified": model.last_modified}
