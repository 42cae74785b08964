"""What is forgotten once a day, and that a fault in one thing holds back no other."""

from contextlib import suppress

import pytest

from patch_endpoint.aged import HISTORY_KEPT_FOR
from patch_endpoint.kept import copy_name
from patch_endpoint.record import Record
from patch_endpoint.steps import rolling_back
from retrain_trigger.sweep import sweep
from state.storage_errors import StorageError, UnavailableError
from tests.fakes.endpoints_folder import table
from tests.fakes.small_world import NAME, SmallWorld
from tests.unit.retrain_trigger.test_jobs import SERVICE, begin, retrained, world
from tests.unit.retrain_trigger.test_rollback import LATEST, endpoint, lived

AWAY = UnavailableError("do it", code="OperationTimedOut")
FORBIDDEN = UnavailableError("keep a model", 403, "AuthorizationPermissionMismatch")


def kept(**more: object) -> str:
    return table(NAME, more="\n".join(f"{key} = {value}" for key, value in more.items()))


def next_day(small: SmallWorld) -> None:
    small.run(days=1)
    small.sweep()


def copies(small: SmallWorld) -> tuple[set[str], set[str]]:
    """Give the copies that there are, and those that the record names."""
    return set(small.keeper.kept), {one.name for one in small.record().kept}


def test_a_copy_that_could_not_be_dropped_is_dropped_the_next_day() -> None:
    small = SmallWorld(kept(keep=1))
    lived(small, LATEST)
    small.calls.fail("kept.drop", AWAY)
    lived(small, LATEST)
    there, named = copies(small)
    assert (len(there), len(named)) == (2, 1)

    next_day(small)

    assert copies(small) == (named, named)


def test_a_lowered_keep_frees_what_is_too_much() -> None:
    small = SmallWorld(kept(keep=5))
    lived(small, *[LATEST] * 4)
    small.folder.rewrite(kept(keep=2))
    next_day(small)
    assert len(small.keeper.kept) == 2

    small.folder.rewrite(kept(keep=0))
    lived(small, LATEST)
    next_day(small)
    assert copies(small) == (set(), set())


def test_a_faulty_table_frees_nothing() -> None:
    small = SmallWorld(kept(keep=9))
    lived(small, *[LATEST] * 7)
    small.folder.rewrite(kept(keep='"a few"'))
    next_day(small)

    assert len(small.keeper.kept) == 7


def test_a_young_copy_and_one_on_its_way_are_left_though_no_record_names_them() -> None:
    small = SmallWorld()
    small.keeper.takes_time = True
    small.land(LATEST)
    small.run(minutes=3)
    [on_its_way] = small.keeper.kept
    assert on_its_way == copy_name(NAME, small.desired().model)
    small.run(days=1)
    small.keeper.make(f"{NAME}/young", small.keeper.kept[on_its_way])

    small.sweep()

    assert set(small.keeper.kept) == {on_its_way, f"{NAME}/young"}


def test_a_copy_that_is_made_anew_meanwhile_is_not_dropped() -> None:
    small = SmallWorld(kept(keep=1))
    lived(small, LATEST)
    small.calls.fail("kept.drop", AWAY)
    lived(small, LATEST)
    there, named = copies(small)
    [stray] = there - named
    model = small.keeper.kept[stray]

    def made_anew() -> None:
        small.keeper.make(stray, model)

    small.run(days=1)
    small.calls.script("kept.drop", made_anew)
    small.sweep()

    assert stray in small.keeper.kept


def test_copies_of_an_endpoint_without_a_record_are_not_known_to_be_ours() -> None:
    small = SmallWorld()
    lived(small, LATEST)
    [model] = small.keeper.kept.values()
    small.keeper.make("another-apps/copy", model)
    next_day(small)

    assert "another-apps/copy" in small.keeper.kept


def test_an_endpoint_that_is_taken_out_loses_its_copies_in_time_and_never_its_order() -> None:
    small = SmallWorld(kept())
    lived(small, LATEST, LATEST)
    desired = small.record().desired
    small.folder.rewrite(table("other"))
    next_day(small)
    assert len(small.keeper.kept) == 2
    assert len(small.record().kept) == 2

    small.run(days=HISTORY_KEPT_FOR.days + 1)
    small.sweep()

    assert copies(small) == (set(), set())
    assert small.record().desired == desired


def test_old_deployments_go_with_their_copies_and_one_to_go_back_to_stays() -> None:
    small = SmallWorld()
    lived(small, *[LATEST] * 4)
    small.run(days=HISTORY_KEPT_FOR.days + 1)
    assert len(small.record().history) == 3
    small.sweep()

    record = small.record()
    assert len(record.history) == 1
    assert len(small.keeper.kept) == 2
    small.engine.deployer.work(endpoint(small), rolling_back("ada", None, hold=True))
    small.run(minutes=3)
    assert small.desired().model == record.history[0].deployment.model
    assert small.desired().state == "live"


def test_a_rollback_while_a_copy_is_made_keeps_the_bytes_that_it_sends() -> None:
    small = SmallWorld(kept(keep=1))
    lived(small, LATEST)
    first = small.desired().model
    small.land(LATEST)

    def rolled_back() -> None:
        small.engine.deployer.work(endpoint(small), rolling_back("ada", None, hold=True))

    small.calls.script("kept.keep", rolled_back)
    small.run(days=3)

    serving = small.record().serving
    assert serving is not None
    assert (small.desired().model, small.desired().state) == (first, "live")
    assert copy_name(NAME, first) in small.keeper.kept
    assert serving.renewable
    assert serving.token_expires_at > small.clock()


