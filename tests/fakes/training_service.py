"""Training services in memory, of either kind, whose jobs a test lets end."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import unquote

from protocols.batch import (
    AlreadyStarted,
    BatchAbilities,
    BatchJob,
    BatchRequest,
    JobStatus,
    Submitted,
)
from protocols.blob_reference import BlobReference
from protocols.classic_keys import ClassicServiceKeys
from protocols.protocol import Accepted, Refused, Unsettled
from settings.retraining import Retrain, TrainingService
from settings.secret import Secret
from tests.fakes.calls import Calls
from tests.fakes.model_catalog import ELSEWHERE, MemoryModelCatalog

ABILITIES: Final[Mapping[str, BatchAbilities]] = {
    "studio-classic": BatchAbilities(model_suffix=".ilearner"),
    "azureml-online": BatchAbilities(reads_by="identity", starts="submitted", keeps_outputs=False),
}


def classic_service(jobs_url: str, key: str) -> TrainingService:
    """A training web service of Studio (classic), as the endpoints file would describe it."""
    return TrainingService(
        protocol="studio-classic",
        keys=ClassicServiceKeys(jobs_url=jobs_url, api_key=Secret(key)),
        output=None,
        timeout=timedelta(hours=12),
    )


@dataclass
class TrainingJob:
    """A job as its service knows it."""

    id: str
    request: BatchRequest
    status: JobStatus = "not_started"
    starts: int = 0
    details: str | None = None


class MemoryTraining:
    """See `protocols.batch.BatchProtocol`. A started job finishes at the first look after it.

    What a service can do goes by the protocol that it is said to speak.

    Attributes:
        jobs: All that were submitted, in their order.
        lifetime: How long a result's token lives.
        ends_as: What a started job comes to; `running`: it goes on.
        cancels: Whether a cancel that is accepted has an effect.
        writes: Whether jobs that finish write their outputs.
        says: What is answered instead, by verb: each once, and the last for ever.
    """

    def __init__(
        self, now: Callable[[], datetime], calls: Calls, models: MemoryModelCatalog
    ) -> None:
        self._now, self._calls, self._models = now, calls, models
        self._numbers = itertools.count(1)
        self.jobs: dict[str, TrainingJob] = {}
        self.lifetime = timedelta(hours=24)
        self.ends_as: JobStatus = "finished"
        self.cancels = self.writes = True
        self.says: dict[str, list[Refused | Unsettled | None]] = {}

    @property
    def started(self) -> list[TrainingJob]:
        """The jobs that ran."""
        return [job for job in self.jobs.values() if job.starts]

    def abilities(self, service: TrainingService) -> BatchAbilities:
        """See `BatchProtocol`."""
        return ABILITIES[service.protocol]

    def unfit(self, service: TrainingService, retrain: Retrain) -> str | None:
        """See `BatchProtocol`."""
        del service, retrain
        return None

    def reach(self, service: TrainingService) -> Accepted | Refused | Unsettled:
        """See `BatchProtocol`."""
        del service
        return Accepted()

    def submit(
        self, service: TrainingService, request: BatchRequest
    ) -> Submitted | Refused | Unsettled:
        """See `BatchProtocol`."""
        with self._calls.making("training.submit", service.protocol):
            if answer := self._instead("submit"):
                return answer
            if self.abilities(service).starts == "submitted":
                return self._started_at_once(request)
            job = TrainingJob(f"{next(self._numbers):032x}", request)
            self.jobs[job.id] = job
        return Submitted(job.id)

    def start(
        self, service: TrainingService, job_id: str
    ) -> Accepted | AlreadyStarted | Refused | Unsettled:
        """See `BatchProtocol`."""
        if self.abilities(service).starts == "submitted":
            raise AssertionError("whatever was submitted was started by that")
        with self._calls.making("training.start", job_id):
            if answer := self._instead("start"):
                return answer
            job = self.jobs[job_id]
            if job.status != "not_started":
                return AlreadyStarted()
            job.status, job.starts = "running", job.starts + 1
        return Accepted()

    def look(self, service: TrainingService, job_id: str) -> BatchJob | Refused | Unsettled:
        """See `BatchProtocol`."""
        with self._calls.making("training.look", job_id):
            if answer := self._instead("look"):
                return answer
            job = self.jobs.get(job_id)
            if job is not None and job.status == "running" and self.ends_as != "running":
                self._end(job)
        if job is None:
            return Refused("http_404", "there is no such job")
        tells = job.status == "finished" and self.abilities(service).keeps_outputs
        results = self._results(job) if tells else {}
        return BatchJob(job.status, job.status, results, job.details)

    def cancel(self, service: TrainingService, job_id: str) -> Accepted | Refused | Unsettled:
        """See `BatchProtocol`."""
        del service
        with self._calls.making("training.cancel", job_id):
            if answer := self._instead("cancel"):
                return answer
            job = self.jobs.get(job_id)
            if job is None:
                return Refused("http_404", "there is no such job")
            if self.cancels and job.status in {"not_started", "running"}:
                job.status = "cancelled"
        return Accepted()

    def submit_plan(self, service: TrainingService, request: BatchRequest) -> dict[str, object]:
        """See `BatchProtocol`."""
        return {"protocol": service.protocol, "inputs": sorted(request.inputs)}

    def _started_at_once(self, request: BatchRequest) -> Submitted:
        job = self.jobs.get(request.id)
        if job is None:
            self.jobs[request.id] = TrainingJob(request.id, request, "running", starts=1)
        return Submitted(request.id)

    def _end(self, job: TrainingJob) -> None:
        job.status = self.ends_as
        if job.status == "failed":
            job.details = "Error 1000: made up"
        elif job.status == "finished" and self.writes:
            for reference in job.request.outputs.values():
                self._models.put(unquote(reference.relative_location).partition("/")[2])

    def _instead(self, verb: str) -> Refused | Unsettled | None:
        answers = self.says.get(verb, [])
        return answers.pop(0) if len(answers) > 1 else next(iter(answers), None)

    def _results(self, job: TrainingJob) -> dict[str, BlobReference]:
        if job.request.outputs:
            return dict(job.request.outputs)
        expiry = f"{self._now() + self.lifetime:%Y-%m-%dT%H%%3A%M%%3A%SZ}"
        token = Secret(f"?sv=2013-08-15&sr=c&sig=x&se={expiry}&sp=rl")
        where = f"{ELSEWHERE}/{job.id}/{job.id}.ilearner"
        return {"output2": BlobReference("https://studio.blob.invalid/", where, token)}
