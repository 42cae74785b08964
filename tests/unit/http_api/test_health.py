"""What health and status ask of storage, and how often."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from state.storage_errors import UnavailableError
from tests.fakes.small_app import asking, document, routes_of
from tests.fakes.small_world import SmallWorld

AWAY = UnavailableError("look at a model", code="ServiceRequestError")


@pytest.mark.parametrize(
    ("call", "setting"), [("models.head", "ModelStorage"), ("state.read", "StateStorage")]
)
def test_while_a_storage_is_away_health_says_so_and_status_names_it(
    call: str, setting: str
) -> None:
    world = SmallWorld()
    world.calls.fail(call, AWAY, times=100)
    routes = routes_of(world)

    assert routes.health(asking("GET health")).status_code == 503
    faults = document(routes.status(asking("GET status")))["faults"]
    assert [one["where"] for one in faults] == [setting]
    assert str(AWAY) in faults[0]["what"]

    world.calls.heal()
    world.clock.advance(seconds=6)

    assert routes.health(asking("GET health")).status_code == 200
    assert document(routes.status(asking("GET status")))["faults"] == []


def test_both_storages_away_are_two_faults() -> None:
    world = SmallWorld()
    world.calls.fail("models.head", AWAY)
    world.calls.fail("state.read", AWAY)

    faults = document(routes_of(world).status(asking("GET status")))["faults"]

    assert [one["where"] for one in faults] == ["StateStorage", "ModelStorage"]


def test_however_many_ask_for_health_storage_is_asked_once_in_five_seconds() -> None:
    world = SmallWorld()
    routes = routes_of(world)

    for _ in range(100):
        routes.health(asking("GET health"))
    once = len(world.calls.made)
    world.clock.advance(seconds=5)
    routes.health(asking("GET health"))

    assert once == 3  # the heartbeats of two timers, and one blob of the models
    assert len(world.calls.made) == 2 * once


def test_those_who_ask_while_a_slow_storage_is_asked_share_its_answer() -> None:
    """A storage that is away answers later than an answer is kept: each must not ask in turn."""
    world = SmallWorld()
    routes = routes_of(world)
    asked, others_ask = threading.Event(), threading.Event()

    def slow() -> None:
        asked.set()
        others_ask.wait(20)
        world.clock.advance(seconds=30)

    world.calls.script("models.head", slow)
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(routes.health, asking("GET health"))
        assert asked.wait(20)
        others = [pool.submit(routes.health, asking("GET health")) for _ in range(4)]
        others_ask.set()
        answers = [one.result(20).status_code for one in (first, *others)]

    assert answers == [200] * 5
    assert world.calls.count("models.head") == 1
