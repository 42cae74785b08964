"""The service as a process of its own."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import requests

from local_stack.ml_service import Studio, dataset, sample_studio

STORAGE = (
    "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=c2VjcmV0;"
    "BlobEndpoint=http://127.0.0.1:1/a"
)
COMMAND = (sys.executable, "-m", "local_stack.ml_service")


def studio() -> Studio:
    return msgspec.structs.replace(sample_studio(STORAGE), local_token="local-secret")


@contextmanager
def serving(described: Studio, log: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A process that got its description on standard input, and the address it names."""
    command = [*COMMAND, "--description", "-", "--port", "0"]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, stdout=output
        ) as process,
    ):
        assert process.stdin
        assert process.stderr
        try:
            process.stdin.write(msgspec.json.encode(described))
            process.stdin.close()
            line = process.stderr.readline().decode()
            found = re.search(r"ml_service\.serving url=(\S+)", line)
            assert found, line
            yield process, found[1]
        finally:
            process.kill()


def test_it_serves_what_the_description_says_and_ends_at_sigterm(tmp_path: Path) -> None:
    described = studio()
    endpoint = described.services[0].endpoints[1]
    with serving(described, tmp_path / "out") as (process, url):
        location = f"{url}/workspaces/{described.workspace_id}/services/{endpoint.guid}"
        rows = dataset.rows("test")
        answer = requests.post(
            f"{location}/execute?api-version=2.0",
            json={"Inputs": {"input1": {"ColumnNames": rows.columns, "Values": rows.rows[:3]}}},
            headers={"Authorization": f"Bearer {endpoint.primary_key}"},
            timeout=60,
        )
        process.send_signal(signal.SIGTERM)
        status = process.wait(30)
        assert process.stderr
        said = process.stderr.read().decode() + (tmp_path / "out").read_text()

    assert answer.status_code == 200
    assert len(answer.json()["Results"]["output1"]["value"]["Values"]) == 3
    assert status == 0
    assert "ml_service.ended" in said
    for secret in (endpoint.primary_key, described.workspace_token, "c2VjcmV0", "local-secret"):
        assert secret not in said


def test_scripts_and_requests_are_reached_over_http_with_the_local_token(tmp_path: Path) -> None:
    with serving(studio(), tmp_path / "out") as (_, url):
        local = {"X-Local-Token": "local-secret"}
        script = {"method": "GET", "path_part": "/some", "status": 418}
        refused = requests.post(f"{url}/_local/scripts", json=script, timeout=30)
        made = requests.post(f"{url}/_local/scripts", json=script, headers=local, timeout=30)
        faulty = requests.post(
            f"{url}/_local/scripts", json={"nothing": 1}, headers=local, timeout=30
        )
        left = requests.get(f"{url}/_local/scripts", headers=local, timeout=30).json()
        played = requests.get(
            f"{url}/somewhere", headers={"Authorization": "Bearer key"}, timeout=30
        )
        seen = requests.get(f"{url}/_local/requests", headers=local, timeout=30).json()
        requests.delete(f"{url}/_local/requests", headers=local, timeout=30)
        forgotten = requests.get(f"{url}/_local/requests", headers=local, timeout=30).json()

    assert (refused.status_code, made.status_code, faulty.status_code) == (401, 201, 400)
    assert [one["status"] for one in left] == [418]
    assert played.status_code == 418
    assert [(one["path"], one["headers"]["authorization"]) for one in seen] == [
        ("/somewhere", "<SECRET>")
    ]
    assert forgotten == []


def test_a_taken_port_is_one_sentence_and_exit_status_1(tmp_path: Path) -> None:
    file = tmp_path / "description.json"
    file.write_bytes(msgspec.json.encode(studio()))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [*COMMAND, "--description", str(file), "--port", port]
        ended = subprocess.run(command, capture_output=True, timeout=60, check=False)

    assert ended.returncode == 1
    assert ended.stderr.count(b"\n") == 1
    assert f"127.0.0.1:{port}".encode() in ended.stderr


def test_a_faulty_description_is_one_sentence_that_names_the_member(tmp_path: Path) -> None:
    file = tmp_path / "description.json"
    file.write_text('{"storage": 1, "services": []}')
    command = [*COMMAND, "--description", str(file)]

    ended = subprocess.run(command, capture_output=True, timeout=60, check=False)

    assert ended.returncode == 1
    assert ended.stderr.count(b"\n") == 1
    assert b"$.storage" in ended.stderr
