"""One suite for every protocol: what a model may meet on its way into service.

One of them is written here as an exercise (`shelf.py`): nothing else in the app knows of it.
"""

import json
from datetime import timedelta

import pytest

from patch_endpoint.attempt import LATE_FOR
from tests.integration.app.running_app import request
from tests.integration.scenarios.play import MortalWire, Play
from tests.integration.scenarios.rig import ShelfRig
from tests.integration.scenarios.shelf import SPARE_FOR


def test_a_model_that_lands_serves_and_a_scoring_call_proves_it(play: Play) -> None:
    play.land(1)

    document = play.settle()

    assert (document["desired"]["state"], document["desired"]["error"]) == ("live", None)
    assert document["serving"]["model"]["name"] == "1.ilearner"
    assert document["serving"]["confirmed_by"] == "smoke_test"
    assert (document["serving"]["token_expires_at"] is not None) is play.rig.reads_by_token
    assert play.rig.serves() == "1.ilearner"


def test_the_same_event_again_tells_the_endpoint_nothing(play: Play) -> None:
    name = play.land(1)
    play.app.announce(name)
    play.settle()

    play.app.announce(name)
    for _ in range(3):
        play.tick()

    assert play.rig.told() == ["1.ilearner"]


def test_an_older_model_that_is_announced_after_a_newer_changes_nothing(play: Play) -> None:
    play.put(1)
    play.land(2)
    play.settle()

    play.app.announce("1.ilearner")
    for _ in range(3):
        play.tick()

    assert play.rig.serves() == "2.ilearner"
    assert play.rig.told() == ["2.ilearner"]


def test_a_newer_model_that_lands_on_the_way_of_an_older_is_what_serves(play: Play) -> None:
    play.land(1)
    play.land(2)

    play.settle()

    assert play.rig.serves() == "2.ilearner"
    assert play.rig.told()[-1] == "2.ilearner"


def test_an_outage_delays_a_model_and_loses_none(play: Play) -> None:
    play.rig.fail(3)
    play.land(1)
    assert play.app.document("census")["desired"]["error"].startswith("http_503: ")

    document = play.settle()

    assert document["desired"]["state"] == "live"
    assert document["desired"]["attempts"] == 4
    assert play.rig.serves() == "1.ilearner"


def test_a_token_that_expired_while_the_app_was_off_is_replaced(play: Play) -> None:
    """An endpoint that reads by rights of its own has none, and is told nothing again."""
    play.land(1)
    play.settle()
    first = play.rig.token_expires_at()

    play.clock.advance(hours=24)
    play.start()
    play.tick()

    last = play.rig.token_expires_at()
    if first is None or last is None:
        assert not play.rig.reads_by_token
        assert play.rig.told() == ["1.ilearner"]
        return
    assert first < play.clock() < last
    assert play.rig.told() == ["1.ilearner"] * 2
    assert play.app.document("census")["desired"]["state"] == "live"


def test_a_model_that_fails_its_smoke_test_does_not_stay_in_service(play: Play) -> None:
    play.land(1)
    play.settle()
    play.land(2, good=False)
    for _ in range(8):
        play.tick()

    document = play.settle()

    past = {one["model"]["name"]: one["state"] for one in document["history"]}
    past.setdefault(document["desired"]["model"]["name"], document["desired"]["state"])
    assert past["2.ilearner"] == play.rig.rejects_as
    assert document["serving"]["model"]["name"] == "1.ilearner"
    assert play.rig.serves() == "1.ilearner"


def test_a_person_goes_back_to_the_model_before_and_later_ones_wait(play: Play) -> None:
    play.land(1)
    play.settle()
    play.land(2)
    play.settle()

    play.roll_back()
    document = play.settle()
    play.land_and_wait(3)

    assert document["desired"]["cause"] == "rollback"
    assert play.rig.serves() == "1.ilearner"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_request_loses_no_model(play: Play, *, after: bool) -> None:
    """Each request in turn, on the same endpoint; what a crash leaves in doubt is sent again."""
    play.put(1)
    calm = MortalWire()
    play.start(calm)
    play.survive("1.ilearner")
    assert calm.used > 1

    for number in range(1, calm.used + 1):
        play.clock.advance(seconds=2 * LATE_FOR.total_seconds())  # nothing of before is in doubt
        name = play.put(number + 1)
        play.start(MortalWire(number, after=after))
        play.survive(name)

        document = play.settle()

        assert document["desired"]["state"] == "live", number
        assert play.rig.serves() == name, number
        assert play.rig.told().count(name) <= 2, number


