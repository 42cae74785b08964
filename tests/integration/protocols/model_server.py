"""A server on a real socket that takes models by HTTP, as strict as a test makes it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import msgspec
import requests

from tests.fakes.served import served

KEY = "k3y-of-the-server"
_READ_WITHIN = 10.0  # seconds


class Received(msgspec.Struct, frozen=True):
    """One request.

    Attributes:
        method: Its method.
        path: Of its address, as it was sent.
        query: Of its address, read.
        headers: Names in lower case.
        body: What was sent.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Read the body."""
        return json.loads(self.body)


type Reply = tuple[int, object]
"""A status, and what is sent as JSON; bytes are sent as they are, and for None nothing is."""


class ModelServer:
    """Listens on a free port of the loopback address. Subclasses say what they answer.

    Attributes:
        received: All requests, oldest first, also those that were turned away.
        is_down: Whether it answers 503 to everything.
        failures: To how many requests it answers 503 that are no GET.
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.is_down = False
        self.failures = 0
        self.lock = Lock()
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.owner = self

    @classmethod
    @contextmanager
    def start(cls, *args: Any, **kwargs: Any) -> Iterator[Self]:
        """Serve until the block ends."""
        server = cls(*args, **kwargs)
        with served(server._http):
            yield server

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def answer(self, request: Received) -> Reply:
        """Say what is answered to a request that has the key."""
        raise NotImplementedError

    def replied(self, request: Received) -> Reply:
        """Note a request and answer it."""
        with self.lock:
            self.received.append(request)
            is_failing = self.failures > 0 and request.method != "GET"
            self.failures -= is_failing
            if self.is_down or is_failing:
                return 503, {"error": "down for maintenance"}
            if request.headers.get("authorization") != f"Bearer {KEY}":
                return 401, {"error": "no such key"}
            return self.answer(request)


def fetched(url: str) -> bytes:
    """Read a model by its address alone, as a server does that was given a token.

    Raises:
        requests.RequestException: The token is no good, or there is no such blob.
    """
    answer = requests.get(url, timeout=_READ_WITHIN)
    answer.raise_for_status()
    return answer.content


def _encoded(document: object) -> bytes:
    return b"" if document is None else json.dumps(document).encode()


class _Http(ThreadingHTTPServer):
    owner: ModelServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        request = Received(
            method=self.command,
            path=parts.path,
            query={name: values[0] for name, values in parse_qs(parts.query).items()},
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )
        status, document = self.server.owner.replied(request)
        content = document if isinstance(document, bytes) else _encoded(document)
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_DELETE = do_GET = do_PATCH = do_POST = do_PUT = _serve  # noqa: N815 - as the library asks

    def log_message(self, *args: object) -> None:
        """Write nothing to the terminal."""
