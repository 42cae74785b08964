"""The same bytes land again under the same name: no landing, and nothing is lost by it."""

import pytest

from patch_endpoint.steps import rolling_back
from protocols.protocol import Refused, Unsettled
from retrain_trigger.landed import model_landed
from tests.fakes.endpoints_folder import table
from tests.fakes.small_world import NAME, SmallWorld

LATEST, OTHER, NEW = (f"{NAME}/{name}.ilearner" for name in ("latest", "other", "new"))
BYTES = b"the same"


def landed_again(world: SmallWorld, after: int) -> None:
    """Have the same bytes land under the same name, *after* seconds, and the event come."""
    world.clock.advance(seconds=after)
    world.land(LATEST, BYTES)


def goes_back(world: SmallWorld) -> str:
    """Roll back, and say what is desired then."""
    world.clock.advance(minutes=1)
    endpoint = world.engine.endpoints.current().by_name[NAME]
    world.engine.deployer.work(endpoint, rolling_back("ada", None, hold=True))
    world.run(minutes=3)
    return world.desired().model.name


@pytest.mark.parametrize("after", [0, 5])
def test_before_the_confirmation_they_are_kept_all_the_same(after: int) -> None:
    world = SmallWorld()
    world.land(LATEST, BYTES)
    landed_again(world, after)
    world.run(minutes=10)
    world.land(LATEST, b"others")
    world.run(minutes=10)

    assert len(world.sent()) == 2
    first, _ = world.record().kept
    assert goes_back(world) == LATEST
    assert world.scoring.serves(NAME) == f"retrain-kept/{first.name}"


def test_before_any_event_of_them_they_are_kept_as_they_are_there_now() -> None:
    world = SmallWorld()
    world.land(LATEST, BYTES)
    world.catalog.put(LATEST, BYTES)
    world.run(minutes=10)

    serving = world.record().serving
    assert serving is not None
    assert serving.keeping == "kept"
    assert len(world.keeper.kept) == 1


@pytest.mark.parametrize("after", [0, 5])
def test_while_their_patch_is_in_flight_no_second_one_is_sent(after: int) -> None:
    world = SmallWorld()

    def again() -> None:
        world.clock.advance(seconds=after)
        world.catalog.put(LATEST, BYTES)
        model_landed(world.engine, LATEST)

    world.calls.script("endpoint.patch", again, after=True)
    world.land(LATEST, BYTES)
    world.run(hours=1)

    assert world.sweep() == 0
    assert world.sent() == [LATEST]
    assert world.desired().state == "live"
    serving = world.record().serving
    assert serving is not None
    assert world.desired().is_of(serving)


def test_a_patch_of_them_without_an_answer_is_no_other_model_that_comes_late() -> None:
    world = SmallWorld()
    world.scoring.react(NAME, Unsettled("no_answer", "reset", maybe_applied=True))
    world.land(LATEST, BYTES)
    landed_again(world, 5)
    world.run(hours=1)

    assert world.sent() == [LATEST, LATEST]


def test_once_they_are_live_they_are_what_is_desired_and_what_serves() -> None:
    """What brought what serves is found again, whatever is desired after it."""
    world = SmallWorld()
    world.land(OTHER)
    world.run(minutes=10)
    world.land(LATEST, BYTES)
    world.run(minutes=10)
    landed_again(world, 60)
    world.scoring.down = Unsettled("http_503", "down")
    world.land(NEW)
    world.folder.rewrite(table(NAME, more="auto_deploy = false"))
    world.run(minutes=20)

    assert (world.desired().model.name, world.desired().state) == (LATEST, "live")
    world.scoring.down = None
    assert goes_back(world) == OTHER


def test_what_was_gone_back_to_lands_again_and_the_next_rollback_walks_on() -> None:
    world = SmallWorld()
    for name, content in ((OTHER, b"other"), (LATEST, BYTES), (NEW, b"new")):
        world.land(name, content)
        world.run(minutes=10)
    assert goes_back(world) == LATEST

    landed_again(world, 60)

    assert goes_back(world) == OTHER


def test_a_refused_renewal_of_them_is_told() -> None:
    world = SmallWorld()
    world.land(LATEST, BYTES)
    world.run(hours=1)
    landed_again(world, 60)
    world.scoring.down = Refused("http_401", "wrong key")
    world.run(hours=24)

    serving = world.record().serving
    assert serving is not None
    assert serving.error is not None
    assert serving.error.code == "http_401"
