"""The blob trigger: polling, receipts, tries, poison."""

import base64
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient
from azure.storage.queue import QueueClient

from local_stack.azurite import Azurite
from local_stack.functions_host import FunctionsHost
from local_stack.identity import ManagedIdentity
from tests.integration.functions_host.conftest import StartHost
from tests.integration.functions_host.sample_app import QUICK, Outage, SampleApp, eventually

RECORDING = """
@app.blob_trigger(arg_name="model", path="%CONTAINER%/{name}.ilearner", connection="ModelStorage")
def landed(model: blob.BlobClient) -> None:
    record(container=model.container_name, name=model.blob_name)
"""
RAISING = """
@app.blob_trigger(arg_name="model", path="%CONTAINER%/{name}.ilearner", connection="ModelStorage")
def landed(model: blob.BlobClient) -> None:
    record(name=model.blob_name)
    raise RuntimeError("not today")
"""
RAISING_TWICE = """
@app.blob_trigger(arg_name="model", path="%CONTAINER%/{name}.ilearner", connection="ModelStorage")
def landed(model: blob.BlobClient) -> None:
    record(name=model.blob_name)
    if len(pathlib.Path("record.jsonl").read_text().splitlines()) < 3:
        raise RuntimeError("not yet")
"""
NEVER_ENDING = """
@app.blob_trigger(arg_name="model", path="%CONTAINER%/{name}.ilearner", connection="ModelStorage")
def landed(model: blob.BlobClient) -> None:
    record(name=model.blob_name)
    threading.Event().wait()
"""
COUNTING = """
running = []

@app.blob_trigger(arg_name="model", path="%CONTAINER%/{name}.ilearner", connection="ModelStorage")
def landed(model: blob.BlobClient) -> None:
    running.append(model.blob_name)
    threading.Event().wait(0.2)
    record(running=len(running))
    running.remove(model.blob_name)
"""
INPUT_STREAM = (
    RECORDING
    + """
@app.blob_trigger(arg_name="model", path="%CONTAINER%/{name}.csv", connection="ModelStorage")
def with_bytes(model: func.InputStream) -> None:
    record(bytes=True)

@app.blob_trigger(arg_name="model", path="%CONTAINER%/{name}.csv", connection="NotConfigured")
def without_connection(model: blob.BlobClient) -> None:
    record(connected=True)
"""
)
ODD_NAMES = (
    "a b.ilearner",
    "100%.ilearner",
    "%41.ilearner",
    "c#sharp+plus?query=1&x.ilearner",
    'it\'s "quoted".ilearner',
    "modèle/été/模型/🙂.ilearner",
    "deep/er/and/deep er.ilearner",
    "[brackets]{braces}.ilearner",
    f"{'x' * 891}.ilearner",
    f"{'é' * 891}.ilearner",
    f"{'y' * 991}.ilearner",  # with it a receipt's name is longer than a blob's may be
)


def names(records: list[dict[str, Any]]) -> list[str]:
    return [record["name"] for record in records]


def receipts(azurite: Azurite, host: FunctionsHost) -> list[str]:
    host_id = host.log_text().partition("host_id=")[2].split()[0]
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        hosts = service.get_container_client("azure-webjobs-hosts")
        prefix = f"blobreceipts/{host_id}/Host.Functions.landed/"
        return list(hosts.list_blob_names(name_starts_with=prefix)) if hosts.exists() else []


@pytest.fixture
def poison(azurite: Azurite, container_name: str) -> Iterator["PoisonMessages"]:
    with QueueClient.from_connection_string(
        azurite.connection_string,
        "webjobs-blobtrigger-poison",
    ) as queue:
        yield PoisonMessages(queue, container_name)


class PoisonMessages:
    """Messages of the poison queue about one container."""

    def __init__(self, queue: QueueClient, container: str) -> None:
        self._queue = queue
        self._container = container

    def __call__(self) -> list[dict[str, str]]:
        """Those that are there."""
        texts = [message.content for message in self._queue.peek_messages(max_messages=32)]
        decoded = [json.loads(base64.b64decode(text)) for text in texts]
        return [each for each in decoded if each["ContainerName"] == self._container]


def test_a_blob_fires_once_and_again_when_it_is_overwritten(
    tmp_path: Path,
    container: ContainerClient,
    start_host: StartHost,
    azurite: Azurite,
) -> None:
    app = SampleApp(tmp_path / "app", RECORDING)
    container.upload_blob("other.csv", b"x")
    host = start_host(app)

    container.upload_blob("census/one.ilearner", b"1")
    app.wait_for(1)
    eventually(lambda: len(receipts(azurite, host)) == 1)
    container.upload_blob("census/one.ilearner", b"2", overwrite=True)
    eventually(lambda: len(receipts(azurite, host)) == 2)

    expected = {"container": container.container_name, "name": "census/one.ilearner"}
    assert app.records() == [expected, expected]


