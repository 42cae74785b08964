"""What a person's request would do, without doing it."""

from datetime import datetime

from patch_endpoint.decide import Patch, Skip, decide
from patch_endpoint.desired import request, want
from patch_endpoint.record import Record
from patch_endpoint.sas import Signer
from patch_endpoint.trained_model import TrainedModel
from protocols.protocol import ScoringProtocol
from settings.scoring_endpoint import ScoringEndpoint
from settings.secret import Secret
from telemetry.redaction import MASK

_UNREAD_RESOURCE = "(read from the endpoint)"


def plan_of(  # noqa: PLR0913 - all of it is named
    *,
    endpoint: ScoringEndpoint,
    record: Record,
    model: TrainedModel,
    by: str,
    now: datetime,
    protocol: ScoringProtocol,
    signer: Signer,
    container: str,
) -> dict[str, object]:
    """Say what a redeploy of *model* would do now; nothing is signed, sent or recorded."""
    wish = request(record, model, by, None, now)
    decision = decide(want(record, wish, waits=False, now=now).record, now)
    if endpoint.faults:
        decision = Skip("endpoint_fault")
    reference = signer.reference(container, model.name, Secret(f"?sig={MASK}"))
    resource = endpoint.resource or _UNREAD_RESOURCE
    return {
        "endpoint": endpoint.name,
        "model": {"name": model.name, "etag": model.etag, "last_modified": model.last_modified},
        "cause": wish.cause,
        "decision": "patch" if isinstance(decision, Patch) else "wait",
        "reason": decision.reason if isinstance(decision, Skip) else None,
        "replaces": record.serving.model.name if record.serving else None,
        "request": protocol.request_plan(endpoint, resource, reference),
    }
