"""The HTTP functions, called over the functions host."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
from azure.storage.blob import BlobServiceClient

from local_stack.azurite import Azurite
from local_stack.functions_host import FunctionsHost
from local_stack.ml_service import MlService, sample_studio
from tests.integration.app.running_app import QUIET, app_settings, state_container
from tests.integration.ml_service.wire import RESOURCE

ROOT = Path(__file__).parents[3]
CONTAINER = "http-api-models"
NAMES = ("newest", "named", "dry", "empty", "gone", "faulty", "bodies", "keyless", "refusing")
MANY = tuple(f"many-{number:03}" for number in range(250))


@dataclass
class Site:
    """The app on a functions host, its models, and the ML service that it PATCHes."""

    host: FunctionsHost
    azurite: Azurite
    service: MlService

    def put(self, name: str, content: bytes) -> str:
        """Write a model; gives its name."""
        with self._storage() as storage:
            storage.get_blob_client(CONTAINER, name).upload_blob(content, overwrite=True)
        return name

    def delete(self, name: str) -> None:
        """Delete a model."""
        with self._storage() as storage:
            storage.get_blob_client(CONTAINER, name).delete_blob()

    def state(self) -> dict[str, str]:
        """Every blob of the app's own container, with its version."""
        with self._storage() as storage:
            blobs = storage.get_container_client(state_container(CONTAINER)).list_blobs()
            return {blob.name: blob.etag for blob in blobs}

    def patches(self) -> list[Any]:
        """The bodies of the PATCHes that the ML service received."""
        return [one.body for one in self.service.requests if one.method == "PATCH"]

    def redeploy(self, endpoint: str, **options: Any) -> requests.Response:
        """POST a redeploy."""
        return self.host.post(f"/api/endpoints/{endpoint}/redeploy", **options)

    def _storage(self) -> BlobServiceClient:
        return BlobServiceClient.from_connection_string(self.azurite.connection_string)


