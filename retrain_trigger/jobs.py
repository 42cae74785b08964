"""Retraining jobs: begins them, has them driven to their end, cancels them."""

import logging
from datetime import timedelta

from msgspec.structs import replace

from retrain_trigger.job import Job
from retrain_trigger.job_driver import JobDriver
from retrain_trigger.job_id import new_job_id
from retrain_trigger.job_records import JobRecords, StoredJob
from retrain_trigger.job_steps import Surroundings
from retrain_trigger.job_transitions import after, happened
from retrain_trigger.request import Request, RetrainPlan, retraining_of
from retrain_trigger.submission import masked_request, outputs_of
from settings.retraining import Retrain, TrainingService
from settings.scoring_endpoint import ScoringEndpoint
from state.agenda import Entry
from state.endpoints_source import EndpointsSource
from state.storage_errors import ConflictError, StorageError, UnavailableError
from telemetry.events import emit

_log = logging.getLogger(__name__)
_CONFLICTS_BORNE = 10
_UNCLAIMED_FOR = timedelta(minutes=10)
"""An entry is written before its job; this long it may wait for it."""


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
        self._driver = JobDriver(records, endpoints, around)

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
        job = stored.job
        emit(_log, "retrain.begun", job=job.id, endpoint=job.endpoint, cause=job.cause)
        return self._tried(stored) if drive else stored.job

    def plan(self, endpoint: ScoringEndpoint, request: Request) -> RetrainPlan:
        """Say what `begin` would do now, every secret masked; raises as it does."""
        retrain, service = self._retraining_of(endpoint)
        running = self._running(endpoint)
        job_id = new_job_id(endpoint.name, self._around.now(), apart=False)
        batch = self._around.batches[service.protocol]
        asked = masked_request(job_id, retrain, self._around.signer, batch.abilities(service))
        return {
            "endpoint": endpoint.name,
            "service": retrain.service,
            "cause": request.cause,
            "decision": "wait" if running else "submit",
            "reason": "job_runs" if running else None,
            "running": running.id if running else None,
            "timeout_seconds": service.timeout.total_seconds(),
            "request": batch.submit_plan(service, asked),
        }

    def drive(self, job_id: str, entry: Entry | None = None) -> Job | None:
        """Do what is due for a job, and work off the agenda *entry* that said so.

        Args:
            job_id: Which.
            entry: What woke it; None: nothing did, so the entries that it names are replaced.

        Raises:
            StorageError: Something could not be recorded; the agenda goes on from there.
        """
        now, stored = self._around.now(), self.records.read(job_id)
        if stored is None:
            if entry is not None and now - entry.due > _UNCLAIMED_FOR:
                self.records.discard(entry)
            return None
        if entry is None:
            return self._driver.driven(stored, stored.job.agenda)
        look_at = stored.job.look_at
        early = look_at is not None and now < look_at
        return self._driver.driven(stored, (entry.name,), early=early)

    def cancel(self, job_id: str, by: str, reason: str | None = None) -> Job | None:
        """Have a job cancelled; None: there is none.

        Raises:
            JobEndedError: It has ended, or its model is there already.
            StorageError: It could not be recorded.
        """
        for _ in range(_CONFLICTS_BORNE):
            stored = self.cancellable(job_id)
            if stored is None:
                return None
            asked = happened(stored.job, "cancel_asked", self._around.now())
            try:
                said = replace(asked, cancelled_by=by, cancel_reason=reason)
                saved = self.records.save(stored, said)
            except ConflictError:
                continue
            endpoint = saved.job.endpoint
            emit(_log, "job.cancel_asked", job=job_id, endpoint=endpoint, by=by)
            return self._tried(saved)
        raise UnavailableError(f"write the record of {job_id}", code="TooManyConflicts")

    def cancellable(self, job_id: str) -> StoredJob | None:
        """Read a job that is to be cancelled; None: there is none.

        Raises:
            JobEndedError: It has ended, or its model is there already.
            StorageError: It could not be read.
        """
        stored = self.records.read(job_id)
        if stored is not None and after(stored.job.state, "cancel_asked") is None:
            raise JobEndedError(stored.job)
        return stored

    def _claimed(self, endpoint: ScoringEndpoint, request: Request) -> StoredJob:
        retrain, service = self._retraining_of(endpoint)
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

    def _retraining_of(self, endpoint: ScoringEndpoint) -> tuple[Retrain, TrainingService]:
        around = self._around
        return retraining_of(endpoint, self._endpoints.current(), around.models, around.batches)

    def _running(self, endpoint: ScoringEndpoint) -> Job | None:
        latest = self.records.latest(endpoint.name)
        return None if latest is None or latest.has_ended else latest

    def _tried(self, stored: StoredJob) -> Job:
        """Drive a job as far as it goes: what is asked is on record, and so is what wakes it."""
        try:
            return self._driver.driven(stored)
        except StorageError as error:
            emit(_log, "job.interrupted", job=stored.job.id, error=error)
            return stored.job
