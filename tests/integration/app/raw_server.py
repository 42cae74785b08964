"""A server that misbehaves byte by byte, and keeps what it was sent."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread

_LONGEST_WAIT = 20.0  # seconds that a hanging answer hangs at most

type Answer = Callable[[str, socket.socket], None]
"""Answers a request of this method on this connection; `OSError` ends it like the client's end."""


class RawServer:
    """Listens on a free port of the loopback address; each connection has a thread.

    Attributes:
        requests: What was received, head and body as they came, oldest first.
        connections: How many connections were made.
        ended: Set when the server ends; endless answers look at it.
    """

    def __init__(self, answer: Answer, context: ssl.SSLContext | None, exchanges: int) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.ended = Event()
        self._answer, self._context, self._exchanges = answer, context, exchanges
        self._lock = Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[Thread] = []

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        scheme = "https" if self._context else "http"
        return f"{scheme}://127.0.0.1:{self.port}"

    def methods(self) -> list[str]:
        """The methods of the requests received."""
        return [request.split(b" ", 1)[0].decode("latin-1") for request in self.requests]

    def serve(self) -> None:
        """Take connections until it ends."""
        while not self.ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if self.ended.is_set():
                connection.close()
                return
            thread = Thread(target=self._serve_one, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def end(self) -> None:
        """Take no more connections, and wait for those that there are."""
        self.ended.set()
        with suppress(OSError):  # wakes `accept`, which closing the listener does not
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        self._listener.close()
        for thread in self._threads:
            thread.join(_LONGEST_WAIT)

    def _serve_one(self, connection: socket.socket) -> None:
        with self._lock:
            self.connections += 1
        connection.settimeout(_LONGEST_WAIT)
        with suppress(OSError), connection:
            if self._context is None:
                self._exchange(connection)
                return
            with self._context.wrap_socket(connection, server_side=True) as secured:
                self._exchange(secured)

    def _exchange(self, connection: socket.socket) -> None:
        for _ in range(self._exchanges):
            request = _received(connection)
            if not request:
                return
            with self._lock:
                self.requests.append(request)
            self._answer(request.split(b" ", 1)[0].decode("latin-1"), connection)


@contextmanager
def raw_server(
    answer: Answer, context: ssl.SSLContext | None = None, exchanges: int = 1
) -> Iterator[RawServer]:
    """Serve until the block ends; a connection is ended after so many exchanges."""
    server = RawServer(answer, context, exchanges)
    thread = Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.end()
        thread.join(_LONGEST_WAIT)


def says(status: str, body: bytes = b"", *headers: str) -> Answer:
    """An answer of a status such as `404 Not Found`, a body and header lines."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"

    def answer(_method: str, connection: socket.socket) -> None:
        connection.sendall(head + body)

    return answer


def _received(connection: socket.socket) -> bytes:
    """A request with its body; what was sent of it if the client ended early."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        if not part:
            return b""
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ),
        0,
    )
    while len(body) < length and (part := connection.recv(65536)):
        body += part
    return head + b"\r\n\r\n" + body
