"""How a model that does well gets into service at an online endpoint."""

from datetime import timedelta
from typing import Any

import pytest

from protocols.protocol import Abilities, Accepted
from tests.fakes.azureml_workspace import ENDPOINT, PATH, URL
from tests.unit.protocols.azureml_online.story import (
    LIVE,
    TABLE,
    Story,
    endpoint_of,
    model,
    stage,
)


def test_what_an_endpoint_can_do() -> None:
    assert Story().protocol.abilities(endpoint_of()) == Abilities(
        reads_by="identity",
        replaces="blue_green",
        is_asynchronous=True,
        tells_served=True,
        spare_for=timedelta(days=1),
    )


def test_a_model_is_registered_and_deployed_beside_what_serves(story: Story) -> None:
    answer = story.patch(model("0xB"))

    assert stage(answer) == "creating"
    registered, deployed = (one for one in story.workspace.asked if one.method == "PUT")
    assert registered.path.startswith("/models/census/versions/0xB-")
    assert registered.body == {
        "properties": {
            "modelType": "custom_model",
            "modelUri": (
                "azureml://subscriptions/s/resourceGroups/rg/workspaces/ws"
                "/datastores/redeployer_models/paths/census/7.pkl"
            ),
            "isAnonymous": False,
            "isArchived": False,
            "tags": {"redeployer-model": "census/7.pkl", "redeployer-etag": "0xB"},
        }
    }
    assert deployed.path == f"{ENDPOINT}/deployments/m-0xb"
    assert deployed.body == {
        "location": "westeurope",
        "sku": {"name": "Default", "capacity": 2},
        "tags": {"redeployer-model": "census/7.pkl", "redeployer-etag": "0xB"},
        "properties": {
            "endpointComputeType": "Managed",
            "instanceType": "Standard_DS3_v2",
            "model": f"{PATH}{registered.path}",
            "environmentId": f"{PATH}/environments/sklearn/versions/3",
            "codeConfiguration": {
                "codeId": f"{PATH}/codes/score/versions/1",
                "scoringScript": "score.py",
            },
            "environmentVariables": {"WORKERS": "2"},
            "scaleSettings": {"scaleType": "Default"},
            "requestSettings": {"requestTimeout": "PT5S"},
        },
    }
    assert story.workspace.traffic == {LIVE: 100}


def test_what_is_sent_is_what_the_plan_says(story: Story) -> None:
    plan: Any = story.protocol.request_plan(story.endpoint, model("0xB"))

    story.patch(model("0xB"))

    sent = [one for one in story.workspace.asked if one.method == "PUT"]
    assert [one["url"] for one in plan["requests"]] == [
        f"{URL}{one.path}?api-version=2025-12-01" for one in sent
    ]
    assert plan["requests"][0]["body"] == sent[0].body
    assert plan["requests"][1]["body"] == sent[1].body | {"location": "(read from the endpoint)"}
    assert {one["headers"]["Authorization"] for one in plan["requests"]} == {"Bearer <SECRET>"}
    assert plan["traffic_steps"] == [10, 100]


def test_a_deployment_is_waited_for_and_nothing_else_is_asked(story: Story) -> None:
    story.patch(model("0xB"))
    story.workspace.asked.clear()

    for state in ("Creating", "Updating", "Scaling"):
        story.workspace.is_in(state, "m-0xb")
        assert stage(story.advance(minutes=1)) == "creating"

    assert {one.method for one in story.workspace.asked} == {"GET"}


def test_it_is_tried_without_traffic_and_given_it_step_by_step(story: Story) -> None:
    story.created("0xB")

    assert stage(story.advance()) == "traffic_10"
    (tried,) = [one for one in story.workspace.asked if one.method == "POST" and one.body]
    assert tried.headers["azureml-model-deployment"] == "m-0xb"
    assert story.workspace.traffic == {LIVE: 90, "m-0xb": 10}

    assert stage(story.advance()) == "traffic_10"  # the endpoint is at work on it
    story.settle()
    assert stage(story.advance(minutes=9)) == "traffic_10"
    assert story.workspace.traffic == {LIVE: 90, "m-0xb": 10}
    assert stage(story.advance(minutes=10)) == "traffic_100"
    assert story.workspace.traffic == {"m-0xb": 100}
    story.settle()
    assert story.advance() == Accepted()


def test_a_change_of_traffic_leaves_everything_else_as_it_was(story: Story) -> None:
    before = story.workspace.endpoint
    story.created("0xB")
    story.advance()

    (body,) = [one.body for one in story.workspace.asked if one.path == ENDPOINT and one.body]
    assert before is not None
    assert body == {
        "location": "westeurope",
        "identity": {"type": "SystemAssigned"},
        "tags": {"team": "blue", "redeployer-served": LIVE, "redeployer-step": "m-0xb:10"},
        "properties": {
            "authMode": "Key",
            "description": "what a person wrote",
            "publicNetworkAccess": "Disabled",
            "traffic": {LIVE: 90, "m-0xb": 10},
            "mirrorTraffic": {},
        },
    }


def test_the_first_model_of_an_endpoint_gets_everything_at_once(fresh: Story) -> None:
    fresh.created("0xB")

    assert stage(fresh.advance()) == "traffic_100"
    assert fresh.workspace.traffic == {"m-0xb": 100}


def test_a_person_s_deployments_share_what_is_left_as_they_did(fresh: Story) -> None:
    for name in ("blue", "green"):
        fresh.workspace.stands(name)
    assert fresh.workspace.endpoint is not None
    fresh.workspace.endpoint["properties"] |= {
        "traffic": {"blue": 33, "green": 67},
        "mirrorTraffic": {"m-0xb": 5},
    }
    fresh.created("0xB")

    fresh.advance()

    assert fresh.workspace.traffic == {"blue": 30, "green": 60, "m-0xb": 10}
    assert fresh.workspace.endpoint["properties"]["mirrorTraffic"] == {}


def test_without_a_smoke_test_its_state_alone_is_the_proof() -> None:
    story = Story(TABLE)
    story.created("0xB")

    assert stage(story.advance()) == "traffic_100"
    assert not [one for one in story.workspace.asked if one.method == "POST"]


@pytest.mark.parametrize(
    ("auth_mode", "key"),
    [
        ("Key", "k3y-of-the-online-endpoint"),
        ("AMLToken", "aml-k3y-of-the-online-endpoint"),
        ("AADToken", "token-of-the-app-for-https://ml.azure.com/.default"),
    ],
)
def test_a_scoring_call_has_the_key_that_the_endpoint_wants(
    story: Story, auth_mode: str, key: str
) -> None:
    assert story.workspace.endpoint is not None
    story.workspace.endpoint["properties"]["authMode"] = auth_mode

    assert story.protocol.score(story.endpoint) is True

    (scored,) = [one for one in story.workspace.asked if one.body == {"ask": 1}]
    assert scored.headers == {"Authorization": f"Bearer {key}"}
