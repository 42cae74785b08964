"""What a tick does first, what it leaves to the next, and what hangs beside it."""

import threading
from datetime import timedelta

import pytest

from protocols.protocol import Unsettled
from retrain_trigger.job import Job
from retrain_trigger.request import Request
from retrain_trigger.side_by_side import AT_ONCE
from retrain_trigger.silent_services import SilentServices
from retrain_trigger.watch import watch
from tests.fakes.driven_clock import DrivenClock
from tests.fakes.endpoints_folder import table
from tests.fakes.small_world import NAME, SmallWorld
from tests.unit.retrain_trigger.test_jobs import (
    AT_SIX_TWO,
    SERVICE,
    begin,
    jobs_of,
    retrained,
    world,
)

NO_ANSWER = Unsettled("no_answer", "no answer within 60 s")
OTHER_SERVICE = SERVICE.replace("services.training]", "services.other]")


def fleet(count: int, *more: str) -> SmallWorld:
    """Endpoints of which each has a running job, at one training service."""
    names = [f"place-{number:03}" for number in range(count)]
    small = SmallWorld(*(retrained(name) for name in names), SERVICE, *more)
    small.training.ends_as = "running"
    for name in names:
        endpoint = small.engine.endpoints.current().by_name[name]
        small.engine.jobs.begin(endpoint, Request(by="somebody"))
    return small


def job_at(small: SmallWorld, endpoint: str) -> Job:
    [job] = [one for one in jobs_of(small) if one.endpoint == endpoint]
    return job


def test_training_services_that_hang_do_not_keep_an_endpoint_from_its_turn() -> None:
    small = fleet(2 * AT_ONCE, table("other"))
    small.scoring.react("other", Unsettled("http_503", "down"))
    small.land("other/model.ilearner")
    patched = threading.Event()
    small.calls.script("endpoint.patch", patched.set, name_part="other", after=True)
    waited: list[bool] = []
    small.calls.script("training.look", lambda: waited.append(patched.wait(20)), times=AT_ONCE)
    small.tick()

    assert waited == [True] * AT_ONCE
    assert small.desired("other").state == "patched"


def test_endpoints_that_hang_do_not_keep_a_job_from_its_turn() -> None:
    names = [f"hangs-{number:02}" for number in range(2 * AT_ONCE)]
    small = SmallWorld(*(table(name) for name in names), retrained(), SERVICE)
    for name in names:
        small.scoring.react(name, Unsettled("http_503", "down"))
        small.land(f"{name}/model.ilearner")
    begin(small)
    looked = threading.Event()
    small.calls.script("training.look", looked.set, after=True)
    waited: list[bool] = []
    small.calls.script("endpoint.patch", lambda: waited.append(looked.wait(20)), times=AT_ONCE)
    small.tick()

    assert waited == [True] * AT_ONCE
    assert job_at(small, NAME).state == "finished"


def test_of_a_services_jobs_that_gives_no_answer_one_asks_and_the_others_wait_for_that() -> None:
    small = fleet(3 * AT_ONCE)
    small.training.says["look"] = [NO_ANSWER]
    small.tick()
    small.calls.forget()
    for _ in range(3):
        small.tick()
        assert small.calls.count("training.look") == 1
        small.calls.forget()

    small.training.says.clear()
    small.tick()
    small.calls.forget()
    small.tick()
    small.tick()
    assert small.calls.count("training.look") >= 2 * AT_ONCE


def test_jobs_of_another_service_do_not_wait_for_one_that_gives_no_answer() -> None:
    small = fleet(1, retrained().replace('"training"', '"other"'), OTHER_SERVICE)
    small.training.says["look"] = [NO_ANSWER]
    small.tick()

    assert begin(small).state == "running"


def test_a_service_that_gave_no_answer_is_asked_again_by_one_at_a_time() -> None:
    silent, now = SilentServices(), DrivenClock().instant
    silent.note("training", now, is_silent=True)
    later = now + timedelta(minutes=1)

    assert not silent.may_be_asked("training", now)
    assert [silent.may_be_asked("training", later) for _ in range(3)] == [True, False, False]
    assert silent.may_be_asked("other", later)

    silent.note("training", later, is_silent=False)
    assert [silent.may_be_asked("training", later) for _ in range(3)] == [True, True, True]


def test_a_model_that_is_trained_does_not_wait_for_a_service_that_gives_no_answer() -> None:
    small = fleet(1, retrained(), SERVICE.replace("training]", "unused]"))
    begin(small)
    small.calls.fail("state.write", OSError("no"), name_part=f"endpoints/{NAME}")
    [_, theirs] = small.training.jobs.values()
    theirs.status = "finished"
    small.catalog.put(f"{NAME}/{job_at(small, NAME).id}.ilearner")
    small.tick()
    assert job_at(small, NAME).state == "trained"
    small.training.says["look"] = [NO_ANSWER]
    small.engine.jobs.drive(job_at(small, "place-000").id)
    small.clock.advance(seconds=1)
    small.engine.jobs.drive(job_at(small, NAME).id)

    assert job_at(small, NAME).state == "finished"


def test_a_job_that_waits_for_a_silent_service_is_given_up_in_its_time_too() -> None:
    small = fleet(3)
    small.training.says = {"look": [NO_ANSWER], "cancel": [NO_ANSWER]}
    small.run(hours=12, minutes=30)
    assert {job.state for job in jobs_of(small)} == {"timing_out"}
    small.clock.advance(hours=1)
    small.calls.forget()
    for job in jobs_of(small):
        small.engine.jobs.drive(job.id)

    assert {job.state for job in jobs_of(small)} == {"timed_out"}
    assert small.calls.count("training.look") == 1


def test_a_tick_that_has_taken_long_begins_nothing_more_and_the_next_one_does() -> None:
    names = [f"slow-{number:02}" for number in range(3 * AT_ONCE)]
    small = SmallWorld(*(table(name) for name in names))
    small.scoring.down = Unsettled("http_503", "down")
    for name in names:
        small.land(f"{name}/model.ilearner")
    small.scoring.down = None
    small.clock.advance(minutes=1)
    small.calls.script("endpoint.patch", lambda: small.clock.advance(seconds=50), times=AT_ONCE)
    sent = len(small.scoring.sent)
    watch(small.engine)
    first = len(small.scoring.sent) - sent

    assert 1 <= first <= AT_ONCE
    small.run(minutes=30)
    assert {small.desired(name).state for name in names} == {"live"}


@pytest.mark.parametrize("seconds", [0, 50])
def test_a_schedule_that_a_late_tick_sees_to_is_recorded_and_its_job_left_to_the_next(
    seconds: int,
) -> None:
    small = world(schedule=AT_SIX_TWO)
    small.tick()
    small.calls.script(
        "state.list", lambda: small.clock.advance(seconds=seconds), name_part="agenda/"
    )
    small.tick()

    assert [job.state for job in jobs_of(small)] == ["created" if seconds else "running"]
    assert small.calls.count("training.submit") == (0 if seconds else 1)
    small.run(minutes=5)
    assert [job.state for job in jobs_of(small)] == ["finished"]
