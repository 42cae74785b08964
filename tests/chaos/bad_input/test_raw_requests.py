"""Requests that no client would send, to every operation of the running app.

Wrong methods, huge bodies, broken and deep JSON, wrong content types, NULs, bytes that are no
UTF-8, long names, keys of a query twice. Nothing is answered with 500; what the app itself refuses
is a problem; no invocation raises. Attacks invariant 6 on the way: no key is answered.
"""

import json
from collections import Counter
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from http_api.operations import OPERATIONS
from local_stack.functions_host import FunctionsHost
from tests.chaos.bad_input.raw_request import RawAnswer, exchange
from tests.chaos.bad_input.site import Site
from tests.chaos.conftest import Figures

DEEP = 10_000
ODD = (
    b'{"reason": "a\\u0000b"}',
    b'{"reason": "x", "reason": "y"}',
    '{"reason": "\u202e\ufeff\U0010ffff"}'.encode(),
    b" " * 16_000,
)
BROKEN = (
    b"[" * DEEP,
    b'{"reason": ' * 1_400 + b"1",
    b'{"reason": ' + b"[" * 7_000 + b"]" * 7_000 + b"}",
    b"{" * 16_384,
    b'{"reason": "a\x00b"}',
    b'{"reason": "\xff\xfe"}',
    b'{"reason": "\\ud800"}',
    b'{"hold": 1e999}',
    b'{"model": ' + b"9" * 5_000 + b"}",
    b'{"model": "' + b"n" * 15_000 + b'"}',
    b'{"model": "' + "\U0001f600".encode() * 1_024 + b'"}',
    b'{"model": "../../etc/passwd"}',
    b'{"model": "digits/%00.ilearner"}',
    b'{"model": "digits//./\\u202e.ilearner"}',
    b'{"model": "' + b"a/" * 400 + b'.ilearner"}',
    b"\xef\xbb\xbf{}",
    '{"reason": "é"}'.encode("utf-16"),
    b"\x00" * 100,
    b"NaN",
    b"{} {}",
    b"x" * 2_000_000,
)
KINDS = (
    b"application/json; charset=utf-16",
    b"application/xml",
    b"multipart/form-data; boundary=x",
    b"text/plain; charset=nonsense",
    b"\xff/\xfe",
    b"x" * 8_000,
)
METHODS = (b"PUT", b"PATCH", b"DELETE", b"HEAD", b"OPTIONS", b"TRACE", b"BREW", b"get", b"QUERY")
NAMES = (
    b"%00",
    b"%ff%fe",
    b"..%2f..%2f",
    b"%2e%2e",
    b"digits%0d%0aX:y",
    b"DIGITS",
    b"%F0%9F%98%80",
    b"digits%20",
    b"d" * 64,
    b"d" * 10_000,
    b"digits_20261123T000000Z",
    b"digits_99999999T999999Z_ffffff",
)
QUERIES = (
    b"after=a&after=b",
    b"dry_run=true&dry_run=false",
    b"dry_run=%00",
    b"dry_run=tru%ff",
    b"after=%00&endpoint=%ff",
    b"after=" + b"z" * 10_000,
    b"endpoint=..%2f&after=%F0%9F%98%80",
    b"after=a%0ab",
    b"&&&===&",
    b"dry_run",
    b"%",
    b"&".join(b"k%d=v" % number for number in range(2_000)),
)
HEADERS = (
    b"x-ms-client-principal-name: \xff\xfe\xe9",
    b"x-ms-client-principal-name: " + b"n" * 9_000,
    b"x-ms-client-principal-name: a\tb %s {0}",
    b"accept: text/html;q=x",
    b"cookie: a=b; " * 200,
    b"expect: 100-continue",
    b"content-encoding: gzip",
)
_OF_THE_HOST = {0, 400, 401, 404, 405, 413, 431}
_CALLS = [tuple(one.call.split()) for one in OPERATIONS]
_POSTS = [path for method, path in _CALLS if method == "POST"]


