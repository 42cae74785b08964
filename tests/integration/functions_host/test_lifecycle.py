"""Start and end of the host: settings, keys, faulty apps, ports, signals."""

import json
import re
import signal
import socket
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from local_stack.child import Child
from local_stack.functions_host import (
    FunctionsHost,
    HostStartError,
    IndexingError,
    indexed_functions,
)
from tests.integration.functions_host.sample_app import SampleApp, eventually

REPOSITORY = Path(__file__).parents[3]
HELLO = """
import os

@app.route(route="hello", auth_level=func.AuthLevel.ANONYMOUS)
def hello(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(os.environ.get("GREETING", "hello"))
"""
SLOW = """
def until_let_go() -> None:
    record(started=True)
    while not pathlib.Path("let-go").exists():
        threading.Event().wait(0.05)
    threading.Event().wait(1.5)  # a host that does not wait is gone by then
    record(ended=True)

@app.route(route="slow", auth_level=func.AuthLevel.ANONYMOUS)
def slow(req: func.HttpRequest) -> func.HttpResponse:
    until_let_go()
    return func.HttpResponse("done")

@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
def nightly(timer: func.TimerRequest) -> None:
    until_let_go()

@app.route(route="hung", auth_level=func.AuthLevel.ANONYMOUS)
def hung(req: func.HttpRequest) -> func.HttpResponse:
    record(started=True)
    threading.Event().wait()
"""
DEFINITIONS = """
@app.blob_trigger(arg_name="model", path="%MODEL_BLOBS%", connection="ModelStorage")
def landed(model: blob.BlobClient) -> None: ...

@app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
@app.retry(strategy="exponential_backoff", max_retry_count="3",
           minimum_interval="00:00:02", maximum_interval="00:01:00")
def watch(timer: func.TimerRequest) -> None: ...
"""


def start_from_command_line(app: SampleApp, log: Path, *arguments: str) -> Child:
    command = [sys.executable, "-m", "local_stack.functions_host", "--app", str(app.folder)]
    return Child(
        "The functions host",
        [*command, *arguments],
        log_file=log,
        environ={},
        cwd=REPOSITORY,
    )


def _stopped_before_the_run_ends(host: FunctionsHost, app: SampleApp) -> int:
    """Stop the host, and let its function end once it has heard of that."""
    with ThreadPoolExecutor(1) as pool:
        stopped = pool.submit(host.stop)
        assert eventually(lambda: "host.stopping" in host.log_text())
        (app.folder / "let-go").touch()
        return stopped.result()


def test_stopping_waits_for_a_running_function_and_exits_with_0(tmp_path: Path) -> None:
    app = SampleApp(tmp_path / "app", SLOW)
    host = FunctionsHost.start(app.folder, environ={})
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(host.get, "/api/slow")
        app.wait_for(1)

        status = _stopped_before_the_run_ends(host, app)

    assert status == 0
    assert asked.result().text == "done"
    assert app.records() == [{"started": True}, {"ended": True}]
    assert "host.stopping running=slow" in host.log_text()


def test_stopping_waits_for_a_run_by_hand_that_nobody_waits_for(tmp_path: Path) -> None:
    app = SampleApp(tmp_path / "app", SLOW)
    host = FunctionsHost.start(app.folder, environ={})
    host.post("/admin/functions/nightly", key=host.master_key, json={})
    app.wait_for(1)

    status = _stopped_before_the_run_ends(host, app)

    assert status == 0
    assert app.records() == [{"started": True}, {"ended": True}]
    assert "host.abandoned" not in host.log_text()


def test_stopping_abandons_a_function_that_hangs_once_the_grace_is_over(tmp_path: Path) -> None:
    app = SampleApp(tmp_path / "app", SLOW)
    host = FunctionsHost.start(app.folder, environ={}, grace=timedelta(seconds=1))
    with ThreadPoolExecutor(1) as pool:
        pool.submit(host.get, "/api/hung")
        app.wait_for(1)

        status = host.stop()

    assert status == 0
    assert "host.abandoned running=hung" in host.log_text()
    assert not psutil.pid_exists(host.pid)


def test_a_taken_port_is_one_sentence_and_exit_status_2(tmp_path: Path) -> None:
    app = SampleApp(tmp_path / "app", HELLO)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(HostStartError) as caught:
            FunctionsHost.start(app.folder, environ={}, port=port)

    assert caught.value.exit_status == 2
    assert caught.value.log_text.count("\n") == 1
    assert f"port {port} cannot be used (Address already in use)" in caught.value.log_text


@pytest.mark.parametrize(
    ("functions", "reason"),
    [
        ("import no_such_module", "No module named 'no_such_module'"),
        ("import os\nos.environ['NOT_SET']", "KeyError: 'NOT_SET'"),
        ("another = func.FunctionApp()", "More than one"),
        ("", "no functions in"),
        ("def (", "SyntaxError"),
    ],
)
def test_an_app_that_cannot_be_indexed_ends_the_host_with_the_reason(
    tmp_path: Path,
    functions: str,
    reason: str,
) -> None:
    app = SampleApp(tmp_path / "app", functions)

    with pytest.raises(HostStartError) as caught:
        FunctionsHost.start(app.folder, environ={})
    with pytest.raises(IndexingError, match=re.escape(reason)):
        indexed_functions(app.folder, {})

    assert caught.value.exit_status == 1
    assert "host.indexing_failed" in caught.value.log_text
    assert reason in caught.value.log_text


