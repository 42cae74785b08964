"""One command job."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from local_stack.azureml.job_run import JobRun
from local_stack.azureml.operations import Operation, Status
from local_stack.azureml.state import Kept

_NAMES: Final = {
    Status.SUCCEEDED: "Completed",
    Status.FAILED: "Failed",
    Status.CANCELED: "Canceled",
}


@dataclass(slots=True)
class Job:
    """A job as it is now.

    Attributes:
        timeout: After which it is cancelled; ``None``: never.
        operation: The run.
        cancelling: What a cancel began.
    """

    id: str
    kept: Kept
    run: JobRun
    timeout: timedelta | None
    operation: Operation
    cancelling: Operation | None = None

    @property
    def status(self) -> str:
        """As the wire names it."""
        if name := _NAMES.get(self.operation.status):
            return name
        if self.cancelling is not None:
            return "CancelRequested"
        return "Running" if self.run.has_started else "Queued"

    def look(self, now: datetime) -> None:
        """Let it be seen to have ended, or to have taken too long."""
        under_way = self.cancelling or self.operation
        under_way.look(now)
        if self.timeout is not None and now - self.operation.began > self.timeout:
            self.run.give_up()
            self.operation.cancel(now, "The job took longer than its limit.")
