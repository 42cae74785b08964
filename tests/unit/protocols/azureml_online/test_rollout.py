"""How a model gets into service at an online endpoint, and every way in which it may not."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from protocols.blob_reference import BlobReference
from protocols.protocol import Abilities, Accepted, Answer, Refused, Underway, Unsettled
from protocols.wire import HttpAnswer, NoAnswerError
from tests.fakes.azureml_workspace import ENDPOINT, PATH, URL, fault, says
from tests.unit.protocols.azureml_online.story import (
    SMOKE,
    TABLE,
    Story,
    endpoint_of,
    model,
    stage,
)

LIVE = "m-0xa"
DEPLOYMENT = f"{ENDPOINT}/deployments/m-0xb"
DELETED = f"DELETE {DEPLOYMENT}"
MOVED = f"PUT {ENDPOINT}"


@pytest.fixture
def fresh() -> Story:
    """Give an endpoint on which nothing stands."""
    return Story()


@pytest.fixture
def story() -> Story:
    """Give an endpoint with a model of ours in service."""
    story = Story()
    assert story.bring_into_service(model("0xA")) == LIVE
    story.workspace.asked.clear()
    return story


def failed(story: Story, name: str, error: object = None, status: str = "Failed") -> None:
    url = f"https://management.azure.com{PATH}/operations/od-1?api-version=2025-12-01"
    story.workspace.is_in(status, name)
    document = story.workspace.deployments[name]["properties"]
    document["properties"] = {"AzureAsyncOperationUri": url}
    story.workspace.operations[url] = {"status": status, "error": error}


def test_what_an_endpoint_can_do() -> None:
    assert Story().protocol.abilities(endpoint_of()) == Abilities(
        reads_by="identity",
        replaces="blue_green",
        is_asynchronous=True,
        tells_served=True,
        spare_for=timedelta(days=1),
    )


# The way of a model that does well.


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


# What was sent before, or in part.


def test_the_same_again_sends_nothing_anew(story: Story) -> None:
    story.patch(model("0xB"))
    story.workspace.asked.clear()

    assert stage(story.patch(model("0xB"))) == "creating"
    assert story.workspace.changes == []


def test_what_serves_is_accepted_at_once(story: Story) -> None:
    assert story.patch(model("0xA")) == Accepted()
    assert story.workspace.changes == []
    assert story.protocol.served(story.endpoint, "", model("0xA")) is True
    assert story.protocol.served(story.endpoint, "", model("0xB")) is False


def test_what_stands_and_once_had_everything_gets_it_back_with_one_request(story: Story) -> None:
    story.bring_into_service(model("0xB"))
    story.workspace.asked.clear()

    assert stage(story.patch(model("0xA"))) == "traffic_100"

    assert story.workspace.changes == [MOVED]
    assert story.workspace.traffic == {LIVE: 100}
    story.settle()
    assert story.advance() == Accepted()


def test_a_kept_copy_needs_no_datastore_where_the_deployment_stands() -> None:
    story = Story((TABLE + SMOKE).replace(', retrain-kept = "redeployer_kept"', ""))
    for etag in ("0xA", "0xB"):
        story.bring_into_service(model(etag))

    assert stage(story.patch(model("0xA", "retrain-kept"))) == "traffic_100"

    del story.workspace.deployments["m-0xb"]
    story.settle()
    story.advance()
    assert story.patch(model("0xB", "retrain-kept")) == Refused(
        "no_datastore", "`datastores` names none for the container retrain-kept", about_model=True
    )


def test_what_stands_and_never_had_everything_is_tried_anew(story: Story) -> None:
    story.created("0xB")
    story.workspace.asked.clear()

    assert stage(story.patch(model("0xB"))) == "traffic_10"
    assert story.workspace.changes == [MOVED]


def test_a_step_that_was_taken_and_not_recorded_is_watched_and_not_taken_again(
    story: Story,
) -> None:
    story.created("0xB")
    created = story.underway
    story.advance()
    story.underway = created
    story.settle()
    story.workspace.asked.clear()

    assert stage(story.advance()) == "traffic_10"
    assert story.workspace.changes == []


def test_a_copy_is_registered_as_another_version_than_the_blob_that_was_overwritten(
    story: Story,
) -> None:
    """A version's location can never be changed."""
    story.patch(model("0xB"))
    del story.workspace.deployments["m-0xb"]
    story.patch(model("0xB", "retrain-kept", "census/0xB"))

    versions = sorted(story.workspace.models)[-2:]
    assert len({*versions}) == 2
    assert all(one.startswith("/models/census/versions/0xB-") for one in versions)
    uris = {story.workspace.models[one]["properties"]["modelUri"] for one in versions}
    assert {uri.rpartition("/datastores/")[2] for uri in uris} == {
        "redeployer_models/paths/census/7.pkl",
        "redeployer_kept/paths/census/0xB",
    }


