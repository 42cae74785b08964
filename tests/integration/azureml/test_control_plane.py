"""What every request to the control plane must be, and how models are registered."""

import base64
import json
from datetime import UTC, datetime

import pytest
import requests

from tests.integration.azureml.wire import ENDPOINT, VERSION, Caller

MODEL = "/models/census/versions/1"


def test_without_a_token_nothing_is_answered(caller: Caller) -> None:
    answer = caller.ask("GET", ENDPOINT, headers={})

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "AuthenticationFailed"
    assert "Bearer" in answer.headers["WWW-Authenticate"]


def test_a_token_for_another_audience_is_refused(caller: Caller) -> None:
    headers = caller.bearer("https://vault.azure.net/.default")

    answer = caller.ask("GET", ENDPOINT, headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (
        401,
        "InvalidAuthenticationToken",
    )


@pytest.mark.parametrize("token", ["x", "a.b.c", "a.e30.c"])
def test_what_is_no_token_is_refused(caller: Caller, token: str) -> None:
    answer = caller.ask("GET", ENDPOINT, headers={"Authorization": f"Bearer {token}"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (
        401,
        "InvalidAuthenticationToken",
    )


def test_a_token_that_has_expired_is_refused(caller: Caller) -> None:
    headers = caller.bearer()
    caller.clock.advance(hours=25)

    answer = caller.ask("GET", ENDPOINT, headers=headers)

    assert answer.json()["error"]["code"] == "ExpiredAuthenticationToken"


@pytest.mark.parametrize(
    ("version", "code"),
    [
        (None, "MissingApiVersionParameter"),
        ("2020-08-01", "NoRegisteredProviderFound"),
    ],
)
def test_the_version_must_be_there_and_known(
    caller: Caller, version: str | None, code: str
) -> None:
    answer = caller.ask("GET", ENDPOINT, version=version)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("subscriptions", "SubscriptionNotFound"),
        ("resourceGroups", "ResourceGroupNotFound"),
        ("workspaces", "ResourceNotFound"),
    ],
)
def test_another_workspace_is_not_found(caller: Caller, part: str, code: str) -> None:
    before, _, after = caller.plane.workspace_url.partition(f"/{part}/")
    _, _, rest = after.partition("/")
    url = f"{before}/{part}/other" + (f"/{rest}" if rest else "") + ENDPOINT

    answer = caller.ask("GET", url)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, code)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", ENDPOINT),
        ("POST", f"{ENDPOINT}/regenerateKeys"),
        ("GET", "/batchEndpoints"),
        ("POST", f"{MODEL}/publish"),
        ("GET", "/computes"),
        ("GET", "/compu%0Ates"),
        ("PUT", ""),
    ],
)
def test_what_is_not_built_says_so(caller: Caller, method: str, path: str) -> None:
    answer = caller.ask(method, path)

    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "NotImplemented")


def test_an_error_has_the_shape_of_resource_manager(caller: Caller) -> None:
    answer = caller.ask("GET", "/onlineEndpoints/other")

    error = answer.json()["error"]
    assert answer.status_code == 404
    assert error.keys() == {"code", "message", "details", "additionalInfo"}
    assert error["details"][0]["code"] == "InferencingClientCallFailed"


def test_a_registered_version_is_there_to_be_read(caller: Caller) -> None:
    model_id = caller.register("1", tags={"source": "a test"})

    document = caller.ask("GET", MODEL).json()

    assert document["id"] == model_id
    assert document["name"] == "1"
    assert document["properties"]["modelUri"] == caller.uri("1.json")
    assert document["properties"]["tags"] == {"source": "a test"}
    assert document["properties"]["provisioningState"] == "Succeeded"
    assert caller.ask("GET", "/models/census/versions/2").status_code == 404


def test_a_version_may_be_put_again_and_never_be_another_model(caller: Caller) -> None:
    put = {"modelUri": caller.uri("1.json"), "modelType": "custom_model"}
    statuses = [
        caller.ask("PUT", MODEL, {"properties": put | change}).status_code
        for change in (
            {},
            {},
            {"tags": {"a": "b"}},
            {"modelUri": caller.uri("2.json")},
            {"modelType": "mlflow_model"},
        )
    ]

    assert statuses == [201, 200, 200, 400, 400]
    assert caller.ask("GET", MODEL).json()["properties"]["modelUri"] == caller.uri("1.json")


def test_the_versions_of_a_model_are_listed_the_newest_first(caller: Caller) -> None:
    for version in ("1", "2"):
        caller.register(version)

    listed = caller.ask("GET", "/models/census/versions").json()["value"]

    assert [one["name"] for one in listed] == ["2", "1"]
    assert caller.ask("GET", "/models/other/versions").status_code == 404
    path = f"/models/census/versions?api-version={VERSION}"
    top = caller.ask("GET", f"{path}&$orderBy=createdtime desc&$top=1").json()["value"]
    assert [one["name"] for one in top] == ["2"]
    assert caller.ask("GET", f"{path}&$orderBy=createdtime asc").status_code == 501
    assert caller.ask("GET", f"{path}&$skip=1").status_code == 501


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({"modelUri": "https://storage.example/models/1.json"}, "no path in a datastore"),
        ({"modelUri": "azureml://datastores/other/paths/1.json"}, "datastore other"),
        ({"modelUri": "azureml://jobs/x/outputs/artifacts/paths/m"}, "no path in a datastore"),
        ({}, "no path in a datastore"),
        ({"modelUri": "azureml://datastores/models/paths/1", "modelType": "onnx"}, "modelType"),
        ({"modelUri": "azureml://datastores/models/paths/1", "stages": "x"}, "unknown field"),
    ],
)
def test_a_model_that_cannot_be_is_refused(
    caller: Caller, properties: dict[str, str], said: str
) -> None:
    answer = caller.ask("PUT", MODEL, {"properties": properties})

    assert answer.status_code == 400
    assert said in answer.text


def test_the_journal_keeps_requests_without_their_tokens(caller: Caller) -> None:
    caller.register("1")

    kept = caller.plane.requests[-1]

    assert (kept.method, kept.path.endswith(MODEL)) == ("PUT", True)
    assert kept.headers["authorization"] == "<SECRET>"
    exchange = caller.plane.exchanges[-1]
    assert exchange.status == 201
    assert json.loads(exchange.answered)["name"] == "1"
    assert json.loads(exchange.sent)["properties"]["modelType"] == "custom_model"


def test_a_body_that_is_too_long_is_refused(caller: Caller) -> None:
    url = f"{caller.plane.workspace_url}{MODEL}?api-version={VERSION}"

    answer = requests.put(url, b" " * (32 * 1024 * 1024 + 1), headers=caller.bearer(), timeout=60)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequestContent")


def test_a_token_of_the_local_identity_names_its_audience(caller: Caller) -> None:
    """So the tests above judge what a client really shows."""
    token = caller.bearer()["Authorization"].split()[1]

    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))

    assert claims["aud"] == "https://management.azure.com"
    assert datetime.fromtimestamp(claims["exp"], UTC) > caller.clock()
