"""The process that a deployment is: an entry script behind a real scoring server."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final, Literal, Self

from local_stack.azureml.errors import RESOURCE_NOT_READY, OperationError
from local_stack.child import Child, ChildError
from local_stack.http_service.server import listen

READY_WITHIN: Final = timedelta(seconds=45)
_ROOT: Final = Path(__file__).parents[2]
_LOOK_SECONDS: Final = 5.0
_STOPS_WITHIN: Final = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Program:
    """What is to be run.

    Attributes:
        python: The Python that it runs in.
        server: What is around the entry script.
        entry_script: A file with `init` and `run`.
        environ: Its environment; nothing is inherited.
    """

    python: Path
    server: Literal["microsoft", "light"]
    entry_script: Path
    environ: Mapping[str, str]

    def reading(self, model_dir: Path) -> Self:
        """The same, told where its model is and where its code."""
        told = {"AZUREML_MODEL_DIR": str(model_dir), "AML_APP_ROOT": str(self.entry_script.parent)}
        environ = {"PYTHONUNBUFFERED": "1", **self.environ, **told}
        return replace(self, environ=environ)


class ScoringProcess:
    """A process that listens on a port of the loopback address."""

    def __init__(self, child: Child, port: int) -> None:
        self._child, self.port = child, port

    @classmethod
    def start(cls, program: Program, log_file: Path) -> Self:
        """Start it; it is not ready yet."""
        with listen(0) as listening:
            number, port = listening.fileno(), listening.getsockname()[1]
            command = [str(program.python), "-m", "local_stack.end_with_parent"]
            command += ["local_stack.inference_server", program.server]
            command += ["--socket", str(number), "--entry_script", str(program.entry_script)]
            child = Child(
                "The scoring server",
                command,
                log_file=log_file,
                environ=program.environ,
                cwd=_ROOT,
                keeps_open=[number],
            )
        return cls(child, port)

    def wait_until_ready(self) -> None:
        """Wait until it answers.

        Raises:
            OperationError: It ended before, as it does where the script's `init` raises; or it
                took too long.
        """
        try:
            self._child.wait_until(self._is_healthy, READY_WITHIN)
        except ChildError as exc:
            # The text is the page's; the script's own words are in its log.
            raise OperationError(
                RESOURCE_NOT_READY,
                "User container has crashed or terminated. Please see troubleshooting guide, "
                "available here: https://aka.ms/oe-tsg#error-resourcenotready",
            ) from exc

    @property
    def pid(self) -> int:
        """Of the process; its workers have others."""
        return self._child.pid

    def log_text(self) -> str:
        """What it has written."""
        return self._child.log_text()

    def ask_to_end(self) -> None:
        """Ask it to end; `stop` waits for it."""
        self._child.ask_to_end()

    def stop(self) -> None:
        """End it; a request that it is at work on has no more than a moment."""
        self._child.stop(_STOPS_WITHIN)

    def _is_healthy(self) -> bool | None:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=_LOOK_SECONDS)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == 200 or None  # noqa: PLR2004 - as HTTP says it
        except (OSError, HTTPException):
            return None
        finally:
            connection.close()
