"""A fault stays where it is, and nothing that was missed stays missed."""

import threading

import msgspec
import pytest
from msgspec.structs import replace

from protocols.protocol import Refused, Unsettled
from retrain_trigger.landed import model_landed
from settings.fault import SettingsError
from state.agenda import new_entry
from state.storage_errors import UnavailableError
from tests.fakes.endpoints_folder import table
from tests.fakes.small_world import SmallWorld

MODEL = "census/model.ilearner"
DOWN = Unsettled("http_503", "down for maintenance")
SHARED = "shared/*.ilearner"


def test_a_fault_in_one_endpoints_table_has_its_model_wait_until_it_is_mended() -> None:
    faulty = table("census", key="%NO_SUCH_SETTING%")
    world = SmallWorld(faulty, table("other"))
    world.land(MODEL)
    world.land("other/model.ilearner")
    world.run(hours=3)
    error = world.desired().error
    assert world.desired().state == "waiting"
    assert error is not None
    assert error.code == "endpoint_fault"
    assert "NO_SUCH_SETTING" in error.message
    assert world.sent("census") == []
    assert world.desired("other").state == "live"

    world.folder.rewrite(table("census"), table("other"))
    world.run(minutes=10)

    assert world.sent("census") == [MODEL]
    assert world.desired().state == "live"


def test_a_file_that_does_not_parse_leaves_the_last_good_one_in_force() -> None:
    world = SmallWorld()
    world.land(MODEL)
    world.folder.rewrite("[endpoints")
    world.land("census/newer.ilearner")
    world.run(minutes=10)

    assert world.desired().model.name == "census/newer.ilearner"
    assert world.desired().state == "live"
    assert world.engine.endpoints.faults() != ()


def test_without_any_good_file_an_event_raises_and_what_is_due_waits() -> None:
    world = SmallWorld()
    world.scoring.down = DOWN
    world.land(MODEL)
    world.scoring.down = None
    world.folder.rewrite("[endpoints")
    world.restart()
    world.run(minutes=30)
    assert world.sent() == [MODEL]
    with pytest.raises(SettingsError):
        model_landed(world.engine, MODEL)

    world.folder.rewrite(table("census"))
    world.run(minutes=30)

    assert world.desired().state == "live"


def test_an_endpoint_removed_from_the_file_is_left_alone_and_its_order_remembered() -> None:
    world = SmallWorld(table("census"), table("other"))
    world.scoring.down = DOWN
    world.land(MODEL)
    world.scoring.down = None
    world.folder.rewrite(table("other"))
    world.run(hours=1)
    assert world.sent() == [MODEL]
    assert world.store.names("agenda/") == []
    assert world.desired().model.name == MODEL

    world.folder.rewrite(table("census"), table("other"))
    world.sweep()
    world.run(hours=1)

    assert world.sent() == [MODEL, MODEL]
    assert world.desired().state == "live"


def test_an_endpoint_that_was_out_of_the_file_is_renewed_beside_a_refused_model() -> None:
    """Invariant 4: what is desired is refused for good, and something else serves."""
    world = SmallWorld(table("census"), table("other"))
    world.land(MODEL)
    world.run(hours=1)
    world.scoring.react("census", Refused("http_400", "no model", about_model=True))
    world.land(MODEL)
    world.folder.rewrite(table("other"))
    world.run(hours=20)
    assert world.store.names("agenda/") == []

    world.folder.rewrite(table("census"), table("other"))
    world.sweep()
    world.run(days=2)

    assert world.desired().state == "refused"
    assert world.scoring.sent[-1].token_expires_at > world.clock.instant


def test_an_endpoint_at_which_nothing_is_to_be_done_is_woken_by_no_sweep() -> None:
    """What serves is gone from storage, and no copy of it is kept."""
    world = SmallWorld(table("census", more="keep = 0"))
    world.land(MODEL)
    world.run(minutes=10)
    world.catalog.delete(MODEL)
    world.run(days=1)
    world.sweep()

    assert world.store.names("agenda/") == []
    assert world.sweep() == 0


def test_a_record_of_an_earlier_version_that_names_no_entry_is_looked_at() -> None:
    world = SmallWorld()
    world.land(MODEL)
    world.run(minutes=10)
    (entry,) = world.store.names("agenda/")
    world.store.delete(entry)
    name = "endpoints/census.json"
    old = {**world.store.metadata(name), "entries": "0", "state": "refused"}
    del old["at_rest"]
    content = msgspec.json.encode(replace(world.record(), agenda=()))
    world.store.write(name, content, etag=world.store.read(name).etag, metadata=old)

    world.sweep()

    assert len(world.store.names("agenda/")) == 1


