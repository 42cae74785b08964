"""What is asked of a workspace, and what each of its answers means."""

import json
from datetime import timedelta

import pytest

from protocols.azureml_online.arm import Arm, is_absent
from protocols.azureml_online.workspace import Workspace, read_workspace
from protocols.protocol import Refused, Unsettled
from protocols.wire import HttpAnswer, NoAnswerError
from tests.fakes.identity import MemoryIdentity
from tests.fakes.wire import CannedWire

PATH = (
    "/subscriptions/s-1/resourceGroups/rg.two/providers/Microsoft.MachineLearningServices"
    "/workspaces/ws_3"
)
WORKSPACE = read_workspace(f"https://management.azure.com{PATH}/")
TOKEN = "token-of-the-app-for-https://management.azure.com/.default"


def says(status: int, document: object = None, **headers: str) -> HttpAnswer:
    return HttpAnswer(status, headers, b"" if document is None else json.dumps(document).encode())


def fault(status: int, code: str, message: str = "no", **headers: str) -> HttpAnswer:
    return says(status, {"error": {"code": code, "message": message}}, **headers)


def asked(answer: HttpAnswer | NoAnswerError, method: str = "PUT") -> object:
    arm = Arm(CannedWire([answer]), MemoryIdentity(), WORKSPACE)
    return arm.get("/models") if method == "GET" else arm.put("/models/m/versions/1", {})


def test_a_workspace_is_told_apart_by_its_address() -> None:
    assert Workspace(f"https://management.azure.com{PATH}", "s-1", "rg.two", "ws_3") == WORKSPACE
    assert WORKSPACE.id == PATH


@pytest.mark.parametrize(
    ("host", "scope", "scoring_scope"),
    [
        ("https://management.azure.com", "management.azure.com", "ml.azure.com"),
        ("https://management.chinacloudapi.cn", "management.chinacloudapi.cn", "ml.azure.cn"),
        ("https://management.usgovcloudapi.net", "management.usgovcloudapi.net", "ml.azure.us"),
        ("http://127.0.0.1:8080", "management.azure.com", "ml.azure.com"),
    ],
)
def test_a_token_is_for_the_cloud_that_the_workspace_is_in(
    host: str, scope: str, scoring_scope: str
) -> None:
    workspace = read_workspace(f"{host}{PATH}")

    assert workspace.scope == f"https://{scope}/.default"
    assert workspace.scoring_scope == f"https://{scoring_scope}/.default"


@pytest.mark.parametrize(
    "url",
    [
        f"https://management.azure.com.evil.invalid{PATH}",
        f"https://evil.invalid{PATH}",
        f"http://management.azure.com{PATH}",
        "https://management.azure.com/subscriptions/s-1",
        f"https://management.azure.com{PATH}/onlineEndpoints/e",
        f"https://management.azure.com{PATH}?a=b",
        f"https://me@management.azure.com{PATH}",
        "",
        7,
    ],
)
def test_the_apps_own_token_goes_to_a_known_cloud_alone(url: object) -> None:
    with pytest.raises(ValueError, match="must be"):
        read_workspace(url)


def test_a_request_has_the_version_and_a_token_for_the_cloud() -> None:
    wire, identity = CannedWire([says(200, {"name": "1"})]), MemoryIdentity()

    answer = Arm(wire, identity, WORKSPACE).put("/models/m/versions/1", {"properties": {}})

    assert answer == {"name": "1"}
    (sent,) = wire.requests
    assert sent.method == "PUT"
    assert sent.url == f"{WORKSPACE.url}/models/m/versions/1?api-version=2025-12-01"
    assert (sent.key, sent.body) == (TOKEN, b'{"properties":{}}')
    assert identity.asked == ["https://management.azure.com/.default"]


@pytest.mark.parametrize("answer", [says(202), says(204), says(200, [1])])
def test_what_is_accepted_needs_no_body(answer: HttpAnswer) -> None:
    assert asked(answer) == {}


def test_a_description_that_is_no_json_object_says_nothing() -> None:
    found = asked(HttpAnswer(200, {}, b"<html>a proxy</html>"), "GET")

    assert isinstance(found, Unsettled)
    assert (found.code, found.maybe_applied) == ("unreadable_answer", False)


@pytest.mark.parametrize("status", [401, 403])
def test_who_is_not_let_in_is_told_the_role(status: int) -> None:
    found = asked(fault(status, "AuthorizationFailed", "may not write models " * 99))

    assert isinstance(found, Refused)
    assert (found.code, found.about_model) == ("workspace_forbidden", False)
    assert "needs the role AzureML Data Scientist at the workspace: may not" in found.message
    assert len(found.message) == 500
    assert found.causes == ("AuthorizationFailed",)


@pytest.mark.parametrize("status", [409, 412, 423, 429, 500, 503])
def test_what_another_operation_stands_in_the_way_of_is_tried_again(status: int) -> None:
    found = asked(fault(status, "Conflict", **{"retry-after": "60"}))

    assert found == Unsettled(
        f"http_{status}", "no", timedelta(minutes=1), maybe_applied=status >= 500
    )


def test_no_answer_to_a_question_changes_nothing() -> None:
    found = [asked(NoAnswerError("late", sent=True), method) for method in ("PUT", "GET")]

    assert found == [
        Unsettled("no_answer", "late", maybe_applied=True),
        Unsettled("no_answer", "late"),
    ]


def test_a_refusal_is_about_the_request_and_names_all_causes() -> None:
    inner = {"code": "BadArgument", "innerError": {"code": "InvalidInstanceType"}}
    error = {"code": "UserError", "message": "no", "innerError": inner}

    found = asked(says(400, {"error": {**error, "details": [{"code": "D", "message": "why"}]}}))

    causes = ("UserError", "D", "BadArgument", "InvalidInstanceType")
    assert found == Refused("http_400", "no why", causes=causes)


def test_a_token_that_is_echoed_is_not_told() -> None:
    found = asked(fault(400, "UserError", f"what is {TOKEN}?"))

    assert isinstance(found, Refused)
    assert found.message == "what is <SECRET>?"


def test_without_an_identity_nothing_is_sent() -> None:
    wire, identity = CannedWire([says(200)]), MemoryIdentity()
    identity.is_there = False

    found = Arm(wire, identity, WORKSPACE).put("/models/m/versions/1", {})

    assert isinstance(found, Unsettled)
    assert (found.code, found.maybe_applied) == ("no_identity", False)
    assert wire.requests == []


def test_what_is_gone_is_deleted() -> None:
    absent = fault(404, "ResourceNotFound")
    arm = Arm(CannedWire([absent]), MemoryIdentity(), WORKSPACE)

    assert is_absent(arm.get("/models"))
    assert arm.delete("/models") == {}
