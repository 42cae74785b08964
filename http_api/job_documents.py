"""What the API says of a retraining job."""

from retrain_trigger.job import Job
from retrain_trigger.job_records import JobSummary

type Document = dict[str, object]


def job_document(job: Job) -> Document:
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


def job_summary(summary: JobSummary) -> Document:
    """Say the same in short, out of a listing: no record is read."""
    shown = ("endpoint", "service", "state", "cause", "created_at", "ended_at", "error")
    return {"id": summary.id} | {key: summary.fields.get(key) for key in shown}


def _model(job: Job) -> Document | None:
    if job.output is None:
        return None
    kept_by = "us" if job.output.is_ours else "the training service"
    return {"output": job.output.name, "blob": job.output.blob, "kept_by": kept_by}
