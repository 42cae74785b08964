"""A retraining job: what is known of it."""

from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from patch_endpoint.record import Problem

type State = Literal[
    "created",
    "submitted",
    "running",
    "cancelling",
    "timing_out",
    "trained",
    "finished",
    "failed",
    "cancelled",
    "timed_out",
]

ENDED: Final[frozenset[State]] = frozenset({"finished", "failed", "cancelled", "timed_out"})
ENDING: Final[frozenset[State]] = frozenset({"cancelling", "timing_out"})


class Output(msgspec.Struct, frozen=True):
    """The output of a finished job that is the model.

    Attributes:
        name: The output's name.
        blob: Container and name of its blob, as they are.
        is_ours: Whether it is in our own storage; else its service keeps it.
    """

    name: str
    blob: str
    is_ours: bool


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One run of an endpoint's training experiment.

    Attributes:
        id: Ours: the endpoint and the instant it is for.
        endpoint: Whose model it trains.
        service: The training service, by its name in the endpoints file.
        cause: What had it start.
        requested_by: The person who asked; None: the schedule did.
        reason: What that person said.
        created_at: When it was first recorded.
        timeout: How long it may take from its submission.
        outputs: Output name to `container/blob` of our own storage.
        state: What it is in.
        job_id: The service's id of it, once it is submitted.
        submitted_at: When.
        started_at: When it was started, as far as we know.
        trained_at: When it was first seen finished: its model's place in the order.
        ended_at: When it ended, one way or another.
        status: What its service last said that it is in.
        output: Which output is the model, once it is trained.
        error: What stands in the way, or why it ended as it did.
        details: The failure's text as the service gave it.
        cancelled_by: The person who had it cancelled.
        cancel_reason: What that person said.
        ending_since: Since when its service is asked to end it, for a person or at the timeout.
        etags_before: Output name to the version that its blob had before the job was submitted.
        troubles: How often in a row the service could not be asked.
        unknown_answers: How often in a row the service said that it does not know the job.
        look_at: When it is looked at next.
        revision: Which write made this, so that a writer knows its own.
        agenda: The names of the agenda entries that wake it.
    """

    id: str
    endpoint: str
    service: str
    cause: Literal["schedule", "person"]
    created_at: datetime
    timeout: timedelta
    requested_by: str | None = None
    reason: str | None = None
    outputs: dict[str, str] = {}
    state: State = "created"
    job_id: str | None = None
    submitted_at: datetime | None = None
    started_at: datetime | None = None
    trained_at: datetime | None = None
    ended_at: datetime | None = None
    status: str | None = None
    output: Output | None = None
    error: Problem | None = None
    details: str | None = None
    cancelled_by: str | None = None
    cancel_reason: str | None = None
    ending_since: datetime | None = None
    etags_before: dict[str, str] = {}
    troubles: int = 0
    unknown_answers: int = 0
    look_at: datetime | None = None
    revision: str = ""
    agenda: tuple[str, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Say whether nothing will happen to it any more."""
        return self.state in ENDED

    @property
    def deadline(self) -> datetime:
        """Say when its time is over; its tokens expire then too."""
        return (self.submitted_at or self.created_at) + self.timeout
