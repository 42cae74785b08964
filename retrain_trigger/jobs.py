"""Retraining jobs: begins them, drives them to their end, cancels them.

Each change is recorded before the next is asked for, and the service is asked where the record does
not say: a crash between any two neither runs a job twice nor forgets one.
"""

import logging

from msgspec.structs import replace

from protocols.batch import BatchProtocol
from retrain_trigger.job import (
    Job,
    Step,
    happened,
    is_overdue,
    looked_after,
    step_of,
)
from retrain_trigger.job_records import JobRecords, StoredJob, new_job_id
from retrain_trigger.job_steps import JobSteps, Surroundings
from retrain_trigger.request import Request, RetrainPlan, retraining_of
from retrain_trigger.submission import masked_request, outputs_of
from settings.fault import SettingsError
from settings.scoring_endpoint import ScoringEndpoint
from state.agenda import Entry
from state.endpoints_source import EndpointsSource
from state.storage_errors import ConflictError, StorageError, UnavailableError
from telemetry.events import emit

_log = logging.getLogger(__name__)
_STEPS_AT_ONCE = 8
_CONFLICTS_BORNE = 10


class JobRunsError(Exception):
    """The endpoint has a job that has not ended."""

    def __init__(self, job: Job) -> None:
        self.job = job
        super().__init__(f"the endpoint has the job {job.id}, which is {job.state}")


class JobEndedError(Exception):
    """There is nothing to cancel any more."""

    def __init__(self, job: Job) -> None:
        self.job = job
        super().__init__(f"the job {job.id} is {job.state}")


