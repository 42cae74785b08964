"""A retraining job: what it is in, and what each thing that happens makes of it. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from patch_endpoint.decide import pause_after
from patch_endpoint.record import Problem
from protocols.batch import JobStatus

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
type Event = Literal[
    "submit_accepted",
    "submit_refused",
    "start_accepted",
    "start_refused",
    "seen_running",
    "seen_finished",
    "seen_failed",
    "seen_cancelled",
    "lost",
    "cancel_asked",
    "time_is_up",
    "cancel_accepted",
    "cancel_refused",
    "delivered",
    "undeliverable",
]
type Step = Literal["submit", "start", "look", "cancel", "deliver"]

TRANSITIONS: Final[Mapping[tuple[State, Event], State]] = {
    # Not known to the service. A job that was submitted and not recorded is never started.
    ("created", "submit_accepted"): "submitted",
    ("created", "submit_refused"): "failed",
    ("created", "cancel_asked"): "cancelled",
    ("created", "time_is_up"): "timed_out",
    # Its id is on record; whether it was started, its service knows.
    ("submitted", "start_accepted"): "running",
    ("submitted", "start_refused"): "failed",
    ("submitted", "seen_running"): "running",
    ("submitted", "seen_finished"): "trained",
    ("submitted", "seen_failed"): "failed",
    ("submitted", "seen_cancelled"): "cancelled",
    ("submitted", "lost"): "failed",
    ("submitted", "cancel_asked"): "cancelling",
    ("submitted", "time_is_up"): "timing_out",
    # Started: it trains, or waits for its turn.
    ("running", "seen_finished"): "trained",
    ("running", "seen_failed"): "failed",
    ("running", "seen_cancelled"): "cancelled",
    ("running", "lost"): "failed",
    ("running", "cancel_asked"): "cancelling",
    ("running", "time_is_up"): "timing_out",
    # A person wants it ended; a model that is there already is not thrown away.
    ("cancelling", "seen_finished"): "trained",
    ("cancelling", "seen_failed"): "failed",
    ("cancelling", "seen_cancelled"): "cancelled",
    ("cancelling", "lost"): "cancelled",
    ("cancelling", "cancel_accepted"): "cancelled",
    ("cancelling", "cancel_refused"): "cancelled",
    # Its time is over.
    ("timing_out", "cancel_asked"): "cancelling",
    ("timing_out", "seen_finished"): "trained",
    ("timing_out", "seen_failed"): "failed",
    ("timing_out", "seen_cancelled"): "timed_out",
    ("timing_out", "lost"): "timed_out",
    ("timing_out", "cancel_accepted"): "timed_out",
    ("timing_out", "cancel_refused"): "timed_out",
    # The model is there; the endpoint is to have it.
    ("trained", "delivered"): "finished",
    ("trained", "undeliverable"): "failed",
}
ENDED: Final[frozenset[State]] = frozenset({"finished", "failed", "cancelled", "timed_out"})
_MAY_TIME_OUT: Final[frozenset[State]] = frozenset({"created", "submitted", "running"})
_STEPS: Final[Mapping[State, Step]] = {
    "created": "submit",
    "submitted": "look",
    "running": "look",
    "cancelling": "look",
    "timing_out": "look",
    "trained": "deliver",
}
_SEEN: Final[Mapping[JobStatus, Event]] = {
    "running": "seen_running",
    "finished": "seen_finished",
    "failed": "seen_failed",
    "cancelled": "seen_cancelled",
}
# What is done at once about a job that was looked at, where the look did not say that it has ended.
# A running job that is not started waits for its turn; an unknown status ends no job.
_AFTER_LOOK: Final[Mapping[tuple[State, JobStatus], Step]] = {
    ("submitted", "not_started"): "start",
    ("cancelling", "not_started"): "cancel",
    ("cancelling", "running"): "cancel",
    ("cancelling", "unknown"): "cancel",
    ("timing_out", "not_started"): "cancel",
    ("timing_out", "running"): "cancel",
    ("timing_out", "unknown"): "cancel",
}
SHORTEST_POLL = timedelta(seconds=15)
LONGEST_POLL = timedelta(minutes=5)
_POLLS_PER_AGE = 10


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
        troubles: How often in a row the service could not be asked.
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
    troubles: int = 0
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


def after(state: State, event: Event) -> State | None:
    """Say what *event* makes of a job in *state*; None: it changes nothing."""
    return TRANSITIONS.get((state, event))


def happened(job: Job, event: Event, now: datetime) -> Job:
    """Let *event* happen to *job*, with the instants that it fixes; the rest is the caller's."""
    state = after(job.state, event)
    if state is None:
        return job
    job = replace(job, state=state, troubles=0, error=None)
    if state == "submitted":
        job = replace(job, submitted_at=now)
    if state == "running" and job.started_at is None:
        job = replace(job, started_at=now)
    if state == "trained":
        job = replace(job, trained_at=now)
    if state == "timed_out":
        what = f"its {job.timeout} were over, so it was cancelled"
        job = replace(job, error=Problem("timed_out", what))
    if state in ENDED:
        return replace(job, ended_at=now, look_at=None)
    return replace(job, look_at=now)


def step_of(job: Job) -> Step | None:
    """Say what is to be done with *job* first; None: it has ended."""
    return _STEPS.get(job.state)


def step_after_look(job: Job, status: JobStatus) -> Step | None:
    """Say what is to be done at once about a job that its service says is in *status*."""
    return _AFTER_LOOK.get((job.state, status))


def seen(status: JobStatus) -> Event | None:
    """Say which event it is that a service says a job is in *status*."""
    return _SEEN.get(status)


def is_overdue(job: Job, now: datetime) -> bool:
    """Say whether the time of *job* is up."""
    return job.state in _MAY_TIME_OUT and now >= job.deadline


def looked_after(job: Job, now: datetime) -> Job:
    """Note when *job* is looked at next if nothing changes: the older it is, the later."""
    if job.has_ended:
        return replace(job, look_at=None)
    age = now - (job.started_at or job.created_at)
    pause = min(max(age / _POLLS_PER_AGE, SHORTEST_POLL), LONGEST_POLL)
    return replace(job, look_at=_bounded(job, now + pause))


def troubled(job: Job, problem: Problem, retry_after: timedelta | None, now: datetime) -> Job:
    """Note what stands in the way of *job*, and when it is tried again."""
    tried = job.troubles + 1
    pause = retry_after if retry_after is not None else pause_after(tried)
    return replace(job, error=problem, troubles=tried, look_at=_bounded(job, now + pause))


def _bounded(job: Job, instant: datetime) -> datetime:
    """Wake a job no later than when its time is up."""
    return min(instant, job.deadline) if job.state in _MAY_TIME_OUT else instant
