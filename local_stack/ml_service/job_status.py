"""The states of a batch job, and which event leads from one to the next."""

from enum import Enum
from typing import Final


class JobStatus(Enum):
    """The documented states; a number stands for each on the older wire."""

    NOT_STARTED = "NotStarted"
    RUNNING = "Running"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    FINISHED = "Finished"

    @property
    def number(self) -> int:
        """0 to 4, in the documented order."""
        return list(JobStatus).index(self)


class JobEvent(Enum):
    """What happens to a job."""

    START = "start"
    SUCCEED = "succeed"
    FAIL = "fail"
    CANCEL = "cancel"


TRANSITIONS: Final = {
    (JobStatus.NOT_STARTED, JobEvent.START): JobStatus.RUNNING,
    (JobStatus.NOT_STARTED, JobEvent.CANCEL): JobStatus.CANCELLED,
    (JobStatus.RUNNING, JobEvent.SUCCEED): JobStatus.FINISHED,
    (JobStatus.RUNNING, JobEvent.FAIL): JobStatus.FAILED,
    (JobStatus.RUNNING, JobEvent.CANCEL): JobStatus.CANCELLED,
}


def after(status: JobStatus, event: JobEvent) -> JobStatus | None:
    """The state an event leads to; ``None`` where it changes nothing."""
    return TRANSITIONS.get((status, event))