def test_a_folder_that_is_no_app_ends_the_host_with_status_2(tmp_path: Path) -> None:
    with pytest.raises(HostStartError, match=r"host\.json is missing") as caught:
        FunctionsHost.start(tmp_path, environ={})

    assert caught.value.exit_status == 2


def test_indexed_functions_are_raw_bindings_and_retry_policies(tmp_path: Path) -> None:
    app = SampleApp(tmp_path / "app", DEFINITIONS)

    indexed = indexed_functions(app.folder, {})

    assert indexed == [
        {
            "name": "landed",
            "bindings": [
                {
                    "direction": "IN",
                    "type": "blobTrigger",
                    "name": "model",
                    "path": "%MODEL_BLOBS%",
                    "connection": "ModelStorage",
                    "properties": {"SupportsDeferredBinding": True},
                },
            ],
            "retry": None,
        },
        {
            "name": "watch",
            "bindings": [
                {
                    "direction": "IN",
                    "type": "timerTrigger",
                    "name": "timer",
                    "schedule": "0 0 * * * *",
                },
            ],
            "retry": {"max_retry_count": 3, "minimum_seconds": 2.0, "maximum_seconds": 60.0},
        },
    ]


def test_a_missing_setting_disables_that_function_alone_and_says_which(tmp_path: Path) -> None:
    app = SampleApp(tmp_path / "app", HELLO + DEFINITIONS)

    with FunctionsHost.start(app.folder, environ={}) as host:
        answer = host.get("/api/hello")
        text = host.log_text()
        status = host.stop()

    assert answer.text == "hello"
    assert "function landed needs the app setting MODEL_BLOBS, which is not set" in text
    assert status == 0


def test_without_host_storage_polling_is_off_and_timers_run_without_a_status(
    tmp_path: Path,
) -> None:
    app = SampleApp(tmp_path / "app", DEFINITIONS)
    environ = {"MODEL_BLOBS": "c/{name}", "ModelStorage": "UseDevelopmentStorage=true"}

    with FunctionsHost.start(app.folder, environ=environ) as host:
        ended = host.run("watch")

    text = host.log_text()
    assert ended.succeeded
    assert "function.disabled_by_fault function=landed" in text
    assert "set AzureWebJobsStorage to a connection string" in text
    assert "timer.unmonitored function=watch" in text


def test_settings_come_from_the_file_and_the_environment_wins(tmp_path: Path) -> None:
    app = SampleApp(tmp_path / "app", HELLO)
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"Values": {"GREETING": "from the file"}}))

    with FunctionsHost.start(app.folder, environ={}, settings=file) as host:
        from_file = host.get("/api/hello").text
    with FunctionsHost.start(app.folder, environ={"GREETING": "env"}, settings=file) as host:
        from_environment = host.get("/api/hello").text

    assert (from_file, from_environment) == ("from the file", "env")


def test_missing_settings_are_made_from_the_sample_and_so_are_keys_that_only_the_owner_reads(
    tmp_path: Path,
) -> None:
    app = SampleApp(tmp_path / "app", HELLO)
    sample = json.dumps({"Values": {"GREETING": "from the sample"}})
    (app.folder / "local.settings.sample.json").write_text(sample)
    child = start_from_command_line(app, tmp_path / "log", "--port", "0")
    try:
        running = child.wait_until(
            lambda: re.search(r"host\.running url=(\S+)", child.log_text()),
            timedelta(seconds=30),
        )
        host_log = child.log_text()
    finally:
        status = child.stop()

    keys = app.folder / "local.keys.json"
    assert running[1].startswith("http://127.0.0.1:")
    assert (app.folder / "local.settings.json").read_text() == sample
    assert host_log.count("from the sample beside it") == 1
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert set(json.loads(keys.read_text())) == {"masterKey", "functionKeys", "systemKeys"}
    assert json.loads(keys.read_text())["masterKey"] not in host_log
    assert status == 0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "is not valid JSON"),
        ('{"Values": {"A": 1}}', "not a string in Values: A"),
        ('{"IsEncrypted": true, "Values": {}}', "is encrypted"),
    ],
)
def test_a_faulty_settings_file_is_one_sentence(tmp_path: Path, text: str, reason: str) -> None:
    app = SampleApp(tmp_path / "app", HELLO)
    file = tmp_path / "settings.json"
    file.write_text(text)

    with pytest.raises(HostStartError, match=reason) as caught:
        FunctionsHost.start(app.folder, environ={}, settings=file)

    assert caught.value.exit_status == 2


def test_sigint_stops_the_host_like_sigterm(tmp_path: Path) -> None:
    app = SampleApp(tmp_path / "app", HELLO)
    with FunctionsHost.start(app.folder, environ={}) as host:
        psutil.Process(host.pid).send_signal(signal.SIGINT)

        assert eventually(lambda: not host.is_alive())
        assert host.stop() == 0


def test_a_host_does_not_outlive_a_parent_that_was_killed(tmp_path: Path) -> None:
    app = SampleApp(tmp_path / "app", HELLO)
    program = (
        "import sys, pathlib; from local_stack.functions_host import FunctionsHost\n"
        f"host = FunctionsHost.start(pathlib.Path({str(app.folder)!r}), environ={{}})\n"
        "print(host.pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()

    assert eventually(lambda: not psutil.pid_exists(pid) or _is_zombie(pid))


def _is_zombie(pid: int) -> bool:
    """An orphan that has ended stays a zombie where nothing collects orphans."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
