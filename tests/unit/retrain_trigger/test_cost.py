"""What the app asks of storage: a constant at rest, little for a landing."""

import pytest

from protocols.protocol import Unsettled
from retrain_trigger.landed import model_landed
from tests.fakes.calls import Call
from tests.fakes.endpoints_folder import table
from tests.fakes.small_world import SmallWorld


@pytest.mark.parametrize("endpoints", [1, 1000])
def test_an_idle_tick_makes_one_list_and_one_heartbeat(endpoints: int) -> None:
    names = [f"e{number}" for number in range(endpoints)]
    world = SmallWorld(*(table(name) for name in names))
    for name in names[:: max(1, endpoints // 20)]:
        world.land(f"{name}/model.ilearner")
    world.run(minutes=10)
    assert len(world.store.names("agenda/")) == min(endpoints, 20)
    world.calls.forget()

    assert world.tick() == 0

    assert world.calls.made == [
        Call("state.list", "agenda/"),
        Call("state.put", "heartbeats/watch.json"),
    ]


def test_a_landing_at_an_endpoint_that_serves_makes_four_calls_before_the_patch_and_two_after() -> (
    None
):
    world = SmallWorld()
    world.land("census/model.ilearner")
    world.run(minutes=10)
    world.catalog.put("census/newer.ilearner")
    world.calls.forget()

    model_landed(world.engine, "census/newer.ilearner")

    made = [call.what for call in world.calls.made if call.what != "token.sign"]
    at = made.index("endpoint.patch")
    assert len(made[:at]) <= 4, made
    assert len(made[at + 1 :]) <= 2, made


def test_a_repeated_event_costs_two_reads_and_no_write() -> None:
    world = SmallWorld()
    world.land("census/model.ilearner")
    world.run(minutes=10)
    world.calls.forget()

    model_landed(world.engine, "census/model.ilearner")

    assert [call.what for call in world.calls.made] == ["state.read", "models.head"]


@pytest.mark.parametrize("is_to_be_repeated", [False, True])
def test_an_outage_wakes_no_oftener_than_it_is_tried(*, is_to_be_repeated: bool) -> None:
    """Also where what serves is to be sent once more, for which it is no time then."""
    world = SmallWorld()
    if is_to_be_repeated:
        world.scoring.react("census", Unsettled("no_answer", "reset", maybe_applied=True))
        world.land("census/lost.ilearner")
        world.clock.advance(seconds=5)
    world.land("census/model.ilearner")
    world.scoring.down = Unsettled("http_503", "down")
    world.clock.advance(seconds=5)
    world.land("census/newer.ilearner")
    world.run(minutes=30)
    world.calls.forget()

    ticks = world.run(hours=3)

    assert ticks <= 2 * world.calls.count("endpoint.patch")


def test_models_that_land_in_one_second_cost_a_sweep_no_more() -> None:
    world = SmallWorld()
    world.land("census/a.ilearner")
    world.land("census/b.ilearner")
    world.run(minutes=10)

    assert world.desired().model.name == "census/b.ilearner"
    assert world.sweep() == 0


def test_a_sweep_that_finds_nothing_reads_no_record() -> None:
    world = SmallWorld(*(table(f"e{number}") for number in range(5)))
    for number in range(5):
        world.land(f"e{number}/model.ilearner")
    world.run(minutes=10)
    world.sweep()
    world.calls.forget()

    assert world.sweep() == 0

    assert [call.what for call in world.calls.made] == [
        "state.list",
        "models.list",
        "state.read",  # when all was last tidied: once a day
        "state.put",
    ]
