"""Every way in which a model may fail to be deployed, and whose fault that is."""

from datetime import timedelta

import pytest

from protocols.blob_reference import BlobReference
from protocols.protocol import Refused, Underway, Unsettled
from protocols.wire import HttpAnswer
from tests.fakes.azureml_workspace import fault
from tests.unit.protocols.azureml_online.story import (
    DELETED,
    DEPLOYMENT,
    LIVE,
    TABLE,
    Story,
    failed,
    model,
    stage,
)


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
