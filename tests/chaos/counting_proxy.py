"""Stands between the app and what it calls, outside of both, and passes every call on as it is."""

import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, override
from urllib.parse import urlsplit

from tests.chaos.places import CallDroppedError, Places
from tests.fakes.served import served

_PATIENCE = 60.0
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding"})


class _Answer:
    """A whole answer from upstream."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.reason = response.status, response.reason
        self.body = response.read()
        self.headers = [
            (name, value)
            for name, value in response.getheaders()
            if name.lower() not in _HOP_BY_HOP | {"content-length"}
        ]
        length = response.getheader("content-length")
        # An answer to HEAD has a length and no body.
        self.length = length if length is not None and not self.body else str(len(self.body))

    def encoded(self) -> bytes:
        """As it goes to the caller, in one piece."""
        lines = [f"HTTP/1.1 {self.status} {self.reason}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.status not in {204, 304}:
            lines.append(f"Content-Length: {self.length}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


def _handler(upstream: str, places: Callable[[], Places]) -> type[BaseHTTPRequestHandler]:
    parts = urlsplit(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = _PATIENCE

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            asked = urlsplit(self.path)
            # The app has the account's key; who comes with a token is the ML service.
            is_own = "sig=" not in asked.query
            try:
                answer = places().passing(
                    self.command, asked.path, lambda: self._forward(body), is_own=is_own
                )
            except (CallDroppedError, OSError, http.client.HTTPException):
                self.close_connection = True
                return
            self.wfile.write(answer.encoded())

        def _forward(self, body: bytes) -> _Answer:
            # One connection a call: what upstream thinks of a caller's death is not our subject.
            connection = http.client.HTTPConnection(
                str(parts.hostname), parts.port, timeout=_PATIENCE
            )
            try:
                connection.putrequest(
                    self.command, self.path, skip_host=True, skip_accept_encoding=True
                )
                for name, value in self.headers.items():
                    if name.lower() not in _HOP_BY_HOP:
                        connection.putheader(name, value)
                connection.endheaders(body or None)
                return _Answer(connection.getresponse())
            finally:
                connection.close()

        @override
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _pass  # noqa: N815

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers die here: that is no error."""


@contextmanager
def counting_proxy(upstream: str, places: Callable[[], Places]) -> Iterator[str]:
    """Pass calls on to *upstream* (`http://host:port`) until the block ends; gives our address."""
    with served(_Server(("127.0.0.1", 0), _handler(upstream, places))) as url:
        yield url
