"""A running endpoint server, as a benchmark holds it."""

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import requests

from bench.endpoint_server import READY, SEEN
from local_stack.child import Child

_ROOT = Path(__file__).parents[1]
_READY_WITHIN = timedelta(seconds=30)
_LISTENING = re.compile(rf"{READY}(\S+)")
_ASKING_SECONDS = 30


class Seen(msgspec.Struct, frozen=True):
    """What reached the service since it was last asked.

    Attributes:
        arrivals: Each request's method, and when it came, by `time.monotonic`.
    """

    arrivals: list[tuple[str, float]]

    def patches(self) -> list[float]:
        """When each PATCH came."""
        return [at for method, at in self.arrivals if method == "PATCH"]


class Service:
    """Where it is, and what it saw."""

    def __init__(self, url: str) -> None:
        self.url = url

    def patch_url(self, name: str) -> str:
        """The address of the endpoint *name*."""
        return f"{self.url}/workspaces/w/webservices/s/endpoints/{name}"

    @property
    def jobs_url(self) -> str:
        """The address of the training service's jobs."""
        return f"{self.url}/workspaces/w/services/t/jobs"

    def seen(self) -> Seen:
        """Tell what came since the last call."""
        answer = requests.get(f"{self.url}{SEEN}", timeout=_ASKING_SECONDS)
        return msgspec.json.decode(answer.content, type=Seen)


@contextmanager
def running_service(delay: timedelta = timedelta()) -> Iterator[Service]:
    """Start one, whose answers take *delay*, and end it with the block."""
    command = [sys.executable, "-m", "local_stack.end_with_parent", "bench.endpoint_server"]
    command += ["--delay", str(delay.total_seconds())]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        child = Child("The endpoint", command, log_file=Path(folder, "log"), cwd=_ROOT)
        try:
            found = child.wait_until(lambda: _LISTENING.search(child.log_text()), _READY_WITHIN)
            yield Service(found[1])
        finally:
            child.kill()