def test_what_a_try_before_left_is_deleted_and_created_anew(story: Story) -> None:
    story.patch(model("0xB"))
    story.workspace.is_in("Failed", "m-0xb")

    assert stage(story.patch(model("0xB"))) == "clearing"
    assert story.workspace.changes[-1] == DELETED
    assert stage(story.advance()) == "creating"


def test_what_failed_and_has_traffic_is_mended_where_it_stands(story: Story) -> None:
    """As after a person's change of what serves: to delete it would be an outage."""
    story.workspace.is_in("Failed", LIVE)

    assert stage(story.patch(model("0xA"))) == "creating"
    assert not [one for one in story.workspace.changes if one.startswith("DELETE")]


@pytest.mark.parametrize("state", ["Creating", "Updating", "Deleting"])
def test_an_endpoint_at_work_is_waited_for(story: Story, state: str) -> None:
    story.workspace.is_in(state)

    assert stage(story.patch(model("0xB"))) == "clearing"
    assert story.workspace.changes == []
    story.settle()
    assert stage(story.advance()) == "creating"


def test_a_deployment_that_is_being_deleted_is_waited_for(story: Story) -> None:
    story.patch(model("0xB"))
    story.workspace.is_in("Deleting", "m-0xb")

    assert stage(story.patch(model("0xB"))) == "clearing"
    del story.workspace.deployments["m-0xb"]
    assert stage(story.advance()) == "creating"


def test_a_model_that_was_overtaken_on_its_way_loses_the_traffic_it_was_given(
    story: Story,
) -> None:
    story.created("0xB")
    story.advance()
    story.settle()
    assert story.workspace.traffic == {LIVE: 90, "m-0xb": 10}

    assert stage(story.patch(model("0xC"))) == "clearing"
    assert story.workspace.traffic == {LIVE: 100}
    story.settle()
    assert stage(story.advance()) == "creating"
    assert DELETED in story.workspace.changes


def test_traffic_that_came_late_to_an_overtaken_model_goes_with_the_next_step(
    story: Story,
) -> None:
    story.created("0xB")
    created = story.workspace.endpoint
    story.advance()
    late, story.workspace.endpoint = story.workspace.endpoint, created
    story.created("0xC")
    story.workspace.endpoint = late
    story.settle()

    assert stage(story.advance()) == "traffic_10"
    assert story.workspace.traffic == {LIVE: 90, "m-0xc": 10}


def test_what_was_given_everything_is_no_more_on_trial(story: Story) -> None:
    story.created("0xB")
    story.advance()
    story.settle()
    assert stage(story.advance(minutes=10)) == "traffic_100"
    story.workspace.scores["m-0xb"] = WRONG

    assert stage(story.advance()) == "traffic_100"


def test_going_back_leaves_nothing_to_what_was_given_a_part(story: Story) -> None:
    story.created("0xB")
    story.advance()
    story.settle()

    assert stage(story.patch(model("0xA"))) == "traffic_100"
    assert story.workspace.traffic == {LIVE: 100}


