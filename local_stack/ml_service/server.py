"""The running service: its socket, its thread, and what tests and the stack ask it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Final, Literal, Self

from starlette.routing import Route

from local_stack.http_service.call import Answer
from local_stack.http_service.front import Front
from local_stack.http_service.observed import Observed
from local_stack.http_service.server import HOST, Clock, Server, listen, utc_now
from local_stack.ml_service.application import application
from local_stack.ml_service.batch import Batch
from local_stack.ml_service.blob_transfer import Transfer
from local_stack.ml_service.endpoint_document import api_location
from local_stack.ml_service.errors import bad_argument
from local_stack.ml_service.local_control import LocalControl
from local_stack.ml_service.state import State
from local_stack.ml_service.studio import Studio

_STOP_SECONDS: Final = 30.0


class MlService(Observed):
    """A local Studio (classic): it speaks the wire on a loopback address.

    Args:
        studio: What it starts from.
        listener: A listening socket; ``listen`` makes one.
        now: The clock by which models take effect, jobs end and tokens are signed.
        transfer: How blobs are read and written.
    """

    def __init__(
        self, studio: Studio, listener: socket.socket, now: Clock, transfer: Transfer
    ) -> None:
        super().__init__()
        self.studio = studio
        self.url = f"http://{HOST}:{listener.getsockname()[1]}"
        self._listener = listener
        self._state = State(studio, self.url, now)
        self._batch = Batch(self._state, transfer)
        protocol = application(self._state, self._batch, transfer, self._local())
        self._server = Server(Front(protocol, self._journal, self._scripts, now, _too_long))

    @classmethod
    @contextmanager
    def start(
        cls, studio: Studio, *, now: Clock = utc_now, port: int = 0, ca_file: Path | None = None
    ) -> Iterator[Self]:
        """Serve in a thread until the block ends.

        Args:
            studio: What it starts from.
            now: The clock; aware UTC.
            port: 0 for any free one.
            ca_file: Certificates trusted when a blob is read over https.

        Raises:
            OSError: The port is taken.
        """
        with listen(port) as listener:
            service = cls(studio, listener, now, Transfer(ca_file))
            thread = Thread(target=service.serve, name="ml-service", daemon=True)
            thread.start()
            try:
                if not service.wait_until_ready(_STOP_SECONDS):
                    raise RuntimeError("The ML service did not start; see its log.")
                yield service
            finally:
                service.stop()
                thread.join(_STOP_SECONDS)

    def serve(self) -> None:
        """Serve in this thread until ``stop``, or until SIGTERM where it is the main thread."""
        try:
            self._server.run([self._listener])
        finally:
            self._batch.close()

    def stop(self) -> None:
        """Ask the service to end; requests at work have three seconds."""
        self._server.should_exit = True

    def wait_until_ready(self, seconds: float) -> bool:
        """Whether it serves, within a time."""
        return self._server.ready.wait(seconds)

    def patch_url(self, name: str) -> str:
        """The management address of an endpoint: for GET and PATCH."""
        endpoint = self._state.endpoint_called(name)
        services = f"{self.url}/workspaces/{self.studio.workspace_id}/webservices"
        return f"{services}/{endpoint.service.id}/endpoints/{endpoint.seed.name}"

    def score_url(self, name: str) -> str:
        """The request/response address of an endpoint, with api-version and details."""
        location = api_location(self._state.endpoint_called(name), self._state)
        return f"{location}/execute?api-version=2.0&details=true"

    def jobs_url(self, name: str) -> str:
        """The batch address of an endpoint, without api-version."""
        return f"{api_location(self._state.endpoint_called(name), self._state)}/jobs"

    def key(self, name: str, which: Literal["primary", "secondary"] = "primary") -> str:
        """A key of an endpoint."""
        seed = self._state.endpoint_called(name).seed
        return seed.primary_key if which == "primary" else seed.secondary_key

    def _local(self) -> list[Route]:
        return LocalControl(self._journal, self._scripts, self.studio.local_token).routes()


def _too_long(hint: str) -> Answer:
    return bad_argument("RequestBodyInvalid", hint=hint).answer()
