"""The protocol `http` on real sockets: what is sent, what each answer means, what is told."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, override

import pytest

from protocols.blob_reference import BlobReference
from protocols.http_server.http_server import HttpServer
from protocols.protocol import Abilities, Accepted, Answer, Refused, Unsettled
from protocols.table import PROTOCOLS
from protocols.wire import Wire
from settings.endpoints_file import parse_endpoints
from settings.scoring_endpoint import ScoringEndpoint
from settings.secret import Secret
from tests.fakes.identity import MemoryIdentity
from tests.fakes.nobody import NOBODY
from tests.integration.app.raw_server import raw_server, says
from tests.integration.protocols.model_server import KEY, ModelServer, Received, Reply

SIGNATURE = "s1gn/atur+e="
MODEL = BlobReference(
    "https://m.invalid/",
    "models/census/7.onnx",
    Secret("?se=2026-03-03T06%3A00%3A00Z&sig=s1gn%2Fatur%2Be%3D"),
    name="census/7.onnx",
    etag="0x8DE",
)


class Scripted(ModelServer):
    """Answers by the path of the request; 200 and an empty object where nothing is said."""

    def __init__(self, **replies: Reply) -> None:
        super().__init__()
        self._replies = replies

    @override
    def answer(self, request: Received) -> Reply:
        time.sleep(float(request.query.get("takes", 0)))
        return self._replies.get(request.path.strip("/"), (200, {}))


def endpoint(server: str, *requests: str, more: str = "") -> ScoringEndpoint:
    """Read the table of an endpoint, whose requests go to these paths or have these lines."""
    bearer = 'headers = { Authorization = "Bearer %KEY%" }'
    tables = [
        "[[endpoints.census.requests]]\n"
        + (one if "\n" in one else f'url = "{server}/{one}"\n{bearer}\nbody = "{{url}}"\n')
        for one in requests
    ]
    text = f'[endpoints.census]\nprotocol = "http"\n{"".join(tables)}{more}'
    keys = {name: kind.read_keys for name, kind in PROTOCOLS.items()}
    said = parse_endpoints(
        text.replace("SERVER", server).replace("BEARER", bearer),
        environ={"KEY": KEY},
        read_relative=lambda _: b'{"x": 1}',
        protocols=keys,
        trainings={},
    )
    assert said.faults == ()
    return said.by_name["census"]


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted.start() as running:
        yield running


def patched(to: ScoringEndpoint, limit: float = 5) -> Answer:
    return HttpServer(Wire(timedelta(seconds=limit))).patch(to, "", MODEL)


def test_each_request_is_sent_in_its_order_with_its_headers_and_the_model_in_it(
    server: Scripted,
) -> None:
    first = (
        'method = "PUT"\nurl = "SERVER/a/{stem}?from={url}"\n'
        'headers = { Authorization = "Bearer %KEY%", Content-Type = "application/merge-patch+json",'
        ' X-Kind = "model" }\nbody = { token = "{sas_token}", n = [7, "v-{etag}"] }\n'
    )

    answer = patched(endpoint(server.url, first, "b"))

    assert answer == Accepted()
    one, two = server.received
    assert (one.method, one.path) == ("PUT", "/a/7")
    assert one.query == {"from": MODEL.url().reveal()}
    assert one.json() == {"token": MODEL.sas_token.reveal(), "n": [7, "v-0x8DE"]}
    assert one.headers["content-type"] == "application/merge-patch+json"
    assert one.headers["x-kind"] == "model"
    assert (two.method, two.path, two.json()) == ("POST", "/b", MODEL.url().reveal())
    assert two.headers["content-type"] == "application/json; charset=utf-8"


def test_a_request_without_a_body_has_none(server: Scripted) -> None:
    patched(endpoint(server.url, 'url = "SERVER/a"\nBEARER\n'))

    assert server.received[0].body == b""
    assert "content-type" not in server.received[0].headers


@pytest.mark.parametrize(
    ("status", "lines", "answer"),
    [
        (202, "", Accepted()),
        (202, "accepted = [200]", Refused("http_202", "{}")),
        (409, "", Refused("http_409", "{}", about_model=True)),
        (409, "accepted = [200, 409]", Accepted()),
        (404, "", Refused("http_404", "{}")),
        (404, "refused = [404]", Refused("http_404", "{}", about_model=True)),
        (500, "", Unsettled("http_500", "{}", maybe_applied=True)),
        (500, "refused = [500]", Refused("http_500", "{}", about_model=True)),
        (429, "", Unsettled("http_429", "{}")),
    ],
)
def test_a_status_means_what_the_table_says_or_what_it_means_everywhere(
    status: int, lines: str, answer: Answer
) -> None:
    with Scripted.start(a=(status, {})) as server:
        to = endpoint(server.url, f'url = "SERVER/a"\nBEARER\n{lines}\n')

        assert patched(to) == answer


def test_what_is_not_accepted_ends_it_before_the_next_request() -> None:
    with Scripted.start(a=(400, {"error": {"message": "no model"}})) as server:
        answer = patched(endpoint(server.url, "a", "b"))

        assert answer == Refused("http_400", "no model", about_model=True)
        assert [one.path for one in server.received] == ["/a"]


def test_all_requests_together_have_the_time_of_one(server: Scripted) -> None:
    """Whoever claims an endpoint claims it for one exchange's time, and no longer."""
    each = endpoint(server.url, "a?takes=2.5")
    assert patched(each, 4.5) == Accepted()

    answer = patched(endpoint(server.url, "a?takes=2.5", "a?takes=2.5"), 4.5)

    assert isinstance(answer, Unsettled)
    assert (answer.code, answer.maybe_applied) == ("no_answer", True)