def test_the_first_claim_leaves_the_traffic_alone(story: Story) -> None:
    """Blue/green: what has no answer there takes no effect, however late."""
    story.created("0xB")
    story.advance()
    story.settle()
    story.workspace.asked.clear()

    for etag in ("0xA", "0xC"):
        answer = story.protocol.patch(story.endpoint, "", model(etag))
        assert isinstance(answer, Underway)
        assert answer.at_once
    assert MOVED not in story.workspace.changes


# What goes wrong.


def test_an_endpoint_that_is_not_there_is_a_clear_refusal(fresh: Story) -> None:
    fresh.workspace.endpoint = None

    answer = fresh.patch(model("0xB"))

    assert answer == Refused(
        "endpoint_not_found",
        "the workspace has no online endpoint census: not found",
        causes=("ResourceNotFound",),
    )
    assert fresh.protocol.served(fresh.endpoint, "", model("0xB")) == answer
    assert fresh.protocol.score(fresh.endpoint) == answer
    assert fresh.protocol.tidy(fresh.endpoint) == answer


def test_who_is_not_let_in_is_told_the_role(story: Story) -> None:
    story.workspace.script("PUT", DEPLOYMENT, fault(403, "AuthorizationFailed", "no"))

    answer = story.patch(model("0xB"))

    assert isinstance(answer, Refused)
    assert (answer.code, answer.about_model) == ("workspace_forbidden", False)
    assert "AzureML Data Scientist" in answer.message


@pytest.mark.parametrize("path", [DEPLOYMENT, "/models/*"])
def test_a_refused_request_is_no_fault_of_the_model(story: Story, path: str) -> None:
    story.workspace.script("PUT", path, fault(400, "BadArgument", "no such size"))

    answer = story.patch(model("0xB"))

    assert answer == Refused("http_400", "no such size", causes=("BadArgument",))


@pytest.mark.parametrize(
    ("path", "trouble"),
    [
        (DEPLOYMENT, fault(409, "Conflict", "another operation", **{"retry-after": "30"})),
        (DEPLOYMENT, fault(503, "ServerBusy", "another operation", **{"retry-after": "30"})),
        ("/models/*", fault(429, "TooManyRequests", "another operation", **{"retry-after": "30"})),
    ],
)
def test_a_conflict_is_tried_again_and_changes_nothing(
    story: Story, path: str, trouble: HttpAnswer
) -> None:
    story.workspace.script("PUT", path, trouble)

    answer = story.patch(model("0xB"))

    code = f"http_{trouble.status}"
    assert answer == Unsettled(code, "another operation", timedelta(seconds=30))
    assert stage(story.patch(model("0xB"))) == "creating"


@pytest.mark.parametrize("status", [400, 409])
def test_a_version_that_is_there_already_is_no_fault(story: Story, status: int) -> None:
    """In which words a workspace says so no document fixes."""
    story.patch(model("0xB"))
    del story.workspace.deployments["m-0xb"]
    story.workspace.script("PUT", "/models/*", fault(status, "Conflict", "it exists"))

    assert stage(story.patch(model("0xB"))) == "creating"


def test_a_version_that_is_elsewhere_is_never_taken_for_the_model(story: Story) -> None:
    story.patch(model("0xB"))
    del story.workspace.deployments["m-0xb"]
    for one in story.workspace.models.values():
        one["properties"]["modelUri"] = "azureml://elsewhere"
    story.workspace.script("PUT", "/models/*", fault(409, "Conflict", "it exists"))

    assert story.patch(model("0xB")) == Unsettled("http_409", "it exists")
    assert "m-0xb" not in story.workspace.deployments


def test_a_deployment_of_that_name_which_is_somebody_elses_is_left_alone(story: Story) -> None:
    story.workspace.stands("m-0xb")

    answer = story.patch(model("0xB"))

    what = "the deployment m-0xb is there, and its tags are not this model's"
    assert answer == Refused("deployment_name_taken", what, about_model=True)
    assert story.workspace.changes == []


def test_a_blob_of_another_name_with_the_same_etag_is_another_model(story: Story) -> None:
    story.patch(model("0xB"))

    answer = story.patch(model("0xB", name="census/8.pkl"))

    assert isinstance(answer, Refused)
    assert answer.code == "deployment_name_taken"