def test_a_receipt_keeps_a_restarted_host_from_firing_again(
    tmp_path: Path,
    container: ContainerClient,
    start_host: StartHost,
    azurite: Azurite,
) -> None:
    app = SampleApp(tmp_path / "app", RECORDING)
    first = container.upload_blob("one.ilearner", b"1")
    host = start_host(app)
    assert names(app.wait_for(1)) == ["one.ilearner"]
    eventually(lambda: receipts(azurite, host))
    etag = str(first.get_blob_properties().etag).strip('"')
    assert receipts(azurite, host)[0].endswith(
        f"/Host.Functions.landed/{etag}/{container.container_name}/one.ilearner",
    )
    host.stop()

    start_host(app)
    container.upload_blob("two.ilearner", b"2")

    assert names(app.wait_for(2)) == ["one.ilearner", "two.ilearner"]


def test_a_container_that_is_not_there_yet_is_waited_for(
    tmp_path: Path,
    container_name: str,
    start_host: StartHost,
    azurite: Azurite,
) -> None:
    app = SampleApp(tmp_path / "app", RECORDING)
    host = start_host(app)
    assert "blob.container_absent" in host.log_text()

    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        service.create_container(container_name).upload_blob("one.ilearner", b"1")

    assert names(app.wait_for(1)) == ["one.ilearner"]


def test_every_odd_name_fires_once_as_it_is_also_across_a_restart(
    tmp_path: Path,
    container: ContainerClient,
    start_host: StartHost,
    azurite: Azurite,
) -> None:
    app = SampleApp(tmp_path / "app", RECORDING)
    for name in ODD_NAMES:
        container.upload_blob(name, b"x")

    host = start_host(app)
    fired = names(app.wait_for(len(ODD_NAMES)))
    assert eventually(lambda: len(receipts(azurite, host)) == len(ODD_NAMES))
    host.stop()
    start_host(app)
    container.upload_blob("last.ilearner", b"x")

    assert sorted(fired) == sorted(ODD_NAMES)
    assert names(app.wait_for(len(ODD_NAMES) + 1)[len(ODD_NAMES) :]) == ["last.ilearner"]


def test_a_raising_function_gets_five_tries_then_the_event_is_poison_and_settled(
    tmp_path: Path,
    container: ContainerClient,
    start_host: StartHost,
    azurite: Azurite,
    poison: PoisonMessages,
) -> None:
    app = SampleApp(tmp_path / "app", RAISING)
    uploaded = container.upload_blob("a b/é.ilearner", b"x")
    host = start_host(app)

    eventually(lambda: receipts(azurite, host))
    host.stop()
    app.define(RECORDING)
    start_host(app)
    container.upload_blob("next.ilearner", b"x")

    assert names(app.wait_for(6)) == ["a b/é.ilearner"] * 5 + ["next.ilearner"]
    assert poison() == [
        {
            "FunctionId": "Host.Functions.landed",
            "BlobType": "BlockBlob",
            "ContainerName": container.container_name,
            "BlobName": "a b/é.ilearner",
            "ETag": f'"{str(uploaded.get_blob_properties().etag).strip('"')}"',
        },
    ]


def test_the_number_of_tries_comes_from_host_json(
    tmp_path: Path,
    container: ContainerClient,
    start_host: StartHost,
    azurite: Azurite,
) -> None:
    host_json = {"extensions": {"blobs": {"poisonBlobThreshold": 2}}}
    app = SampleApp(tmp_path / "app", RAISING, host_json)
    container.upload_blob("one.ilearner", b"x")
    host = start_host(app)

    eventually(lambda: receipts(azurite, host))

    assert len(app.records()) == 2


def test_a_function_that_succeeds_at_the_third_try_leaves_no_poison(
    tmp_path: Path,
    container: ContainerClient,
    start_host: StartHost,
    azurite: Azurite,
) -> None:
    app = SampleApp(tmp_path / "app", RAISING_TWICE)
    container.upload_blob("one.ilearner", b"x")
    host = start_host(app)

    eventually(lambda: receipts(azurite, host))

    assert len(app.records()) == 3
    assert "blob.poison" not in host.log_text()


def test_an_event_that_a_crash_interrupted_comes_again(
    tmp_path: Path,
    container: ContainerClient,
    start_host: StartHost,
) -> None:
    app = SampleApp(tmp_path / "app", NEVER_ENDING)
    container.upload_blob("one.ilearner", b"x")
    host = start_host(app)
    app.wait_for(1)
    host.kill()

    app.define(RECORDING)
    start_host(app)

    assert names(app.wait_for(2)) == ["one.ilearner", "one.ilearner"]


