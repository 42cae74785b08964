"""Endpoints speak https: real TLS on the loopback address, with a certificate of our own."""

import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import override

import pytest
import requests

from local_stack.certificates import Certificate, make_certificate
from protocols.batch import BatchRequest, Submitted
from protocols.classic_keys import ClassicKeys
from protocols.protocol import Refused, Unsettled
from protocols.studio_batch import StudioBatch
from protocols.studio_management import Present, StudioManagement
from protocols.watchdog import Watchdog, WatchedAdapter
from protocols.wire import NoAnswerError, Wire
from settings.scoring_endpoint import ScoringEndpoint
from settings.secret import Secret
from tests.fakes.training_service import classic_service
from tests.integration.app.conftest import KEY, MakeApp
from tests.integration.app.raw_server import Answer, raw_server
from tests.integration.app.running_app import QUICK

ROOT = Path(__file__).parents[3]
_SLACK = 10.0  # seconds that a slow machine may add to a limit


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"), now=datetime.now(UTC))


@pytest.fixture(scope="module")
def context(certificate: Certificate) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate.certificate_file, certificate.key_file)
    return made


def stays(body: bytes = b"{}") -> Answer:
    """A 200 after which the connection stays open."""

    def answer(_method: str, connection: socket.socket) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)

    return answer


def drips(_method: str, connection: socket.socket) -> None:
    """One byte after the other, within the status line, until somebody ends it."""
    connection.sendall(b"HTTP/1.1 2")
    never = Event()
    while not never.wait(0.05):
        connection.sendall(b"x")


def test_two_models_are_accepted_over_one_connection(
    make_app: MakeApp, context: ssl.SSLContext, certificate: Certificate
) -> None:
    with raw_server(stays(), context, exchanges=2) as server:
        keys = {"patch_url": f"{server.url}/e", "api_key": "%KEY%", "resource": "Model"}
        app = make_app({"digits": keys}, authorities=certificate.certificate_file)
        states = []
        for model in ("a.ilearner", "b.ilearner"):
            app.land(model)
            states.append((app.desired()["model"]["name"], app.desired()["state"]))

        assert states == [("a.ilearner", "patched"), ("b.ilearner", "patched")]
        assert server.methods() == ["PATCH", "PATCH"]
        assert server.connections == 1


@pytest.mark.parametrize("is_fresh", [True, False], ids=["a new one", "one used again"])
def test_an_answer_that_drips_is_cut_at_the_limit_over_any_connection(
    context: ssl.SSLContext, certificate: Certificate, *, is_fresh: bool
) -> None:
    answers = [drips] if is_fresh else [stays(), drips]

    def one_after_the_other(method: str, connection: socket.socket) -> None:
        answers.pop(0)(method, connection)

    with raw_server(one_after_the_other, context, exchanges=2) as server:
        wire = Wire(QUICK, certificate.certificate_file)
        while len(answers) > 1:
            assert wire.send("PATCH", server.url, key=Secret(KEY), body=b"{}").status == 200
        begun = time.monotonic()
        with pytest.raises(NoAnswerError, match="no answer within 2 s") as failure:
            wire.send("PATCH", server.url, key=Secret(KEY), body=b"{}")

        assert time.monotonic() - begun < QUICK.total_seconds() + _SLACK
        assert failure.value.sent
        assert server.connections == 1


def test_to_a_wrong_certificate_nothing_was_sent(context: ssl.SSLContext) -> None:
    with raw_server(stays(), context) as server:
        with pytest.raises(NoAnswerError, match="SSLCertVerificationError") as failure:
            Wire().send("PATCH", server.url, key=Secret(KEY), body=b"{}")

        assert not failure.value.sent
        assert (server.connections, server.requests) == (1, [])


def test_the_authorities_that_the_environment_names_are_trusted(
    context: ssl.SSLContext, certificate: Certificate
) -> None:
    with raw_server(stays(), context) as server:
        done = subprocess.run(
            [sys.executable, "-m", "tests.integration.app.wire_program", server.url, KEY],
            env={"REQUESTS_CA_BUNDLE": str(certificate.certificate_file)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert (done.returncode, done.stdout) == (0, "200"), done.stderr


class _CountingWatchdog(Watchdog):
    """Counts what it is given."""

    watched = 0

    @override
    def watch(self, used: socket.socket) -> None:
        self.watched += 1
        super().watch(used)


def test_each_exchange_watches_its_connection_once(
    context: ssl.SSLContext, certificate: Certificate
) -> None:
    counts = []
    with raw_server(stays(), context, exchanges=2) as server, requests.Session() as session:
        session.mount("https://", WatchedAdapter())
        for _ in range(2):
            with _CountingWatchdog(timedelta(seconds=30)) as watchdog:
                session.get(server.url, verify=str(certificate.certificate_file)).close()
            counts.append(watchdog.watched)

        assert counts == [1, 1]
        assert server.connections == 1


def _submit(wire: Wire, url: str) -> Submitted | Refused | Unsettled:
    request = BatchRequest(id="e_20260302T060000Z", inputs={}, outputs={}, parameters={})
    return StudioBatch(wire).submit(classic_service(f"{url}/jobs", KEY), request)


def _create(wire: Wire, url: str) -> Present | Refused | Unsettled:
    endpoint = ScoringEndpoint(
        name="e",
        protocol="p",
        keys=ClassicKeys(patch_url=f"{url}/services/s/endpoints/e", api_key=Secret(KEY)),
    )
    return StudioManagement(wire).create(endpoint, Secret(KEY))


@pytest.mark.parametrize(
    ("call", "body", "found"),
    [
        (_submit, b'"job-1"', Submitted("job-1")),
        (_create, b'{"Resources": [{"Name": "R"}]}', Present(created=False, resources=("R",))),
    ],
    ids=["batch", "management"],
)
def test_jobs_and_management_speak_https_too(
    context: ssl.SSLContext,
    certificate: Certificate,
    call: Callable[[Wire, str], object],
    body: bytes,
    found: object,
) -> None:
    with raw_server(stays(body), context, exchanges=2) as server:
        assert call(Wire(authorities=certificate.certificate_file), server.url) == found