def test_a_model_in_a_container_without_a_datastore_is_refused(story: Story) -> None:
    assert story.patch(model("0xB", "elsewhere")) == Refused(
        "no_datastore", "`datastores` names none for the container elsewhere"
    )
    plan = story.protocol.request_plan(story.endpoint, model("0xB", "elsewhere"))
    assert plan == {
        "requests": [],
        "problem": "no_datastore: `datastores` names none for the container elsewhere",
    }


@pytest.mark.parametrize(
    ("sent", "uri"),
    [
        (model("0xB", name="census/7/MLmodel"), "redeployer_models/paths/census/7/"),
        (model("0xB", name="MLmodel"), None),
        (model("0xB", "retrain-kept", "census/7/MLmodel"), None),
    ],
)
def test_a_model_that_is_a_folder_is_the_one_that_its_blob_is_in(
    sent: BlobReference, uri: str | None
) -> None:
    story = Story(TABLE.replace("traffic_steps", "model_is_folder = true\ntraffic_steps"))

    answer = story.patch(sent)

    told = [one["properties"]["modelUri"] for one in story.workspace.models.values()]
    assert [one.rpartition("/datastores/")[2] for one in told] == ([uri] if uri else [])
    assert uri or (isinstance(answer, Refused) and answer.code == "no_folder")


def test_a_deployment_that_is_deleted_on_its_way_ends_in_a_refusal(story: Story) -> None:
    story.patch(model("0xB"))
    del story.workspace.deployments["m-0xb"]

    what = "its deployment was deleted at the workspace"
    assert story.advance() == Refused("deployment_gone", what)


@pytest.mark.parametrize(
    ("code", "ours", "about_model"),
    [
        ("OutOfQuota", "out_of_quota", False),
        ("ImageBuildFailure", "image_build_failed", False),
        ("ResourceNotReady", "model_not_ready", True),
        ("BadArgument", "deployment_failed", False),
    ],
)
def test_a_deployment_that_fails_is_deleted_and_says_why(
    story: Story, code: str, ours: str, *, about_model: bool
) -> None:
    story.patch(model("0xB"))
    failed(story, "m-0xb", {"code": "UserError", "innerError": {"code": code}, "message": "why"})

    answer = story.advance()

    said = f"{code if ours != 'deployment_failed' else 'UserError'}: why"
    assert answer == Refused(ours, said, about_model=about_model)
    assert story.workspace.changes[-1] == DELETED
    assert story.workspace.traffic == {LIVE: 100}


@pytest.mark.parametrize(
    "url", ["", "https://elsewhere.invalid/od-1", "https://management.azure.com.evil.invalid/od-1"]
)
def test_the_apps_token_goes_to_no_other_host_for_a_reason(story: Story, url: str) -> None:
    story.patch(model("0xB"))
    story.workspace.is_in("Failed", "m-0xb")
    document = story.workspace.deployments["m-0xb"]["properties"]
    document["properties"] = {"AzureAsyncOperationUri": url}

    answer = story.advance()

    assert answer == Refused("deployment_failed", "no reason is told")


def test_a_token_that_an_operation_echoes_is_not_told(story: Story) -> None:
    story.patch(model("0xB"))
    token = "token-of-the-app-for-https://management.azure.com/.default"
    failed(story, "m-0xb", {"code": "BadArgument", "message": f"what is {token}?"})

    assert story.advance() == Refused("deployment_failed", "BadArgument: what is <SECRET>?")


def test_why_it_failed_is_asked_for_until_the_workspace_answers(story: Story) -> None:
    story.patch(model("0xB"))
    failed(story, "m-0xb", {"code": "OutOfQuota", "message": "why"})
    story.workspace.script("GET", "*/operations/*", fault(503, "ServerBusy", "later"))

    assert story.advance() == Unsettled("http_503", "later")
    assert story.advance() == Refused("out_of_quota", "OutOfQuota: why")


