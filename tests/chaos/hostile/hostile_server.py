"""A server that behaves as each path says: well, or in one of the ways of `misbehaviours.py`."""

import os
import selectors
import socket
import ssl
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Lock, Thread

from local_stack.certificates import Certificate

THREAD = "hostile-server"
_LONGEST_WAIT = 90.0
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_NOW = struct.pack("ii", 1, 0)  # SO_LINGER: a close is a reset


@dataclass(frozen=True)
class Request:
    """What was asked.

    Attributes:
        method: The HTTP method.
        name: The first part of the path: who is asked.
        path: The rest of it, without the query.
        raw: Head and body as they came.
    """

    method: str
    name: str
    path: str
    raw: bytes


class Line:
    """One connection, as those who misbehave on it see it."""

    def __init__(self, connection: socket.socket, ended: Event) -> None:
        self._connection, self._ended = connection, ended

    def send(self, part: bytes) -> None:
        """Send; `OSError` where the other side has left, also one that had stopped reading.

        After that a plain send would wait for as long as the kernel likes before it tries again.
        """
        self._connection.setblocking(False)
        left = memoryview(part)
        while left:
            sent = self._sent(left)
            left = left[sent:]
            if not sent:
                self._wait()
        self._connection.settimeout(_LONGEST_WAIT)

    def _wait(self) -> None:
        """Wait until the other side takes more, or leaves."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
            if not selector.select(_LONGEST_WAIT):
                raise TimeoutError("the other side takes nothing")

    def _sent(self, part: memoryview) -> int:
        """Send what can be sent now, and say how much that was."""
        with suppress(*_NOT_NOW):
            if not self._connection.recv(65536):
                raise BrokenPipeError("the other side has left")
        with suppress(*_NOT_NOW):
            return self._connection.send(part)
        return 0

    def hang(self) -> None:
        """Say nothing until the other side leaves."""
        self._connection.settimeout(0.2)
        while not self._ended.is_set():
            with suppress(TimeoutError):
                if not self._connection.recv(65536):
                    return

    def drip(self, part: bytes = b"x") -> None:
        """Send a byte now and then until the other side leaves."""
        while not self._ended.wait(0.05):
            self.send(part)

    def reset(self) -> None:
        """Leave without a word once this returns, and so that what was sent is lost."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NOW)


type Misbehaviour = Callable[[Line], None]
type Answers = Callable[[Request], bytes]
type Attacked = Callable[[Request], Misbehaviour | None]


class HostileServer:
    """Listens on a free port of the loopback address; each connection has a thread.

    Attributes:
        requests: What was received, oldest first.
        connections: How many connections were made.
        longest: How long a misbehaviour's connection stood at most, in seconds.
        most_at_once: How many connections stood at one time, at most, both sides still there.
        attacks: How often each name's requests met with a misbehaviour.
    """

    def __init__(
        self, answers: Answers, attacked: Attacked, certificate: Certificate | None = None
    ) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.longest = 0.0
        self.most_at_once = 0
        self.attacks: Counter[str] = Counter()
        self._answers, self._attacked = answers, attacked
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.present(certificate)
        self._lock, self._ended = Lock(), Event()
        self._standing: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._threads: list[Thread] = []

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        scheme = "https" if self._context else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def methods(self, name: str) -> list[str]:
        """The methods of the requests that *name* received."""
        return [request.method for request in self.requests if request.name == name]

    def requests_of(self, name: str) -> list[tuple[str, str]]:
        """Method and path of the requests that *name* received."""
        return [(one.method, one.path) for one in self.requests if one.name == name]

    def present(self, certificate: Certificate) -> None:
        """Show this certificate from now on."""
        assert self._context is not None
        self._context.load_cert_chain(certificate.certificate_file, certificate.key_file)

    def serve(self) -> None:
        """Take connections until it ends."""
        while True:
            connection, _ = self._listener.accept()
            if self._ended.is_set():
                connection.close()
                return
            thread = Thread(target=self._serve_one, args=(connection,), name=THREAD, daemon=True)
            self._threads.append(thread)
            thread.start()

    def end(self) -> None:
        """Take no more connections, and end those that there are.

        One whose caller left without reading is not told so for as long as the kernel likes.
        """
        self._ended.set()
        with self._lock:
            for connection in self._standing:
                with suppress(OSError):  # not TLS's own way, which says goodbye first
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
        socket.create_connection(self._listener.getsockname(), 5).close()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def _serve_one(self, connection: socket.socket) -> None:
        with self._lock:
            self.connections += 1
        connection.settimeout(_LONGEST_WAIT)
        with suppress(OSError), connection:
            if self._context is None:
                self._stand(connection)
                return
            with self._context.wrap_socket(connection, server_side=True) as secured:
                self._stand(secured)

    def _stand(self, connection: socket.socket) -> None:
        with self._lock:
            self._standing.add(connection)
            at_once = sum(not _has_left(one) for one in self._standing)
            self.most_at_once = max(self.most_at_once, at_once)
        try:
            self._converse(connection)
        finally:
            with self._lock:
                self._standing.remove(connection)

    def _converse(self, connection: socket.socket) -> None:
        """Answer one request after the other, until somebody leaves."""
        while (request := _received(connection, self._ended)) is not None:
            with self._lock:
                self.requests.append(request)
                misbehaviour = self._attacked(request)
                self.attacks[request.name] += misbehaviour is not None
            if misbehaviour is None:
                connection.sendall(self._answers(request))
                continue
            begun = time.monotonic()
            try:
                misbehaviour(Line(connection, self._ended))
            finally:
                with self._lock:
                    self.longest = max(self.longest, time.monotonic() - begun)
            return


@contextmanager
def hostile_server(
    answers: Answers, attacked: Attacked, certificate: Certificate | None = None
) -> Iterator[HostileServer]:
    """Serve until the block ends."""
    server = HostileServer(answers, attacked, certificate)
    thread = Thread(target=server.serve, name=THREAD, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.end()
        thread.join(10)


def _has_left(connection: socket.socket) -> bool:
    """Whether the other side has left, which the connection's own thread may not have seen yet."""
    try:  # a second descriptor has a timeout of its own, and takes flags where TLS does not
        with socket.socket(fileno=os.dup(connection.fileno())) as same:
            same.setblocking(False)
            return not same.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True


def _received(connection: socket.socket, ended: Event) -> Request | None:
    """Read a request with its body; None: the other side has left."""
    received = b""
    connection.settimeout(0.2)
    while b"\r\n\r\n" not in received:
        try:
            part = connection.recv(65536)
        except TimeoutError:
            if ended.is_set():
                return None
            continue
        if not part:
            return None
        received += part
    connection.settimeout(_LONGEST_WAIT)
    head, _, body = received.partition(b"\r\n\r\n")
    while len(body) < _length(head) and (part := connection.recv(65536)):
        body += part
    method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
    name, _, path = target.partition("?")[0].removeprefix("/").partition("/")
    return Request(method, name, path, head + b"\r\n\r\n" + body)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def http_answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """An answer with a status such as `404 Not Found`, a body and header lines."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
