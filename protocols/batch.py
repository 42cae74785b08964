"""What retraining needs of a batch protocol, and how the world may answer."""

from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec

from protocols.blob_reference import BlobReference
from protocols.protocol import Accepted, Refused, Unsettled
from settings.retraining import TrainingService

type JobStatus = Literal["not_started", "running", "failed", "cancelled", "finished", "unknown"]


class BatchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a job is asked to do.

    Attributes:
        inputs: Where each input is read.
        outputs: Where outputs are written; the rest goes to the service's own storage.
        parameters: The experiment's global parameters.
    """

    inputs: Mapping[str, BlobReference]
    outputs: Mapping[str, BlobReference]
    parameters: Mapping[str, str | int | float | bool]


class Submitted(msgspec.Struct, frozen=True):
    """The service took the job in; it is not started yet.

    Attributes:
        job_id: The service's id of it.
    """

    job_id: str


class AlreadyStarted(msgspec.Struct, frozen=True):
    """The job cannot be started because it was started, or has ended, before."""


class BatchJob(msgspec.Struct, frozen=True):
    """A job as its service describes it.

    Attributes:
        status: What it is in; `unknown` is a status that the documents do not name.
        said: The status as the service said it.
        results: Each output and where it is, once the job has finished.
        details: The failure's text, in full and without secrets.
    """

    status: JobStatus
    said: str
    results: Mapping[str, BlobReference]
    details: str | None


class BatchProtocol(Protocol):
    """How a training service is asked for jobs. No method raises."""

    def submit(
        self, service: TrainingService, request: BatchRequest
    ) -> Submitted | Refused | Unsettled:
        """Hand a job in without starting it: one that nobody knows of is harmless."""

    def start(
        self, service: TrainingService, job_id: str
    ) -> Accepted | AlreadyStarted | Refused | Unsettled:
        """Start a job."""

    def look(self, service: TrainingService, job_id: str) -> BatchJob | Refused | Unsettled:
        """Ask for a job's state; of a finished one, with tokens signed anew."""

    def cancel(self, service: TrainingService, job_id: str) -> Accepted | Refused | Unsettled:
        """Cancel a job; one that has ended stays as it is."""

    def submit_plan(self, service: TrainingService, request: BatchRequest) -> dict[str, object]:
        """Say what `submit` would send, every secret masked."""
