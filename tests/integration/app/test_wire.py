"""What an endpoint may answer, byte by byte, and what then is known of the model."""

import gzip
import re
import socket
import ssl
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from threading import Event

import pytest

from local_stack.certificates import make_certificate
from protocols.wire import REQUEST_LIMIT
from tests.fakes.nobody import NOBODY
from tests.integration.app.conftest import KEY, MakeApp
from tests.integration.app.raw_server import Answer, RawServer, raw_server, says
from tests.integration.app.running_app import QUICK, RunningApp
from tests.integration.ml_service.wire import DrivenClock

ROOT = Path(__file__).parents[3]
MODEL = "digits.ilearner"
HTML = b"<html><head><title>no</title></head><body>no JSON here</body></html>"
ERROR = b'{"error": {"code": "BadArgument", "message": "no", "details": [{"message": "really"}]}}'
RECENT = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
IN_TWO_MINUTES = format_datetime(RECENT + timedelta(minutes=2), usegmt=True)
_LONG = 100 * 1024 * 1024
_ODDLY_LITTLE = 8 * 1024 * 1024
_SLACK = 10.0  # seconds that a slow machine may add to a limit


def silent(_method: str, connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def breaks_off(_method: str, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{")


def mumbles(_method: str, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 20")


def trickles(start: bytes) -> Answer:
    """After a start, one byte after the other until somebody ends it."""

    def answer(_method: str, connection: socket.socket) -> None:
        connection.sendall(start)
        never = Event()
        while not never.wait(0.05):
            connection.sendall(b"x")

    return answer


def floods(_method: str, connection: socket.socket) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {_LONG}\r\n\r\n"
    connection.sendall(head.encode())
    part = bytes(64 * 1024)
    for _ in range(_LONG // len(part)):
        connection.sendall(part)


@contextmanager
def an_app_for(
    make_app: MakeApp, url: str, limit: timedelta = REQUEST_LIMIT
) -> Iterator[RunningApp]:
    endpoint = {"patch_url": url, "api_key": "%KEY%", "resource": "Model"}
    yield make_app({"digits": endpoint}, limit=limit)


ENDLESS = trickles(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
ACCEPTED = {
    "200": says("200 OK", b"{}"),
    "202": says("202 Accepted"),
    "204": says("204 No Content"),
    "200 with HTML": says("200 OK", HTML, "Content-Type: text/html"),
    "200 with broken JSON": says("200 OK", b'{"Resources": ['),
    "200 with a body that never ends": ENDLESS,
    "200 with a body that breaks off": breaks_off,
    "200 with 100 MB": floods,
}
REFUSED = {
    "http_400": says("400 Bad Request", ERROR),
    "http_401": says("401 Unauthorized", b"", "WWW-Authenticate: Basic"),
    "http_404": says("404 Not Found", HTML),
    "http_413": says("413 Content Too Large", HTML),
    "http_418": says("418 Teapot", b'{"error": '),
}
PUT_OFF = {
    "http_408": says("408 Request Timeout"),
    "http_425": says("425 Too Early"),
    "http_429": says("429 Too Many Requests"),
    "http_500": says("500 Internal Server Error", HTML),
    "http_502": says("502 Bad Gateway", b"", "Content-Type: text/html"),
    "http_503": says("503 Service Unavailable"),
    "no_answer": silent,
}


@pytest.mark.parametrize("answer", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_2xx_with_any_body_is_an_accepted_model(make_app: MakeApp, answer: Answer) -> None:
    limit = QUICK if answer is ENDLESS else REQUEST_LIMIT
    with raw_server(answer) as server, an_app_for(make_app, f"{server.url}/e", limit) as app:
        app.land(MODEL)

        document = app.document()
        assert document["desired"]["state"] == "patched"
        assert document["serving"]["model"]["name"] == MODEL
        assert document["serving"]["confirmed_by"] is None
        assert server.methods() == ["PATCH"]


@pytest.mark.parametrize(("code", "answer"), REFUSED.items(), ids=REFUSED.keys())
def test_a_4xx_is_refused_and_not_tried_again(
    make_app: MakeApp, clock: DrivenClock, code: str, answer: Answer
) -> None:
    with raw_server(answer) as server, an_app_for(make_app, f"{server.url}/e") as app:
        app.land(MODEL)
        clock.advance(hours=2)
        app.tick()

        desired = app.desired()
        assert (desired["state"], desired["next_attempt_at"]) == ("refused", None)
        assert desired["error"].startswith(f"{code}: ")
        assert app.document()["serving"] is None
        assert server.methods() == ["PATCH"]


@pytest.mark.parametrize(("code", "answer"), PUT_OFF.items(), ids=PUT_OFF.keys())
def test_what_may_pass_is_tried_again_until_it_does(
    make_app: MakeApp, clock: DrivenClock, code: str, answer: Answer
) -> None:
    answers = [answer, answer, says("200 OK")]

    def one_after_the_other(method: str, connection: socket.socket) -> None:
        answers.pop(0)(method, connection)

    with raw_server(one_after_the_other) as server, an_app_for(make_app, server.url) as app:
        app.land(MODEL)
        desired = app.desired()
        assert (desired["state"], desired["attempts"]) == ("pending", 1)
        assert desired["error"].startswith(f"{code}: ")
        assert datetime.fromisoformat(desired["next_attempt_at"]) > clock()

        clock.advance(minutes=2)
        app.tick()
        assert app.desired()["attempts"] == 2
        clock.advance(minutes=3)
        app.tick()

        assert app.desired()["state"] == "patched"
        assert server.methods() == ["PATCH"] * 3


@pytest.mark.parametrize(
    "header",
    ["Retry-After: 120", f"Retry-After: {IN_TWO_MINUTES}\r\nDate: {format_datetime(RECENT)}"],
    ids=["seconds", "date"],
)
@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_an_endpoint_that_names_a_time_is_left_alone_until_then(
    make_app: MakeApp, clock: DrivenClock, status: str, header: str
) -> None:
    answer = says(status, b"", header)
    with raw_server(answer) as server, an_app_for(make_app, server.url) as app:
        asked_at = clock()
        app.land(MODEL)
        named = datetime.fromisoformat(app.desired()["next_attempt_at"])
        assert named - asked_at == timedelta(minutes=2)

        clock.advance(seconds=119)
        app.tick()
        assert len(server.requests) == 1
        clock.advance(seconds=2)
        app.tick()

        assert len(server.requests) == 2


ODD_ERRORS = {
    "deeply nested JSON": b"[" * 60_000,
    "deeply nested error": b'{"error": ' * 6_000,
    "details that are a number": b'{"error": {"message": "m", "details": 7}}',
    "no text but bytes": bytes(range(128, 256)) * 100,
    "a lone surrogate": b'{"error": {"message": "\\ud800"}}',
}


@pytest.mark.parametrize("body", ODD_ERRORS.values(), ids=ODD_ERRORS.keys())
def test_an_odd_error_is_a_refusal_like_any_other(make_app: MakeApp, body: bytes) -> None:
    answer = says("400 Bad Request", body)
    with raw_server(answer) as server, an_app_for(make_app, server.url) as app:
        app.land(MODEL)

        assert app.desired()["state"] == "refused"
        assert app.desired()["error"].startswith("http_400: ")
        assert len(app.desired()["error"]) < 600


ODD_TIMES = {
    "a word": "soon",
    "a negative number": "-5",
    "a date without a zone": f"Mon, 23 Nov 2026 12:02:00 -0000\r\nDate: {format_datetime(RECENT)}",
    "a date without the answer's own": "Mon, 23 Nov 2026 12:02:00 GMT",
    "a number too large": "9" * 400,
    "an infinite number": "inf",
    "other digits": "\N{SUPERSCRIPT TWO}",
}


@pytest.mark.parametrize("time_named", ODD_TIMES.values(), ids=ODD_TIMES.keys())
def test_an_odd_retry_after_holds_an_endpoint_back_for_an_hour_at_most(
    make_app: MakeApp, clock: DrivenClock, time_named: str
) -> None:
    answer = says("429 Too Many Requests", b"", f"Retry-After: {time_named}")
    with raw_server(answer) as server, an_app_for(make_app, server.url) as app:
        app.land(MODEL)

        desired = app.desired()
        assert (desired["state"], desired["error"][:8]) == ("pending", "http_429")
        pause = datetime.fromisoformat(desired["next_attempt_at"]) - clock()
        assert timedelta(seconds=30) <= pause <= timedelta(hours=1)


ODD_DOCUMENTS = {
    "no JSON": (b"{", "pending", "unreadable_endpoint"),
    "nested JSON": (b"[" * 60_000, "pending", "unreadable_endpoint"),
    "a list": (b"[]", "pending", "unreadable_endpoint"),
    "resources that are a number": (b'{"Resources": 7}', "refused", "no_updatable_resource"),
    "resources that are a text": (b'{"Resources": "R"}', "refused", "no_updatable_resource"),
    "a resource without a name": (b'{"Resources": [{}]}', "refused", "no_updatable_resource"),
}


@pytest.mark.parametrize(
    ("body", "state", "code"), ODD_DOCUMENTS.values(), ids=ODD_DOCUMENTS.keys()
)
def test_an_odd_description_of_the_endpoint_is_told_and_nothing_is_sent(
    make_app: MakeApp, body: bytes, state: str, code: str
) -> None:
    with raw_server(says("200 OK", body)) as server:
        app = make_app({"digits": {"patch_url": server.url, "api_key": "%KEY%"}})
        app.land(MODEL)

        assert app.desired()["state"] == state
        assert app.desired()["error"].startswith(f"{code}: ")
        assert server.methods() == ["GET"]


@pytest.mark.parametrize("host", ["*.example.com", ".example.com", "exa mple"])
def test_an_address_that_nobody_can_have_is_no_answer(make_app: MakeApp, host: str) -> None:
    app = make_app(
        {"digits": {"patch_url": f"https://{host}/e", "api_key": "%KEY%", "resource": "R"}}
    )
    app.land(MODEL)

    desired = app.desired()
    assert desired["state"] in {"pending", "waiting"}  # waiting: the settings refuse it
    assert desired["error"]


def test_the_cause_that_an_endpoint_gives_is_passed_on(make_app: MakeApp) -> None:
    with (
        raw_server(says("400 Bad Request", ERROR)) as server,
        an_app_for(make_app, server.url) as app,
    ):
        app.land(MODEL)

        assert app.desired()["error"] == "http_400: no really"


def test_a_redirect_is_refused_and_its_target_hears_nothing(make_app: MakeApp) -> None:
    with raw_server(says("200 OK")) as elsewhere:
        redirect = says("307 Temporary Redirect", b"", f"Location: {elsewhere.url}/e")
        with raw_server(redirect) as server, an_app_for(make_app, server.url) as app:
            app.land(MODEL)

            assert app.desired()["state"] == "refused"
            assert app.desired()["error"].startswith("http_307")
    assert elsewhere.connections == 0


def test_a_status_line_that_never_ends_is_no_answer_within_the_limit(make_app: MakeApp) -> None:
    with (
        raw_server(trickles(b"HTTP/1.1 2")) as server,
        an_app_for(make_app, server.url, QUICK) as app,
    ):
        begun = time.monotonic()
        app.land(MODEL)
        took = time.monotonic() - begun

        assert app.desired()["state"] == "pending"
        assert app.desired()["error"].startswith("no_answer: no answer within 2 s")
        assert took < QUICK.total_seconds() + _SLACK


@pytest.mark.parametrize("start", ["X-Slow: ", "X: y\r\n\r\n"], ids=["headers", "body"])
def test_once_the_status_is_said_the_rest_is_not_waited_for_beyond_the_limit(
    make_app: MakeApp, start: str
) -> None:
    answer = trickles(f"HTTP/1.1 503 Service Unavailable\r\n{start}".encode())
    with raw_server(answer) as server, an_app_for(make_app, server.url, QUICK) as app:
        begun = time.monotonic()
        app.land(MODEL)

        assert app.desired()["error"].startswith("http_503")
        assert time.monotonic() - begun < QUICK.total_seconds() + _SLACK


def test_an_answer_cut_within_its_status_line_is_no_answer(make_app: MakeApp) -> None:
    with raw_server(mumbles) as server, an_app_for(make_app, server.url) as app:
        app.land(MODEL)

        assert app.desired()["state"] == "pending"
        assert app.desired()["error"].startswith("no_answer")


@pytest.mark.parametrize("is_packed", [False, True], ids=["100 MB", "a gzip bomb"])
def test_a_huge_answer_costs_little_memory(make_app: MakeApp, *, is_packed: bool) -> None:
    bomb = gzip.compress(bytes(_LONG), 1)
    packed = says("400 Bad Request", bomb, "Content-Encoding: gzip")
    with (
        raw_server(packed if is_packed else floods) as server,
        an_app_for(make_app, server.url) as app,
    ):
        app.put(MODEL, b"model")
        app.document()  # everything is loaded by now
        tracemalloc.start()
        try:
            app.announce(MODEL)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert app.desired()["state"] == ("refused" if is_packed else "patched")
        assert len(app.desired()["error"] or "") < 600
        assert peak < _ODDLY_LITTLE


def test_nobody_there_is_tried_again(make_app: MakeApp, clock: DrivenClock) -> None:
    with an_app_for(make_app, f"{NOBODY}/e") as app:
        app.land(MODEL)

        assert app.desired()["state"] == "pending"
        assert app.desired()["error"].startswith("no_answer: the connection failed")
        assert datetime.fromisoformat(app.desired()["next_attempt_at"]) > clock()


def test_a_certificate_that_nobody_vouches_for_gets_no_key(
    make_app: MakeApp, tmp_path: Path
) -> None:
    certificate = make_certificate(tmp_path, now=datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate_file, certificate.key_file)
    with raw_server(says("200 OK"), context) as server, an_app_for(make_app, server.url) as app:
        app.land(MODEL)

        assert server.connections == 1
        assert server.requests == []
        assert app.desired()["state"] == "pending"
        assert "SSLCertVerificationError" in app.desired()["error"]


def test_a_tls_handshake_that_hangs_is_left_within_the_limit(make_app: MakeApp) -> None:
    with raw_server(silent) as server:
        with an_app_for(make_app, f"https://127.0.0.1:{server.port}/e", QUICK) as app:
            begun = time.monotonic()
            app.land(MODEL)

            assert time.monotonic() - begun < QUICK.total_seconds() + _SLACK
            assert app.desired()["error"].startswith("no_answer: no answer within 2 s")
        assert server.connections == 1


def test_the_key_is_in_the_authorization_header_and_nowhere_else(make_app: MakeApp) -> None:
    with raw_server(says("200 OK")) as server, an_app_for(make_app, f"{server.url}/e") as app:
        app.land(MODEL)

        assert _occurrences(server, KEY) == [f"Authorization: Bearer {KEY}"]
        assert server.requests[0].startswith(b"PATCH /e HTTP/1.1\r\n")


def test_other_credentials_and_a_proxy_of_the_machine_are_not_used_on_loopback(
    tmp_path: Path,
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    (tmp_path / ".netrc").chmod(0o600)
    with raw_server(says("200 OK")) as server, raw_server(says("200 OK")) as proxy:
        environ = {
            "HOME": str(tmp_path),
            "http_proxy": proxy.url,
            "HTTP_PROXY": proxy.url,
            "ALL_PROXY": proxy.url,
        }
        done = subprocess.run(
            [sys.executable, "-m", "tests.integration.app.wire_program", f"{server.url}/e", KEY],
            env=environ,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert (done.returncode, done.stdout) == (0, "200"), done.stderr
        assert _occurrences(server, "Authorization") == [f"Authorization: Bearer {KEY}"]
    assert proxy.connections == 0


def test_a_key_or_token_that_an_endpoint_echoes_is_masked(make_app: MakeApp) -> None:
    def echoes(method: str, connection: socket.socket) -> None:
        sent = server.requests[-1]
        says("400 Bad Request", sent)(method, connection)

    with raw_server(echoes) as server, an_app_for(make_app, server.url) as app:
        app.land(MODEL)

        said = app.desired()["error"]
        assert "<SECRET>" in said
        assert KEY not in said
        assert not re.search(r"sig=(?!<SECRET>)", said)


def _occurrences(server: RawServer, text: str) -> list[str]:
    everything = b"\r\n".join(server.requests).decode("latin-1")
    return [line for line in everything.split("\r\n") if text in line]