def test_the_reason_is_on_record_before_the_deployment_goes(story: Story) -> None:
    """A crash between the two must not make of it that somebody deleted the deployment."""
    story.patch(model("0xB"))
    failed(story, "m-0xb", {"code": "OutOfQuota", "message": "why"})
    assert story.underway is not None

    answer = story.protocol.advance(story.endpoint, model("0xB"), story.underway, timedelta(0))

    assert answer == Underway(
        stage="withdrawing",
        notes={"code": "out_of_quota", "message": "OutOfQuota: why", "about_model": "no"},
        at_once=True,
    )
    assert DELETED not in story.workspace.changes


@pytest.mark.parametrize("code", ["OperationCanceled", "InternalServerError"])
def test_what_the_service_itself_is_at_fault_for_is_created_again(story: Story, code: str) -> None:
    story.patch(model("0xB"))
    failed(story, "m-0xb", {"code": code, "message": "another had the lock"})

    answer = story.advance(minutes=59)

    what = f"its deployment is created once more, as the last failed: {code}: another had the lock"
    assert answer == Unsettled("creation_repeated", what)
    assert story.workspace.deployments["m-0xb"]["properties"]["provisioningState"] == "Creating"
    failed(story, "m-0xb", {"code": code, "message": "another had the lock"})
    late = story.advance(minutes=61)
    assert isinstance(late, Refused)
    assert late.code == "deployment_failed"


def test_a_canceled_deployment_is_created_again(story: Story) -> None:
    story.patch(model("0xB"))
    story.workspace.is_in("Canceled", "m-0xb")

    what = "its deployment is created once more, as the last was canceled"
    assert story.advance() == Unsettled("creation_repeated", what)
    assert stage(story.advance()) == "creating"


@pytest.mark.parametrize("state", ["Creating", "Canceled", "Pondering"])
def test_a_deployment_that_is_not_created_in_time_is_given_up(story: Story, state: str) -> None:
    story.patch(model("0xB"))
    story.workspace.is_in(state, "m-0xb")

    answer = story.advance(minutes=61)

    what = f"its deployment was not created in time, and is {state}"
    assert answer == Refused("creation_timed_out", what)
    assert story.workspace.changes[-1] == DELETED


def test_a_state_that_no_document_names_is_told_and_asked_again(story: Story) -> None:
    story.workspace.is_in("Pondering")
    assert story.patch(model("0xB")) == Unsettled(
        "unknown_state", "the endpoint is in the state pondering"
    )
    story.settle()
    story.patch(model("0xB"))
    story.workspace.is_in("Pondering", "m-0xb")
    told = Unsettled("unknown_state", "its deployment is in the state pondering")

    assert story.patch(model("0xB")) == told
    assert story.advance() == told
    story.settle()
    story.workspace.is_in("Pondering")
    assert story.advance() == Unsettled("unknown_state", "the endpoint is in the state pondering")


# What answers wrong.

WRONG = says(200, {"said": 1})


def test_a_model_that_answers_wrong_twice_gets_no_traffic_and_is_deleted(story: Story) -> None:
    story.created("0xB")
    story.workspace.scores["m-0xb"] = WRONG

    assert stage(story.advance()) == "testing"  # it may only just have come up
    answer = story.advance()

    what = "it answers the smoke test otherwise than expected"
    assert answer == Refused("smoke_test_failed", what, about_model=True)
    assert MOVED not in story.workspace.changes
    assert list(story.workspace.deployments) == [LIVE]


@pytest.mark.parametrize("status", [400, 422, 424])
def test_a_model_that_cannot_answer_is_at_fault_for_it(story: Story, status: int) -> None:
    story.created("0xB")
    story.workspace.scores["m-0xb"] = says(status)
    story.advance()

    answer = story.advance()

    assert isinstance(answer, Refused)
    assert (answer.code, answer.about_model) == (f"http_{status}", True)
    assert "m-0xb" not in story.workspace.deployments


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
def test_what_no_model_is_at_fault_for_is_asked_again(story: Story, status: int) -> None:
    story.created("0xB")
    story.workspace.scores["m-0xb"] = says(status)
    assert stage(story.advance()) == "testing"

    answer = story.advance(hours=9)

    assert isinstance(answer, Unsettled)
    assert answer.code == f"http_{status}"
    del story.workspace.scores["m-0xb"]
    assert stage(story.advance(hours=9)) == "traffic_10"


