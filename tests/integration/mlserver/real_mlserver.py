"""MLServer itself, in an environment of its own, with the files of the page on protocols."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self

import msgspec
import requests

from local_stack.child import Child
from tests.integration.protocols.page import offered
from tests.unit.docs.markdown import ROOT

ENVIRONMENT: Final = ROOT / ".servers" / "mlserver"
PYTHON: Final = ENVIRONMENT / "bin" / "python"
IS_INSTALLED: Final = (ENVIRONMENT / "installed").exists()
NOT_INSTALLED: Final = "MLServer is not installed: `make servers` does it"
READY_WITHIN: Final = timedelta(seconds=90)
ROW: Final = {"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [3.0, 3.0]}
_ENDS_WITH_PARENT: Final = ROOT / "local_stack" / "end_with_parent.py"
_LISTENS: Final = re.compile(r"Uvicorn running on (http://127\.0\.0\.1:[1-9]\d*)")
_PATIENCE: Final = 30.0


class Scored(msgspec.Struct, frozen=True):
    """What a scoring call was answered.

    Attributes:
        version: Of the model that answered.
        answer: What it said of `ROW`.
    """

    version: str
    answer: float


class RealMLServer:
    """A running MLServer.

    Attributes:
        url: Where its HTTP port is; the other two are free ones that nobody asks for.
        sources: The file in which it remembers where its models are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.sources = folder / "sources.json"
        (folder / "sas_repository.py").write_text(offered("MLServer", "python"), "utf-8")
        (folder / "settings.json").write_text(offered("MLServer", "json"), "utf-8")
        self.url = ""
        self._child: Child | None = None

    @classmethod
    @contextmanager
    def start(cls, folder: Path) -> Iterator[Self]:
        """Serve until the block ends."""
        server = cls(folder)
        server.restart()
        try:
            yield server
        finally:
            server.kill()

    @property
    def child(self) -> Child:
        """The process."""
        if self._child is None:
            raise RuntimeError("MLServer does not run")
        return self._child

    def kill(self) -> None:
        """End it at once, as a crash would; `restart()` may follow."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def restart(self) -> None:
        """Start it, with nothing in memory; on the port that it had, if it had one."""
        self.kill()
        port = self.url.rpartition(":")[2] or "0"
        command = [str(PYTHON), str(_ENDS_WITH_PARENT), "mlserver.cli.main", "start", "."]
        environ = {
            "MODEL_SOURCES": str(self.sources),
            "MLSERVER_HTTP_PORT": port,
            "MLSERVER_GRPC_PORT": "0",
            "MLSERVER_METRICS_PORT": "0",
            "OMP_NUM_THREADS": "1",
            "TMPDIR": str(self._folder),
        }
        log = self._folder / "mlserver.log"
        self._child = Child("MLServer", command, log_file=log, environ=environ, cwd=self._folder)
        self.url = self._child.wait_until(self._found, READY_WITHIN)

    def index(self) -> dict[str, tuple[str | None, str]]:
        """Give version and state of each model, as its index tells them."""
        answer = requests.post(f"{self.url}/v2/repository/index", json={}, timeout=_PATIENCE)
        items: list[dict[str, str]] = answer.json()
        return {one["name"]: (one.get("version"), one["state"]) for one in items}

    def scored(self) -> Scored | None:
        """Have the model `census` score; None: there is none."""
        url = f"{self.url}/v2/models/census/infer"
        answer = requests.post(url, json={"inputs": [ROW]}, timeout=_PATIENCE)
        if answer.status_code == requests.codes.not_found:
            return None
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return Scored(document["model_version"], document["outputs"][0]["data"][0])

    def _found(self) -> str | None:
        """Give the address under which the repository's own model is ready, as all others are."""
        for url in _LISTENS.findall(self.child.log_text()):
            asked = [f"{url}/v2/models/source/ready", f"{url}/v2/health/ready"]
            if all(requests.get(one, timeout=_PATIENCE).ok for one in asked):
                return str(url)
        return None
