"""Training jobs of an Azure Machine Learning workspace, under ids of our own.

A job runs from its PUT on. The same PUT again is an update that changes nothing, and one of a job
that is there and otherwise described is refused, in words that no document fixes. So after any
refusal the workspace is asked whether it has the job: if it does, the job was submitted before.
Source: the published description of `Microsoft.MachineLearningServices`, version 2025-12-01.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

import msgspec

from protocols.azureml_online import job_body
from protocols.azureml_online.arm import API_VERSION, Arm, Document
from protocols.azureml_online.service_keys import azureml_service_keys
from protocols.batch import (
    AlreadyStarted,
    BatchAbilities,
    BatchJob,
    BatchRequest,
    JobStatus,
    Submitted,
)
from protocols.identity import Identity
from protocols.protocol import Accepted, Refused, Unsettled
from protocols.wire import Wire
from settings.retraining import Retrain, TrainingService
from settings.secret import Secret
from telemetry.redaction import MASK, redact

_NO_TAG: Final = "&tag=doctor-looks-for-a-job-that-is-not-there"
_RUNS: Final = (
    "NotStarted",
    "Starting",
    "Provisioning",
    "Preparing",
    "Queued",
    "Running",
    "Finalizing",
    "CancelRequested",
    "NotResponding",  # may be followed by any other
    "Paused",
    "Unknown",
)
_STATUSES: Final[Mapping[str, JobStatus]] = {
    **{said.lower(): "running" for said in _RUNS},
    "completed": "finished",
    "failed": "failed",
    "canceled": "cancelled",
}
_LONGEST_STATUS: Final = 100


class AzuremlJobs:
    """See `protocols.batch.BatchProtocol`."""

    def __init__(self, wire: Wire, identity: Identity) -> None:
        self._wire, self._identity = wire, identity

    def abilities(self, service: TrainingService) -> BatchAbilities:
        """See `BatchProtocol`: the same of every workspace."""
        del service
        return BatchAbilities(reads_by="identity", starts="submitted", keeps_outputs=False)

    def unfit(self, service: TrainingService, retrain: Retrain) -> str | None:
        """See `BatchProtocol`."""
        return job_body.unfit(azureml_service_keys(service), retrain)

    def reach(self, service: TrainingService) -> Accepted | Refused | Unsettled:
        """List the jobs of a tag that none has."""
        answer = self._arm(service).get("/jobs", _NO_TAG)
        return Accepted() if isinstance(answer, dict) else answer

    def submit(
        self, service: TrainingService, request: BatchRequest
    ) -> Submitted | Refused | Unsettled:
        """PUT the job, which starts it, unless it is there."""
        arm, path = self._arm(service), _path(request.id)
        answer = arm.put(path, job_body.body_of(azureml_service_keys(service), request))
        if isinstance(answer, Refused):
            there = arm.get(path)
            if isinstance(there, Refused):
                return answer
            answer = there
        return answer if isinstance(answer, Unsettled) else Submitted(request.id)

    def start(
        self, service: TrainingService, job_id: str
    ) -> Accepted | AlreadyStarted | Refused | Unsettled:
        """See `BatchProtocol`: whatever was submitted was started by that."""
        del service, job_id
        return AlreadyStarted()

    def look(self, service: TrainingService, job_id: str) -> BatchJob | Refused | Unsettled:
        """GET the job. Where its outputs are, it was told."""
        arm = self._arm(service)
        answer = arm.get_part(_path(job_id))
        return _job(answer, arm.given) if isinstance(answer, dict) else answer

    def cancel(self, service: TrainingService, job_id: str) -> Accepted | Refused | Unsettled:
        """POST its cancelling, which takes its time."""
        answer = self._arm(service).post(f"{_path(job_id)}/cancel")
        return Accepted() if isinstance(answer, dict) else answer

    def submit_plan(self, service: TrainingService, request: BatchRequest) -> dict[str, object]:
        """Say what `submit` would send, every secret masked."""
        keys = azureml_service_keys(service)
        return {
            "method": "PUT",
            "url": f"{keys.workspace.url}{_path(request.id)}?api-version={API_VERSION}",
            "headers": {"Authorization": f"Bearer {MASK}"},
            "body": _masked(job_body.body_of(keys, request)),
        }

    def _arm(self, service: TrainingService) -> Arm:
        return Arm(self._wire, self._identity, azureml_service_keys(service).workspace)


def _path(job_id: str) -> str:
    return f"/jobs/{quote(job_id, safe='')}"


def _job(document: Document, secrets: Iterable[Secret]) -> BatchJob | Unsettled:
    properties = document.get("properties")
    said = properties if isinstance(properties, dict) else {}
    if "status" not in said:
        what = "the workspace's description of the job has no status, or is too long"
        return Unsettled("unreadable_job", what)
    status = _status(said["status"])
    details = redact(_details(said), secrets) if status == "failed" else ""
    return BatchJob(
        status=status,
        said=redact(str(said["status"]), secrets)[:_LONGEST_STATUS],
        results={},
        details=details or None,
    )


def _status(said: object) -> JobStatus:
    return _STATUSES.get(said.strip().lower(), "unknown") if isinstance(said, str) else "unknown"


def _details(properties: Mapping[str, Any]) -> str:
    """Give what a workspace says of a failure. It need not say why: then, where people read it."""
    error = properties.get("error")
    if error:
        return error if isinstance(error, str) else msgspec.json.encode(error).decode()
    services = properties.get("services")
    studio = services.get("Studio") if isinstance(services, dict) else None
    page = studio.get("endpoint") if isinstance(studio, dict) else None
    return f"the workspace does not say why here; see {page}" if page else ""


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}
    return [_masked(item) for item in value] if isinstance(value, list) else value
