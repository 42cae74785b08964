"""The job's transition table, and when a job is looked at."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from msgspec.structs import replace

from patch_endpoint.record import Problem
from protocols.batch import JobStatus
from retrain_trigger.job import (
    ENDED,
    LONGEST_POLL,
    SHORTEST_POLL,
    TRANSITIONS,
    Event,
    Job,
    State,
    after,
    happened,
    is_overdue,
    looked_after,
    seen,
    step_after_look,
    step_of,
    troubled,
)

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
STATES: tuple[State, ...] = get_args(State.__value__)
EVENTS: tuple[Event, ...] = get_args(Event.__value__)
STATUSES: tuple[JobStatus, ...] = get_args(JobStatus.__value__)


def job(state: State = "created", **more: timedelta) -> Job:
    made = Job(
        id="census_20260302T060000Z",
        endpoint="census",
        service="census",
        cause="person",
        created_at=NOW,
        timeout=more.get("timeout", timedelta(hours=12)),
    )
    return replace(made, state=state)


def reached_from(start: State) -> set[State]:
    reached: set[State] = {start}
    while True:
        further = {to for (state, _), to in TRANSITIONS.items() if state in reached} | reached
        if further == reached:
            return reached
        reached = further


def test_every_state_can_be_reached_and_only_the_ended_have_no_way_out() -> None:
    assert reached_from("created") == set(STATES)
    assert {state for state, _ in TRANSITIONS} == set(STATES) - ENDED


@pytest.mark.parametrize("state", sorted(set(STATES) - ENDED))
def test_from_every_state_a_job_can_end(state: State) -> None:
    assert reached_from(state) & ENDED


@pytest.mark.parametrize("state", sorted(ENDED))
@pytest.mark.parametrize("event", EVENTS)
def test_nothing_happens_to_a_job_that_has_ended(state: State, event: Event) -> None:
    assert after(state, event) is None
    assert happened(job(state), event, NOW) == job(state)
    assert step_of(job(state)) is None


@pytest.mark.parametrize("state", sorted(set(STATES) - ENDED))
def test_every_job_that_has_not_ended_has_a_first_step(state: State) -> None:
    assert step_of(job(state)) is not None


def test_a_job_is_never_started_before_its_service_was_asked_or_its_id_is_fresh() -> None:
    assert step_of(job("submitted")) == "look"
    assert [one for one in STATUSES if step_after_look(job("submitted"), one) == "start"] == [
        "not_started"
    ]


def test_a_started_job_that_waits_for_its_turn_is_not_started_again() -> None:
    assert step_after_look(job("running"), "not_started") is None
    assert seen("not_started") is None


def test_an_unknown_status_is_no_event() -> None:
    assert seen("unknown") is None


@pytest.mark.parametrize("state", ["cancelling", "timing_out"])
def test_a_model_that_is_there_is_taken_though_the_job_was_to_end(state: State) -> None:
    assert after(state, "seen_finished") == "trained"


def test_a_timeout_says_so() -> None:
    ended = happened(job("timing_out", timeout=timedelta(hours=3)), "cancel_accepted", NOW)

    assert ended.state == "timed_out"
    assert ended.error == Problem("timed_out", "its 3:00:00 were over, so it was cancelled")
    assert (ended.ended_at, ended.look_at) == (NOW, None)


def test_time_is_counted_from_the_submission() -> None:
    late = replace(job("running"), submitted_at=NOW + timedelta(hours=1))

    assert not is_overdue(late, NOW + timedelta(hours=12, minutes=59))
    assert is_overdue(late, NOW + timedelta(hours=13))


@pytest.mark.parametrize(
    ("age", "pause"),
    [
        (timedelta(0), SHORTEST_POLL),
        (timedelta(minutes=10), timedelta(minutes=1)),
        (timedelta(hours=6), LONGEST_POLL),
    ],
)
def test_the_older_a_job_the_rarer_it_is_looked_at(age: timedelta, pause: timedelta) -> None:
    running = replace(job("running"), started_at=NOW - age)

    assert looked_after(running, NOW).look_at == NOW + pause


def test_a_job_is_looked_at_no_later_than_when_its_time_is_up() -> None:
    running = replace(job("running"), started_at=NOW, submitted_at=NOW)
    almost = NOW + timedelta(hours=12) - timedelta(seconds=20)

    assert looked_after(running, almost).look_at == NOW + timedelta(hours=12)


def test_trouble_backs_off_but_what_the_service_asks_for_comes_first() -> None:
    problem = Problem("http_503", "Busy.")
    once = troubled(job(), problem, None, NOW)
    twice = troubled(once, problem, None, NOW)
    asked = troubled(twice, problem, timedelta(minutes=20), NOW)

    assert [one.look_at for one in (once, twice, asked)] == [
        NOW + timedelta(seconds=30),
        NOW + timedelta(minutes=1),
        NOW + timedelta(minutes=20),
    ]


def test_what_happens_ends_the_trouble() -> None:
    relieved = happened(troubled(job(), Problem("x", "y"), None, NOW), "submit_accepted", NOW)

    assert (relieved.troubles, relieved.error, relieved.submitted_at) == (0, None, NOW)
