"""The ports of the stack, all on the loopback address."""

import os
import socket
from contextlib import closing
from dataclasses import dataclass, fields


class PortTakenError(Exception):
    """Another process listens on a port that the stack needs; one sentence that says what to do."""


@dataclass(frozen=True)
class Ports:
    """One port per service; 0 stands for a free one."""

    blob: int = 10000
    queue: int = 10001
    ml: int = 8090
    host: int = 7071

    def check(self) -> None:
        """Look at all of them before anything is started.

        Raises:
            PortTakenError: one is in use.
        """
        for field in fields(self):
            port: int = getattr(self, field.name)
            try:
                with closing(socket.create_server(("127.0.0.1", port))):
                    pass
            except OSError as error:
                why = os.strerror(error.errno or 0)
                raise PortTakenError(
                    f"Port {port} cannot be used ({why}): stop what listens there, or take free "
                    f"ports with ARGS=--free-ports, as in: make run ARGS=--free-ports"
                ) from error


FREE = Ports(0, 0, 0, 0)


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port: int = server.getsockname()[1]
        return port
