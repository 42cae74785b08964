"""How a job ends that is to end: at its timeout, for a person, and with a service that will not."""

from datetime import timedelta

import pytest

from protocols.protocol import Refused, Unsettled
from retrain_trigger.job import Job
from retrain_trigger.job_times import GIVEN_UP_AFTER
from retrain_trigger.jobs import JobEndedError, JobRunsError
from state.storage_errors import UnavailableError
from tests.fakes.small_world import SmallWorld
from tests.unit.retrain_trigger.test_jobs import (
    AT_ONCE,
    OURS,
    SERVICE,
    begin,
    jobs_of,
    of_either_kind,
    retrained,
    world,
)

TIMEOUT = timedelta(hours=12)
BUSY = Unsettled("http_503", "busy")
FORBIDDEN = Refused("http_403", "no")
UNKNOWN = Refused("http_404", "there is no such job")
OTHER_SERVICE = SERVICE.replace("[training_services.training]", "[training_services.other]")


def running(outputs: str = OURS, service: str = SERVICE) -> tuple[SmallWorld, Job]:
    small = world(outputs, service=service)
    small.training.ends_as = "running"
    return small, begin(small)


def latest(small: SmallWorld) -> Job:
    return jobs_of(small)[-1]


@of_either_kind
def test_a_job_that_its_service_cannot_describe_has_it_asked_to_cancel_it_all_the_same(
    service: str,
) -> None:
    small, job = running(service=service)
    small.training.says["look"] = [Unsettled("unreadable_job", "no JSON")]
    small.engine.jobs.cancel(job.id, "ada")

    [there] = small.training.jobs.values()
    assert there.status == "cancelled"
    assert latest(small).state == "cancelling"

    small.training.says.clear()
    small.run(minutes=5)
    assert latest(small).state == "cancelled"


@pytest.mark.parametrize(
    ("look", "cancel"),
    [(FORBIDDEN, FORBIDDEN), (None, BUSY), (None, FORBIDDEN), (BUSY, None)],
    ids=["no key", "cancel fails", "cancel refused", "no look"],
)
@of_either_kind
def test_a_job_whose_service_will_not_end_it_ends_an_hour_after_its_timeout_and_says_so(
    service: str, look: Refused | Unsettled | None, cancel: Refused | Unsettled | None
) -> None:
    small, _ = running(service=service)
    small.training.says = {"look": [look], "cancel": [cancel]}
    small.training.cancels = False
    small.run(hours=12, minutes=50)
    waits = latest(small)
    small.run(minutes=30)
    ended = latest(small)

    assert waits.state == "timing_out"
    assert ended.state == "timed_out"
    assert ended.error is not None
    assert ended.error.code == "end_unconfirmed"
    assert "may still run" in ended.error.message
    assert small.store.names("agenda/") == []


def test_a_job_whose_service_was_renamed_ends_and_another_may_begin() -> None:
    small, _ = running()
    small.folder.rewrite(retrained().replace('"training"', '"other"'), OTHER_SERVICE)
    small.run(hours=14)

    assert latest(small).state == "timed_out"
    assert latest(small).error is not None
    assert "service_not_configured" in str(latest(small).error)
    assert begin(small).state == "running"


@of_either_kind
def test_a_job_that_a_person_wants_ended_is_waited_for_an_hour(service: str) -> None:
    small, job = running(service=service)
    small.training.cancels = False
    assert small.engine.jobs.cancel(job.id, "ada") == latest(small)
    small.run(minutes=55)
    assert latest(small).state == "cancelling"
    with pytest.raises(JobRunsError):
        begin(small)

    small.run(minutes=10)

    assert latest(small).state == "cancelled"
    assert latest(small).error is not None
    assert str(latest(small).error).endswith("it says running', about_model=False)")


def test_the_hour_is_not_begun_anew_by_a_person_who_asks_again() -> None:
    small, job = running()
    small.training.cancels = False
    small.run(hours=12, minutes=30)
    small.engine.jobs.cancel(job.id, "ada")
    small.run(minutes=40)

    assert latest(small).state == "cancelled"
    assert latest(small).ended_at is not None
    assert latest(small).ending_since == job.deadline


def test_an_hour_of_which_the_app_slept_through_is_no_reason_not_to_ask() -> None:
    small, job = running()
    small.training.says["cancel"] = [BUSY, None]
    small.engine.jobs.cancel(job.id, "ada")
    small.clock.instant += 3 * GIVEN_UP_AFTER
    small.tick()

    assert (latest(small).state, latest(small).error) == ("cancelled", None)


@of_either_kind
def test_a_cancel_that_is_refused_ends_nothing(service: str) -> None:
    small, job = running(service=service)
    small.training.says["cancel"] = [FORBIDDEN]
    small.engine.jobs.cancel(job.id, "ada")

    assert latest(small).state == "cancelling"
    assert latest(small).error is not None
    with pytest.raises(JobRunsError):
        begin(small)


@pytest.mark.parametrize(("outputs", "service"), [("", SERVICE), (OURS, AT_ONCE)])
def test_a_model_that_is_there_before_the_cancel_arrives_is_delivered(
    outputs: str, service: str
) -> None:
    small, job = running(outputs, service)
    [there] = small.training.jobs.values()

    def finish() -> None:
        small.catalog.put(f"census/{job.id}.ilearner")
        there.status = "finished"

    small.calls.script("training.cancel", finish)
    small.engine.jobs.cancel(job.id, "ada")

    assert latest(small).state == "finished"
    assert len(small.sent()) == 1


@of_either_kind
def test_a_job_whose_time_is_up_is_cancelled_whatever_its_service_says_it_is_in(
    service: str,
) -> None:
    small, _ = running(service=service)
    [there] = small.training.jobs.values()
    there.status = "unknown"
    small.calls.script("training.cancel", lambda: setattr(there, "status", "running"))
    small.run(hours=12, minutes=5)

    assert latest(small).state == "timed_out"
    assert latest(small).error is not None
    assert "were over" in str(latest(small).error)


@of_either_kind
def test_a_job_is_lost_only_after_three_answers_in_a_row_that_it_is_unknown(service: str) -> None:
    small, _ = running(service=service)
    small.training.says["look"] = [BUSY, BUSY, UNKNOWN, UNKNOWN, BUSY, UNKNOWN, UNKNOWN, None]
    small.run(hours=2)
    assert latest(small).state == "running"

    small.training.says["look"] = [UNKNOWN, UNKNOWN, None, UNKNOWN, UNKNOWN, None]
    small.run(hours=2)
    assert latest(small).state == "running"

    small.training.says["look"] = [UNKNOWN, UNKNOWN, UNKNOWN, None]
    small.run(hours=2)
    assert latest(small).state == "failed"


def test_what_has_ended_or_has_its_model_cannot_be_cancelled() -> None:
    small = world()
    job = begin(small)
    down = UnavailableError("write", code="down")
    small.calls.fail("state.write", down, name_part="endpoints/", times=3)
    small.tick()
    assert latest(small).state == "trained"
    with pytest.raises(JobEndedError):
        small.engine.jobs.cancel(job.id, "ada")
    small.run(minutes=10)
    assert latest(small).state == "finished"
    with pytest.raises(JobEndedError):
        small.engine.jobs.cancel(job.id, "ada")

    assert latest(small).cancelled_by is None
