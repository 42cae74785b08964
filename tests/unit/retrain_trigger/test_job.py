"""The job's transition table, and when a job is looked at."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from msgspec.structs import replace

from patch_endpoint.record import Problem
from protocols.batch import JobStatus
from retrain_trigger.job import ENDED, ENDING, Job, State
from retrain_trigger.job_times import (
    GIVEN_UP_AFTER,
    LONGEST_POLL,
    SHORTEST_POLL,
    given_up,
    is_overdue,
    looked_after,
    troubled,
)
from retrain_trigger.job_transitions import (
    TRANSITIONS,
    Event,
    Sight,
    after,
    happened,
    seen,
    step_after_look,
    step_of,
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
    ended = happened(job("timing_out", timeout=timedelta(hours=3)), "seen_cancelled", NOW)

    assert ended.state == "timed_out"
    assert ended.error == Problem("timed_out", "its 3:00:00 were over, so it was cancelled")
    assert (ended.ended_at, ended.look_at) == (NOW, None)


@pytest.mark.parametrize("state", sorted(ENDING))
@pytest.mark.parametrize("sight", ["not_started", "running", "unknown", "unseen"])
def test_a_job_that_is_to_end_is_cancelled_unless_it_was_seen_ended(
    state: State, sight: Sight
) -> None:
    assert step_after_look(job(state), sight) == "cancel"


@pytest.mark.parametrize("state", sorted(set(STATES) - ENDING))
def test_a_job_that_is_not_to_end_is_not_cancelled(state: State) -> None:
    sights: tuple[Sight, ...] = (*STATUSES, "unseen")

    assert "cancel" not in {step_after_look(job(state), sight) for sight in sights}


@pytest.mark.parametrize("state", sorted(ENDING))
def test_a_job_is_given_up_an_hour_after_its_end_was_first_asked_for(state: State) -> None:
    since = NOW + timedelta(hours=3)
    ending = replace(job(state), ending_since=since, status="Running")

    assert given_up(ending, since + GIVEN_UP_AFTER - timedelta(seconds=1)) == ending
    assert given_up(ending, since + GIVEN_UP_AFTER).has_ended


@pytest.mark.parametrize("state", sorted(set(STATES) - ENDING))
def test_no_other_job_is_ever_given_up(state: State) -> None:
    assert given_up(job(state), NOW + timedelta(days=90)) == job(state)


def test_a_job_that_is_to_end_is_looked_at_often_at_first_and_once_more_when_it_is_given_up() -> (
    None
):
    old = replace(job("running"), started_at=NOW - timedelta(hours=9))
    ending = happened(old, "cancel_asked", NOW)
    late = NOW + GIVEN_UP_AFTER - timedelta(minutes=1)

    assert looked_after(ending, NOW).look_at == NOW + SHORTEST_POLL
    assert looked_after(ending, late).look_at == NOW + GIVEN_UP_AFTER
    waits = troubled(ending, Problem("http_503", "Busy."), timedelta(hours=1), late)
    assert waits.look_at == NOW + GIVEN_UP_AFTER


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
