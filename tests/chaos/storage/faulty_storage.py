"""A proxy before Azurite that answers a call itself, drops it, or loses the answer to it."""

import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Final
from urllib.parse import parse_qs, urlsplit

from local_stack.azurite import Azurite
from tests.fakes.served import served

_OURS_TO_SAY: Final = frozenset({"connection", "content-length", "transfer-encoding", "keep-alive"})
_CODES: Final = {
    400: "InvalidHeaderValue",
    403: "AuthenticationFailed",
    409: "BlobBeingRehydrated",
    412: "ConditionNotMet",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServerBusy",
}


@dataclass(frozen=True)
class Call:
    """One call to storage.

    Attributes:
        number: Its place among all calls, from 1.
        what: Method and blob or listing, without account and container: `PUT endpoints/a.json`.
        is_write: Whether it changes anything.
        headers: The request's.
    """

    number: int
    what: str
    is_write: bool
    headers: dict[str, str]


@dataclass(frozen=True)
class Fault:
    """What happens to a call.

    Attributes:
        status: What is answered; None: nothing.
        is_done: Whether the call reaches storage all the same.
        body: What is answered; None: the error that storage would write.
        hangs: Whether the connection stands without a word until the caller leaves, where nothing
            is answered; else it is closed at once.
    """

    status: int | None
    is_done: bool = False
    body: bytes | None = None
    hangs: bool = False


KINDS: Final = {
    "409": Fault(409),
    "412": Fault(412),
    "429": Fault(429),
    "500": Fault(500),
    "503": Fault(503),
    "closed": Fault(None),
    "answer-lost": Fault(None, is_done=True),
    "done-but-500": Fault(500, is_done=True),
    "hangs": Fault(None, hangs=True),
    "done-but-hangs": Fault(None, is_done=True, hangs=True),
}

type Plan = Callable[[Call], Fault | None]


class FaultyStorage:
    """The proxy: its address, and all calls that it saw.

    Attributes:
        calls: Every call, in the order of their coming.
        struck: Those that met with a fault.
    """

    def __init__(self, port: int, upstream: Azurite, plan: Plan) -> None:
        self.calls: list[Call] = []
        self.struck: list[Call] = []
        self._port, self._upstream, self._plan, self._lock = port, upstream, plan, Lock()

    @property
    def connection_string(self) -> str:
        """Like the upstream's own, by way of the proxy."""
        port = self._upstream.account.blob_port
        return self._upstream.connection_string.replace(f":{port}/", f":{self._port}/")

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    def noted(self, method: str, target: str, headers: dict[str, str]) -> Fault | None:
        """Count a call, and say what happens to it."""
        parts = urlsplit(target)
        blob = parts.path.split("/", 3)[3] if parts.path.count("/") > 2 else ""
        listed = parse_qs(parts.query).get("prefix", ["all"])[0]
        what = f"{method} {blob or ('list ' + listed if method == 'GET' else 'container')}"
        with self._lock:
            call = Call(len(self.calls) + 1, what, method in {"PUT", "DELETE"}, headers)
            self.calls.append(call)
            fault = self._plan(call)
            if fault is not None:
                self.struck.append(call)
        return fault


@contextmanager
def faulty_storage(upstream: Azurite, plan: Plan = lambda _: None) -> Iterator[FaultyStorage]:
    """Serve until the block ends."""

    class Handler(_Handler):
        def fault_of(self) -> Fault | None:
            return storage.noted(self.command, self.path, dict(self.headers))

        def upstream(self) -> http.client.HTTPConnection:
            return http.client.HTTPConnection("127.0.0.1", upstream.account.blob_port, timeout=30)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    storage = FaultyStorage(server.server_address[1], upstream, plan)
    with served(server):
        yield storage


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 30

    def fault_of(self) -> Fault | None:
        raise NotImplementedError

    def upstream(self) -> http.client.HTTPConnection:
        raise NotImplementedError

    def _relay(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.fault_of()
        if fault is None or fault.is_done:
            try:
                answer = self._asked(body)
            except (OSError, http.client.HTTPException):
                answer = None  # the upstream is away
        if fault is not None:
            answer = None if fault.status is None else self._said(fault.status, fault.body)
        if fault is not None and fault.hangs:
            self._wait_for_the_caller_to_leave()
        if answer is None:
            self.close_connection = True
            return
        with suppress(OSError):  # the client has left
            self.wfile.write(answer)

    do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = _relay  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _wait_for_the_caller_to_leave(self) -> None:
        with suppress(OSError):
            self.connection.recv(1)  # nothing more is sent before an answer

    def _asked(self, body: bytes) -> bytes:
        upstream = self.upstream()
        try:
            upstream.request(self.command, self.path, body, dict(self.headers))
            response = upstream.getresponse()
            content = response.read()
        finally:
            upstream.close()
        length = response.headers.get("Content-Length") if self.command == "HEAD" else None
        return _text(response.status, response.getheaders(), content, length)

    def _said(self, status: int, body: bytes | None) -> bytes:
        code = _CODES[status]
        said = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message></Error>"
        content = b"" if self.command == "HEAD" else body or said.encode()
        headers = [("x-ms-error-code", code), ("Content-Type", "application/xml")]
        return _text(status, headers, content, None)


def _text(status: int, headers: list[tuple[str, str]], content: bytes, length: str | None) -> bytes:
    kept = [(name, value) for name, value in headers if name.lower() not in _OURS_TO_SAY]
    if status not in {204, 304}:
        kept.append(("Content-Length", length or str(len(content))))
    lines = [f"HTTP/1.1 {status} {http.client.responses.get(status, '')}"]
    lines += [f"{name}: {value}" for name, value in kept]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content
