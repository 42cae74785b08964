"""Command jobs: put under an id of the caller's own, looked at, cancelled; each is really run."""

import re
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from local_stack.azureml.body import as_sent, decode
from local_stack.azureml.datastores import Datastores
from local_stack.azureml.documents import job_document
from local_stack.azureml.errors import immutable, invalid, not_built, not_found
from local_stack.azureml.fate import Fates
from local_stack.azureml.job import Job
from local_stack.azureml.job_body import AnyJob, JobBody
from local_stack.azureml.job_order import order_of
from local_stack.azureml.job_run import JobOrder, JobRun
from local_stack.azureml.management_call import ManagementCall, refuse_query
from local_stack.azureml.operations import Status
from local_stack.azureml.state import Kept, State
from local_stack.azureml.under_way import accepted, begun
from local_stack.http_service.call import Answer

# Trainings are short, and the machine is a small one.
_AT_A_TIME: Final = 2
_MAY_CHANGE: Final = frozenset({"description", "tags", "displayName", "properties", "isArchived"})
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")


class Jobs:
    """The handlers of ``…/jobs/{id}…``."""

    def __init__(self, state: State, datastores: Datastores, fates: Fates, folder: Path) -> None:
        self._state, self._datastores, self._fates = state, datastores, fates
        self._folder = folder
        self._jobs: dict[str, Job] = {}
        self._workers = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="job")

    def put(self, call: ManagementCall) -> Answer:
        """PUT a job: 201, and it is begun; the same again 200, and nothing is begun."""
        job_id, kind = call.parameters["id"], decode(call.body, AnyJob).properties.job_type
        if kind != "Command":
            raise not_built(f"jobs of the type {kind}")
        body = decode(call.body, JobBody)
        if not _ID.fullmatch(job_id):
            raise invalid(f"The job id {job_id} is invalid.")
        order = order_of(body.properties, self._state, self._datastores)
        with self._state.lock:
            known = self._jobs.get(job_id)
            if known is not None:
                _require_same(known, _document(call.body))
                return Answer(200, job_document(known, self._state))
            job = self._begun(job_id, call, body, order)
        return Answer(201, job_document(job, self._state))

    def list(self, call: ManagementCall) -> Answer:
        """GET the jobs, the newest first; with `tag` those that have it."""
        refuse_query(call, "tag")
        tag = call.query.get("tag")
        with self._state.lock:
            found = [one for one in reversed(self._jobs.values()) if _has(one, tag)]
        for job in found:
            job.look(self._state.now())
        return Answer(200, {"value": [job_document(one, self._state) for one in found]})

    def get(self, call: ManagementCall) -> Answer:
        """GET a job."""
        job = self._job(call)
        job.look(self._state.now())
        return Answer(200, job_document(job, self._state))

    def cancel(self, call: ManagementCall) -> Answer:
        """POST cancel: 202; 200 where there is nothing to cancel any more."""
        job = self._job(call)
        with self._state.lock:
            if job.operation.look(self._state.now(), counts=False) is not Status.IN_PROGRESS:
                return Answer(200)
            if job.cancelling is None:
                job.run.give_up()
                job.cancelling = begun(self._state, None, lambda: self._cancelled(job))
        return accepted(job.cancelling, self._state)

    def close(self) -> None:
        """End them all and wait for it."""
        for job in list(self._jobs.values()):
            job.run.give_up()
        self._workers.shutdown(cancel_futures=True)
        for job in list(self._jobs.values()):
            job.run.stop()

    def _job(self, call: ManagementCall) -> Job:
        if found := self._jobs.get(call.parameters["id"]):
            return found
        raise not_found(f"job {call.parameters['id']}")

    def _begun(self, job_id: str, call: ManagementCall, body: JobBody, order: JobOrder) -> Job:
        now, fate = self._state.now(), self._fates.take(job_id)
        run, limits = JobRun(self._folder / uuid4().hex), body.properties.limits
        work: Future[None] = self._workers.submit(run.run, order, fate, self._datastores)
        job = Job(
            job_id,
            Kept(_document(call.body), call.caller, now, now),
            run,
            limits.timeout if limits else None,
            begun(self._state, work, lambda: None, fate.pacing),
        )
        self._jobs[job_id] = job
        return job

    def _cancelled(self, job: Job) -> None:
        job.operation.cancel(self._state.now(), "The job was canceled.")


def _document(body: bytes) -> dict[str, Any]:
    document = as_sent(body)
    document["properties"].pop("status", None)
    return document


def _has(job: Job, tag: str | None) -> bool:
    return tag is None or tag in job.kept.document["properties"].get("tags", {})


def _require_same(known: Job, document: dict[str, Any]) -> None:
    """Refuse another body for an id that is known: what is told of it, people quote in issues."""
    before, after = known.kept.document["properties"], document["properties"]
    fixed = sorted(
        key
        for key in (before.keys() | after.keys()) - _MAY_CHANGE
        if before.get(key) != after.get(key)
    )
    if fixed:
        raise immutable(", ".join(fixed))