def test_no_more_events_run_at_once_than_host_json_allows(
    tmp_path: Path,
    container: ContainerClient,
    start_host: StartHost,
) -> None:
    host_json = {"extensions": {"blobs": {"maxDegreeOfParallelism": 2}}}
    app = SampleApp(tmp_path / "app", COUNTING, host_json)
    for number in range(8):
        container.upload_blob(f"{number}.ilearner", b"x")
    start_host(app)

    running = {record["running"] for record in app.wait_for(8)}

    assert max(running) == 2


def test_a_blob_beyond_the_first_page_of_a_listing_fires(
    tmp_path: Path,
    container: ContainerClient,
    start_host: StartHost,
) -> None:
    app = SampleApp(tmp_path / "app", RECORDING)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: container.upload_blob(f"a{n}.csv", b"x"), range(1010)))
    container.upload_blob("z.ilearner", b"x")

    start_host(app)

    assert names(app.wait_for(1)) == ["z.ilearner"]


def test_an_identity_connection_serves_trigger_receipts_and_function(
    tmp_path: Path,
    container_name: str,
    azurite_oauth: Azurite,
    identity: ManagedIdentity,
) -> None:
    app = SampleApp(tmp_path / "app", RECORDING)
    environ: Mapping[str, str] = {
        **azurite_oauth.environ("AzureWebJobsStorage"),
        **azurite_oauth.environ("ModelStorage"),
        **identity.environ,
        "CONTAINER": container_name,
    }
    with BlobServiceClient.from_connection_string(
        azurite_oauth.connection_string,
        connection_verify=str(azurite_oauth.ca_file),
    ) as service:
        container = service.create_container(container_name)
        with FunctionsHost.start(app.folder, environ=environ, poll_interval=QUICK) as host:
            container.upload_blob("one.ilearner", b"x")

            assert names(app.wait_for(1)) == ["one.ilearner"]
            hosts = service.get_container_client("azure-webjobs-hosts")
            assert eventually(lambda: hosts.exists() and list(hosts.list_blob_names()))
            assert "not_settled" not in host.log_text()


def test_a_faulty_blob_function_is_disabled_with_its_reason_and_the_others_run(
    tmp_path: Path,
    container: ContainerClient,
    start_host: StartHost,
) -> None:
    app = SampleApp(tmp_path / "app", INPUT_STREAM)
    host = start_host(app)
    container.upload_blob("one.csv", b"x")
    container.upload_blob("one.ilearner", b"x")

    assert names(app.wait_for(1)) == ["one.ilearner"]
    text = host.log_text()
    assert "function=with_bytes" in text
    assert "annotate it with azurefunctions.extensions.bindings.blob.BlobClient" in text
    assert "function=without_connection" in text
    assert "set NotConfigured to a connection string" in text


def test_a_function_that_its_setting_disables_does_not_fire(
    tmp_path: Path,
    container: ContainerClient,
    start_host: StartHost,
) -> None:
    second = RECORDING.replace("landed", "also").replace("name=model", "also=model")
    app = SampleApp(tmp_path / "app", RECORDING + second)
    start_host(app, **{"AzureWebJobs.landed.Disabled": "true"})
    container.upload_blob("one.ilearner", b"x")

    assert [record["also"] for record in app.wait_for(1)] == ["one.ilearner"]


def test_a_blob_function_can_be_run_by_hand_with_the_path_of_a_blob(
    tmp_path: Path,
    container: ContainerClient,
    start_host: StartHost,
) -> None:
    app = SampleApp(tmp_path / "app", RECORDING)
    container.upload_blob("one.ilearner", b"x")
    host = start_host(app)
    app.wait_for(1)

    ended = host.run("landed", f"{container.container_name}/one.ilearner")
    answer = host.post(
        "/admin/functions/landed?wait=true",
        key=host.master_key,
        json={"input": f"{container.container_name}/nothing"},
    )

    assert ended.succeeded
    assert names(app.records()) == ["one.ilearner", "one.ilearner"]
    assert answer.status_code == 400


def test_an_outage_of_storage_is_waited_out_at_the_start_and_later(
    tmp_path: Path,
    container_name: str,
) -> None:
    app = SampleApp(tmp_path / "app", RECORDING)
    with Outage(tmp_path / "storage") as storage:
        environ = {
            **storage.azurite.environ("AzureWebJobsStorage"),
            **storage.azurite.environ("ModelStorage"),
            "CONTAINER": container_name,
        }
        with BlobServiceClient.from_connection_string(
            storage.azurite.connection_string,
        ) as service:
            container = service.create_container(container_name)
            storage.begin()
            with FunctionsHost.start(app.folder, environ=environ, poll_interval=QUICK) as host:
                assert "blob.scan_failed" in host.log_text()
                storage.end()
                container.upload_blob("one.ilearner", b"x")
                assert names(app.wait_for(1)) == ["one.ilearner"]

                storage.begin()
                assert eventually(lambda: host.log_text().count("blob.scan_failed") == 2)
                storage.end()
                container.upload_blob("two.ilearner", b"x")
                assert names(app.wait_for(2)) == ["one.ilearner", "two.ilearner"]