class Attacker:
    """Sends requests to the running app and counts what came back."""

    def __init__(self, running: Site, figures: Figures) -> None:
        self._host, self._figures = running.host, figures
        self._url, self._secrets = running.host.url, running.secrets
        self._key = b"x-functions-key: " + running.host.key.encode()
        self.statuses = Counter[int]()

    def send(  # noqa: PLR0913 - a request has as many parts
        self,
        method: bytes,
        path: str,
        *,
        name: bytes = b"digits",
        query: bytes = b"",
        headers: tuple[bytes, ...] = (),
        body: bytes = b"",
    ) -> RawAnswer:
        """Send one request to an operation's *path*; the answer is never an unforeseen one."""
        target = b"/api" + path.encode().replace(b"{endpoint}", name).replace(b"{job}", name)
        target += b"?" + query if query else b""
        answer = exchange(self._url, method, target, headers=(self._key, *headers), body=body)
        self.statuses[answer.status] += 1
        shown = (method, target[:200], headers, body[:80], answer)
        assert answer.status < 500, shown
        assert not any(secret.encode() in answer.body for secret in self._secrets), shown[:2]
        if answer.body and answer.status >= 400 and answer.content_type != "text/plain":
            assert answer.content_type == "application/problem+json", shown
            assert json.loads(answer.body)["status"] == answer.status, shown
        if not answer.body and method != b"HEAD":
            assert answer.status in _OF_THE_HOST, shown
        return answer

    def conclude(self) -> None:
        """Give the figures; the app is as well as before, and no invocation has raised."""
        statuses = dict(sorted(self.statuses.items()))
        total = self.statuses.total()
        self._figures(requests=total, statuses=statuses, answers_500=self.statuses[500])
        _is_unharmed(self._host)


@pytest.fixture
def attacker(running: Site, figures: Figures) -> Attacker:
    """An attacker of the running app."""
    return Attacker(running, figures)


def _is_unharmed(host: FunctionsHost) -> None:
    assert host.is_alive()
    assert host.get("/api/endpoints/digits").status_code == 200
    assert host.get("/api/health", key=None).text == "healthy"
    told = host.log_text()
    assert "Traceback" not in told, told[told.index("Traceback") - 500 :][:4_000]


def test_no_body_is_too_broken(attacker: Attacker) -> None:
    for path, body in product(_POSTS, BROKEN):
        answer = attacker.send(b"POST", path, body=body, query=b"dry_run=true")
        assert answer.status in {400, 404}, (path, body[:80], answer)
    for path, body in product(_POSTS, ODD):
        attacker.send(b"POST", path, body=body, query=b"dry_run=true")
    attacker.conclude()


def test_no_content_type_is_too_wrong(attacker: Attacker) -> None:
    for path, kind in product(_POSTS, KINDS):
        headers = (b"content-type: " + kind,)
        attacker.send(b"POST", path, headers=headers, body=b"{}", query=b"dry_run=true")
    attacker.conclude()


def test_no_method_is_too_strange(attacker: Attacker) -> None:
    for (method, path), other in product(_CALLS, METHODS):
        answer = attacker.send(other, path)
        assert answer.status in {400, 404, 405}, (method, path, other, answer)
    attacker.conclude()


def test_no_name_query_or_header_is_too_odd(attacker: Attacker) -> None:
    for method, path in _CALLS:
        for name in NAMES if "{" in path else ():
            attacker.send(method.encode(), path, name=name)
        for query in QUERIES:
            attacker.send(method.encode(), path, query=query)
        for header in HEADERS:
            attacker.send(method.encode(), path, headers=(header,), query=b"dry_run=true")
    attacker.conclude()


def test_a_body_that_ends_too_early_or_is_larger_than_the_host_takes(running: Site) -> None:
    url, key = running.host.url, b"x-functions-key: " + running.host.key.encode()
    target = b"/api/endpoints/digits/redeploy?dry_run=true"

    early = exchange(url, b"POST", target, headers=(key,), body=b"{", length=100)
    chunked = (key, b"transfer-encoding: chunked")
    torn = exchange(url, b"POST", target, headers=chunked, body=b"not-a-length\r\n{}\r\n")
    large = exchange(url, b"POST", target, headers=(key,), body=b" " * (101 * 1024 * 1024))

    assert (early.status in {0, 400}, torn.status) == (True, 400)
    assert large.status in {0, 413}
    _is_unharmed(running.host)


TEXTS = st.binary(max_size=60).map(lambda raw: b"".join(b"%%%02x" % byte for byte in raw))
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
MEMBERS = st.dictionaries(
    st.sampled_from(["model", "reason", "hold", "dry_run"]) | st.text(), JSONS, max_size=4
).map(lambda members: json.dumps(members).encode())


@pytest.mark.timeout(900)
def test_whatever_bytes_are_sent_somewhere_they_are_answered(
    attacker: Attacker, *, full: bool
) -> None:
    @settings(
        max_examples=2_000 if full else 60,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.sampled_from(_CALLS),
        st.just(b"digits") | TEXTS,
        TEXTS,
        st.sampled_from([b"", b"dry_run=", b"after=", b"endpoint="]),
        st.binary(max_size=200) | MEMBERS,
    )
    def attack(call: tuple[str, ...], name: bytes, text: bytes, key: bytes, body: bytes) -> None:
        method, path = call
        attacker.send(method.encode(), path, name=name, query=key + text, body=body)

    attack()
    attacker.conclude()
