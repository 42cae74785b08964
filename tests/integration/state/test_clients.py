"""The clients of storage: how many connections they keep."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Barrier
from typing import override

from settings.connection import Connection
from settings.secret import Secret
from state.clients import AT_ONCE, CONNECT_SECONDS, READ_SECONDS, blob_service, transport
from tests.fakes.served import served

PATIENCE = 30


@contextmanager
def storage(at_once: int) -> Iterator[tuple[Connection, set[object]]]:
    """A storage that answers so many calls together, and the connections that it was reached by."""
    together, callers = Barrier(at_once), set[object]()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            callers.add(self.client_address)
            together.wait(PATIENCE)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        text = (
            f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;BlobEndpoint={address}/a;"
        )
        yield Connection("S", Secret(text), None), callers


def test_as_many_connections_are_kept_as_a_tick_uses() -> None:
    """Each that is opened anew costs a handshake, and a tick makes thousands of calls."""
    with storage(AT_ONCE) as (connection, callers), ThreadPoolExecutor(AT_ONCE) as pool:
        service = blob_service(connection)
        blob = service.get_blob_client("c", "b")
        for _ in range(3):
            list(pool.map(lambda _: blob.get_blob_properties(), range(AT_ONCE)))
        service.close()

    assert len(callers) == AT_ONCE


def test_a_call_is_bounded_in_time() -> None:
    """The SDK bounds only the calls of the transport that it makes itself."""
    config = transport().connection_config

    assert (config.timeout, config.read_timeout) == (CONNECT_SECONDS, READ_SECONDS)
