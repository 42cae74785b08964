"""The blob trigger with Event Grid as its source."""

from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import ContainerClient

from local_stack.functions_host import FunctionsHost
from tests.integration.functions_host.conftest import StartHost
from tests.integration.functions_host.sample_app import SampleApp, eventually

RECORDING = """
@app.blob_trigger(arg_name="model", path="%CONTAINER%/{name}.ilearner", connection="ModelStorage",
                  source=func.BlobSource.EVENT_GRID)
def landed(model: blob.BlobClient) -> None:
    record(name=model.blob_name)
"""
RAISING = RECORDING + "    raise RuntimeError('not today')\n"
HOOK = "/runtime/webhooks/blobs?functionName=Host.Functions.landed"


def event_grid(url: str) -> dict[str, Any]:
    return {
        "id": "1",
        "eventType": "Microsoft.Storage.BlobCreated",
        "subject": "/blobServices/default/containers/c/blobs/b",
        "data": {"api": "PutBlob", "url": url, "eTag": "0x1"},
    }


def cloud_event(url: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "1",
        "type": "Microsoft.Storage.BlobCreated",
        "subject": "/blobServices/default/containers/c/blobs/b",
        "data": {"api": "PutBlob", "url": url, "eTag": "0x1"},
    }


@pytest.fixture
def app(tmp_path: Path) -> SampleApp:
    return SampleApp(tmp_path / "app", RECORDING)


@pytest.fixture
def host(app: SampleApp, start_host: StartHost) -> FunctionsHost:
    return start_host(app)


def notify(host: FunctionsHost, body: object) -> int:
    headers = {"aeg-event-type": "Notification"}
    return host.post(HOOK, key=host.system_key, json=body, headers=headers).status_code


def test_a_notification_in_either_schema_runs_the_function_for_its_blob(
    app: SampleApp,
    host: FunctionsHost,
    container: ContainerClient,
) -> None:
    first = container.upload_blob("a b/é#%41.ilearner", b"x")
    second = container.upload_blob("two.ilearner", b"x")

    assert notify(host, [event_grid(str(first.url))]) == 202
    app.wait_for(1)
    assert notify(host, cloud_event(str(second.url))) == 202

    assert [r["name"] for r in app.wait_for(2)] == ["a b/é#%41.ilearner", "two.ilearner"]


def test_events_that_mean_no_blob_of_the_function_run_nothing(
    app: SampleApp,
    host: FunctionsHost,
    container: ContainerClient,
) -> None:
    other = container.upload_blob("one.csv", b"x")
    wanted = container.upload_blob("one.ilearner", b"x")
    deleted = {**event_grid(str(wanted.url)), "eventType": "Microsoft.Storage.BlobDeleted"}
    elsewhere = event_grid(str(wanted.url).replace(str(container.container_name), "elsewhere"))
    gone = event_grid(str(wanted.url).replace("one", "gone"))

    assert notify(host, [event_grid(str(other.url)), deleted, elsewhere, gone]) == 202
    assert eventually(lambda: "blob.gone" in host.log_text())
    assert notify(host, [event_grid(str(wanted.url))]) == 202

    assert [r["name"] for r in app.wait_for(1)] == ["one.ilearner"]


def test_a_raising_function_gets_five_tries(
    app: SampleApp,
    start_host: StartHost,
    container: ContainerClient,
) -> None:
    app.define(RAISING)
    host = start_host(app)
    uploaded = container.upload_blob("one.ilearner", b"x")

    notify(host, [event_grid(str(uploaded.url))])

    assert eventually(lambda: "blob.poison" in host.log_text())
    assert len(app.records()) == 5


def test_polling_is_off_for_such_a_function(
    app: SampleApp,
    host: FunctionsHost,
    container: ContainerClient,
) -> None:
    container.upload_blob("never-announced.ilearner", b"x")
    announced = container.upload_blob("one.ilearner", b"x")
    notify(host, [event_grid(str(announced.url))])

    assert [r["name"] for r in app.wait_for(1)] == ["one.ilearner"]
    assert "blob.scan" not in host.log_text()


def test_the_validation_handshake_returns_the_code(host: FunctionsHost) -> None:
    body = [{"id": "1", "data": {"validationCode": "512d38b6"}}]
    headers = {"aeg-event-type": "SubscriptionValidation"}

    answer = host.post(f"{HOOK}&code={host.system_key}", key=None, json=body, headers=headers)

    assert answer.status_code == 200
    assert answer.json() == {"validationResponse": "512d38b6"}


def test_the_web_hook_takes_the_system_key_not_a_function_key(host: FunctionsHost) -> None:
    assert host.post(HOOK, key=None, json=[]).status_code == 401
    assert host.post(HOOK, key=host.key, json=[]).status_code == 401


@pytest.mark.parametrize("body", ["{", "[1]", '[{"eventType": "Microsoft.Storage.BlobCreated"}]'])
def test_what_is_no_event_is_400(host: FunctionsHost, body: str) -> None:
    assert host.post(HOOK, key=host.system_key, data=body).status_code == 400


def test_an_unknown_function_is_404(host: FunctionsHost) -> None:
    path = "/runtime/webhooks/blobs?functionName=Host.Functions.nothing"

    assert host.post(path, key=host.system_key, json=[]).status_code == 404