def test_a_model_that_goes_wrong_with_traffic_loses_it_at_once(story: Story) -> None:
    story.created("0xB")
    story.advance()
    story.settle()
    story.workspace.scores["m-0xb"] = WRONG
    story.workspace.asked.clear()

    assert stage(story.advance(minutes=1)) == "withdrawing"
    assert story.workspace.changes == [MOVED]
    assert story.workspace.traffic == {LIVE: 100}
    assert stage(story.advance()) == "withdrawing"  # the endpoint is at work on it
    story.settle()
    answer = story.advance()

    assert isinstance(answer, Refused)
    assert answer.code == "smoke_test_failed"
    assert story.workspace.changes == [MOVED, DELETED]


def test_traffic_that_could_not_be_taken_back_is_taken_back_before_it_is_deleted(
    story: Story,
) -> None:
    story.created("0xB")
    story.advance()
    story.settle()
    story.workspace.scores["m-0xb"] = WRONG
    story.workspace.script("PUT", ENDPOINT, fault(409, "Conflict"))

    assert stage(story.advance()) == "withdrawing"
    assert story.workspace.traffic == {LIVE: 90, "m-0xb": 10}
    assert stage(story.advance()) == "withdrawing"
    assert story.workspace.traffic == {LIVE: 100}


def test_a_deployment_that_cannot_be_deleted_is_refused_in_the_end(story: Story) -> None:
    story.created("0xB")
    story.workspace.scores["m-0xb"] = WRONG
    story.advance()
    story.workspace.script("DELETE", DEPLOYMENT, fault(409, "Conflict", "busy"))
    assert story.advance() == Unsettled("http_409", "busy")

    story.workspace.script("DELETE", DEPLOYMENT, fault(409, "Conflict", "busy"))
    answer = story.advance(minutes=61)

    assert isinstance(answer, Refused)
    assert answer.code == "smoke_test_failed"


def test_a_model_that_somebody_gave_everything_as_it_was_withdrawn_keeps_it(story: Story) -> None:
    """There is nothing to give its traffic back to."""
    story.created("0xB")
    story.gives({"m-0xb": 100})
    notes = {"code": "smoke_test_failed", "message": "no", "about_model": "yes"}
    story.underway = Underway(stage="withdrawing", notes=notes)

    assert story.advance() == Refused("smoke_test_failed", "no", about_model=True)
    assert DELETED not in story.workspace.changes
    assert story.workspace.traffic == {"m-0xb": 100}


# What others do meanwhile.


def test_traffic_that_somebody_took_back_is_left_as_they_want_it(story: Story) -> None:
    story.created("0xB")
    story.advance()
    story.settle()
    story.gives({LIVE: 100})

    answer = story.advance(minutes=20)

    what = "it was given 10 % of the traffic, and somebody else changed that"
    assert answer == Refused("traffic_changed", what)
    assert story.workspace.traffic == {LIVE: 100}


def test_what_somebody_gave_everything_is_what_serves_and_is_asked_as_that(story: Story) -> None:
    story.created("0xB")
    story.workspace.scores["m-0xb"] = WRONG
    assert stage(story.advance()) == "testing"
    story.gives({"m-0xb": 100})

    assert stage(story.advance()) == "traffic_100"
    story.settle()
    assert story.advance() == Accepted()


def test_what_somebody_gave_everything_and_then_fails_keeps_it(story: Story) -> None:
    """There is nothing to give its traffic back to."""
    story.patch(model("0xB"))
    story.gives({"m-0xb": 100})
    failed(story, "m-0xb", {"code": "OutOfQuota"})

    assert story.advance() == Refused("out_of_quota", "OutOfQuota")
    assert story.workspace.traffic == {"m-0xb": 100}
    assert DELETED not in story.workspace.changes


