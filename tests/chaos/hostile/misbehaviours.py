"""How an endpoint may misbehave: byte by byte, at the worst moment, with as much as it likes.

`attacks` names each way. What it should come to: `refused` where the endpoint plainly said no (3xx,
4xx), else the model is live as soon as the endpoint behaves.
"""

import gzip
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tests.chaos.hostile.hostile_server import Line, Misbehaviour, http_answer

_LONG: Final = 100 * 1024 * 1024
_PART: Final = bytes(64 * 1024)
_OK: Final = b"HTTP/1.1 200 OK\r\n"
_GOOD: Final = b'{"Resources": [{"Name": "Model"}]}'
_HEADERS: Final = b"".join(b"X-%d: y\r\n" % number for number in range(5000))
_BOMB: Final = gzip.compress(bytes(_LONG), 1)
_DEFLATED: Final = zlib.compress(bytes(_LONG), 1)


@dataclass(frozen=True)
class Attack:
    """One way to misbehave.

    Attributes:
        act: What is done on the connection once the request has come.
        refuses: Whether it is a plain no.
        hangs: Whether it goes on until the other side leaves.
    """

    act: Misbehaviour
    refuses: bool = False
    hangs: bool = False


def says(what: bytes) -> Misbehaviour:
    """Send this and leave."""
    return lambda line: line.send(what)


def _silence(line: Line) -> None:
    line.hang()


def _then_hangs(start: bytes) -> Misbehaviour:
    def act(line: Line) -> None:
        line.send(start)
        line.hang()

    return act


def _then_drips(start: bytes, part: bytes = b"x") -> Misbehaviour:
    def act(line: Line) -> None:
        line.send(start)
        line.drip(part)

    return act


def _floods(head: bytes, part: bytes = _PART) -> Misbehaviour:
    def act(line: Line) -> None:
        line.send(head)
        for _ in range(_LONG // len(part)):
            line.send(part)

    return act


def _endless_interim(line: Line) -> None:
    while True:
        line.send(b"HTTP/1.1 100 Continue\r\n\r\n")


def _answer(status: str, body: bytes = b"", *headers: str) -> Misbehaviour:
    return says(http_answer(status, body, *headers))


def _no(status: str, body: bytes = b"", *headers: str) -> Attack:
    return Attack(_answer(status, body, *headers), refuses=True)


def _retry_after(text: str) -> Attack:
    return Attack(_answer("429 Too Many Requests", b"", f"Retry-After: {text}"))


def _framed(headers: str, body: bytes = _GOOD) -> Attack:
    return Attack(says(_OK + f"{headers}\r\n\r\n".encode() + body))


HANGING: Final[Mapping[str, Attack]] = {
    "silence": Attack(_silence, hangs=True),
    "status-line-byte-by-byte": Attack(_then_drips(b"HTTP/1.1 2"), hangs=True),
    "header-byte-by-byte": Attack(_then_drips(_OK + b"X-Slow: "), hangs=True),
    "headers-one-by-one": Attack(_then_drips(_OK, b"X: y\r\n"), hangs=True),
    "body-byte-by-byte": Attack(_then_drips(_OK + b"Content-Length: 900000\r\n\r\n"), hangs=True),
    "chunks-byte-by-byte": Attack(
        _then_drips(_OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), hangs=True
    ),
    "interim-answers-one-by-one": Attack(
        _then_drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), hangs=True
    ),
    "interim-answers-without-end": Attack(_endless_interim, hangs=True),
    "silence-after-the-head": Attack(_then_hangs(_OK + b"Content-Length: 5\r\n\r\n"), hangs=True),
    "silence-after-503": Attack(
        _then_hangs(b"HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\n"), hangs=True
    ),
}

HUGE: Final[Mapping[str, Attack]] = {
    "100-mb": Attack(_floods(_OK + f"Content-Length: {_LONG}\r\n\r\n".encode())),
    "100-mb-in-chunks": Attack(
        _floods(
            _OK + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + bytes(0x10000) + b"\r\n"
        )
    ),
    "100-mb-until-closed": Attack(_floods(_OK + b"\r\n")),
    "100-mb-of-refusal": Attack(
        _floods(b"HTTP/1.1 400 No\r\nContent-Length: %d\r\n\r\n" % _LONG), refuses=True
    ),
    "100-mb-of-one-header": Attack(_floods(_OK + b"X: ")),
    "100-mb-of-status-line": Attack(_floods(b"HTTP/1.1 200 ")),
    "100-mb-of-headers": Attack(_floods(_OK, _HEADERS)),
    "gzip-bomb": Attack(_answer("200 OK", _BOMB, "Content-Encoding: gzip")),
    "gzip-bomb-of-refusal": _no("400 No", _BOMB, "Content-Encoding: gzip"),
    "deflate-bomb": Attack(_answer("200 OK", _DEFLATED, "Content-Encoding: deflate")),
    "5000-headers": Attack(says(_OK + _HEADERS + b"\r\n")),
    "deep-json": Attack(_answer("200 OK", b"[" * 60_000)),
    "deep-json-of-refusal": _no("400 No", b'{"error": ' * 6_000),
    "a-number-of-60000-digits": Attack(_answer("200 OK", b"9" * 60_000)),
}

