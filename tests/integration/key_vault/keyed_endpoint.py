"""A scoring endpoint whose key a test may change."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from tests.fakes.served import served


class KeyedEndpoint(ThreadingHTTPServer):
    """Answers 200 to its key, else 401.

    Attributes:
        key: The key that it takes.
        calls: Method and status of each request.
        echoes: Whether a 401 repeats what was sent, as careless servers do.
    """

    def __init__(self, key: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.key, self.echoes = key, False
        self.calls: list[tuple[str, int]] = []

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}/endpoints/one"


class _Handler(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        endpoint = cast("KeyedEndpoint", self.server)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        sent = self.headers.get("Authorization", "")
        status = 200 if sent == f"Bearer {endpoint.key}" else 401
        endpoint.calls.append((self.command, status))
        echo = sent.removeprefix("Bearer ") if endpoint.echoes and status != 200 else ""
        body = f'{{"Resources": [{{"Name": "R"}}], "message": "no: {echo}"}}'.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PATCH = _answer  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing: `calls` tells."""


@contextmanager
def keyed_endpoint(key: str) -> Iterator[KeyedEndpoint]:
    """Serve until the block ends."""
    server = KeyedEndpoint(key)
    with served(server):
        yield server