def test_a_copy_that_takes_storage_its_time_counts_once_it_is_finished() -> None:
    small = SmallWorld()
    small.keeper.takes_time = True
    small.land(LATEST)
    small.run(minutes=10)
    assert small.record().kept == ()

    small.keeper.takes_time = False
    small.catalog.put(LATEST)
    small.run(minutes=16)

    assert [one.name for one in small.record().kept] == list(small.keeper.kept)
    serving = small.record().serving
    assert serving is not None
    assert serving.keeping == "kept"


def test_a_copy_that_is_forbidden_is_tried_with_pauses_of_a_quarter_of_an_hour_at_most() -> None:
    small = SmallWorld()
    small.calls.fail("kept.keep", FORBIDDEN, times=1000)
    small.land(LATEST)
    small.run(hours=2)
    small.calls.forget()
    small.run(hours=10)

    assert 38 <= small.calls.count("kept.keep") <= 40


def test_it_is_done_once_a_day() -> None:
    small = world()
    small.sweep()
    small.calls.forget()
    for _ in range(6 * 24):
        small.clock.advance(minutes=10)
        small.sweep()

    assert small.calls.count("kept.list") == 1
    assert small.calls.count("state.list", "jobs/") == 1


def with_one_that_cannot_be_read() -> SmallWorld:
    """A world with a day-old retrained endpoint, and one whose record is no record any more."""
    small = SmallWorld(table("good"), retrained(), SERVICE)
    small.land("good/a.ilearner")
    begin(small)
    small.tick()
    small.tick()
    small.store.put("endpoints/good.json", b"rubbish")
    small.clock.advance(days=1)
    return small


def test_a_record_that_cannot_be_read_is_reported_and_the_sweep_was_made_all_the_same() -> None:
    small = with_one_that_cannot_be_read()

    with pytest.raises(StorageError, match=r"endpoints/good\.json"):
        sweep(small.engine)

    heartbeat = small.engine.heartbeats.last("sweep")
    assert heartbeat is not None
    assert heartbeat.started_at == small.clock()


def test_nor_is_everything_listed_again_at_each_sweep_because_of_it() -> None:
    small = with_one_that_cannot_be_read()
    small.calls.forget()
    for _ in range(6):
        small.clock.advance(minutes=10)
        with suppress(StorageError):
            sweep(small.engine)

    assert small.calls.count("state.list", "jobs/") == 1
    assert small.calls.count("kept.list") == 1


def test_a_listing_that_fails_is_made_at_the_next_sweep() -> None:
    small = SmallWorld()
    small.calls.fail("kept.list", AWAY)
    with pytest.raises(StorageError):
        sweep(small.engine)
    assert small.engine.heartbeats.last("sweep") is not None
    small.calls.forget()

    small.sweep()

    assert small.calls.count("kept.list") == 1


@pytest.mark.parametrize("ended_at", ["rubbish", "2026-01-01T00:00:00"])
def test_a_job_whose_metadata_makes_no_sense_holds_back_no_other(ended_at: str) -> None:
    small = world()
    for _ in range(2):
        begin(small)
        small.tick()
        small.tick()
    metadata = {"state": "finished", "ended_at": ended_at}
    small.store.write("jobs/a_20260101T000000Z.json", b"{}", etag=None, metadata=metadata)
    last = small.store.names("jobs/")[-1]
    small.run(days=31)
    small.sweep()

    assert small.store.names("jobs/") == ["jobs/a_20260101T000000Z.json", last]


@pytest.mark.parametrize("instant", ["rubbish", "2026-03-02T06:00:00"])
def test_a_record_whose_metadata_makes_no_sense_is_looked_at(instant: str) -> None:
    small = SmallWorld()
    small.land(LATEST)
    small.run(hours=1)
    content = small.store.content(f"endpoints/{NAME}.json")
    small.store.delete(f"endpoints/{NAME}.json")
    metadata = {"state": "live", "instant": instant, "entries": "1"}
    small.store.write(f"endpoints/{NAME}.json", content, etag=None, metadata=metadata)
    small.catalog.put("census/missed.ilearner")

    assert small.sweep() == 1
    assert small.desired().model.name == "census/missed.ilearner"


def test_a_fleet_too_large_for_one_sweep_is_tidied_by_several_each_record_once() -> None:
    """Else a host ends the sweep at its timeout, day after day, and it leaves no heartbeat."""
    small = SmallWorld()
    names = [f"e{number:03}" for number in range(500)]
    for name in names:
        small.engine.records.write(Record(endpoint=name), None)
    small.calls.script("state.read", lambda: small.clock.advance(seconds=1), times=10_000)
    read_by: list[int] = []

    for _ in range(5):
        small.calls.forget()
        small.sweep()
        read_by.append(small.calls.count("state.read", "endpoints/e"))

    assert read_by == [200, 200, 100, 0, 0]
    next_day(small)
    assert small.calls.count("state.read", "endpoints/e") == 200