@pytest.fixture(scope="module")
def site(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    studio = msgspec.structs.replace(
        sample_studio(azurite.connection_string), takes_effect_after=timedelta()
    )
    with MlService.start(studio) as service:
        environ = app_settings(
            azurite, CONTAINER, tmp_path_factory.mktemp("http-api"), _endpoints(service)
        )
        environ |= {
            "KEY": service.key("digits"),
            "WRONG_KEY": "no-key-of-this-endpoint",
            **QUIET,
            "AzureWebJobs.model_landed.Disabled": "true",
        }
        with BlobServiceClient.from_connection_string(azurite.connection_string) as storage:
            storage.create_container(CONTAINER)
        with FunctionsHost.start(ROOT, environ=environ) as host:
            yield Site(host, azurite, service)


def _endpoints(service: MlService) -> dict[str, dict[str, object]]:
    url = service.patch_url("digits")
    common = {"patch_url": url, "resource": RESOURCE}
    endpoints: dict[str, dict[str, object]] = {
        name: {**common, "api_key": "%KEY%", "models": f"{name}/**"} for name in (*NAMES, *MANY)
    }
    endpoints["keyless"]["api_key"] = "%KEY_THAT_NOBODY_SET%"
    endpoints["refusing"]["api_key"] = "%WRONG_KEY%"
    return endpoints


def test_a_redeploy_without_a_body_takes_the_newest_model(site: Site, model: bytes) -> None:
    site.put("newest/a.ilearner", model)
    # Storage counts in seconds; of two models of one second, the greater name is the newer.
    name = site.put("newest/b.ilearner", model)

    answer = site.redeploy("newest")

    document = answer.json()
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"{site.host.url}/api/endpoints/newest"
    assert answer.headers["Content-Type"] == "application/json"
    assert document["desired"]["model"]["name"] == name
    assert document["desired"]["state"] == "patched"
    assert document["desired"]["cause"] == "redeploy"
    assert document["desired"]["requested_by"]
    assert document["serving"]["model"]["name"] == name
    location = site.patches()[-1]["Resources"][0]["Location"]
    assert location["RelativeLocation"] == f"{CONTAINER}/{name}"
    shown = requests.get(
        answer.headers["Location"], headers={"x-functions-key": site.host.key}, timeout=30
    )
    assert shown.json() == document


def test_a_redeploy_takes_the_model_that_it_names_and_remembers_why(
    site: Site, model: bytes
) -> None:
    name = site.put("named/old ü.ilearner", model)
    site.put("named/new.ilearner", model)

    answer = site.redeploy("named", json={"model": name, "reason": "the new one drifts"})

    desired = answer.json()["desired"]
    assert answer.status_code == 202
    assert (desired["model"]["name"], desired["reason"]) == (name, "the new one drifts")


def test_what_is_desired_and_what_serves_is_listed_as_far_as_it_got(
    site: Site, model: bytes
) -> None:
    name = site.put("many-007/model.ilearner", model)
    site.redeploy("many-007")

    listed = {one["name"]: one for one in _pages(site)}

    assert listed["many-007"]["desired"]["model"]["name"] == name
    assert listed["many-007"]["desired"]["state"] == "patched"
    assert listed["many-007"]["serving"]["model"]["name"] == name
    assert listed["many-008"]["desired"] is None


def test_a_dry_run_shows_the_plan_and_changes_nothing(site: Site, model: bytes) -> None:
    name = site.put("dry/model.ilearner", model)
    state, patches = site.state(), site.patches()

    answer = site.host.post("/api/endpoints/dry/redeploy?dry_run=true")

    assert answer.status_code == 200
    plan = answer.json()
    assert (plan["endpoint"], plan["model"]["name"]) == ("dry", name)
    assert plan["decision"] == "patch"
    assert plan["request"]["method"] == "PATCH"
    resource = plan["request"]["body"]["Resources"][0]
    assert resource["Name"] == RESOURCE
    assert resource["Location"]["RelativeLocation"] == f"{CONTAINER}/{name}"
    assert (site.state(), site.patches()) == (state, patches)
    assert site.service.key("digits") not in answer.text
    assert not re.search(r"sig=(?!<SECRET>)", answer.text)


def test_a_refused_model_is_settled_and_says_why(site: Site, model: bytes) -> None:
    site.put("refusing/model.ilearner", model)

    answer = site.redeploy("refusing")

    desired = answer.json()["desired"]
    assert (answer.status_code, desired["state"]) == (200, "refused")
    assert desired["error"].startswith("http_401: ")


def test_an_endpoint_with_a_fault_in_its_table_has_the_model_wait(site: Site, model: bytes) -> None:
    site.put("keyless/model.ilearner", model)

    answer = site.redeploy("keyless")

    document = answer.json()
    assert (answer.status_code, document["desired"]["state"]) == (202, "waiting")
    assert "KEY_THAT_NOBODY_SET" in document["fault"]
    assert document["desired"]["error"].startswith("endpoint_fault: ")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("GET /api/endpoints/unknown", 404),
        ("GET /api/endpoints/No_Name", 404),
        ("POST /api/endpoints/unknown/redeploy", 404),
        ("POST /api/endpoints/empty/redeploy", 422),
        ("POST /api/endpoints/empty/redeploy?dry_run=true", 422),
        ("POST /api/endpoints/empty/redeploy?dry_run=maybe", 400),
    ],
)
def test_what_cannot_be_done_is_a_problem(site: Site, path: str, status: int) -> None:
    method, _, target = path.partition(" ")

    answer = site.host.request(method, target)

    _is_problem(answer, status)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"model": "bodies/unknown.ilearner"}', 404),
        (b'{"model": "bodies/no-model.txt"}', 404),
        (b'{"model": "."}', 400),
        (b'{"model": "..%2f..%2fx.ilearner"}', 404),
        (b'{"model": "bodies/./model.ilearner"}', 400),
        (b'{"model": "../http-api-models/bodies/model.ilearner"}', 400),
        (b'{"model": ', 400),
        (b"\xff\xfe", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'"bodies/model.ilearner"', 400),
        (b'{"modle": "bodies/model.ilearner"}', 400),
        (b'{"model": 7}', 400),
        (b'{"model": ""}', 400),
        (b'{"model": "a\\u0000b.ilearner"}', 400),
        (b'{"model": "a\\nb.ilearner"}', 400),
        (b'{"model": "a\\ud800b.ilearner"}', 400),
        (b'{"reason": ["because"]}', 400),
        (json.dumps({"model": "x" * 1025}).encode(), 400),
        (json.dumps({"reason": "x" * 501}).encode(), 400),
        (b"[" * 10_000, 400),
        (b" " * 20_000, 400),
    ],
)
def test_a_faulty_body_or_name_changes_nothing(
    site: Site, model: bytes, body: bytes, status: int
) -> None:
    site.put("bodies/model.ilearner", model)
    state, patches = site.state(), site.patches()

    answer = site.redeploy("bodies", data=body)

    _is_problem(answer, status)
    assert (site.state(), site.patches()) == (state, patches)


