"""Takes one step of a job: asks its service, and gives the job as the answer makes it."""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec
from msgspec.structs import replace

from patch_endpoint.catalog import ModelCatalog
from patch_endpoint.deploy import Deployer
from patch_endpoint.record import Problem
from patch_endpoint.sas import Signer
from protocols.batch import AlreadyStarted, BatchJob, BatchProtocol, Submitted
from protocols.protocol import Accepted, Refused, Unsettled
from retrain_trigger.delivery import deliver, model_output
from retrain_trigger.job import Job
from retrain_trigger.job_times import may_yet_come, troubled
from retrain_trigger.job_transitions import Event, Step, happened, seen, step_after_look
from retrain_trigger.service_results import ServiceResults, is_unknown_job
from retrain_trigger.submission import etags_before, signed_request
from settings.endpoints_file import Endpoints
from settings.model_blobs import ModelBlobs
from settings.retraining import Retrain, TrainingService
from state.storage_errors import StorageError

_LOST_AFTER = 3
"""How often in a row a service does not know a job before that is believed."""
_SAID_OF_FAILURE = 300
_NOT_CONFIGURED = Problem("not_configured", "the endpoint has no `retrain` table any more")


class Surroundings(msgspec.Struct, frozen=True):
    """What the steps of a job need from outside.

    Attributes:
        batches: How training services are asked, by what they speak.
        results: What they keep of finished jobs.
        signer: What signs the tokens of inputs and outputs.
        deployer: The one path that PATCHes.
        catalog: The models in storage.
        models: Which blobs are models.
        now: The clock.
    """

    batches: Mapping[str, BatchProtocol]
    results: ServiceResults
    signer: Signer
    deployer: Deployer
    catalog: ModelCatalog
    models: ModelBlobs
    now: Callable[[], datetime]


