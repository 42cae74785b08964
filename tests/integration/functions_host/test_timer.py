"""The timer trigger: schedule, past due, status, retries."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobClient, BlobServiceClient

from local_stack.azurite import Azurite
from local_stack.functions_host import FunctionsHost
from tests.integration.functions_host.conftest import StartHost
from tests.integration.functions_host.sample_app import Outage, SampleApp, eventually

# Hours away, so that no schedule is due while a test looks.
_TODAY = (datetime.now(UTC) + timedelta(hours=6)).replace(minute=0, second=0, microsecond=0)
DAILY = f"0 0 {_TODAY.hour} * * *"
HALF_AN_HOUR_LATER = f"0 30 {_TODAY.hour} * * *"
HOST_ID = "AzureFunctionsWebHost__hostid"
NIGHTLY = """
@app.timer_trigger(arg_name="timer", schedule="%SCHEDULE%")
def watch(timer: func.TimerRequest) -> None:
    record(past_due=timer.past_due, status=timer.schedule_status)
"""
EVERY_SECOND_RAISING = """
@app.timer_trigger(arg_name="timer", schedule="* * * * * *")
def watch(timer: func.TimerRequest) -> None:
    record(past_due=timer.past_due, status=timer.schedule_status)
    raise RuntimeError("again")
"""
LONGER_THAN_ITS_PERIOD = """
running = []

@app.timer_trigger(arg_name="timer", schedule="* * * * * *")
def watch(timer: func.TimerRequest) -> None:
    running.append(1)
    threading.Event().wait(1.3)
    record(running=len(running))
    running.pop()
"""
ON_STARTUP_RAISING = """
@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True)
@app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:01")
def watch(timer: func.TimerRequest, context: func.Context) -> None:
    record(retry=context.retry_context.retry_count, of=context.retry_context.max_retry_count)
    raise RuntimeError("again")
"""
UNMONITORED = """
@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", use_monitor=False)
def watch(timer: func.TimerRequest) -> None:
    record(past_due=timer.past_due, status=timer.schedule_status)
"""


@pytest.fixture
def status_blob(azurite: Azurite, container_name: str) -> Iterator[BlobClient]:
    """Where the status of `watch` is kept; the host's id is the container's name, to be unique."""
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        hosts = service.get_container_client("azure-webjobs-hosts")
        if not hosts.exists():
            hosts.create_container()
        yield hosts.get_blob_client(f"timers/{container_name}/Host.Functions.watch/status")


def status_of(last: datetime, following: datetime) -> str:
    return json.dumps(
        {
            "Last": last.isoformat(),
            "Next": following.isoformat(),
            "LastUpdated": last.isoformat(),
        },
    )


def next_of(status: BlobClient) -> datetime:
    return datetime.fromisoformat(json.loads(status.download_blob().readall())["Next"])


def days_ago(days: int) -> datetime:
    return _TODAY - timedelta(days=days)


def test_a_missed_occurrence_is_made_up_for_once_as_past_due(
    tmp_path: Path,
    start_host: StartHost,
    status_blob: BlobClient,
    container_name: str,
) -> None:
    app = SampleApp(tmp_path / "app", NIGHTLY)
    settings = {"SCHEDULE": DAILY, HOST_ID: container_name}
    status_blob.upload_blob(status_of(days_ago(5), days_ago(4)))

    host = start_host(app, **settings)
    (record,) = app.wait_for(1)
    eventually(lambda: next_of(status_blob) > datetime.now(UTC))
    host.stop()
    again = start_host(app, **settings)
    again.run("watch")

    assert record["past_due"] is True
    assert record["status"]["Next"] == days_ago(4).isoformat()
    after = app.records()
    assert [each["past_due"] for each in after] == [True, False]
    assert datetime.fromisoformat(after[1]["status"]["Next"]) > datetime.now(UTC)


def test_a_first_start_and_a_changed_schedule_miss_nothing(
    tmp_path: Path,
    start_host: StartHost,
    status_blob: BlobClient,
    container_name: str,
) -> None:
    app = SampleApp(tmp_path / "app", NIGHTLY)
    start_host(app, SCHEDULE=DAILY, **{HOST_ID: container_name}).stop()
    first = json.loads(status_blob.download_blob().readall())
    status_blob.upload_blob(status_of(days_ago(5), days_ago(4)), overwrite=True)

    host = start_host(app, SCHEDULE=HALF_AN_HOUR_LATER, **{HOST_ID: container_name})
    host.run("watch")

    assert first["Last"] is None
    assert datetime.fromisoformat(first["Next"]) > datetime.now(UTC)
    assert [each["past_due"] for each in app.records()] == [False]
    assert eventually(lambda: next_of(status_blob) > datetime.now(UTC))


def test_a_failing_run_does_not_stop_the_schedule_and_frequent_timers_keep_no_status(
    tmp_path: Path,
    start_host: StartHost,
    status_blob: BlobClient,
    container_name: str,
) -> None:
    app = SampleApp(tmp_path / "app", EVERY_SECOND_RAISING)
    start_host(app, **{HOST_ID: container_name})

    records = app.wait_for(3)

    assert len(records) >= 3
    assert not any(record["past_due"] or record["status"] for record in records)
    with pytest.raises(ResourceNotFoundError):
        status_blob.get_blob_properties()


def test_runs_of_a_timer_never_overlap_not_even_those_by_hand(
    tmp_path: Path,
    start_host: StartHost,
) -> None:
    app = SampleApp(tmp_path / "app", LONGER_THAN_ITS_PERIOD)
    host = start_host(app)

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(host.run, ["watch", "watch"]))

    assert all(run.succeeded for run in ended)
    assert {record["running"] for record in app.wait_for(4)} == {1}


def test_run_on_startup_runs_at_once_and_a_retry_policy_repeats_a_failed_run(
    tmp_path: Path,
    start_host: StartHost,
) -> None:
    app = SampleApp(tmp_path / "app", ON_STARTUP_RAISING)
    start_host(app)

    records = app.wait_for(3)

    assert records == [{"retry": retry, "of": 2} for retry in (0, 1, 2)]


def test_a_timer_without_monitor_keeps_no_status(
    tmp_path: Path,
    start_host: StartHost,
    status_blob: BlobClient,
    container_name: str,
) -> None:
    app = SampleApp(tmp_path / "app", UNMONITORED)
    host = start_host(app, **{HOST_ID: container_name})

    assert host.run("watch").succeeded

    assert app.records() == [{"past_due": False, "status": {}}]
    with pytest.raises(ResourceNotFoundError):
        status_blob.get_blob_properties()


def test_a_timer_waits_for_a_storage_that_is_down_and_then_makes_up_for_what_it_missed(
    tmp_path: Path,
) -> None:
    app = SampleApp(tmp_path / "app", NIGHTLY)
    with Outage(tmp_path / "storage") as storage:
        environ = {**storage.azurite.environ("AzureWebJobsStorage"), "SCHEDULE": DAILY}
        environ[HOST_ID] = "host"
        with BlobServiceClient.from_connection_string(
            storage.azurite.connection_string,
        ) as service:
            hosts = service.create_container("azure-webjobs-hosts")
            hosts.upload_blob(
                "timers/host/Host.Functions.watch/status",
                status_of(days_ago(5), days_ago(4)),
            )
        storage.begin()
        with FunctionsHost.start(app.folder, environ=environ) as host:
            assert "timer.waits_for_its_status" in host.log_text()
            storage.end()

            (record,) = app.wait_for(1)

    assert record["past_due"] is True
