"""The running service: its socket, its thread, and what tests and the stack ask it."""

import logging
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from threading import Thread
from typing import Final, Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from local_stack.azureml.addresses import Addresses
from local_stack.azureml.datastores import Datastores
from local_stack.azureml.deployments import Deployments
from local_stack.azureml.description import Workspace
from local_stack.azureml.endpoints import Endpoints
from local_stack.azureml.errors import INTERNAL_SERVER_ERROR, ArmError, unreadable
from local_stack.azureml.exchanges import Exchange, Exchanges
from local_stack.azureml.fate import Fate, Fates
from local_stack.azureml.jobs import Jobs
from local_stack.azureml.launch import Launches
from local_stack.azureml.models import Models
from local_stack.azureml.pacing import Pacing
from local_stack.azureml.results import Results
from local_stack.azureml.routes import routes
from local_stack.azureml.scoring import Scoring
from local_stack.azureml.state import State
from local_stack.certificates import Certificate
from local_stack.http_service.call import Answer
from local_stack.http_service.front import Front
from local_stack.http_service.http_answer import http_answer
from local_stack.http_service.observed import Observed
from local_stack.http_service.server import HOST, Clock, Server, listen, utc_now

logger = logging.getLogger(__name__)

_STOP_SECONDS: Final = 30.0


class ControlPlane(Observed):
    """A local workspace: its control plane and its endpoints, on one loopback address.

    Args:
        workspace: What it starts from.
        listener: A listening socket; ``listen`` makes one.
        folder: Where models are put and logs are written; the caller's to remove.
        now: The clock by which operations end and tokens expire.
        certificate: Speak https with it; ``None``: http.
        ca_file: Certificates trusted when a blob is read over https.
    """

    def __init__(  # noqa: PLR0913 - each says one thing of a service
        self,
        workspace: Workspace,
        listener: socket.socket,
        folder: Path,
        *,
        now: Clock = utc_now,
        certificate: Certificate | None = None,
        ca_file: Path | None = None,
    ) -> None:
        scheme = "https" if certificate else "http"
        super().__init__()
        self.workspace = workspace
        self.url = f"{scheme}://{HOST}:{listener.getsockname()[1]}"
        self._listener, self._addresses = listener, Addresses(workspace, self.url)
        self._fates = Fates()
        state = State(workspace, self._addresses, now)
        datastores = Datastores(workspace.datastores, ca_file)
        self._launches = Launches(datastores, folder)
        self._jobs = Jobs(state, datastores, self._fates, folder)
        self._state = state
        protocol = routes(
            state,
            Models(state, datastores),
            Endpoints(state),
            Deployments(state, self._launches, self._fates),
            self._jobs,
            Results(state),
            Scoring(state),
        )
        self._exchanges = Exchanges(
            Starlette(routes=protocol, exception_handlers={Exception: _internal_error})
        )
        front = Front(self._exchanges, self._journal, self._scripts, now, _too_long)
        self._server = Server(front, certificate)

    @classmethod
    @contextmanager
    def start(
        cls,
        workspace: Workspace,
        *,
        now: Clock = utc_now,
        certificate: Certificate | None = None,
        ca_file: Path | None = None,
    ) -> Iterator[Self]:
        """Serve in a thread on a free port until the block ends.

        Args:
            workspace: What it starts from.
            now: The clock; aware UTC.
            certificate: Speak https with it.
            ca_file: Certificates trusted when a blob is read over https.
        """
        with tempfile.TemporaryDirectory(prefix="azureml-") as folder, listen(0) as listener:
            plane = cls(
                workspace,
                listener,
                Path(folder),
                now=now,
                certificate=certificate,
                ca_file=ca_file,
            )
            thread = Thread(target=plane.serve, name="azureml", daemon=True)
            thread.start()
            try:
                if not plane.wait_until_ready(_STOP_SECONDS):
                    raise RuntimeError("The control plane did not start; see its log.")
                yield plane
            finally:
                plane.stop()
                thread.join(_STOP_SECONDS)

    def serve(self) -> None:
        """Serve in this thread until ``stop``, or until SIGTERM where it is the main thread."""
        try:
            self._server.run([self._listener])
        finally:
            self._jobs.close()
            self._launches.close()

    def stop(self) -> None:
        """Ask the service to end; requests at work have three seconds."""
        self._server.should_exit = True

    def wait_until_ready(self, seconds: float) -> bool:
        """Whether it serves, within a time."""
        return self._server.ready.wait(seconds)

    @property
    def workspace_url(self) -> str:
        """The address of the workspace: what a client of the control plane is told."""
        return f"{self.url}{self._addresses.workspace_id}"

    def score_url(self, endpoint: str) -> str:
        """The scoring address of an endpoint."""
        return self._addresses.scoring(endpoint, "score")

    def key(self, endpoint: str) -> str:
        """The primary key of an endpoint."""
        return self._state.endpoints[endpoint].keys[0]

    def traffic(self, endpoint: str) -> dict[str, int]:
        """The traffic in effect."""
        return dict(self._state.endpoints[endpoint].traffic)

    def processes(self, endpoint: str) -> dict[str, int]:
        """The process that serves each deployment that has one, by its id."""
        deployments = dict(self._state.endpoints[endpoint].deployments)
        return {name: one.process.pid for name, one in deployments.items() if one.process}

    @property
    def exchanges(self) -> list[Exchange]:
        """The requests that were really answered so far, with the answers, oldest first."""
        return self._exchanges.kept

    def fate(self, code: str = "", *, name: str = "*", pacing: Pacing | None = None) -> None:
        """Say what befalls the next deployment that is put, or the next job: see ``Fate``."""
        self._fates.add(Fate(name=name, code=code, pacing=pacing))


async def _internal_error(request: Request, exc: Exception) -> Response:
    logger.error("azureml.internal_error path=%s", request.url.path, exc_info=exc)
    text = f"Received 500 from a service request: {type(exc).__name__}."
    error = ArmError(HTTPStatus.INTERNAL_SERVER_ERROR, INTERNAL_SERVER_ERROR, text)
    return http_answer(error.answer())


def _too_long(said: str) -> Answer:
    return unreadable(said).answer()
