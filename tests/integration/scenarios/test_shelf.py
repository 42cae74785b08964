"""What only an endpoint can do that takes a model in several steps, shown by the exercise."""

import json
from datetime import timedelta

from tests.integration.app.running_app import request
from tests.integration.scenarios.play import Play
from tests.integration.scenarios.shelf import SPARE_FOR
from tests.integration.scenarios.shelf_rig import ShelfRig


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
