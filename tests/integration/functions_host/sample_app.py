"""Small real functions apps for the tests of the host."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from local_stack.azurite import Azurite

DEADLINE = timedelta(seconds=30)
QUICK = timedelta(seconds=0.1)  # between two scans, and between tries

_START = """
import json
import logging
import pathlib
import threading

import azure.functions as func
from azurefunctions.extensions.bindings import blob

app = func.FunctionApp()
log = logging.getLogger("sample")
lock = threading.Lock()

def record(**fields):
    with lock, pathlib.Path("record.jsonl").open("a") as stream:
        stream.write(json.dumps(fields) + "\\n")
"""


def eventually[T](look: Callable[[], T], deadline: timedelta = DEADLINE) -> T:
    """What `look` answers as soon as that is true; the last answer once the deadline passed."""
    retrying = Retrying(
        retry=retry_if_result(lambda answer: not answer),
        stop=stop_after_delay(deadline.total_seconds()),
        wait=wait_fixed(0.05),
        retry_error_callback=lambda state: (
            None if state.outcome is None else state.outcome.result()
        ),
    )
    answer: T = retrying(look)
    return answer


class SampleApp:
    """A functions app whose functions `record(...)` what they see."""

    def __init__(
        self,
        folder: Path,
        functions: str,
        host_json: Mapping[str, Any] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        document = {"version": "2.0", **(host_json or {})}
        (folder / "host.json").write_text(json.dumps(document))
        self.define(functions)

    def define(self, functions: str) -> None:
        """Write the app's functions (anew)."""
        (self.folder / "function_app.py").write_text(_START + functions)

    def records(self) -> list[dict[str, Any]]:
        """What the functions have recorded so far."""
        file = self.folder / "record.jsonl"
        if not file.exists():
            return []
        whole, _, _ = file.read_text().rpartition("\n")  # the rest is still being written
        return [json.loads(line) for line in whole.splitlines()]

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        """The records once there are so many; fewer if the deadline passed."""
        eventually(lambda: len(self.records()) >= count)
        return self.records()


class Outage:
    """A storage emulator that can be away for a while; it comes back as it was."""

    def __init__(self, location: Path) -> None:
        location.mkdir()
        self._location = location
        self.azurite = Azurite.start(location=location)
        self._ports = [
            urlsplit(uri).port or 0
            for uri in (self.azurite.blob_service_uri, self.azurite.queue_service_uri)
        ]

    def begin(self) -> None:
        """Take the storage away."""
        self.azurite.stop()

    def end(self) -> None:
        """Bring it back on the same ports with the same blobs."""
        blob_port, queue_port = self._ports
        self.azurite = Azurite.start(
            location=self._location,
            blob_port=blob_port,
            queue_port=queue_port,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.azurite.stop()