def test_a_later_request_that_was_not_even_sent_leaves_it_open_what_the_first_has_done(
    server: Scripted,
) -> None:
    dead = f'url = "{NOBODY}/b"\nBEARER\n'

    answer = patched(endpoint(server.url, "a", dead))

    assert isinstance(answer, Unsettled)
    assert (answer.code, answer.maybe_applied) == ("no_answer", True)


def test_a_server_that_is_not_there_was_told_nothing() -> None:
    answer = patched(endpoint(NOBODY, "a"))

    assert isinstance(answer, Unsettled)
    assert (answer.code, answer.maybe_applied) == ("no_answer", False)


def test_a_redirect_is_not_followed() -> None:
    with (
        Scripted.start() as other,
        raw_server(says("307 Temporary Redirect", b"", f"Location: {other.url}/a")) as server,
    ):
        answer = patched(endpoint(server.url, "a"))

        assert isinstance(answer, Refused)
        assert other.received == []


def test_no_message_repeats_a_key_or_a_token() -> None:
    said = {"error": f"{KEY} cannot read {MODEL.url().reveal()} by {SIGNATURE}"}
    with Scripted.start(a=(400, said)) as server:
        answer = patched(endpoint(server.url, "a"))

    assert isinstance(answer, Refused)
    assert "cannot read" in answer.message
    for secret in (KEY, SIGNATURE, "s1gn%2Fatur%2Be%3D"):
        assert secret not in answer.message


def test_the_plan_is_what_is_sent_with_every_secret_masked(server: Scripted) -> None:
    to = endpoint(server.url, 'url = "SERVER/a?from={url}"\nBEARER\nbody = ["{url}"]\n')

    plan: Any = HttpServer(Wire()).request_plan(to, MODEL)

    (one,) = plan["requests"]
    assert (one["method"], one["headers"]) == ("POST", {"Authorization": "<SECRET>"})
    assert one["body"][0].startswith("https://m.invalid/models/census/7.onnx?se=2026")
    text = json.dumps(plan)
    assert KEY not in text
    assert "s1gn" not in text


PROOF = '[endpoints.census.proof]\nurl = "SERVER/p/{etag}"\nBEARER\nexpect = "%s"\n'


@contextmanager
def proving(expect: str, reply: Reply) -> Iterator[tuple[Scripted, ScoringEndpoint]]:
    with Scripted.start(**{"p/0x8DE": reply}) as server:
        yield server, endpoint(server.url, "a", more=PROOF % expect)


@pytest.mark.parametrize(
    ("document", "proven"),
    [
        ({"version": "0x8DE"}, True),
        ({"version": "0x8DD"}, False),
        ({}, False),
        ([], False),
        (None, False),
    ],
)
def test_a_proof_holds_only_if_its_expression_is_true(document: object, *, proven: bool) -> None:
    reply = (200, {"v": document})
    with proving("answer.v.version == sent.etag", reply) as (server, to):
        assert HttpServer(Wire()).served(to, "", MODEL) is proven
        assert server.received[0].method == "GET"


def test_a_proof_is_told_what_was_sent_and_no_token() -> None:
    told = (
        "sort(keys(sent)) == ['base_location', 'etag', 'folder', 'location', 'model', "
        "'relative_location', 'stem'] && sent.location == 'https://m.invalid/models/census/7.onnx'"
    )
    with proving(told, (200, {})) as (_, to):
        assert HttpServer(Wire()).served(to, "", MODEL) is True


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ((401, {}), Refused("http_401", "{}")),
        ((503, {}), Unsettled("http_503", "{}", maybe_applied=True)),
        (
            (200, None),
            Unsettled("proof_unreadable", "the answer is not what `expect` can read"),
        ),
    ],
)
def test_a_proof_that_is_not_given_says_why(reply: Reply, answer: Answer) -> None:
    with proving("answer", reply) as (_, to):
        assert HttpServer(Wire()).served(to, "", MODEL) == answer


SMOKE = """
[endpoints.census.smoke_test]
score_url = "SERVER/score"
request = "smoke.json"
expect = "said == 'yes'"
BEARER
"""


@pytest.mark.parametrize(("said", "as_expected"), [("yes", True), ("no", False)])
def test_a_smoke_test_is_sent_with_its_headers(said: str, *, as_expected: bool) -> None:
    with Scripted.start(score=(200, {"said": said})) as server:
        to = endpoint(server.url, "a", more=SMOKE)

        assert HttpServer(Wire()).score(to) is as_expected
        assert server.received[0].json() == {"x": 1}


@pytest.mark.parametrize(
    ("request_lines", "more", "abilities"),
    [
        ('body = "{url}"', "", Abilities(reads_by="token", tells_served=False)),
        ('body = "{model}"', "", Abilities(reads_by="identity", tells_served=False)),
        ('body = "{url}"', PROOF % "a", Abilities(reads_by="token")),
    ],
)
def test_what_an_endpoint_can_do_is_as_its_table_says(
    request_lines: str, more: str, abilities: Abilities
) -> None:
    to = endpoint("http://127.0.0.1:1", f'url = "SERVER/a"\n{request_lines}\n', more=more)

    assert HttpServer(Wire()).abilities(to) == abilities


def test_a_server_that_reads_once_is_given_no_further_token() -> None:
    once = 'url = "SERVER/a?from={url}"\n'
    text = endpoint("http://127.0.0.1:1", once)

    assert HttpServer(Wire()).abilities(text).reads_by == "token"
    assert PROTOCOLS["http"].make(Wire(), MemoryIdentity()).resource_of(text) == ""