def test_one_model_reaches_endpoints_of_several_protocols_and_one_that_fails_holds_none_back(
    several: Play,
) -> None:
    """The bytes are JSON: all but Studio (classic) can load them."""
    several.rigs["http"].fail(2)

    several.app.land("1.ilearner", several.rigs["http"].model())

    assert several.settle("classic")["desired"]["state"] == "refused"
    assert several.settle("shelf")["desired"]["state"] == "live"
    assert several.settle("azureml")["desired"]["state"] == "live"
    assert several.settle("http")["desired"]["state"] == "live"
    serves = {several.rigs[name].serves() for name in ("shelf", "azureml", "http")}
    assert serves == {"1.ilearner"}


# What only an endpoint can do that takes a model in several steps, shown by the exercise.


def test_the_document_says_how_far_it_is_and_what_goes_on_serving(
    play_shelf: Play, shelf: ShelfRig
) -> None:
    play_shelf.land(1)
    play_shelf.settle()
    play_shelf.land(2)

    document = play_shelf.app.document("census")

    assert document["rollout"]["stage"] == "loading"
    assert document["rollout"]["model"]["name"] == "2.ilearner"
    assert (document["desired"]["state"], document["desired"]["error"]) == ("pending", None)
    assert document["serving"]["model"]["name"] == "1.ilearner"
    assert shelf.serves() == "1.ilearner"
    assert play_shelf.settle()["rollout"] is None


def test_a_model_that_fails_in_its_slot_is_never_in_front(
    play_shelf: Play, shelf: ShelfRig
) -> None:
    play_shelf.land(1)
    play_shelf.settle()
    fronts = len(_fronts(shelf))
    play_shelf.land(2, good=False)

    document = play_shelf.settle()

    assert document["desired"]["error"].startswith("smoke_test_failed: ")
    assert len(_fronts(shelf)) == fronts


def test_a_model_that_cannot_be_loaded_is_refused(play_shelf: Play) -> None:
    play_shelf.app.land("1.ilearner", b"{}")

    document = play_shelf.settle()

    assert document["desired"]["state"] == "refused"
    assert document["desired"]["error"] == "broken: the shelf could not load it"


def test_what_served_before_stays_for_a_while_and_then_goes(
    play_shelf: Play, shelf: ShelfRig
) -> None:
    for number in (1, 2):
        play_shelf.land(number)
        play_shelf.settle()
    assert len(shelf.server.slots) == 2

    play_shelf.clock.advance(seconds=(SPARE_FOR - timedelta(minutes=5)).total_seconds())
    play_shelf.tick()
    assert len(shelf.server.slots) == 2
    for _ in range(6):
        play_shelf.tick()

    assert [one.name for one in shelf.server.slots.values()] == ["2.ilearner"]
    assert shelf.serves() == "2.ilearner"


def test_a_slot_that_was_filled_without_an_answer_is_no_reason_to_send_what_serves_again(
    play_shelf: Play, shelf: ShelfRig
) -> None:
    """Blue/green: what stands beside what serves takes no effect by itself, however late."""
    shelf.fail(1)
    play_shelf.land(1)
    assert play_shelf.app.document("census")["desired"]["error"].startswith("http_503")

    play_shelf.land(2)
    play_shelf.settle()
    for _ in range(10):
        play_shelf.tick()

    assert shelf.told() == ["1.ilearner", "2.ilearner"]


def test_a_dry_run_says_that_it_is_on_its_way(play_shelf: Play) -> None:
    for number in (1, 2):
        play_shelf.land(number)
        play_shelf.settle()
    play_shelf.roll_back()
    for _ in range(2):
        answer = play_shelf.app.routes.release(request("POST", "census", query="?dry_run=true"))

        plan = json.loads(answer.get_body())
        assert (plan["decision"], plan["reason"]) == ("wait", "rolling_out")
        play_shelf.clock.advance(minutes=2)
    assert play_shelf.app.document("census")["rollout"]["stage"] == "loading"


def _fronts(shelf: ShelfRig) -> list[str]:
    sent = [one for one in shelf.server.received if one.method == "PUT" and one.path == "/front"]
    return [one.json()["slot"] for one in sent]