BROKEN: Final[Mapping[str, Attack]] = {
    "broken-json": Attack(_answer("200 OK", b'{"Resources": [')),
    "html": Attack(_answer("200 OK", b"<html><body>Welcome to the Wi-Fi</body></html>")),
    "bytes": Attack(_answer("200 OK", bytes(range(256)) * 20)),
    "closed-before-the-answer": Attack(says(b"")),
    "reset-before-the-answer": Attack(Line.reset),
    "closed-in-the-status-line": Attack(says(b"HTTP/1.1 20")),
    "closed-in-the-headers": Attack(says(_OK + b"Content-Le")),
    "closed-in-the-body": Attack(says(_OK + b"Content-Length: 50\r\n\r\n{")),
    "closed-in-a-chunk": Attack(says(_OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{")),
    "http-0-9": Attack(says(b"<html>hello</html>\n" * 50)),
    "junk": Attack(says(bytes(range(256)) * 40)),
    "another-protocol": Attack(says(b"SSH-2.0-OpenSSH_9.9\r\n")),
    "http-9-9": Attack(says(b"HTTP/9.9 200 OK\r\n\r\n")),
    "a-status-of-letters": Attack(says(b"HTTP/1.1 abc OK\r\n\r\n")),
    "status-0": Attack(says(b"HTTP/1.1 000 OK\r\n\r\n")),
    "status-999": Attack(_answer("999 Odd")),
    "switching-protocols": Attack(says(b"HTTP/1.1 101 Switch\r\nUpgrade: x\r\n\r\n")),
    "processing-then-nothing": Attack(says(b"HTTP/1.1 102 Processing\r\n\r\n")),
    "length-too-long": _framed("Content-Length: 50"),
    "length-too-short": _framed("Content-Length: 1"),
    "length-negative": _framed("Content-Length: -5"),
    "length-no-number": _framed("Content-Length: many"),
    "length-enormous": _framed(f"Content-Length: {'9' * 400}"),
    "two-lengths": _framed("Content-Length: 1\r\nContent-Length: 2"),
    "chunk-size-no-number": _framed("Transfer-Encoding: chunked", b"zz\r\n{}\r\n0\r\n\r\n"),
    "chunk-size-enormous": _framed("Transfer-Encoding: chunked", b"f" * 16 + b"\r\n{}"),
    "chunk-size-negative": _framed("Transfer-Encoding: chunked", b"-1\r\n{}\r\n0\r\n\r\n"),
    "headers-without-colons": _framed("no colon here\r\nX: y"),
    "no-gzip-though-it-says-so": _framed("Content-Encoding: gzip\r\nContent-Length: 2"),
}

REFUSING: Final[Mapping[str, Attack]] = {
    "304": _no("304 Not Modified"),
    "401": _no("401 Unauthorized", b"", 'WWW-Authenticate: Basic realm="x"'),
    "407": _no("407 Proxy Authentication Required", b"", "Proxy-Authenticate: Basic"),
    "418-with-broken-json": _no("418 Teapot", b'{"error": '),
}

THROTTLING: Final[Mapping[str, Attack]] = {
    "429": Attack(_answer("429 Too Many Requests")),
    "429-in-1e309": _retry_after("1e309"),
    "429-in-minus-5": _retry_after("-5"),
    "429-in-400-digits": _retry_after("9" * 400),
    "429-in-the-year-9999": _retry_after(
        "Fri, 31 Dec 9999 23:59:59 GMT\r\nDate: Mon, 01 Jan 0001 00:00:00 GMT"
    ),
    "429-at-a-time-past": _retry_after(
        "Thu, 01 Jan 1970 00:00:00 GMT\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT"
    ),
    "429-at-no-date": _retry_after("Xyz, 99 Foo 2026 99:99:99 +9999\r\nDate: now"),
    "429-in-nothing": _retry_after(""),
    "503": Attack(_answer("503 Service Unavailable", b"<html>later</html>")),
}


def redirects(elsewhere: str) -> Mapping[str, Attack]:
    """Every way to send a client and its key to another server."""

    def to(status: str, location: str) -> Attack:
        return _no(status, b"go there", f"Location: {location}")

    return {
        "301": to("301 Moved Permanently", elsewhere),
        "302": to("302 Found", f"{elsewhere}/e"),
        "303": to("303 See Other", f"{elsewhere}/e"),
        "307": to("307 Temporary Redirect", f"{elsewhere}/e"),
        "308": to("308 Permanent Redirect", f"{elsewhere}/e"),
        "308-without-scheme": to("308 Permanent Redirect", elsewhere.removeprefix("http:")),
        "307-to-a-file": to("307 Temporary Redirect", "file:///etc/passwd"),
        "307-to-nowhere": _no("307 Temporary Redirect"),
    }


def attacks(elsewhere: str) -> Mapping[str, Attack]:
    """All of them; redirects lead to *elsewhere*."""
    return {**HANGING, **HUGE, **BROKEN, **REFUSING, **THROTTLING, **redirects(elsewhere)}
