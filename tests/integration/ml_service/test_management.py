"""The management API beside PATCH."""

import re

import pytest
import requests

from local_stack.ml_service import sample_studio
from tests.integration.ml_service.wire import RESOURCE, Caller


def services_url(caller: Caller) -> str:
    return f"{caller.service.url}/workspaces/{caller.service.studio.workspace_id}/webservices"


def test_an_endpoint_is_shown_with_the_documented_fields(caller: Caller) -> None:
    document = caller.endpoint()

    assert document.keys() == {
        "Name", "Description", "CreationTime", "WorkspaceId", "WebServiceId", "HelpLocation",
        "PrimaryKey", "SecondaryKey", "ApiLocation", "PreventUpdate", "SampleDataEnabled",
        "ExperimentLocation", "Version", "MaxConcurrentCalls", "DiagnosticsTraceLevel",
        "ThrottleLevel", "Resources",
    }  # fmt: skip
    assert document["Name"] == "digits"
    assert document["PrimaryKey"] == caller.service.key("digits")
    assert re.fullmatch(r"[A-Za-z0-9+/]{86}==", document["PrimaryKey"])
    assert document["Resources"][0].keys() == {"Name", "Kind", "Location"}
    assert document["Resources"][0]["Name"] == RESOURCE
    assert caller.service.score_url("digits").startswith(document["ApiLocation"])


def test_the_two_addresses_of_an_endpoint_carry_different_ids(caller: Caller) -> None:
    document = caller.endpoint()

    assert document["WebServiceId"] in caller.service.patch_url("digits")
    assert document["WebServiceId"] not in document["ApiLocation"]


def test_an_endpoint_of_a_training_service_has_no_resources(caller: Caller) -> None:
    assert caller.endpoint("digits-training")["Resources"] == []


def test_get_takes_both_keys_of_the_endpoint_and_the_owners_token_and_no_other(
    caller: Caller,
) -> None:
    service = caller.service
    keys = {
        service.key("digits"): 200,
        service.key("digits", "secondary"): 200,
        service.studio.workspace_token: 200,
        service.key("digits-predictive"): 401,
        service.key("digits-training"): 401,
        "": 401,
    }
    for key, status in keys.items():
        headers = {"Authorization": f"Bearer {key}"}
        answer = requests.get(service.patch_url("digits"), headers=headers, timeout=30)

        assert answer.status_code == status
        assert answer.headers["x-ms-request-id"]


def test_services_and_endpoints_are_listed_for_the_owner_alone(caller: Caller) -> None:
    services = requests.get(services_url(caller), headers=caller.owner(), timeout=30)
    with_key = requests.get(services_url(caller), headers=caller.headers("digits"), timeout=30)
    predictive = services.json()[0]
    one = f"{services_url(caller)}/{predictive['Id']}"
    endpoints = requests.get(f"{one}/endpoints", headers=caller.owner(), timeout=30)

    assert [service["Name"] for service in services.json()] == [
        "digits-predictive",
        "digits-training",
    ]
    assert predictive["DefaultEndpointName"] == "default"
    assert requests.get(one, headers=caller.owner(), timeout=30).json() == predictive
    assert [endpoint["Name"] for endpoint in endpoints.json()] == ["default", "digits"]
    assert (predictive["EndpointCount"], with_key.status_code) == (2, 401)


def test_a_created_endpoint_scores_with_the_published_model_and_is_there_once(
    caller: Caller,
) -> None:
    url = caller.service.patch_url("digits").removesuffix("digits") + "new-1"
    body = {"EndpointName": "new-1", "Description": "new", "ThrottleLevel": "High"}

    made = requests.put(url, json=body, headers=caller.owner(), timeout=30)
    again = requests.put(url, json=body, headers=caller.owner(), timeout=30)
    by_key = requests.put(url + "2", json={}, headers=caller.headers("digits"), timeout=30)

    assert (made.status_code, again.status_code, by_key.status_code) == (201, 409, 401)
    assert again.json()["error"]["message"] == "Resource already exists."
    assert (made.json()["Description"], made.json()["ThrottleLevel"]) == ("new", "High")
    assert made.json() == caller.endpoint("new-1")
    assert caller.execute({}, name="new-1").status_code == 400


@pytest.mark.parametrize("name", ["Upper", "-first", "last-", "a" * 25, "under_score"])
def test_an_endpoint_name_the_documents_forbid_is_refused(caller: Caller, name: str) -> None:
    url = caller.service.patch_url("digits").removesuffix("digits") + name

    assert requests.put(url, json={}, headers=caller.owner(), timeout=30).status_code == 400


def test_an_endpoint_is_deleted_and_the_default_one_never(caller: Caller) -> None:
    url = caller.service.patch_url("digits")
    default = caller.service.patch_url("digits-predictive")

    deleted = requests.delete(url, headers=caller.owner(), timeout=30)
    refused = requests.delete(default, headers=caller.owner(), timeout=30)

    assert (deleted.status_code, refused.status_code) == (200, 400)
    assert refused.json()["error"]["code"] == "UnauthorizedRequest"
    assert refused.json()["error"]["message"] == "Cannot delete default endpoint."
    assert requests.get(url, headers=caller.owner(), timeout=30).status_code == 404


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/workspaces/nowhere/webservices", "WorkspaceNotFound"),
        ("/workspaces/{ws}/webservices/none", "WebServiceIdNotFoundInWorkspace"),
        ("/workspaces/{ws}/webservices/{id}/endpoints/none", "WebServiceNotFound"),
        ("/workspaces/{ws}/services/none/swagger.json", "WebServiceNotFound"),
    ],
)
def test_what_is_not_there_is_a_404_with_its_cause(caller: Caller, path: str, detail: str) -> None:
    studio = caller.service.studio
    filled = path.format(ws=studio.workspace_id, id=studio.services[0].id)

    answer = requests.get(caller.service.url + filled, headers=caller.owner(), timeout=30)

    assert answer.status_code == 404
    assert answer.json()["error"]["details"][0]["code"] == detail


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/endpoints/digits/refresh"),
        ("PUT", ""),
        ("DELETE", ""),
        ("GET", "/else"),
        ("GET", "/el%0Ase"),
    ],
)
def test_what_is_not_built_answers_501_and_says_so(caller: Caller, method: str, path: str) -> None:
    url = f"{services_url(caller)}/{caller.service.studio.services[0].id}{path}"

    answer = requests.request(method, url, headers=caller.owner(), timeout=30)

    assert answer.status_code == 501
    assert "not built" in answer.json()["error"]["message"]


def test_a_description_prints_no_key_and_no_connection_string() -> None:
    studio = sample_studio("AccountKey=hidden")

    for endpoint in (one for service in studio.services for one in service.endpoints):
        assert endpoint.primary_key not in repr(studio)
        assert endpoint.secondary_key not in repr(studio)
    assert studio.workspace_token not in repr(studio)
    assert "hidden" not in repr(studio)
