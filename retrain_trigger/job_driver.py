"""Drives a job as far as it goes for now.

Each change is recorded before the next is asked for, and the service is asked where the record does
not say: a crash between any two neither runs a job twice nor forgets one.
"""

import logging
from collections.abc import Collection

from retrain_trigger.job import Job
from retrain_trigger.job_records import JobRecords, StoredJob
from retrain_trigger.job_steps import JobSteps, Surroundings
from retrain_trigger.job_times import given_up, is_overdue, looked_after
from retrain_trigger.job_transitions import Step, happened, step_of
from retrain_trigger.silent_services import SilentServices
from settings.fault import SettingsError
from state.endpoints_source import EndpointsSource
from state.storage_errors import ConflictError
from telemetry.events import emit

_log = logging.getLogger(__name__)
_STEPS_AT_ONCE = 8


class JobDriver:
    """Takes the steps of jobs, and records what comes of each.

    Args:
        records: What is known of each job.
        endpoints: The endpoints file.
        around: What the steps need.
    """

    def __init__(
        self, records: JobRecords, endpoints: EndpointsSource, around: Surroundings
    ) -> None:
        self._records, self._endpoints, self._around = records, endpoints, around
        self._silent = SilentServices()

    def driven(self, stored: StoredJob, done: Collection[str] = (), *, early: bool = False) -> Job:
        """Do what is due for a job, and work off the agenda entries *done*.

        Args:
            stored: The job as it was read.
            done: The names of entries that wake it no more.
            early: Whether it is not due yet, so that only its entry is worked off.

        Raises:
            StorageError: Something could not be recorded; the agenda goes on from there.
        """
        now, job = self._around.now(), stored.job
        if is_overdue(job, now):
            job = happened(job, "time_is_up", now)
        try:
            if job.has_ended or early:
                return self._saved(stored, job, done).job
            # Whatever fails from here on, the job is woken again.
            stored = self._stepped(self._saved(stored, looked_after(job, now), done))
            ended = given_up(stored.job, self._around.now())
            return stored.job if ended is stored.job else self._saved(stored, ended).job
        except ConflictError:
            emit(_log, "job.driven_elsewhere", job=job.id)
            return job

    def _stepped(self, stored: StoredJob) -> StoredJob:
        """Take steps, unless the job's service is silent or the file cannot be read."""
        job = stored.job
        asks = step_of(job) != "deliver"
        if asks and not self._silent.may_be_asked(job.service, self._around.now()):
            emit(_log, "job.put_off", job=job.id, service=job.service)
            return stored
        try:
            steps = JobSteps(self._around, self._endpoints.current())
        except SettingsError as error:
            emit(_log, "job.skip", job=job.id, reason="no_endpoints_file", message=error)
            return stored
        stored = self._taken(stored, steps)
        if asks:
            problem = stored.job.error
            is_silent = problem is not None and problem.code == "no_answer"
            self._silent.note(job.service, self._around.now(), is_silent=is_silent)
        return stored

    def _taken(self, stored: StoredJob, steps: JobSteps) -> StoredJob:
        """Take steps as long as each changes the job's state."""
        step: Step | None = step_of(stored.job)
        for _ in range(_STEPS_AT_ONCE):
            if step is None:
                break
            before = stored.job
            job = steps.take(step, before)
            if job == before:
                break
            if job.state != before.state:
                job = looked_after(job, self._around.now())
            stored = self._saved(stored, job)
            if job.state in {before.state, "running"}:
                break
            # One that was submitted just now is certainly not started.
            step = "start" if job.state == "submitted" else step_of(job)
        return stored

    def _saved(self, stored: StoredJob, job: Job, done: Collection[str] = ()) -> StoredJob:
        saved, before = self._records.save(stored, job, done), stored.job
        if (job.state, job.error) != (before.state, before.error):
            emit(
                _log,
                f"job.{job.state}",
                job=job.id,
                endpoint=job.endpoint,
                cause=job.cause,
                duration=job.ended_at - job.created_at if job.ended_at else None,
                service_job=job.job_id,
                status=job.status,
                error=job.error.code if job.error else None,
                message=job.error.message if job.error else None,
            )
        return saved
