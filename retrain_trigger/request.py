"""A request to retrain an endpoint, and whether the endpoints file says how."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypedDict

import msgspec

from protocols.batch import BatchProtocol
from retrain_trigger.submission import misplaced
from settings.endpoints_file import Endpoints
from settings.model_blobs import ModelBlobs
from settings.retraining import Retrain, TrainingService
from settings.scoring_endpoint import ScoringEndpoint


class Request(msgspec.Struct, frozen=True):
    """Why an endpoint is retrained.

    Attributes:
        occurrence: Of its schedule; None: a person asks.
        by: The person.
        reason: What that person said.
    """

    occurrence: datetime | None = None
    by: str | None = None
    reason: str | None = None

    @property
    def cause(self) -> Literal["schedule", "person"]:
        """Say what has it retrained."""
        return "person" if self.occurrence is None else "schedule"


class RetrainPlan(TypedDict):
    """What a retrain would do now, every secret masked."""

    endpoint: str
    service: str
    cause: Literal["schedule", "person"]
    decision: Literal["submit", "wait"]
    reason: Literal["job_runs"] | None
    running: str | None
    timeout_seconds: float
    request: dict[str, Any]


class RetrainImpossibleError(Exception):
    """The endpoints file does not say how to retrain the endpoint, or says it wrongly."""


def retraining_of(
    endpoint: ScoringEndpoint,
    endpoints: Endpoints,
    models: ModelBlobs,
    batches: Mapping[str, BatchProtocol],
) -> tuple[Retrain, TrainingService]:
    """Read how *endpoint* is retrained.

    Raises:
        RetrainImpossibleError: It cannot be; the message says what to mend.
    """
    retrain = endpoint.retrain
    if retrain is None:
        raise RetrainImpossibleError(f"endpoints.{endpoint.name} has no `retrain` table")
    if endpoint.faults:
        raise RetrainImpossibleError(str(endpoint.faults[0]))
    service = endpoints.training_services.get(retrain.service)
    if service is None:
        raise RetrainImpossibleError(f"training_services.{retrain.service} has a fault")
    batch = batches[service.protocol]
    wrong = misplaced(retrain.outputs, service, models, batch.abilities(service))
    wrong = wrong or batch.unfit(service, retrain)
    if wrong is not None:
        raise RetrainImpossibleError(f"endpoints.{endpoint.name}.retrain: {wrong}")
    return retrain, service
