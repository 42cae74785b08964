"""A training service that fails, loses answers and forgets jobs."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal
from urllib.parse import unquote

from patch_endpoint.trained_model import TrainedModel
from protocols.batch import AlreadyStarted, BatchJob, BatchRequest, Submitted
from protocols.protocol import Accepted, Refused, Unsettled
from settings.retraining import TrainingService
from tests.fakes.calls import Calls
from tests.fakes.model_catalog import MemoryModelCatalog
from tests.fakes.training_service import MemoryTraining, TrainingJob

type Request = Literal["submit", "start", "look", "cancel"]


class TroubledTraining(MemoryTraining):
    """See `MemoryTraining`.

    Attributes:
        down: What it answers to everything, without doing it; None: it is well.
        landed: Is told of each model that a job wrote where we said.
        lost: Requests that it will do, and whose answer is lost.
    """

    def __init__(
        self, now: Callable[[], datetime], calls: Calls, models: MemoryModelCatalog
    ) -> None:
        super().__init__(now, calls, models)
        self._catalog = models
        self.landed: Callable[[TrainedModel], None] | None = None
        self.down: Unsettled | Refused | None = None
        self.lost: list[Request] = []

    @property
    def is_in_order(self) -> bool:
        """Whether it answers the next request as usual."""
        return self.down is None and not self.lost

    def heal(self) -> None:
        """Answer as usual again, and know again what each job is doing."""
        self.down = None
        for job in self.jobs.values():
            job.status = "running" if job.status == "unknown" else job.status
        self.lost.clear()

    def submit(
        self, service: TrainingService, request: BatchRequest
    ) -> Submitted | Refused | Unsettled:
        """See `BatchProtocol`."""
        return self._told("submit", lambda: super(TroubledTraining, self).submit(service, request))

    def start(
        self, service: TrainingService, job_id: str
    ) -> Accepted | AlreadyStarted | Refused | Unsettled:
        """See `BatchProtocol`."""
        return self._told("start", lambda: super(TroubledTraining, self).start(service, job_id))

    def look(self, service: TrainingService, job_id: str) -> BatchJob | Refused | Unsettled:
        """See `BatchProtocol`."""
        return self._told("look", lambda: super(TroubledTraining, self).look(service, job_id))

    def cancel(self, service: TrainingService, job_id: str) -> Accepted | Refused | Unsettled:
        """See `BatchProtocol`."""
        return self._told("cancel", lambda: super(TroubledTraining, self).cancel(service, job_id))

    def _end(self, job: TrainingJob) -> None:
        super()._end(job)
        if job.status != "finished" or self.landed is None:
            return
        for reference in job.request.outputs.values():
            name = unquote(reference.relative_location).partition("/")[2]
            if model := self._catalog.found(name):
                self.landed(model)

    def _told[T](self, request: Request, do: Callable[[], T]) -> T | Refused | Unsettled:
        if self.down is not None:
            return self.down
        answer = do()
        if request not in self.lost:
            return answer
        self.lost.remove(request)
        return Unsettled("no_answer", "reset", maybe_applied=True)
