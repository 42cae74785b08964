"""The workspace as a process: it starts from a file, and nothing outlives it."""

import re
import signal
import sys
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from local_stack.azureml import Workspace
from local_stack.azureml.description import from_json, to_json
from local_stack.child import Child, ChildError
from local_stack.http_service.server import listen
from tests.integration.azureml.wire import DEPLOYMENTS, Caller
from tests.unit.docs.markdown import ROOT

SERVING = re.compile(r"azureml\.serving workspace=(\S+)")
WITHIN = timedelta(seconds=60)


def started(folder: Path, content: bytes, *more: str) -> Child:
    """The process, whose output is in a file."""
    description = folder / "workspace.json"
    description.write_bytes(content)
    command = [sys.executable, "-m", "local_stack.end_with_parent", "local_stack.azureml"]
    command += ["--description", str(description), *(more or ("--port", "0"))]
    return Child("The workspace", command, log_file=folder / "log", environ={}, cwd=ROOT)


def test_a_description_is_the_same_after_it_was_in_a_file(workspace: Workspace) -> None:
    assert from_json(to_json(workspace)) == workspace


def test_no_key_is_in_what_a_description_shows_of_itself(workspace: Workspace) -> None:
    (endpoint,) = workspace.endpoints
    secrets = {endpoint.primary_key, endpoint.secondary_key}
    secrets |= {store.connection_string for store in workspace.datastores}

    shown = repr(workspace)

    assert not [secret for secret in secrets if secret in shown]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_its_deployments_end_with_it(
    caller: Caller, workspace: Workspace, tmp_path: Path, number: signal.Signals
) -> None:
    """However it ends: each holds the other end of a pipe of its own."""
    process = started(tmp_path, to_json(workspace))
    try:
        serving = process.wait_until(lambda: SERVING.search(process.log_text()), WITHIN)
        _deploy(caller, serving[1])
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) == 1
        psutil.Process(process.pid).send_signal(number)
    finally:
        process.stop()

    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []


def test_what_is_no_description_is_one_sentence(tmp_path: Path) -> None:
    process = started(tmp_path, b'{"names": "digits"}')

    with pytest.raises(ChildError, match="ended with status 1"):
        process.wait_until(lambda: None, WITHIN)

    assert "cannot be used: Object contains unknown field `names`" in process.log_text()
    assert process.log_text().count("\n") == 1
    process.stop()


def test_a_taken_port_is_one_sentence(workspace: Workspace, tmp_path: Path) -> None:
    with listen(0) as taken:
        port = str(taken.getsockname()[1])
        process = started(tmp_path, to_json(workspace), "--port", port)
        with pytest.raises(ChildError, match="ended with status 1"):
            process.wait_until(lambda: None, WITHIN)

    assert f"cannot listen on 127.0.0.1:{port}" in process.log_text()
    process.stop()


def _deploy(caller: Caller, workspace_url: str) -> None:
    """Have a deployment stand at the process, which has the description that the caller's has."""
    caller.land("1.json", {"answer": 1})
    model = {"properties": {"modelUri": caller.uri("1.json")}}
    made = caller.ask("PUT", f"{workspace_url}/models/census/versions/1", model)
    body = caller.deployment(made.json()["id"])
    url = f"{workspace_url}{DEPLOYMENTS}/blue"
    assert caller.ask("PUT", url, body).status_code == 201
    states = (caller.ask("GET", url).json()["properties"]["provisioningState"] for _ in range(3))
    assert "Succeeded" in states
