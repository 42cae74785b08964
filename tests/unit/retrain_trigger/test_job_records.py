"""A job's records and what wakes it: races between writers, lost answers, entries without a job."""

from contextlib import suppress
from datetime import timedelta

import pytest
from msgspec.structs import replace

from retrain_trigger.job import Job
from retrain_trigger.job_records import StoredJob
from retrain_trigger.jobs import JobRunsError
from retrain_trigger.request import Request
from retrain_trigger.watch import watch
from state.agenda import new_entry
from state.storage_errors import ConflictError, UnavailableError
from tests.fakes.small_world import NAME, SmallWorld
from tests.unit.retrain_trigger.test_jobs import AT_SIX_TWO, begin, jobs_of, world

CONFLICT = ConflictError("write", 412, "ConditionNotMet")


def running() -> SmallWorld:
    small = world()
    small.training.ends_as = "running"
    return small


def only(small: SmallWorld) -> Job:
    [job] = jobs_of(small)
    return job


def read(small: SmallWorld, job: Job) -> StoredJob:
    stored = small.engine.jobs.records.read(job.id)
    assert stored is not None
    return stored


def entries(small: SmallWorld) -> tuple[str, ...]:
    return tuple(small.store.names("agenda/"))


def test_a_tick_between_a_jobs_entry_and_its_claim_leaves_the_entry() -> None:
    small = running()

    def a_tick() -> None:
        watch(small.engine)

    small.calls.script("state.write", a_tick, name_part="latest-jobs/")
    begin(small)
    assert set(only(small).agenda) <= set(entries(small))
    small.calls.forget()
    small.run(hours=1)

    assert small.calls.count("training.look") >= 12


def test_an_entry_whose_job_never_came_goes_after_a_while() -> None:
    small = running()
    small.calls.fail("state.write", UnavailableError("write", code="x"), name_part="latest-jobs/")
    with suppress(UnavailableError):
        begin(small)
    small.run(minutes=9)
    early = entries(small)
    small.run(minutes=3)

    assert len(early) == 1
    assert entries(small) == ()


def test_a_job_whose_entry_is_gone_is_woken_by_the_sweep_for_good() -> None:
    small = running()
    begin(small)
    for name in entries(small):
        small.store.delete(name)
    small.clock.advance(hours=2)
    small.sweep()

    assert only(small).agenda == entries(small)
    small.run(hours=14)
    assert only(small).state == "timed_out"


def test_an_entry_that_comes_early_is_worked_off_and_asks_nobody() -> None:
    small = running()
    job = begin(small)
    small.run(hours=2)
    stray = new_entry(small.clock(), "job", job.id)
    small.store.put(stray.name)
    small.calls.forget()
    assert watch(small.engine) == 1

    assert small.calls.count("training.") == 0
    assert entries(small) == only(small).agenda != ()


def test_a_claim_whose_answer_was_lost_is_ones_own() -> None:
    small = running()
    small.calls.fail("state.write", CONFLICT, name_part="latest-jobs/", lost_answer=True)

    assert begin(small).state == "running"


def test_a_claim_that_somebody_else_made_first_is_not_ones_own() -> None:
    small = running()

    def another_begins() -> None:
        begin(small)

    small.calls.script("state.write", another_begins, name_part="latest-jobs/")
    with pytest.raises(JobRunsError) as error:
        begin(small)

    assert error.value.job.id == only(small).id
    assert len(small.training.started) == 1
    assert {name.split("/")[3] for name in entries(small)} == {only(small).id}


def test_a_claim_that_is_refused_and_is_nobodys_is_a_fault_of_storage() -> None:
    """Such as a lease that somebody has on the blob: no job runs, so this one was not begun."""
    small = running()
    begin(small)
    small.engine.jobs.cancel(only(small).id, "ada")
    left = entries(small)
    small.calls.fail("state.write", CONFLICT, name_part="latest-jobs/")
    with pytest.raises(ConflictError):
        begin(small)

    assert entries(small) == left


def test_a_scheduled_run_whose_claim_is_refused_is_begun_at_the_next_tick() -> None:
    small = world(schedule=AT_SIX_TWO)
    small.tick()
    small.calls.fail("state.write", CONFLICT, name_part="latest-jobs/")
    small.tick()
    assert jobs_of(small) == []
    small.tick()

    assert only(small).id == f"{NAME}_20260302T060200Z"


def test_an_occurrence_that_was_seen_to_is_not_begun_again_after_another_job() -> None:
    small = world()
    endpoint = small.engine.endpoints.current().by_name[NAME]
    occurrence = Request(small.clock())
    for request in (occurrence, Request(by="ada")):
        small.engine.jobs.begin(endpoint, request)
        small.run(minutes=5)

    with pytest.raises(JobRunsError):
        small.engine.jobs.begin(endpoint, occurrence)
    assert len(small.training.started) == 2


def test_a_record_whose_writing_was_answered_with_a_conflict_may_be_ones_own() -> None:
    small = running()
    small.calls.fail("state.write", CONFLICT, name_part="jobs/census_", lost_answer=True, times=9)

    assert begin(small).state == "running"
    assert set(only(small).agenda) <= set(entries(small))


def test_who_loses_a_race_to_write_leaves_no_entry_behind() -> None:
    small = running()
    stored = read(small, begin(small))
    small.engine.jobs.records.save(stored, replace(stored.job, status="by another"))
    sooner = replace(stored.job, look_at=small.clock() - timedelta(hours=1))
    with pytest.raises(ConflictError):
        small.engine.jobs.records.save(stored, sooner)

    assert entries(small) == only(small).agenda


def test_an_entry_of_ones_own_success_that_another_wrote_over_stays_for_that_one() -> None:
    small = running()
    stored = read(small, begin(small))

    def another_writes_over_it() -> None:
        now = read(small, stored.job)
        small.engine.jobs.records.save(now, replace(now.job, status="by another"))
        raise CONFLICT

    small.calls.script("state.write", another_writes_over_it, name_part="jobs/", after=True)
    sooner = replace(stored.job, look_at=small.clock() - timedelta(hours=1))
    with pytest.raises(ConflictError):
        small.engine.jobs.records.save(stored, sooner)

    assert only(small).status == "by another"
    assert set(only(small).agenda) <= set(entries(small))


def test_an_entry_that_cannot_be_removed_keeps_no_step_from_being_taken() -> None:
    small = world()
    begin(small)
    down = UnavailableError("delete", code="x")
    small.calls.fail("state.delete", down, name_part="agenda/", times=1)
    small.tick()

    assert only(small).state == "finished"
