"""Scheduled retrains that cannot be begun: they stay due, and hold nothing else back."""

from datetime import datetime
from typing import Final

import msgspec
import pytest

from retrain_trigger.watch import watch
from state.storage_errors import UnavailableError
from tests.fakes.small_world import NAME, SmallWorld
from tests.unit.retrain_trigger.test_jobs import AT_SIX_TWO, SERVICE, jobs_of, retrained, world

AT_HALF_PAST: Final = 'schedule = "0 30 6 * * *"'
FAULTY: Final = SERVICE.replace("%CENSUS_API_KEY%", "%NO_SUCH_SETTING%")
AWAY: Final = UnavailableError("write", code="OperationTimedOut")
UNBEGUN: Final = "schedules/unbegun.json"
NAMES: Final = [f"place-{number:02}" for number in range(20)]


def ticks(small: SmallWorld, number: int) -> None:
    for _ in range(number):
        small.tick()


def unbegun(small: SmallWorld) -> dict[str, datetime]:
    return msgspec.json.decode(small.store.content(UNBEGUN), type=dict[str, datetime])


def broken(*more: str) -> SmallWorld:
    """A world in which the jobs of one of twenty endpoints cannot be read."""
    small = SmallWorld(*(retrained(name, schedule=AT_SIX_TWO) for name in NAMES), *more, SERVICE)
    small.tick()
    small.store.put(f"latest-jobs/{NAMES[0]}.json", b"no json")
    ticks(small, 5)
    return small


def test_one_record_that_cannot_be_read_costs_later_ticks_that_endpoint_alone() -> None:
    small = broken()
    assert len(small.training.started) == len(NAMES) - 1
    assert list(unbegun(small)) == NAMES[:1]
    small.calls.forget()

    small.tick()

    assert len(small.calls.made) <= 7, small.calls.made


def test_nor_does_it_begin_an_occurrence_that_was_over_when_its_schedule_was_written() -> None:
    small = broken()
    small.clock.advance(hours=1)
    small.tick()

    changed = [retrained(name, schedule=AT_HALF_PAST) for name in NAMES]
    small.folder.rewrite(*changed, SERVICE)
    ticks(small, 3)

    assert len(small.training.started) == len(NAMES) - 1


def test_once_it_can_be_read_its_retrain_begins() -> None:
    small = broken()
    small.store.delete(f"latest-jobs/{NAMES[0]}.json")
    ticks(small, 2)

    assert len(small.training.started) == len(NAMES)
    assert unbegun(small) == {}


@pytest.mark.parametrize("restart", [False, True], ids=["same process", "another process"])
def test_an_occurrence_during_a_fault_of_the_services_table_begins_once_it_is_mended(
    *, restart: bool
) -> None:
    small = SmallWorld(retrained(schedule=AT_SIX_TWO), FAULTY)
    ticks(small, 5)
    assert jobs_of(small) == []
    if restart:
        small.restart()
        small.tick()

    small.folder.rewrite(retrained(schedule=AT_SIX_TWO), SERVICE)
    ticks(small, 5)

    [job] = jobs_of(small)
    assert (job.id, job.state) == ("census_20260302T060200Z", "finished")


def test_occurrences_during_a_fault_of_days_are_one() -> None:
    small = SmallWorld(retrained(schedule=AT_SIX_TWO), FAULTY)
    small.tick()
    for _ in range(4):
        small.clock.advance(days=1)
        small.tick()
    assert list(unbegun(small)) == [NAME]

    small.folder.rewrite(retrained(schedule=AT_SIX_TWO), SERVICE)
    ticks(small, 5)

    assert [job.id for job in jobs_of(small)] == ["census_20260306T060200Z"]


def test_what_another_instance_could_not_begin_is_begun_by_whoever_finds_it_mended() -> None:
    small = world(schedule=AT_SIX_TWO)
    small.tick()
    idle = small.engine
    small.restart()
    small.folder.rewrite(retrained(schedule=AT_SIX_TWO), FAULTY)
    ticks(small, 3)
    small.folder.rewrite(retrained(schedule=AT_SIX_TWO), SERVICE)
    small.clock.advance(minutes=1)

    watch(idle)

    assert [job.id for job in jobs_of(small)] == ["census_20260302T060200Z"]


def test_what_has_no_schedule_any_more_is_not_begun() -> None:
    small = SmallWorld(retrained(schedule=AT_SIX_TWO), FAULTY)
    ticks(small, 3)
    small.folder.rewrite(retrained(), SERVICE)
    ticks(small, 3)
    small.folder.rewrite(retrained(schedule=AT_HALF_PAST), SERVICE)
    ticks(small, 3)

    assert jobs_of(small) == []


def test_what_could_not_be_noted_is_found_again() -> None:
    small = world(schedule=AT_SIX_TWO)
    small.tick()
    small.calls.fail("state.write", AWAY, name_part="latest-jobs/")
    small.calls.fail("state.put", AWAY, name_part=UNBEGUN)
    ticks(small, 2)

    assert [job.id for job in jobs_of(small)] == ["census_20260302T060200Z"]


def test_once_all_is_begun_a_tick_is_idle_again() -> None:
    small = SmallWorld(retrained(schedule=AT_SIX_TWO), FAULTY)
    ticks(small, 3)
    small.folder.rewrite(retrained(schedule=AT_SIX_TWO), SERVICE)
    ticks(small, 8)
    small.calls.forget()
    small.tick()

    assert [one.what for one in small.calls.made] == ["state.list", "state.put"]


def test_a_note_that_cannot_be_read_is_none() -> None:
    small = world(schedule=AT_SIX_TWO)
    small.store.put(UNBEGUN, b"no json")
    ticks(small, 3)

    assert len(jobs_of(small)) == 1