def test_an_endpoint_that_is_down_does_not_hold_another_back() -> None:
    world = SmallWorld(table("down", models=SHARED), table("up", models=SHARED))
    world.scoring.react("down", *[DOWN] * 3)
    world.land("shared/model.ilearner")

    assert world.desired("up").state == "patched"
    assert world.desired("down").state == "pending"
    world.run(hours=1)
    assert world.desired("down").state == "live"
    assert len(world.sent("up")) == 1


def test_an_endpoint_that_hangs_does_not_hold_another_back() -> None:
    """The landing as a whole takes as long as the slowest; nobody else waits for that."""
    world = SmallWorld(table("hangs", models=SHARED), table("other", models=SHARED))
    other_is_done = threading.Event()
    waited: list[bool] = []
    world.calls.script(
        "endpoint.patch", lambda: waited.append(other_is_done.wait(20)), name_part="hangs"
    )
    world.calls.script("endpoint.patch", other_is_done.set, name_part="other", after=True)

    world.land("shared/model.ilearner")

    assert waited == [True]
    assert world.desired("hangs").state == "patched"


def test_an_endpoint_whose_record_cannot_be_written_does_not_hold_another_back() -> None:
    world = SmallWorld(table("faulty", models=SHARED), table("other", models=SHARED))
    world.calls.fail("state.write", UnavailableError("write"), name_part="faulty")
    with pytest.raises(UnavailableError):
        world.land("shared/model.ilearner")
    assert world.desired("other").state == "patched"

    model_landed(world.engine, "shared/model.ilearner")
    world.run(minutes=10)

    assert world.desired("faulty").state == "live"
    assert len(world.sent("other")) == 1


def test_an_entry_that_fails_at_every_tick_does_not_keep_the_others_from_their_turn() -> None:
    world = SmallWorld(table("faulty"), table("other"))
    world.scoring.down = DOWN
    world.land("faulty/model.ilearner")
    world.land("other/model.ilearner")
    world.scoring.down = None
    record = "endpoints/faulty.json"
    world.calls.fail("state.read", UnavailableError("read"), name_part=record, times=10)
    world.run(minutes=5)
    assert world.desired("other").state == "live"

    world.run(minutes=30)

    assert world.desired("faulty").state == "live"


def test_an_entry_that_fails_does_not_keep_the_same_endpoints_next_one_from_its_turn() -> None:
    world = SmallWorld()
    world.scoring.down = DOWN
    world.land(MODEL)
    world.scoring.down = None
    world.store.put(new_entry(world.clock.instant, "endpoint", "census").name)
    world.calls.fail("state.read", UnavailableError("read"), name_part="endpoints/")

    assert world.tick() >= 2

    assert world.sent() == [MODEL, MODEL]


def test_a_token_that_cannot_be_signed_delays_the_model() -> None:
    world = SmallWorld()
    world.calls.fail("token.sign", UnavailableError("sign"), times=3)
    world.land(MODEL)
    error = world.desired().error
    assert world.desired().state == "pending"
    assert error is not None
    assert error.code == "cannot_sign"

    world.run(hours=1)

    assert world.sent() == [MODEL]
    assert world.desired().state == "live"


def test_a_model_that_cannot_be_looked_at_is_not_sent_and_not_lost() -> None:
    world = SmallWorld()
    world.scoring.down = DOWN
    world.land(MODEL)
    world.scoring.down = None
    world.calls.fail("models.head", UnavailableError("look"), times=3)
    world.run(hours=1)

    assert world.sent() == [MODEL, MODEL]
    assert world.desired().state == "live"


def test_a_model_whose_event_never_came_is_found_by_the_sweep() -> None:
    world = SmallWorld()
    world.land(MODEL)
    world.run(minutes=10)
    world.clock.advance(seconds=3)
    world.catalog.put("census/missed.ilearner")

    assert world.sweep() == 1
    world.run(minutes=10)

    assert world.desired().model.name == "census/missed.ilearner"
    assert world.desired().state == "live"
    assert world.sweep() == 0


def test_an_entry_that_no_record_names_is_worked_off_once() -> None:
    world = SmallWorld()
    world.land(MODEL)
    world.run(minutes=10)
    stray = new_entry(world.clock.instant, "endpoint", "census")
    world.store.put(stray.name)

    world.tick()

    assert stray.name not in world.store.names("agenda/")
    assert world.sent() == [MODEL]
    assert len(world.store.names("agenda/")) == 1
