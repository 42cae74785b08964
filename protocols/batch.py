"""What retraining needs of what a training service speaks, and how the world may answer."""

from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec

from protocols.blob_reference import BlobReference
from protocols.protocol import Accepted, Refused, Unsettled
from settings.retraining import Retrain, TrainingService

type JobStatus = Literal["not_started", "running", "failed", "cancelled", "finished", "unknown"]


class BatchAbilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a training service can do, which the driver of jobs goes by.

    Attributes:
        reads_by: How its jobs reach inputs and outputs: by a token for each, or by rights of their
            own, so that nothing is signed.
        starts: `apart`: a job that was submitted runs once it is started too. `submitted`: it runs
            from its submission on, under our id of it, and the same submission again changes
            nothing. So that id is on record before the job is submitted.
        keeps_outputs: Whether it keeps what it is not told to write elsewhere, and tells where.
        model_suffix: What the name of a blob ends in that is certainly a model; None: no name
            tells that, but the blobs of MODEL_BLOBS.
    """

    reads_by: Literal["token", "identity"] = "token"
    starts: Literal["apart", "submitted"] = "apart"
    keeps_outputs: bool = True
    model_suffix: str | None = None


class BatchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a job is asked to do.

    Attributes:
        id: Our id of it.
        inputs: Where each input is read.
        outputs: Where outputs are written; the rest goes to the service's own storage.
        parameters: The experiment's global parameters.
    """

    id: str
    inputs: Mapping[str, BlobReference]
    outputs: Mapping[str, BlobReference]
    parameters: Mapping[str, str | int | float | bool]


class Submitted(msgspec.Struct, frozen=True):
    """The service took the job in, or has it already; whether it runs, `starts` says.

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
    """How one kind of training service is asked for jobs. No method raises."""

    def abilities(self, service: TrainingService) -> BatchAbilities:
        """Say what *service* can do; nothing is asked."""

    def unfit(self, service: TrainingService, retrain: Retrain) -> str | None:
        """Say what of an endpoint's `retrain` table *service* cannot do; None: all is well."""

    def reach(self, service: TrainingService) -> Accepted | Refused | Unsettled:
        """Ask whether the service is there and lets us in; nothing changes."""

    def submit(
        self, service: TrainingService, request: BatchRequest
    ) -> Submitted | Refused | Unsettled:
        """Hand a job in; where it does not start by that, one that nobody knows of is harmless."""

    def start(
        self, service: TrainingService, job_id: str
    ) -> Accepted | AlreadyStarted | Refused | Unsettled:
        """Start a job that was submitted."""

    def look(self, service: TrainingService, job_id: str) -> BatchJob | Refused | Unsettled:
        """Ask for a job's state; of a finished one, with tokens signed anew."""

    def cancel(self, service: TrainingService, job_id: str) -> Accepted | Refused | Unsettled:
        """Cancel a job; one that has ended stays as it is."""

    def submit_plan(self, service: TrainingService, request: BatchRequest) -> dict[str, object]:
        """Say what `submit` would send, every secret masked."""
