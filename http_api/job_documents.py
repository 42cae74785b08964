"""What the API says of a retraining job."""

from typing import Literal, TypedDict

from http_api.answers import ListedInstant, listed_instant
from patch_endpoint.plan import Instant
from retrain_trigger.job import Job, State
from retrain_trigger.job_records import JobSummary


class JobModelDocument(TypedDict):
    """Which output of a job is the model, and who keeps it."""

    output: str
    blob: str
    kept_by: Literal["us", "the training service"]


class JobDocument(TypedDict):
    """What a job is in, since when, why, and what came of it."""

    id: str
    endpoint: str
    service: str
    service_job: str | None
    state: State
    service_status: str | None
    cause: Literal["schedule", "person"]
    requested_by: str | None
    reason: str | None
    cancelled_by: str | None
    cancel_reason: str | None
    created_at: Instant
    submitted_at: Instant | None
    started_at: Instant | None
    trained_at: Instant | None
    ended_at: Instant | None
    deadline: Instant | None
    next_look_at: Instant | None
    outputs: dict[str, str]
    model: JobModelDocument | None
    error: str | None
    details: str | None


class JobInShort(TypedDict):
    """A job out of a listing: no record is read."""

    id: str
    endpoint: str | None
    service: str | None
    state: str | None
    cause: str | None
    created_at: ListedInstant | None
    ended_at: ListedInstant | None
    error: str | None


def job_document(job: Job) -> JobDocument:
    """Say what a job is in, since when, why, and what came of it."""
    return {
        "id": job.id,
        "endpoint": job.endpoint,
        "service": job.service,
        "service_job": job.job_id,
        "state": job.state,
        "service_status": job.status,
        "cause": job.cause,
        "requested_by": job.requested_by,
        "reason": job.reason,
        "cancelled_by": job.cancelled_by,
        "cancel_reason": job.cancel_reason,
        "created_at": job.created_at,
        "submitted_at": job.submitted_at,
        "started_at": job.started_at,
        "trained_at": job.trained_at,
        "ended_at": job.ended_at,
        "deadline": None if job.has_ended else job.deadline,
        "next_look_at": job.look_at,
        "outputs": job.outputs,
        "model": _model(job),
        "error": f"{job.error.code}: {job.error.message}" if job.error else None,
        "details": job.details,
    }


def job_summary(summary: JobSummary) -> JobInShort:
    """Say the same in short, out of a listing: no record is read."""
    said = summary.fields.get
    return {
        "id": summary.id,
        "endpoint": said("endpoint"),
        "service": said("service"),
        "state": said("state"),
        "cause": said("cause"),
        "created_at": listed_instant(said("created_at")),
        "ended_at": listed_instant(said("ended_at")),
        "error": said("error"),
    }


def _model(job: Job) -> JobModelDocument | None:
    if job.output is None:
        return None
    return {
        "output": job.output.name,
        "blob": job.output.blob,
        "kept_by": "us" if job.output.is_ours else "the training service",
    }