class JobSteps:
    """The steps of jobs, each at most one change of state."""

    def __init__(self, around: Surroundings, endpoints: Endpoints) -> None:
        self._around, self._endpoints = around, endpoints

    def take(self, step: Step, job: Job) -> Job:
        """Take *step*; the same job where nothing came of it.

        Raises:
            StorageError: A delivery could not be recorded.
        """
        if step == "deliver":
            return self._deliver(job)
        service = self._endpoints.training_services.get(job.service)
        if service is None:
            what = f"training_services.{job.service} is missing, or has a fault"
            return self._troubled(job, Unsettled("service_not_configured", what))
        if step == "submit":
            return self._submit(job, service)
        if job.job_id is None:
            return job
        return {"start": self._start, "look": self._look, "cancel": self._cancel}[step](
            job, service, job.job_id
        )

    def _submit(self, job: Job, service: TrainingService) -> Job:
        """Have its service's id of it on record; where it starts by that, before it has the job."""
        if self._retrain(job) is None:
            return self._happened(job, "submit_refused", _NOT_CONFIGURED)
        now = self._around.now()
        try:
            before = etags_before(job, self._around.catalog, self._around.models)
        except StorageError as error:
            return self._troubled(job, Unsettled("storage_unavailable", str(error)))
        is_later = self._starts_submitted(service)
        match Submitted(job.id) if is_later else self._handed_in(job, service, now):
            case Submitted(job_id):
                submitted = happened(job, "submit_accepted", now)
                return replace(submitted, job_id=job_id, etags_before=before)
            case Refused(code, message):
                return self._happened(job, "submit_refused", Problem(code, message))
            case Unsettled() as answer:
                return self._troubled(job, answer)

    def _handed_in(
        self, job: Job, service: TrainingService, now: datetime
    ) -> Submitted | Refused | Unsettled:
        retrain, batch = self._retrain(job), self._batch(service)
        if retrain is None:
            return Refused(_NOT_CONFIGURED.code, _NOT_CONFIGURED.message)
        abilities = batch.abilities(service)
        try:
            request = signed_request(job, retrain, self._around.signer, now, abilities)
        except StorageError as error:
            return Unsettled("cannot_sign", str(error))
        return batch.submit(service, request)

    def _start(self, job: Job, service: TrainingService, job_id: str) -> Job:
        match self._started(job, service, job_id):
            case Accepted() | AlreadyStarted() | Submitted():
                return self._happened(job, "start_accepted")
            case Refused(code, message):
                return self._happened(job, "start_refused", Problem(code, message))
            case Unsettled() as answer:
                return self._troubled(job, answer)

    def _started(
        self, job: Job, service: TrainingService, job_id: str
    ) -> Accepted | AlreadyStarted | Submitted | Refused | Unsettled:
        if self._starts_submitted(service):
            return self._handed_in(job, service, self._around.now())
        return self._batch(service).start(service, job_id)

    def _look(self, job: Job, service: TrainingService, job_id: str) -> Job:
        answer = self._batch(service).look(service, job_id)
        if isinstance(answer, BatchJob):
            looked = self._seen(job, answer, service, job_id)
            step = step_after_look(looked, answer.status)
        elif self._is_not_there_yet(job, service, answer):
            looked, step = job, step_after_look(job, "not_started")
        else:
            looked = self._unseen(job, answer)
            step = step_after_look(looked, "unseen")
        return self.take(step, looked) if step else looked

    def _unseen(self, job: Job, answer: Refused | Unsettled) -> Job:
        if not isinstance(answer, Refused) or not is_unknown_job(answer):
            return self._troubled(replace(job, unknown_answers=0), answer)
        often = job.unknown_answers + 1
        if often >= _LOST_AFTER and not may_yet_come(job, self._around.now()):
            return self._happened(job, "lost", Problem("job_lost", answer.message))
        return self._troubled(replace(job, unknown_answers=often), answer)

    def _seen(self, job: Job, answer: BatchJob, service: TrainingService, job_id: str) -> Job:
        """Read what the service says of a job."""
        job = replace(job, status=answer.said, troubles=0, unknown_answers=0, error=None)
        event = seen(answer.status)
        if event == "seen_finished":
            return self._trained(job, answer, service, job_id)
        if event == "seen_failed":
            said = (answer.details or "without a reason")[:_SAID_OF_FAILURE]
            failed = self._happened(job, event, Problem("job_failed", said))
            return replace(failed, details=answer.details)
        if answer.status == "unknown":
            what = f"its service says {answer.said}, which no document names; it is looked at again"
            return replace(job, error=Problem("unknown_status", what))
        return self._happened(job, event) if event else job

    def _trained(self, job: Job, answer: BatchJob, service: TrainingService, job_id: str) -> Job:
        self._around.results.remember(job.service, job_id, answer, self._around.now())
        output = model_output(
            job,
            answer.results,
            self._around.models,
            named=service.output,
            suffix=self._batch(service).abilities(service).model_suffix,
        )
        trained = self._happened(job, "seen_finished")
        if isinstance(output, Problem):
            return self._happened(trained, "undeliverable", output)
        return replace(trained, output=output)

    def _cancel(self, job: Job, service: TrainingService, job_id: str) -> Job:
        match self._batch(service).cancel(service, job_id):
            case Accepted():
                # It may have finished before that arrived, and to cancel one may take its time.
                seen_since = self._batch(service).look(service, job_id)
                if isinstance(seen_since, BatchJob):
                    return self._seen(job, seen_since, service, job_id)
                return job
            case Refused(code, message):
                what = f"the service did not cancel it: {message}"
                return self._troubled(job, Refused(code, what))
            case Unsettled() as answer:
                return self._troubled(job, answer)

    def _deliver(self, job: Job) -> Job:
        endpoint = self._endpoints.by_name.get(job.endpoint)
        if endpoint is None:
            problem = Problem("endpoint_not_configured", "the endpoint is not in the file any more")
            return self._happened(job, "undeliverable", problem)
        problem_of = deliver(job, endpoint, self._around.deployer, self._around.catalog)
        if problem_of is not None:
            return self._happened(job, "undeliverable", problem_of)
        return self._happened(job, "delivered")

    def _is_not_there_yet(
        self, job: Job, service: TrainingService, answer: Refused | Unsettled
    ) -> bool:
        """Say whether a job was never handed in that would have started by that."""
        if job.state != "submitted" or not self._starts_submitted(service):
            return False
        return isinstance(answer, Refused) and is_unknown_job(answer)

    def _starts_submitted(self, service: TrainingService) -> bool:
        return self._batch(service).abilities(service).starts == "submitted"

    def _batch(self, service: TrainingService) -> BatchProtocol:
        return self._around.batches[service.protocol]

    def _retrain(self, job: Job) -> Retrain | None:
        endpoint = self._endpoints.by_name.get(job.endpoint)
        return endpoint.retrain if endpoint is not None else None

    def _happened(self, job: Job, event: Event, problem: Problem | None = None) -> Job:
        return happened(job, event, self._around.now(), problem)

    def _troubled(self, job: Job, answer: Refused | Unsettled) -> Job:
        retry_after = answer.retry_after if isinstance(answer, Unsettled) else None
        problem = Problem(answer.code, answer.message)
        return troubled(job, problem, retry_after, self._around.now())
