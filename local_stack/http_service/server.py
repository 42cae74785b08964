"""What serves: a socket on the loopback address, and a server that can be waited for."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from local_stack.certificates import Certificate
from local_stack.http_service.http_protocol import AbortableProtocol

type Clock = Callable[[], datetime]

HOST: Final = "127.0.0.1"
_BACKLOG: Final = 128


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


class Server(uvicorn.Server):
    """A server that says when it serves.

    Args:
        app: What it serves.
        certificate: Speak https with it; ``None``: http.

    Attributes:
        ready: Set once it serves.
    """

    def __init__(self, app: ASGIApp, certificate: Certificate | None = None) -> None:
        config = uvicorn.Config(
            app,
            http=AbortableProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=3,
            ssl_certfile=certificate.certificate_file if certificate else None,
            ssl_keyfile=certificate.key_file if certificate else None,
        )
        super().__init__(config)
        self.ready = Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        self.ready.set()


def listen(port: int) -> socket.socket:
    """A listening socket on the loopback address.

    Raises:
        OSError: The port is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
