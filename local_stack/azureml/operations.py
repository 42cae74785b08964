"""What is under way: begun by one request, looked at by others, ended by its work or cancelled."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from threading import Lock
from typing import Final
from uuid import uuid4

from local_stack.azureml.errors import INTERNAL_SERVER_ERROR, OPERATION_CANCELED, OperationError
from local_stack.azureml.pacing import Pacing, waits_for_work

_LONGEST_WAIT: Final = 50.0  # seconds that a look waits for the work


class Status(Enum):
    """The states of an operation, as the wire names them."""

    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"


@dataclass(slots=True)
class Operation:
    """One operation.

    Attributes:
        work: What it waits for; its result is of no interest, its exception is how it failed.
        pacing: When it may report its end.
        began: By the service's clock.
        succeeded: Called once, when it is seen to have succeeded.
        result: Makes what is answered at its end, where ``Location`` leads; ``None``: nothing is.
        ended: When it was seen to have ended.
        error: Why it did not succeed.
    """

    work: Future[None]
    pacing: Pacing
    began: datetime
    succeeded: Callable[[], None]
    result: Callable[[], object] | None = None
    id: str = field(default_factory=lambda: str(uuid4()))
    status: Status = Status.IN_PROGRESS
    ended: datetime | None = None
    error: OperationError | None = None
    _looks: int = 0
    _lock: Lock = field(default_factory=Lock)

    def look(self, now: datetime, *, counts: bool = True) -> Status:
        """The state as the pacing lets it be seen at this instant.

        Args:
            now: The service's clock.
            counts: Whether it is a look as the pacing counts them, a client's; another never waits.
        """
        if self.status is not Status.IN_PROGRESS:
            return self.status
        waits = waits_for_work(self.pacing, self._looks, now - self.began)
        self._looks += counts
        if waits is not False and (self.work.done() or (waits and counts)):
            self._settle(now)
        return self.status

    def cancel(self, now: datetime, reason: str) -> None:
        """End it; one that has ended stays as it is."""
        with self._lock:
            if self.status is Status.IN_PROGRESS:
                self._end(Status.CANCELED, now, OperationError(OPERATION_CANCELED, reason))

    def _settle(self, now: datetime) -> None:
        try:
            failure = self.work.exception(_LONGEST_WAIT)
        except TimeoutError:
            return
        with self._lock:
            if self.status is not Status.IN_PROGRESS:
                return
            if failure is None:
                self.succeeded()
                self._end(Status.SUCCEEDED, now, None)
                return
            error = _as_error(failure)
            is_cancel = error.code == OPERATION_CANCELED
            self._end(Status.CANCELED if is_cancel else Status.FAILED, now, error)

    def _end(self, status: Status, now: datetime, error: OperationError | None) -> None:
        self.status, self.ended, self.error = status, now, error


def _as_error(failure: BaseException) -> OperationError:
    if isinstance(failure, OperationError):
        return failure
    return OperationError(INTERNAL_SERVER_ERROR, type(failure).__name__)
