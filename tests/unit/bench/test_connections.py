"""Connections are counted where they lead to, and one that is opened anew counts again."""

import logging
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import urllib3

from bench.connections import OpenedConnections
from tests.fakes.served import served

SERVICE, STORAGE = "http://127.0.0.1:8001/jobs", "http://127.0.0.1:8002/account"
POOL = logging.getLogger("urllib3.connectionpool")


def starts(port: int, scheme: str = "HTTP") -> None:
    POOL.debug(f"Starting new {scheme} connection (%d): %s:%s", 1, "127.0.0.1", port)


def resets() -> None:
    POOL.debug("Resetting dropped connection: %s", "127.0.0.1")


def answers(port: int) -> None:
    line = '%s://%s:%s "%s %s %s" %s %s'
    POOL.debug(line, "http", "127.0.0.1", port, "GET", "/", "HTTP/1.1", 200, 2)


def in_a_thread(*steps: Callable[[], None]) -> None:
    thread = threading.Thread(target=lambda: [step() for step in steps])
    thread.start()
    thread.join()


@pytest.fixture
def opened() -> Iterator[OpenedConnections]:
    with OpenedConnections() as opened:
        yield opened


def test_each_counts_for_the_port_that_it_leads_to(opened: OpenedConnections) -> None:
    starts(8001)
    starts(8002)
    starts(8002, "HTTPS")

    assert (opened.to(SERVICE), opened.to(STORAGE)) == (1, 2)


def test_a_request_over_an_open_connection_opens_none(opened: OpenedConnections) -> None:
    starts(8001)
    answers(8001)
    answers(8001)

    assert (opened.to(SERVICE), opened.to(STORAGE)) == (1, 0)


def test_one_opened_anew_counts_for_the_request_that_it_was_opened_for(
    opened: OpenedConnections,
) -> None:
    resets()
    in_a_thread(lambda: answers(8001))
    answers(8002)
    answers(8002)

    assert (opened.to(SERVICE), opened.to(STORAGE)) == (0, 1)


def test_one_that_broke_when_opened_anew_counts_beside_the_next_try(
    opened: OpenedConnections,
) -> None:
    resets()
    starts(8002)
    answers(8002)

    assert (opened.to(SERVICE), opened.to(STORAGE)) == (0, 2)


def test_nothing_counts_outside_the_block() -> None:
    starts(8001)
    with OpenedConnections() as opened:
        pass
    starts(8001)

    assert opened.to(SERVICE) == 0


class Closing(BaseHTTPRequestHandler):
    """Ends each connection after one answer, as HTTP/1.0 does."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
        """Keep quiet."""


def test_urllib3_logs_as_is_counted_here(opened: OpenedConnections) -> None:
    closing = HTTPServer(("127.0.0.1", 0), Closing)
    with served(closing) as url, urllib3.PoolManager() as pool:
        for _ in range(3):
            pool.request("GET", url)

        assert opened.to(url) == 3
