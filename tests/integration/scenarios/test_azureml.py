"""What only an online endpoint of Azure Machine Learning can do, or have done to it."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local_stack.azurite import Azurite
from tests.integration.ml_service.wire import DrivenClock
from tests.integration.scenarios.azureml_rig import AzuremlRig
from tests.integration.scenarios.play import Play

WINDOW = timedelta(hours=24)


def _changes(azureml: AzuremlRig) -> list[str]:
    """Say what was asked of the workspace that is no question, in short."""
    sent = [one for one in azureml.plane.requests if one.method in {"PUT", "DELETE"}]
    return [f"{one.method} {one.path.rpartition('/workspaces/')[2]}" for one in sent]


def test_a_model_goes_through_its_stages_while_the_one_before_serves(
    play_azureml: Play, azureml: AzuremlRig
) -> None:
    play_azureml.land(1)
    play_azureml.settle()
    play_azureml.land(2)
    served: set[str | None] = set()
    shares: set[int] = set()

    while play_azureml.app.document("census")["rollout"] is not None:
        traffic = azureml.plane.traffic("census")
        served.add(azureml.serves())
        shares |= {*traffic.values()}
        play_azureml.tick()

    assert served <= {"1.ilearner", "2.ilearner", None}
    assert shares == {10, 90, 100}
    assert play_azureml.settle()["serving"]["model"]["name"] == "2.ilearner"
    assert azureml.serves() == "2.ilearner"


def test_going_back_is_one_request_and_no_deployment(
    play_azureml: Play, azureml: AzuremlRig
) -> None:
    for number in (1, 2):
        play_azureml.land(number)
        play_azureml.settle()
    before = len(_changes(azureml))

    play_azureml.roll_back()

    assert azureml.plane.traffic("census") != {}
    document = play_azureml.settle()
    assert (document["desired"]["cause"], document["desired"]["state"]) == ("rollback", "live")
    assert _changes(azureml)[before:] == ["PUT digits/onlineEndpoints/census"]
    assert azureml.serves() == "1.ilearner"


def test_what_served_before_stays_for_its_window_and_then_goes(
    play_azureml: Play, azureml: AzuremlRig
) -> None:
    for number in (1, 2):
        play_azureml.land(number)
        play_azureml.settle()
    assert len(azureml.deployments()) == 2

    play_azureml.clock.advance(seconds=(WINDOW - timedelta(minutes=10)).total_seconds())
    play_azureml.tick()
    assert len(azureml.deployments()) == 2
    for _ in range(12):
        play_azureml.tick()

    (left,) = azureml.deployments().values()
    assert left["redeployer-model"] == "2.ilearner"


def test_a_model_that_was_overwritten_is_gone_back_to_by_its_copy(
    play_azureml: Play, azureml: AzuremlRig
) -> None:
    for number in (1, 2):
        play_azureml.app.land("latest.ilearner", json.dumps({"answer": 7, "n": number}).encode())
        play_azureml.settle()
        for _ in range(3):
            play_azureml.tick()  # it is kept
    play_azureml.clock.advance(seconds=WINDOW.total_seconds())
    for _ in range(3):
        play_azureml.tick()
    assert len(azureml.deployments()) == 1

    play_azureml.roll_back()
    document = play_azureml.settle()

    assert document["desired"]["state"] == "live"
    registered = [one for one in azureml.plane.requests if "/models/" in one.path]
    body: Any = registered[-1].body
    assert "/datastores/kept/paths/" in body["properties"]["modelUri"]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("OutOfQuota", "out_of_quota: OutOfQuota: "),
        ("ImageBuildFailure", "image_build_failed: ImageBuildFailure: "),
        ("BadArgument", "deployment_failed: BadArgument: "),
    ],
)
def test_a_deployment_that_fails_is_a_refusal_which_says_why_and_leaves_nothing(
    play_azureml: Play, azureml: AzuremlRig, code: str, error: str
) -> None:
    play_azureml.land(1)
    play_azureml.settle()
    azureml.plane.fate(code)
    play_azureml.land(2)

    document = play_azureml.settle()

    assert document["desired"]["state"] == "refused"
    assert document["desired"]["error"].startswith(error)
    for _ in range(2):
        play_azureml.tick()
    assert [one["redeployer-model"] for one in azureml.deployments().values()] == ["1.ilearner"]
    assert azureml.serves() == "1.ilearner"


def test_a_model_that_the_script_cannot_load_is_at_fault_itself(play_azureml: Play) -> None:
    play_azureml.app.land("1.ilearner", b'{"no": "answer"}')

    document = play_azureml.settle()

    assert document["desired"]["error"].startswith("model_not_ready: ResourceNotReady: ")


def test_a_creation_that_another_operation_cancels_is_asked_for_again(
    play_azureml: Play, azureml: AzuremlRig
) -> None:
    azureml.plane.fate("OperationCanceled")
    play_azureml.land(1)

    document = play_azureml.settle()

    assert document["desired"]["state"] == "live"
    assert azureml.told() == ["1.ilearner"] * 2


def test_a_conflict_at_any_change_delays_a_model_and_loses_none(
    play_azureml: Play, azureml: AzuremlRig
) -> None:
    for path in ("/models/", "/deployments/", "/onlineEndpoints/census"):
        azureml.plane.script("PUT", path, status=409)
    play_azureml.land(1)

    assert play_azureml.settle()["desired"]["state"] == "live"


def test_traffic_that_a_person_takes_back_is_left_as_they_want_it(
    play_azureml: Play, azureml: AzuremlRig
) -> None:
    play_azureml.land(1)
    play_azureml.settle()
    (live,) = azureml.plane.traffic("census")
    play_azureml.land(2)
    while azureml.plane.traffic("census") == {live: 100}:
        play_azureml.tick()
    endpoint = azureml.ask("GET")
    endpoint["properties"]["traffic"] = {live: 100}

    azureml.ask("PUT", body=endpoint)
    document = play_azureml.settle()

    assert document["desired"]["error"].startswith("traffic_changed: ")
    assert azureml.plane.traffic("census") == {live: 100}


def test_an_endpoint_that_is_not_there_is_a_clear_refusal(
    azureml: AzuremlRig, azurite: Azurite, container_name: str, tmp_path: Path, clock: DrivenClock
) -> None:
    azureml.online_endpoint = "nobody"
    play = Play({"census": azureml}, azurite, container_name, tmp_path, clock)

    play.land(1)

    document = play.settle()
    assert document["desired"]["state"] == "refused"
    assert document["desired"]["error"].startswith("endpoint_not_found: the workspace has no ")
