"""A model that is passed over for a newer one is not lost when the newer one is refused."""

import pytest

from patch_endpoint.history import HISTORY_KEPT
from retrain_trigger.landed import model_landed
from tests.fakes.endpoints_folder import table
from tests.fakes.small_world import NAME, SmallWorld

SERVES = "census/serves.ilearner"
MODEL = "census/model.ilearner"
NO_MODEL = "census/no-model.ilearner"


@pytest.fixture
def world() -> SmallWorld:
    small = SmallWorld()
    small.scoring.no_models.add(NO_MODEL)
    return small


def _put_both(world: SmallWorld) -> None:
    world.catalog.put(MODEL)
    world.clock.advance(seconds=5)
    world.catalog.put(NO_MODEL)


def test_the_first_event_of_all_is_remembered_where_a_newer_model_is_taken(
    world: SmallWorld,
) -> None:
    """Invariant 2: the first event has an endpoint take the newest there is, announced or not."""
    _put_both(world)
    model_landed(world.engine, MODEL)
    world.run(minutes=10)

    assert world.sent() == [NO_MODEL, MODEL]
    assert (world.desired().model.name, world.desired().state) == (MODEL, "live")


def test_a_model_that_no_event_announced_is_found_once_the_newest_is_refused(
    world: SmallWorld,
) -> None:
    """Invariant 2, where an event never came."""
    world.land(SERVES)
    world.run(minutes=10)
    _put_both(world)
    model_landed(world.engine, NO_MODEL)
    world.sweep()
    world.run(minutes=10)

    assert world.sent() == [SERVES, NO_MODEL, MODEL]
    assert (world.desired().model.name, world.desired().state) == (MODEL, "live")


def test_one_that_landed_in_the_second_of_what_serves_is_found_by_its_greater_name(
    world: SmallWorld,
) -> None:
    """Storage tells instants by the second; three models land in one."""
    world.land(MODEL)
    world.catalog.put(SERVES)
    world.catalog.put("census/zero.ilearner", b"")
    world.run(minutes=10)
    world.sweep()
    world.sweep()
    world.run(minutes=10)

    assert world.sent() == [MODEL, SERVES]
    assert (world.desired().model.name, world.desired().state) == (SERVES, "live")


def test_it_is_found_as_well_where_an_older_one_was_fallen_back_to(world: SmallWorld) -> None:
    """Of two that no event announced the newest is refused, and the one that waited served."""
    world.folder.rewrite(table(NAME, key="%NO_SUCH_SETTING%"))
    world.land(SERVES)
    world.folder.rewrite(table(NAME))
    world.clock.advance(seconds=5)
    _put_both(world)
    world.sweep()
    world.run(minutes=10)
    assert world.sent()[-2:] == [NO_MODEL, SERVES]
    world.sweep()
    world.run(minutes=10)

    assert world.sent()[-1] == MODEL
    assert (world.desired().model.name, world.desired().state) == (MODEL, "live")


def test_it_is_found_as_well_where_the_history_is_full(world: SmallWorld) -> None:
    """As that of every endpoint is in time: it forgets what matters least."""
    for _ in range(HISTORY_KEPT + 2):
        world.land(SERVES)
        world.run(minutes=10)
    assert len(world.record().history) == HISTORY_KEPT
    _put_both(world)
    model_landed(world.engine, NO_MODEL)
    world.sweep()
    world.run(minutes=10)

    assert world.sent()[-2:] == [NO_MODEL, MODEL]
    assert (world.desired().model.name, world.desired().state) == (MODEL, "live")


def test_models_that_are_refused_one_after_the_other_are_each_tried_once(
    world: SmallWorld,
) -> None:
    world.land(SERVES)
    world.run(minutes=10)
    names = [f"census/{number:02}.ilearner" for number in range(30)]
    for name in names:
        world.clock.advance(seconds=5)
        world.catalog.put(name)
        world.scoring.no_models.add(name)
    for _ in range(60):
        world.sweep()
        world.run(minutes=10)

    sent = [name for name in world.sent() if name != SERVES]
    assert len(set(sent)) == len(sent)
    assert sent == sorted(sent, reverse=True)
    assert world.desired().state == "refused"
    assert world.scoring.serves("census") == f"experimentoutput/{SERVES}"


def test_the_newest_is_found_though_others_of_its_second_were_refused_and_forgotten(
    world: SmallWorld,
) -> None:
    """A refusal that is forgotten bars none but what landed before the newest there is."""
    names = [f"census/m{number:02}.ilearner" for number in range(HISTORY_KEPT + 5)]
    for name in names:
        world.scoring.no_models.add(name)
        world.land(name)
    assert world.record().forgotten_until is not None
    world.catalog.put("census/z.ilearner")
    world.sweep()
    world.run(minutes=10)

    assert (world.desired().model.name, world.desired().state) == ("census/z.ilearner", "live")
