"""A server that repeats the key and the token it was sent, at every place and in every form."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote, unquote

from tests.chaos.hostile.fleet import PLACES, Good
from tests.chaos.hostile.hostile_server import Request, http_answer

_BEARER: Final = re.compile(rb"(?i)^authorization: bearer ([^\r]+)", re.MULTILINE)
_TOKEN: Final = re.compile(rb'"SasBlobToken": ?"([^"]+)"')
_SIGNATURE: Final = re.compile(r"\bsig=([^&\s\"']+)")


def _entities(text: str) -> str:
    return "".join(sign if sign.isalnum() else f"&#{ord(sign)};" for sign in text)


def _hexadecimal(text: str) -> str:
    return "".join(sign if sign.isalnum() else f"&#x{ord(sign):X};" for sign in text)


FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "raw": str,
    "json": lambda text: json.dumps(text).strip('"').replace("/", "\\/"),
    "json-by-numbers": lambda text: "".join(f"\\u{ord(sign):04x}" for sign in text),
    "percent": lambda text: quote(text, safe=""),
    "percent-in-small": lambda text: re.sub(r"%..", lambda m: m[0].lower(), quote(text, safe="")),
    "percent-twice": lambda text: quote(quote(text, safe=""), safe=""),
    "percent-all": lambda text: "".join(f"%{ord(sign):02X}" for sign in text),
    "entities": _entities,
    "hexadecimal": _hexadecimal,
}


def _error(said: str) -> bytes:
    return b'{"error": {"code": "Odd", "message": "%s", "details": [{"code": "%s"}]}}' % (
        (said.encode(),) * 2
    )


def _headers(*lines: str) -> bytes:
    return ("HTTP/1.1 400 Bad Request\r\n" + "".join(f"{line}\r\n" for line in lines)).encode()


_WHERE: Final[Mapping[str, Callable[[str], bytes]]] = {
    "message": lambda said: http_answer("400 Bad Request", _error(said)),
    "later": lambda said: http_answer("503 Busy", _error(said)),
    "text": lambda said: http_answer("400 Bad Request", said.encode()),
    "html": lambda said: http_answer("401 No", f"<html><p>{said}</p></html>".encode()),
    "broken": lambda said: http_answer("500 Odd", f'{{"error": {{"message": "{said}'.encode()),
    "reason": lambda said: http_answer(f"400 {said}"),
    "header": lambda said: http_answer("400 No", b"", f"X-Echo: {said}", f"Server: {said}"),
    "location": lambda said: http_answer("307 There", b"", f"Location: http://127.0.0.1:1/{said}"),
    "no-header": lambda said: _headers(f"Authorization {said}", "Content-Length: 0", ""),
    "no-status": lambda said: f"{said} is no status line\r\n\r\n".encode(),
    "no-length": lambda said: http_answer("200 OK", b"", f"Content-Length: {said}"),
    "wait": lambda said: http_answer("429 Many", b"", f"Retry-After: {said}", f"Date: {said}"),
    "resource": lambda said: http_answer(
        "200 OK", f'{{"Resources": [{{"Name": "{said}"}}, {{"Name": "b {said}"}}]}}'.encode()
    ),
    "job": lambda said: http_answer(
        "200 OK",
        f'{{"StatusCode": "{said}", "Details": "{said}", "Results": {{"{said}": {{}}}}}}'.encode(),
    ),
    "failed": lambda said: http_answer(
        "200 OK", f'{{"StatusCode": "Failed", "Details": "{said}"}}'.encode()
    ),
    "results": lambda said: http_answer("200 OK", _results(said)),
}


def _results(said: str) -> bytes:
    location = f'{{"BaseLocation": "http://a/", "RelativeLocation": "{said}"}}'
    return f'{{"StatusCode": "Finished", "Results": {{"{said}": {location}}}}}'.encode()


def echoing(*, full: bool) -> list[str]:
    """Name the endpoints after place and form: each place raw, and each form in some places."""
    in_every_form = {"message", "text", "html", "broken", "job"} if full else {"message", "text"}
    pairs = [(where, form) for where in _WHERE for form in FORMS]
    chosen = [pair for pair in pairs if pair[1] == "raw" or pair[0] in in_every_form]
    return [f"{where}--{form}" for where, form in chosen]


class Echoes:
    """Answers each request twice with an echo as its endpoint's name says, then well.

    Attributes:
        secrets: Every signature that it was sent, and what it was.
    """

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self._good, self._left = Good(), dict[tuple[str, str, str], int]()

    def __call__(self, request: Request) -> bytes:
        """Give the answer; the server asks for several at once."""
        said = self._noted(request)
        where, _, form = request.name.partition("--")
        asked = (request.name, request.method, request.path)
        left = self._left.get(asked, 2)
        self._left[asked] = left - 1
        if left <= 0 or form not in FORMS or not _is_met(where, request):
            return self._good(request)
        return _WHERE[where](FORMS[form](said))

    def _noted(self, request: Request) -> str:
        """Note what is secret in the request, and give all of it in one line."""
        key, token = _BEARER.search(request.raw), _TOKEN.search(request.raw)
        told = [key[1].decode()] if key else []
        if token is not None and (signature := _SIGNATURE.search(plain := token[1].decode())):
            told += [unquote(signature[1])]
            self.secrets[unquote(signature[1])] = f"signature in {request.method} {request.name}"
            return f"Bearer {' '.join([*told, plain])}"
        return f"Bearer {' '.join(told)}"


def _is_met(where: str, request: Request) -> bool:
    """Say whether the place is one of this request's answer."""
    asked = (request.method, request.path)
    if where == "resource":
        return asked == PLACES["description"]
    if where in {"job", "failed", "results"}:
        return asked == PLACES["look"]
    return True
