"""The handle on Azurite: what it promises to the tests and to the stack."""

import signal
import socket
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from local_stack.azurite import Azurite, AzuriteError
from local_stack.azurite.handle import HOME
from local_stack.azurite.node import NodeError, find_node

ROOT = Path(__file__).parents[3]
_SAY_WHEN_IT_SWEEPS = """
const { default: Sweeper } = require("./node_modules/azurite/dist/src/blob/gc/BlobGCManager");
console.log(new Sweeper(null, null, null, console.error).gcIntervalInMS);
"""


def test_the_connection_string_reaches_both_services(azurite: Azurite, container_name: str) -> None:
    with BlobServiceClient.from_connection_string(azurite.connection_string) as blobs:
        blobs.create_container(container_name)
        containers = [container.name for container in blobs.list_containers(container_name)]
    with QueueServiceClient.from_connection_string(azurite.connection_string) as queues:
        queues.create_queue(container_name)
        names = [queue.name for queue in queues.list_queues(container_name)]

    assert (containers, names) == ([container_name], [container_name])


def test_in_memory_it_stops_for_no_sweep_as_long_as_a_test_may_last() -> None:
    said = subprocess.run(
        [find_node(), "--require", HOME / "never_sweep.cjs", "-e", _SAY_WHEN_IT_SWEEPS],
        cwd=HOME,
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )

    assert timedelta(milliseconds=int(said.stdout)) > timedelta(days=20)


def test_a_restart_keeps_ports_and_stored_data(tmp_path: Path, container_name: str) -> None:
    with Azurite.start(location=tmp_path) as azurite:
        before = azurite.account
        _upload(azurite, container_name, b"kept")

        azurite.restart()

        assert azurite.account == before
        assert _download(azurite, container_name) == b"kept"


def test_in_memory_a_restart_forgets(container_name: str) -> None:
    with Azurite.start() as azurite:
        _upload(azurite, container_name, b"gone")

        azurite.restart()

        with pytest.raises(ResourceNotFoundError):
            _download(azurite, container_name)


def test_stop_leaves_no_process_and_a_free_port() -> None:
    azurite = Azurite.start()
    pid, port = azurite.pid, azurite.account.blob_port

    azurite.stop()

    assert not psutil.pid_exists(pid)
    with closing(socket.create_server(("127.0.0.1", port))):
        pass


def test_a_taken_port_is_named_in_one_sentence() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(AzuriteError) as failure:
            Azurite.start(blob_port=port)

    assert str(failure.value) == (
        f"Port {port}, which Azurite needs, is taken: stop what listens there."
    )


def test_it_dies_with_the_process_that_started_it() -> None:
    """Even a crash (SIGKILL) of the parent leaves no emulator behind."""
    crash = (
        "import os, signal; from local_stack.azurite import Azurite;"
        "print(Azurite.start().pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )

    parent = subprocess.run(
        [sys.executable, "-c", crash], cwd=ROOT, stdout=subprocess.PIPE, timeout=60, check=False
    )

    assert parent.returncode == -signal.SIGKILL
    assert _ends_within(int(parent.stdout), seconds=10)


def test_without_node_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match=r"^Node.js was not found: install version 20 or newer\.$"):
        find_node(str(tmp_path))


def test_an_old_node_is_named_with_its_version(tmp_path: Path) -> None:
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho /somewhere/node\necho 18.20.1\n")
    old.chmod(0o755)

    with pytest.raises(NodeError, match=r"version 18\.20\.1: install version 20 or newer\.$"):
        find_node(str(tmp_path))


def test_an_account_key_is_in_no_repr(azurite: Azurite) -> None:
    assert azurite.account_key not in repr(azurite) + repr(azurite.account)


def _upload(azurite: Azurite, container: str, content: bytes) -> None:
    with BlobServiceClient.from_connection_string(azurite.connection_string) as blobs:
        blobs.create_container(container).upload_blob("model", content)


def _download(azurite: Azurite, container: str) -> bytes:
    with BlobServiceClient.from_connection_string(azurite.connection_string) as blobs:
        return blobs.get_blob_client(container, "model").download_blob().readall()


def _ends_within(pid: int, seconds: float) -> bool:
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return True
    gone, _ = psutil.wait_procs([process], timeout=seconds)
    return bool(gone)