def test_a_deployment_that_somebody_scales_is_waited_for(story: Story) -> None:
    story.created("0xB")
    story.advance()
    story.settle()
    story.workspace.is_in("Scaling", "m-0xb")

    assert stage(story.advance(hours=9)) == "traffic_10"
    assert DELETED not in story.workspace.changes


def test_a_person_may_have_it_tried_again_after_that(story: Story) -> None:
    test_traffic_that_somebody_took_back_is_left_as_they_want_it(story)

    assert stage(story.patch(model("0xB"))) == "traffic_10"


def test_traffic_that_somebody_gave_it_is_a_step_taken(story: Story) -> None:
    story.created("0xB")
    story.advance()
    story.settle()
    story.gives({LIVE: 50, "m-0xb": 50})

    assert stage(story.advance()) == "traffic_50"
    assert stage(story.advance(minutes=10)) == "traffic_100"

    story.settle()
    story.workspace.scores["m-0xb"] = WRONG  # it is what serves, and is asked as that
    assert story.advance() == Accepted()


@pytest.mark.parametrize("is_shown", [True, False])
@pytest.mark.parametrize(("state", "code"), [("Canceled", None), ("Failed", "traffic_not_moved")])
def test_a_change_of_traffic_that_had_no_effect_is_asked_for_again(
    story: Story, state: str, code: str | None, *, is_shown: bool
) -> None:
    """Whether a workspace shows what was asked for, or what is in effect, no document tells."""
    story.created("0xB")
    story.advance()
    if not is_shown:
        story.gives({LIVE: 100})
    story.workspace.is_in(state)
    story.workspace.asked.clear()

    answer = story.advance(hours=1)

    assert story.workspace.changes == [MOVED]
    assert story.workspace.traffic == {LIVE: 90, "m-0xb": 10}
    assert code == getattr(answer, "code", None)
    assert getattr(answer, "maybe_applied", code is None)


@pytest.mark.parametrize("state", ["Canceled", "Failed"])
def test_all_traffic_is_not_taken_for_given_before_that_is_in_effect(
    story: Story, state: str
) -> None:
    story.patch(model("0xA"))
    story.workspace.is_in(state)
    story.workspace.asked.clear()

    answer = story.patch(model("0xA"))

    assert answer != Accepted()
    assert story.workspace.changes == [MOVED]


def test_a_change_of_traffic_without_an_answer_may_take_effect(story: Story) -> None:
    story.created("0xB")
    story.workspace.script("PUT", ENDPOINT, NoAnswerError("late", sent=True))

    assert story.advance() == Unsettled("no_answer", "late", maybe_applied=True)


# What is left over.


def test_a_new_deployment_has_room_made_for_it(story: Story) -> None:
    for etag in ("0xB", "0xC"):
        story.bring_into_service(model(etag))
    story.workspace.stands("somebody-elses")
    story.workspace.asked.clear()

    story.patch(model("0xD"))

    assert [one for one in story.workspace.changes if one.startswith("DELETE")] == [
        f"DELETE {ENDPOINT}/deployments/{LIVE}"
    ]


