"""When a job is looked at, when its time is over, and when its end is awaited no longer. Pure."""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from patch_endpoint.attempt import LATE_FOR
from patch_endpoint.decide import pause_after
from patch_endpoint.record import Problem
from retrain_trigger.job import ENDING, Job, State
from retrain_trigger.job_transitions import happened

SHORTEST_POLL = timedelta(seconds=15)
LONGEST_POLL = timedelta(minutes=5)
GIVEN_UP_AFTER = timedelta(hours=1)
"""How long a service is asked to end a job before the endpoint may have another."""
_POLLS_PER_AGE = 10
_MAY_TIME_OUT: Final[frozenset[State]] = frozenset({"created", "submitted", "running"})


def is_overdue(job: Job, now: datetime) -> bool:
    """Say whether the time of *job* is up."""
    return job.state in _MAY_TIME_OUT and now >= job.deadline


def looked_after(job: Job, now: datetime) -> Job:
    """Note when *job* is looked at next if nothing changes: the older it is, the later."""
    if job.has_ended:
        return replace(job, look_at=None)
    age = now - (job.ending_since or job.started_at or job.created_at)
    pause = min(max(age / _POLLS_PER_AGE, SHORTEST_POLL), LONGEST_POLL)
    return replace(job, look_at=_bounded(job, now + pause))


def troubled(job: Job, problem: Problem, retry_after: timedelta | None, now: datetime) -> Job:
    """Note what stands in the way of *job*, and when it is tried again."""
    tried = job.troubles + 1
    pause = retry_after if retry_after is not None else pause_after(tried)
    return replace(job, error=problem, troubles=tried, look_at=_bounded(job, now + pause))


def may_yet_come(job: Job, now: datetime) -> bool:
    """Say whether its service may get to know *job* late: its submission may be on its way still.

    That is so only of one that starts by its submission, and was to end before it was seen there.
    """
    if job.job_id != job.id or job.started_at is not None or job.ending_since is None:
        return False
    return now - job.ending_since < LATE_FOR


def given_up(job: Job, now: datetime) -> Job:
    """End *job* if its service has been asked to for too long; else it stays as it is."""
    if job.state not in ENDING or now < _given_up_at(job):
        return job
    last = f"{job.error.code}: {job.error.message}" if job.error else f"it says {job.status}"
    what = f"its service did not say within {GIVEN_UP_AFTER} that it has ended, so it may still run"
    problem = Problem("end_unconfirmed", f"{what} there; the last that is known: {last}")
    return happened(job, "given_up", now, problem)


def _bounded(job: Job, instant: datetime) -> datetime:
    """Wake a job no later than when its time is up, or when it is given up."""
    if job.state in _MAY_TIME_OUT:
        return min(instant, job.deadline)
    return min(instant, _given_up_at(job)) if job.state in ENDING else instant


def _given_up_at(job: Job) -> datetime:
    return (job.ending_since or job.deadline) + GIVEN_UP_AFTER
