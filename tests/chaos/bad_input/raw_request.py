"""Requests byte by byte, which no client library would send."""

import socket
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from urllib.parse import urlsplit

_PATIENCE = 30  # seconds; an app that hangs fails the test


@dataclass(frozen=True)
class RawAnswer:
    """What came back; status 0: the connection was closed without an answer."""

    status: int
    content_type: str
    body: bytes


def exchange(  # noqa: PLR0913 - a request has as many parts
    url: str,
    method: bytes,
    target: bytes,
    *,
    headers: tuple[bytes, ...] = (),
    body: bytes = b"",
    length: int | None = None,
) -> RawAnswer:
    """Send a request as it stands, *length* standing for the body's own, and read the answer."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    told = len(body) if length is None else length
    lines = [b"%s %s HTTP/1.1" % (method, target), b"Host: %s" % parts.netloc.encode(), *headers]
    lines += [b"Content-Length: %d" % told, b"Connection: close", b"", b""]
    with socket.create_connection((parts.hostname, parts.port), timeout=_PATIENCE) as connection:
        try:
            connection.sendall(b"\r\n".join(lines) + body)
            if len(body) < told:
                connection.shutdown(socket.SHUT_WR)
        except ConnectionError:  # answered and closed before all was sent
            pass
        return _answer(connection, method)


def _answer(connection: socket.socket, method: bytes) -> RawAnswer:
    with HTTPResponse(connection, method=method.decode("latin-1")) as response:
        try:
            response.begin()
            body = response.read()
        except (HTTPException, ConnectionError):
            return RawAnswer(0, "", b"")
        return RawAnswer(response.status, response.headers.get_content_type(), body)