def test_what_cannot_be_deleted_now_holds_no_model_up_and_is_told(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    story.workspace.script("GET", "*/deployments[?]*", fault(503, "ServerBusy", "later"))

    assert stage(story.patch(model("0xB"))) == "creating"

    (line,) = [one.getMessage() for one in caplog.records]
    assert line == "deployments.left online_endpoint=census code=http_503 message=later"


def test_tidying_up_leaves_what_serves_and_what_others_made(story: Story) -> None:
    story.bring_into_service(model("0xB"))
    story.workspace.stands("somebody-elses")
    story.workspace.asked.clear()

    assert story.protocol.tidy(story.endpoint) == Accepted()

    assert list(story.workspace.deployments) == ["m-0xb", "somebody-elses"]
    assert story.workspace.changes == [f"DELETE {ENDPOINT}/deployments/{LIVE}"]


@pytest.mark.parametrize("field", ["traffic", "mirrorTraffic"])
def test_tidying_up_leaves_what_somebody_gave_traffic(story: Story, field: str) -> None:
    story.bring_into_service(model("0xB"))
    assert story.workspace.endpoint is not None
    story.workspace.endpoint["properties"] |= {field: {LIVE: 10}}

    story.protocol.tidy(story.endpoint)

    assert set(story.workspace.deployments) == {LIVE, "m-0xb"}


def test_what_is_being_deleted_is_not_deleted_again(story: Story) -> None:
    story.bring_into_service(model("0xB"))
    story.workspace.is_in("Deleting", LIVE)
    story.workspace.asked.clear()

    assert story.protocol.tidy(story.endpoint) == Accepted()
    assert story.workspace.changes == []


def test_what_last_had_everything_is_left_even_where_nothing_has_traffic(story: Story) -> None:
    story.gives({})

    assert story.protocol.tidy(story.endpoint) == Accepted()
    assert list(story.workspace.deployments) == [LIVE]


def test_a_long_list_is_read_page_by_page_from_the_workspace_alone(story: Story) -> None:
    for number in range(12):
        story.workspace.stands(f"m-{number}", **{"redeployer-model": "a"})
    pages = list(story.workspace.deployments.values())
    url = "https://elsewhere.invalid/?$skip=a%26b"
    story.workspace.script("GET", "*", says(200, story.workspace.endpoint))
    story.workspace.script("GET", "*", says(200, {"value": pages[:10], "nextLink": url}))
    story.workspace.script("GET", "*", says(200, {"value": pages[10:]}))

    assert story.protocol.tidy(story.endpoint) == Accepted()

    asked = [one.path.partition("?")[2] for one in story.workspace.asked if "?" in one.path]
    assert asked == [
        "api-version=2025-12-01&$top=10",
        "api-version=2025-12-01&$top=10&$skip=a%26b",
    ]
    assert list(story.workspace.deployments) == [LIVE]


# Keys.


@pytest.mark.parametrize("answer", [{}, {"primaryKey": ""}, {"primaryKey": 7}, {"primaryKey": "é"}])
def test_without_a_key_nothing_is_scored(story: Story, answer: object) -> None:
    story.workspace.script("POST", "*/listKeys", says(200, answer))

    what = "the workspace gave no key for the endpoint"
    assert story.protocol.score(story.endpoint) == Unsettled("no_scoring_key", what)


def test_an_endpoint_that_wants_what_no_document_names_is_refused(story: Story) -> None:
    assert story.workspace.endpoint is not None
    story.workspace.endpoint["properties"]["authMode"] = "Handshake"

    what = "the endpoint's authMode is handshake"
    assert story.protocol.score(story.endpoint) == Refused("unknown_auth_mode", what)


def test_a_key_that_is_echoed_is_not_told(story: Story) -> None:
    story.workspace.scores[LIVE] = fault(400, "a", "what is k3y-of-the-online-endpoint?")

    answer = story.protocol.score(story.endpoint)

    assert isinstance(answer, Refused)
    assert answer.message == "what is <SECRET>?"


def test_without_an_identity_nothing_is_done(story: Story) -> None:
    story.identity.is_there = False

    answer = story.patch(model("0xB"))

    assert isinstance(answer, Unsettled)
    assert answer.code == "no_identity"
    assert story.workspace.asked == []


def test_all_requests_of_a_claim_have_the_time_of_one(story: Story) -> None:
    """Whoever claims the endpoint claims it for no longer."""
    limits = story.workspace.limits
    acts: list[Callable[[], Answer]] = [partial(story.patch, model("0xB")), story.advance]

    for act in acts:
        limits.clear()
        act()

        assert len(limits) == len(story.workspace.asked)
        assert limits == sorted({*limits}, reverse=True)
        assert limits[0] <= story.workspace.limit
        story.settle()
        story.workspace.asked.clear()
