"""The stack starts in one go, ends in one go, and says in one sentence why it cannot start."""

import signal
import socket
import stat
from contextlib import closing
from pathlib import Path

import pytest
import requests

from local_stack.azureml.installed import IS_INSTALLED, NOT_INSTALLED
from local_stack.demo_endpoints import ENDPOINTS
from tests.integration.local_stack.stack_process import make_app, stack_process

SERVING = "It keeps serving until Ctrl-C"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_serving_ends_every_child(tmp_path: Path, number: signal.Signals) -> None:
    app = make_app(tmp_path / "app")

    with stack_process(app, "--no-story", "--free-ports") as stack:
        stack.read_until(SERVING)
        status = stack.end(number)

    assert (status, stack.survivors()) == (0, [])
    assert stack.said.count("Stopping: this takes some seconds.\n") == 1


@pytest.mark.real_server
@pytest.mark.skipif(not IS_INSTALLED, reason=NOT_INSTALLED)
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGKILL, -9)])
def test_the_second_storys_stack_leaves_no_child_either(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    app = make_app(tmp_path / "app")

    with stack_process(app, "--story", "azureml", "--no-story", "--free-ports") as stack:
        stack.read_until(SERVING)
        ended = stack.end(number)

    assert (ended, stack.survivors()) == (status, [])


def test_a_story_that_is_not_told_is_one_sentence_and_nothing_is_started(tmp_path: Path) -> None:
    app = make_app(tmp_path / "app")

    with stack_process(app, "--story", "vertex") as stack:
        status = stack.wait()

    assert status == 2
    assert "argument --story: invalid choice: 'vertex'" in stack.said
    assert not stack.home.exists()


def test_a_signal_during_the_start_ends_what_was_started(tmp_path: Path) -> None:
    app = make_app(tmp_path / "app")

    with stack_process(app, "--no-story", "--free-ports") as stack:
        stack.read_until("Starting: functions host")
        status = stack.end(signal.SIGINT)

    assert (status, stack.survivors()) == (128 + signal.SIGINT, [])
    assert stack.said.count("Stopping: this takes some seconds.\n") == 1


def test_even_a_crash_of_the_stack_leaves_no_child(tmp_path: Path) -> None:
    app = make_app(tmp_path / "app")

    with stack_process(app, "--no-story", "--free-ports") as stack:
        stack.read_until(SERVING)
        status = stack.end(signal.SIGKILL)

    assert (status, stack.survivors()) == (-signal.SIGKILL, [])


def test_a_taken_port_is_one_sentence_and_nothing_is_started(tmp_path: Path) -> None:
    app = make_app(tmp_path / "app")
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        ports = ("--blob-port", "0", "--queue-port", "0", "--host-port", "0")

        with stack_process(app, *ports, "--ml-port", str(port)) as stack:
            status = stack.wait()

    assert status == 1
    assert stack.said == (
        f"Port {port} cannot be used (Address already in use): stop what listens there, or take "
        "free ports with ARGS=--free-ports, as in: make run ARGS=--free-ports\n"
    )
    assert [file.name for file in stack.home.iterdir()] == ["lock"]


def test_a_second_start_from_one_home_is_one_sentence_and_the_first_serves_on(
    tmp_path: Path,
) -> None:
    app = make_app(tmp_path / "app")

    with stack_process(app, "--no-story", "--free-ports") as first:
        first.read_until("/api/endpoints/digits")
        url = next(word for word in first.said.split() if word.endswith("/api/endpoints/digits"))
        before = {file.name: file.read_bytes() for file in first.home.iterdir() if file.is_file()}
        with stack_process(app, "--no-story", "--free-ports") as second:
            status = second.wait()
        after = {file.name: file.read_bytes() for file in first.home.iterdir() if file.is_file()}
        hello = requests.get(url.replace("endpoints/digits", "hello"), timeout=10)
        first.end(signal.SIGTERM)

    log = "functions-host.log"  # it goes on
    assert after.pop(log).startswith(before.pop(log))
    assert (status, hello.text, after) == (1, "hello", before)
    assert second.said == (
        f"A stack runs from {first.home} already: end it with Ctrl-C where it runs, or start this "
        f"one beside it with ARGS='--free-ports --home {first.home / 'second'}'.\n"
    )


def test_core_tools_that_are_not_there_are_one_sentence(tmp_path: Path) -> None:
    app = make_app(tmp_path / "app")

    with stack_process(
        app, "--host", "func", "--free-ports", environ={"PATH": str(tmp_path)}
    ) as stack:
        status = stack.wait()

    assert (status, stack.said.splitlines()) == (
        1,
        ["Core Tools (`func`) are not on the PATH: install them, or run without HOST=func."],
    )


def test_an_app_that_does_not_index_ends_the_stack_with_the_reason(tmp_path: Path) -> None:
    app = make_app(tmp_path / "app", "import there_is_no_such_module\n")

    with stack_process(app, "--free-ports") as stack:
        stack.read_until("Starting: functions host")
        status = stack.wait()

    assert (status, stack.survivors()) == (1, [])
    assert "there_is_no_such_module" in stack.said


def test_the_demo_fails_where_the_app_does_not_serve_the_model(tmp_path: Path) -> None:
    """The app here knows no endpoints: nobody may take that for a success."""
    app = make_app(tmp_path / "app")

    with stack_process(app, "--demo", "--free-ports") as stack:
        stack.read_until("the model landed: experimentoutput/digits/")
        status = stack.wait()

    assert (status, stack.survivors()) == (1, [])


def test_keys_are_in_private_files_and_not_on_the_terminal(tmp_path: Path) -> None:
    app = make_app(tmp_path / "app")

    with stack_process(app, "--no-story", "--free-ports") as stack:
        stack.read_until(SERVING)
        files = [stack.home / "function-key", stack.home / "host-keys.json"]
        modes = [stat.S_IMODE(file.stat().st_mode) for file in files]
        key = files[0].read_text()
        stack.end(signal.SIGTERM)

    assert modes == [0o600, 0o600]
    assert key
    assert key not in stack.said


def test_the_app_is_served_with_the_demos_endpoints_file(tmp_path: Path) -> None:
    app = make_app(tmp_path / "app")

    with stack_process(app, "--no-story", "--free-ports") as stack:
        stack.read_until("/api/status")
        rendered = (stack.home / "endpoints.toml").read_text()
        url = next(word for word in stack.said.split() if word.endswith("/api/endpoints/digits"))
        hello = requests.get(url.replace("endpoints/digits", "hello"), timeout=10)
        stack.end(signal.SIGTERM)

    assert hello.text == "hello"
    assert "http://127.0.0.1:8090" not in rendered
    assert rendered.count("http://127.0.0.1:") == ENDPOINTS.read_text().count("http://127.0.0.1:")
