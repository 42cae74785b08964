"""What the demo takes for a success: only what the app itself has confirmed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests

from local_stack.app_client import AppClient
from local_stack.landing import Landing, Moments, NotServedError
from tests.fakes.served import served

LANDED = datetime(2026, 11, 23, 12, tzinfo=UTC)

type Document = dict[str, object]

NEW, OLD = {"name": "digits/new.ilearner"}, {"name": "digits/old.ilearner"}
NOTHING: Document = {"name": "digits", "desired": None, "serving": None}
PENDING: Document = {
    "name": "digits",
    "desired": {"model": NEW, "state": "pending"},
    "serving": None,
}
PATCHED: Document = {
    "name": "digits",
    "desired": {"model": NEW, "state": "patched"},
    "serving": None,
}
LIVE: Document = {
    "name": "digits",
    "desired": {"model": NEW, "state": "live"},
    "serving": {"model": NEW, "confirmed_by": "smoke_test"},
}


class Clock:
    """A clock that stands still but for the pauses that are asked for."""

    def __init__(self) -> None:
        self.time = LANDED

    def now(self) -> datetime:
        """What it shows."""
        return self.time

    def pause(self, time: timedelta) -> None:
        """Let time pass at once."""
        self.time += time


@contextmanager
def app_that_answers(*answers: Document | int) -> Iterator[AppClient]:
    """An app that gives these documents in turn, a number as an error, the last one for ever."""
    documents = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document = documents.pop(0) if len(documents) > 1 else documents[0]
            body = json.dumps(document).encode()
            self.send_response(document if isinstance(document, int) else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Say nothing."""

    with served(HTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield AppClient(address, "key")


def follow(app: AppClient, *, answers_with_it: bool = True) -> Moments:
    """Follow the new model for a minute at most."""
    clock = Clock()
    landing = Landing("digits/new.ilearner", LANDED, app, "digits", lambda: answers_with_it)
    return landing.follow(clock.now, clock.pause, timedelta(minutes=1), lambda _: None)


def test_each_step_is_noted_when_it_is_first_seen() -> None:
    with app_that_answers(NOTHING, PENDING, PENDING, PATCHED, 503, LIVE) as app:
        moments = follow(app)

    pace = timedelta(milliseconds=500)
    assert moments == Moments(
        landed=LANDED,
        recorded=LANDED + pace,
        accepted=LANDED + 3 * pace,
        answering=LANDED,
        live=LANDED + 5 * pace,
    )


@pytest.mark.parametrize(
    "document",
    [
        NOTHING,
        PENDING,
        PATCHED,
        LIVE | {"serving": {"model": NEW, "confirmed_by": "location"}},
        LIVE | {"serving": {"model": OLD, "confirmed_by": "smoke_test"}},
        LIVE | {"desired": {"model": OLD, "state": "live"}},
        LIVE | {"serving": None},
    ],
)
def test_anything_but_the_landed_model_confirmed_by_a_scoring_call_is_no_success(
    document: Document,
) -> None:
    with app_that_answers(document) as app, pytest.raises(NotServedError, match="after 60 s"):
        follow(app)


def test_a_model_that_the_app_confirmed_but_that_does_not_answer_is_no_success() -> None:
    """The story asks the endpoint itself: the app's word alone is not enough."""
    with app_that_answers(LIVE) as app, pytest.raises(NotServedError, match="after 60 s"):
        follow(app, answers_with_it=False)


def test_a_refusal_ends_the_wait_with_its_reason() -> None:
    refused = {"model": NEW, "state": "refused", "error": "the endpoint answered 400"}

    with (
        app_that_answers(PENDING, NOTHING | {"desired": refused}) as app,
        pytest.raises(NotServedError, match="was refused: the endpoint answered 400"),
    ):
        follow(app)


def test_a_refused_key_is_an_error_and_not_a_wait() -> None:
    with app_that_answers(401) as app, pytest.raises(requests.HTTPError, match="401"):
        follow(app)
