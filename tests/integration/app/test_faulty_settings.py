"""With any of our settings missing or wrong, the app is there and says all that is wrong."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from local_stack.azurite import Azurite
from local_stack.functions_host import FunctionsHost

ROOT = Path(__file__).parents[3]
ROUTES = (
    "GET /api/endpoints",
    "GET /api/endpoints/digits",
    "POST /api/endpoints/digits/redeploy",
)
VALUE = "v4lue-that-nobody-may-see"
ALL = {
    "model_landed",
    "watch",
    "sweep",
    "redeploy",
    "rollback",
    "release",
    "retrain",
    "create_endpoint",
    "openapi",
    "list_jobs",
    "get_job",
    "cancel_job",
    "list_endpoints",
    "get_endpoint",
    "status",
    "health",
}
MISSING = {"StateStorage": ""}
WRONG = {
    "ModelStorage": VALUE,
    "StateStorage__blobServiceUri": f"http://{VALUE}.example",
    "STATE_CONTAINER": f"{VALUE}_Container",
    "MODEL_BLOBS": f"{VALUE}_Container/{{name}}.ilearner",
    "ENDPOINTS_FILE": f"blob:{VALUE}",
    "BLOB_SOURCE": VALUE,
    "WATCH_SCHEDULE": VALUE,
    "SWEEP_SCHEDULE": VALUE,
    "SAS_LIFETIME": VALUE,
    "SAS_RENEW_BEFORE": VALUE,
}


@pytest.fixture(scope="module", params=[MISSING, WRONG], ids=["missing", "wrong"])
def environ(request: pytest.FixtureRequest, azurite: Azurite) -> Mapping[str, str]:
    """None of our settings, or each one wrong.

    The host's own storage is there: without it the host, and not the app, is in error.
    """
    settings: Mapping[str, str] = request.param
    return {**azurite.environ("AzureWebJobsStorage"), **settings}


@pytest.fixture(scope="module")
def host(environ: Mapping[str, str]) -> Iterator[FunctionsHost]:
    with FunctionsHost.start(ROOT, environ=environ) as running:
        yield running


def test_all_functions_index_whatever_the_settings_say(
    environ: Mapping[str, str], tmp_path: Path
) -> None:
    index = tmp_path / "index.json"
    indexing = ["local_stack.functions_host", "--app", str(ROOT), "--no-settings"]
    subprocess.run(
        [sys.executable, "-m", *indexing, "--index", str(index)],
        env=environ,
        cwd=ROOT,
        check=True,
        timeout=60,
    )

    assert {function["name"] for function in json.loads(index.read_text())} == ALL


def test_status_names_every_fault_and_shows_no_value(
    host: FunctionsHost, environ: Mapping[str, str]
) -> None:
    answer = host.get("/api/status")

    faults = [fault["where"] for fault in answer.json()["faults"]]
    expected = WRONG.keys() if "SAS_LIFETIME" in environ else {"ModelStorage"}
    assert answer.status_code == 200
    assert len(faults) == len(set(faults))
    assert set(faults) == expected
    assert VALUE not in answer.text


def test_health_says_that_nothing_can_be_deployed(host: FunctionsHost) -> None:
    answer = host.get("/api/health", key=None)

    assert (answer.status_code, answer.text) == (503, "unhealthy")


@pytest.mark.parametrize("path", ROUTES)
def test_what_cannot_be_done_is_a_problem_with_the_faults(host: FunctionsHost, path: str) -> None:
    method, _, target = path.partition(" ")

    answer = host.request(method, target)

    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "ModelStorage" in [fault["where"] for fault in answer.json()["faults"]]
    assert VALUE not in answer.text


def test_a_landing_is_not_taken_for_done_while_a_setting_is_wrong(
    azurite: Azurite, container_name: str
) -> None:
    with BlobServiceClient.from_connection_string(azurite.connection_string) as storage:
        storage.create_container(container_name).upload_blob("x.ilearner", b"model")
    environ = {
        **azurite.environ("AzureWebJobsStorage"),
        **azurite.environ("ModelStorage"),
        "MODEL_BLOBS": f"{container_name}/{{name}}.ilearner",
        "SAS_LIFETIME": VALUE,
    }
    with FunctionsHost.start(ROOT, environ=environ) as host:
        ran = host.run("model_landed", f"{container_name}/x.ilearner")

    assert not ran.succeeded  # so the host tries again, and at last keeps the event as poison
    assert "SAS_LIFETIME" in (ran.error or "")
    assert VALUE not in host.log_text()