def test_a_model_that_was_known_and_is_gone_is_a_conflict(site: Site, model: bytes) -> None:
    name = site.put("gone/first.ilearner", model)
    site.redeploy("gone")
    site.put("gone/second.ilearner", model)
    site.redeploy("gone")
    site.delete(name)

    answer = site.redeploy("gone", json={"model": name})

    _is_problem(answer, 409)
    document = site.host.get("/api/endpoints/gone").json()
    assert document["desired"]["model"]["name"] == "gone/second.ilearner"


def test_the_list_comes_in_pages_that_lead_to_each_other(site: Site) -> None:
    names = [one["name"] for one in _pages(site)]

    assert names == sorted({*NAMES, *MANY})


def test_a_page_holds_at_most_100_endpoints_and_the_last_one_has_no_link(site: Site) -> None:
    first = site.host.get("/api/endpoints").json()
    last = site.host.get("/api/endpoints?after=zzz").json()

    assert len(first["value"]) == 100
    assert first["nextLink"].startswith(f"{site.host.url}/api/endpoints?after=")
    assert last == {"value": []}


def test_everything_but_health_needs_a_key(site: Site) -> None:
    paths = [
        "GET /api/endpoints",
        "GET /api/endpoints/newest",
        "GET /api/status",
        "POST /api/endpoints/newest/redeploy",
    ]
    for path in paths:
        method, _, target = path.partition(" ")
        for key in (None, "wrong"):
            assert site.host.request(method, target, key=key).status_code == 401, path

    assert site.host.get("/api/health", key=None).status_code == 200


def test_health_says_one_word(site: Site) -> None:
    answer = site.host.get("/api/health", key=None)

    assert (answer.status_code, answer.text) == (200, "healthy")


def test_status_tells_the_timers_the_states_and_the_one_fault(site: Site) -> None:
    before = site.host.get("/api/status").json()["timers"]["watch"]["last_tick"]
    assert site.host.run("watch").succeeded
    assert site.host.run("sweep").succeeded

    status = site.host.get("/api/status").json()

    assert [fault["where"] for fault in status["faults"]] == ["endpoints.keyless.api_key"]
    assert status["timers"]["watch"]["last_tick"] != before
    assert status["timers"]["watch"]["schedule"] == QUIET["WATCH_SCHEDULE"]
    assert 0 <= status["timers"]["sweep"]["age_seconds"] < 60
    assert set(status["endpoints"]) <= {
        "pending",
        "patched",
        "live",
        "refused",
        "waiting",
        "superseded",
        "none",
    }
    assert sum(status["endpoints"].values()) >= 1


def _pages(site: Site) -> Iterator[dict[str, Any]]:
    """All endpoints, by following the links."""
    url: str | None = f"{site.host.url}/api/endpoints"
    for _ in range(10):
        if url is None:
            return
        answer = requests.get(url, headers={"x-functions-key": site.host.key}, timeout=30)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield from page["value"]
        url = page.get("nextLink")
    raise AssertionError("the links lead nowhere")


def _is_problem(answer: requests.Response, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"] == "about:blank"
    assert problem["title"]
    assert problem["detail"]
