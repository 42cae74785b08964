"""What a person's word would do, in the answer to a dry run."""

from patch_endpoint.claim import Foreseen
from patch_endpoint.decide import Patch, Skip
from patch_endpoint.sas import Signer
from protocols.protocol import ScoringProtocol
from settings.scoring_endpoint import ScoringEndpoint
from settings.secret import Secret
from telemetry.redaction import MASK

_UNREAD_RESOURCE = "(read from the endpoint)"


def plan_of(
    endpoint: ScoringEndpoint, foreseen: Foreseen, protocol: ScoringProtocol, signer: Signer
) -> dict[str, object]:
    """Name endpoint, model, cause and what would be sent, every secret masked."""
    record, decision = foreseen.record, foreseen.decision
    desired = record.desired
    plan: dict[str, object] = {
        "endpoint": endpoint.name,
        "model": None,
        "cause": desired.cause if desired else None,
        "decision": "patch" if isinstance(decision, Patch) else "wait",
        "reason": decision.reason if isinstance(decision, Skip) else None,
        "replaces": record.serving.model.name if record.serving else None,
        "held": record.held is not None,
        "request": None,
    }
    if desired is not None:
        model = desired.model
        plan["model"] = {
            "name": model.name,
            "etag": model.etag,
            "last_modified": model.last_modified,
        }
    if foreseen.container is not None and foreseen.name is not None:
        reference = signer.reference(foreseen.container, foreseen.name, Secret(f"?sig={MASK}"))
        resource = endpoint.resource or _UNREAD_RESOURCE
        plan["request"] = protocol.request_plan(endpoint, resource, reference)
    return plan
