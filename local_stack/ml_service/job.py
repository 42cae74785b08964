"""One batch job."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Final
from uuid import uuid4

import msgspec

from local_stack.ml_service.errors import ServiceError
from local_stack.ml_service.job_pacing import Pacing, waits_for_training
from local_stack.ml_service.job_status import JobEvent, JobStatus, after
from local_stack.ml_service.training_run import ModuleFailure, TrainingRun

_LONGEST_WAIT: Final = 50.0  # seconds that a look waits for the training


@dataclass(slots=True)
class Job:
    """A submitted job and what became of it."""

    id: str
    guid: str
    run: TrainingRun
    status: JobStatus = JobStatus.NOT_STARTED
    details: str | None = None
    _started: datetime | None = None
    _polls: int = 0
    _training: Future[None] | None = None
    _lock: Lock = field(default_factory=Lock)

    def start(self, begin: Callable[[Callable[[], None]], Future[None]], now: datetime) -> None:
        """Begin to train.

        Args:
            begin: Hands the work to a worker thread.
            now: The service's clock.

        Raises:
            ServiceError: ``CannotStartJob``: it was started, or cancelled, before.
        """
        with self._lock:
            if not self._move(JobEvent.START):
                raise ServiceError("InvalidOperation", "CannotStartJob", self.status.value)
            self._started = now
            self._training = begin(lambda: self.run(self._is_cancelled))

    def cancel(self) -> None:
        """Stop the job; one that has ended stays as it is."""
        with self._lock:
            self._move(JobEvent.CANCEL)

    def look(self, now: datetime, pacing: Pacing) -> JobStatus:
        """The state as the pacing lets it be seen at this instant."""
        training, started = self._training, self._started
        if self.status is not JobStatus.RUNNING or training is None or started is None:
            return self.status
        waits = waits_for_training(pacing, self._polls, now - started)
        self._polls += 1
        if waits is False or (waits is None and not training.done()):
            return self.status
        self._settle(training)
        return self.status

    def _settle(self, training: Future[None]) -> None:
        try:
            failure = training.exception(_LONGEST_WAIT)
        except TimeoutError:
            return
        with self._lock:
            if failure is None:
                self._move(JobEvent.SUCCEED)
            elif self._move(JobEvent.FAIL):
                self.details = _details(failure, self.id)

    def _is_cancelled(self) -> bool:
        return self.status is JobStatus.CANCELLED

    def _move(self, event: JobEvent) -> bool:
        following = after(self.status, event)
        self.status = following or self.status
        return following is not None


def _details(failure: BaseException, job_id: str) -> str:
    """A failure's text, in the shape of one that was captured from the real service."""
    known = failure if isinstance(failure, ModuleFailure) else None
    module, reason = (known.module, known.reason) if known else ("?", type(failure).__name__)
    message = f"Error 1000: AFx Library library exception: {reason}"
    exception = {
        "Exception": {
            "ErrorId": "LibraryException",
            "ErrorCode": "1000",
            "ExceptionType": "ModuleException",
            "Message": message,
        }
    }
    return (
        f"Module: {module}; SNR Job Id: {job_id}; SNR Task Id: {uuid4()}; requestId = {uuid4()} "
        f"errorComponent=Module. taskStatusCode=400. {msgspec.json.encode(exception).decode()}"
        f"Error: {message}"
    )
