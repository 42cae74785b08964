"""One suite for every protocol: what a model may meet on its way into service.

The app is whole, on real storage and real sockets, with a clock that the test drives (`play.py`).
What a scenario needs of a protocol is a rig (`rig.py`): an endpoint, a table for it, models that
pass its smoke test and models that do not, and a word on what it was told and what it scores with.

| id | protocol | server | runs |
|---|---|---|---|
| `classic` | `studio-classic` | the local ML service; the real one is gone | always |
| `http` | `http` | ours, which takes the requests of MLServer and answers alike | always |
| `mlserver` | `http` | MLServer itself, behind what asks for a key | after `make servers` |
| `azureml` | `azureml-online` | a local workspace; what scores is Microsoft's own server | always |
| `shelf` | an exercise, which nothing else knows of | ours (`shelf.py`) | always |

Where Microsoft's server is not installed, a light one runs the same entry script.

Each scenario is played on each of these in turn, and the last on several at once. What only some
endpoints can do has files of its own (`test_shelf.py`, `test_azureml.py`). To play the scenarios
for one protocol or server more, write a rig, and name it in `conftest.py`. What servers do by
themselves is tested elsewhere: `tests/integration/mlserver`, `tests/integration/azureml`,
`tests/integration/ml_service`.
"""

import pytest

from patch_endpoint.attempt import LATE_FOR
from tests.integration.scenarios.play import MortalWire, Play


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


def test_a_model_that_cannot_be_loaded_is_refused_and_the_one_before_goes_on_serving(
    play: Play,
) -> None:
    play.land(1)
    play.settle()
    play.app.land("2.ilearner", b"{}")

    document = play.settle()

    assert document["desired"]["state"] == "refused"
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


@pytest.mark.timeout(300)  # a real server is started for each request of the calm run
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