class Jobs:
    """All retraining jobs.

    Args:
        records: What is known of each.
        endpoints: The endpoints file.
        around: What their steps need.
    """

    def __init__(
        self, records: JobRecords, endpoints: EndpointsSource, around: Surroundings
    ) -> None:
        self.records = records
        self._endpoints, self._around = endpoints, around

    @property
    def batch(self) -> BatchProtocol:
        """How training services are asked."""
        return self._around.batch

    def begin(self, endpoint: ScoringEndpoint, request: Request, *, drive: bool = True) -> Job:
        """Begin a job for *endpoint*, unless it has one.

        Args:
            endpoint: Whose model is trained.
            request: Why and for when.
            drive: Whether to submit and start it at once, or leave that to the agenda.

        Raises:
            RetrainImpossibleError: The file does not say how, or says it wrongly.
            JobRunsError: The endpoint has a job that has not ended.
            StorageError: Nothing was begun.
        """
        stored = self._claimed(endpoint, request)
        emit(_log, "retrain.begun", job=stored.job.id, cause=stored.job.cause)
        return self._tried(stored) if drive else stored.job

    def plan(self, endpoint: ScoringEndpoint, request: Request) -> RetrainPlan:
        """Say what `begin` would do now, every secret masked; raises as it does."""
        retrain, service = retraining_of(endpoint, self._endpoints.current(), self._around.models)
        running = self._running(endpoint)
        job_id = new_job_id(endpoint.name, self._around.now(), apart=False)
        asked = masked_request(job_id, retrain, self._around.signer)
        return {
            "endpoint": endpoint.name,
            "service": retrain.service,
            "cause": request.cause,
            "decision": "wait" if running else "submit",
            "reason": "job_runs" if running else None,
            "running": running.id if running else None,
            "timeout_seconds": service.timeout.total_seconds(),
            "request": self._around.batch.submit_plan(service, asked),
        }

    def drive(self, job_id: str, entry: Entry | None = None) -> Job | None:
        """Do what is due for a job, and work off the agenda *entry* that said so.

        Raises:
            StorageError: Something could not be recorded; the agenda goes on from there.
        """
        stored = self.records.read(job_id)
        if stored is not None:
            return self._driven(stored, entry)
        if entry is not None:
            self.records.discard(entry)
        return None

    def cancel(self, job_id: str, by: str) -> Job | None:
        """Have a job cancelled; None: there is none.

        Raises:
            JobEndedError: It has ended, or its model is there already.
            StorageError: It could not be recorded.
        """
        for _ in range(_CONFLICTS_BORNE):
            stored = self.records.read(job_id)
            if stored is None:
                return None
            asked = happened(stored.job, "cancel_asked", self._around.now())
            if asked is stored.job and stored.job.state != "cancelling":
                raise JobEndedError(stored.job)
            try:
                saved = self.records.save(stored, replace(asked, cancelled_by=by))
            except ConflictError:
                continue
            emit(_log, "job.cancel_asked", job=job_id, by=by)
            return self._tried(saved)
        raise UnavailableError(f"write the record of {job_id}", code="TooManyConflicts")

    def _claimed(self, endpoint: ScoringEndpoint, request: Request) -> StoredJob:
        retrain, service = retraining_of(endpoint, self._endpoints.current(), self._around.models)
        now = self._around.now()
        apart = request.occurrence is None
        job_id = new_job_id(endpoint.name, request.occurrence or now, apart=apart)
        job = Job(
            id=job_id,
            endpoint=endpoint.name,
            service=retrain.service,
            cause=request.cause,
            created_at=now,
            timeout=service.timeout,
            requested_by=request.by,
            reason=request.reason,
            outputs=outputs_of(retrain, job_id),
            look_at=now,
        )
        stored = self.records.claim(job)
        if stored is not None:
            return stored
        raise JobRunsError(self.records.latest(endpoint.name) or job)

    def _running(self, endpoint: ScoringEndpoint) -> Job | None:
        latest = self.records.latest(endpoint.name)
        return None if latest is None or latest.has_ended else latest

    def _tried(self, stored: StoredJob) -> Job:
        """Drive a job as far as it goes: what is asked is on record, and so is what wakes it."""
        try:
            return self._driven(stored)
        except StorageError as error:
            emit(_log, "job.interrupted", job=stored.job.id, error=error)
            return stored.job

    def _driven(self, stored: StoredJob, entry: Entry | None = None) -> Job:
        now, job = self._around.now(), stored.job
        if is_overdue(job, now):
            job = happened(job, "time_is_up", now)
        is_early = entry is not None and job.look_at is not None and now < job.look_at
        try:
            if job.has_ended or is_early:
                return self._saved(stored, job, entry).job
            # Whatever fails from here on, the job is woken again.
            return self._stepped(self._saved(stored, looked_after(job, now), entry))
        except ConflictError:
            emit(_log, "job.driven_elsewhere", job=job.id)
            return job

    def _stepped(self, stored: StoredJob) -> Job:
        """Take steps as long as each changes the job's state."""
        try:
            steps = JobSteps(self._around, self._endpoints.current())
        except SettingsError as error:
            emit(_log, "job.skip", job=stored.job.id, reason="no_endpoints_file", message=error)
            return stored.job
        first: Step | None = step_of(stored.job)
        for _ in range(_STEPS_AT_ONCE):
            if first is None:
                break
            before = stored.job
            job = steps.take(first, before)
            if job == before:
                break
            if job.state != before.state:
                job = looked_after(job, self._around.now())
            stored = self._saved(stored, job)
            if job.state == before.state:
                break
            # One that was submitted just now is certainly not started.
            first = "start" if job.state == "submitted" else step_of(job)
            if job.state == "running":
                break
        return stored.job

    def _saved(self, stored: StoredJob, job: Job, entry: Entry | None = None) -> StoredJob:
        saved = self.records.save(stored, job, entry)
        before = stored.job
        if (job.state, job.error) != (before.state, before.error):
            emit(
                _log,
                f"job.{job.state}",
                job=job.id,
                endpoint=job.endpoint,
                service_job=job.job_id,
                status=job.status,
                error=job.error.code if job.error else None,
                message=job.error.message if job.error else None,
            )
        return saved
