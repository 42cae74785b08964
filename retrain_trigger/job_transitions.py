"""What a job is to do in each state, and what each thing that happens makes of it. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from msgspec.structs import replace

from patch_endpoint.record import Problem
from protocols.batch import JobStatus
from retrain_trigger.job import ENDED, ENDING, Job, State

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
    "given_up",
    "delivered",
    "undeliverable",
]
type Step = Literal["submit", "start", "look", "cancel", "deliver"]
type Sight = JobStatus | Literal["unseen"]
"""What a look showed; `unseen`: the service could not be asked, or its answer not be read."""

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
    # A person wants it ended. That a cancel was accepted ends nothing: only its service can say
    # that it has ended, and a model that is there by then is not thrown away.
    ("cancelling", "cancel_asked"): "cancelling",
    ("cancelling", "seen_finished"): "trained",
    ("cancelling", "seen_failed"): "failed",
    ("cancelling", "seen_cancelled"): "cancelled",
    ("cancelling", "lost"): "cancelled",
    ("cancelling", "given_up"): "cancelled",
    # Its time is over. The same.
    ("timing_out", "cancel_asked"): "cancelling",
    ("timing_out", "seen_finished"): "trained",
    ("timing_out", "seen_failed"): "failed",
    ("timing_out", "seen_cancelled"): "timed_out",
    ("timing_out", "lost"): "timed_out",
    ("timing_out", "given_up"): "timed_out",
    # The model is there; the endpoint is to have it.
    ("trained", "delivered"): "finished",
    ("trained", "undeliverable"): "failed",
}
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
# A running job that is not started waits for its turn; an unknown status ends no job. To cancel one
# it need not be seen.
_AFTER_LOOK: Final[Mapping[tuple[State, Sight], Step]] = {
    ("submitted", "not_started"): "start",
    ("cancelling", "not_started"): "cancel",
    ("cancelling", "running"): "cancel",
    ("cancelling", "unknown"): "cancel",
    ("cancelling", "unseen"): "cancel",
    ("timing_out", "not_started"): "cancel",
    ("timing_out", "running"): "cancel",
    ("timing_out", "unknown"): "cancel",
    ("timing_out", "unseen"): "cancel",
}


def after(state: State, event: Event) -> State | None:
    """Say what *event* makes of a job in *state*; None: it changes nothing."""
    return TRANSITIONS.get((state, event))


def happened(job: Job, event: Event, now: datetime, problem: Problem | None = None) -> Job:
    """Let *event* happen to *job*, with the instants that it fixes, and say what the *problem* is.

    An event that the table does not name for its state changes nothing.
    """
    state = after(job.state, event)
    if state is None:
        return job
    is_over = state in ENDED
    return replace(
        job,
        state=state,
        troubles=0,
        error=problem or (_timed_out(job) if state == "timed_out" else None),
        submitted_at=now if state == "submitted" else job.submitted_at,
        started_at=job.started_at or (now if state == "running" else None),
        ending_since=job.ending_since or (now if state in ENDING else None),
        trained_at=now if state == "trained" else job.trained_at,
        ended_at=now if is_over else None,
        look_at=None if is_over else now,
    )


def step_of(job: Job) -> Step | None:
    """Say what is to be done with *job* first; None: it has ended."""
    return _STEPS.get(job.state)


def step_after_look(job: Job, sight: Sight) -> Step | None:
    """Say what is to be done at once about a job of which a look showed *sight*."""
    return _AFTER_LOOK.get((job.state, sight))


def seen(status: JobStatus) -> Event | None:
    """Say which event it is that a service says a job is in *status*."""
    return _SEEN.get(status)


def _timed_out(job: Job) -> Problem:
    return Problem("timed_out", f"its {job.timeout} were over, so it was cancelled")
