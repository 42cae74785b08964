"""What the endpoints file says of an endpoint that takes a model by HTTP."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from protocols.headers import Said, keys_in, plain
from protocols.http_server.template import TOKENS, placeholders
from settings.duration import parse_duration
from settings.expression import expression
from settings.retraining import safe_url
from settings.scoring_endpoint import Place, ProtocolKeys, ScoringEndpoint, Surroundings
from settings.secret import Secret
from settings.table import Table, text, typed

_METHODS: Final = ("DELETE", "GET", "PATCH", "POST", "PUT")
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OURS: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "host",
        "te",
        "transfer-encoding",
        "upgrade",
    }
)
_SETTING: Final = re.compile(r"(%[A-Za-z_][A-Za-z0-9_]*%)")
_HOLDS_A_KEY: Final = re.compile(r"(?i)authorization|cookie|key|secret|token")
_FIRST_STATUS, _LAST_STATUS = 200, 599
_NAMES_OF_MODEL: Final = frozenset({"model", "stem", "folder"})
"""The placeholders that a server may know a model by; the others say where to read it."""


class Header(msgspec.Struct, frozen=True):
    """One header.

    Attributes:
        name: Its name.
        says: What it says, in pieces: those that an app setting holds are secrets.
    """

    name: str
    says: Said

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The pieces that an app setting holds."""
        return tuple(piece for piece in self.says if isinstance(piece, Secret))

    @property
    def plain(self) -> tuple[str | None, ...]:
        """The pieces, with None for each secret."""
        return tuple(None if isinstance(piece, Secret) else piece for piece in self.says)


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request; address and body may have placeholders.

    Attributes:
        method: The HTTP method.
        url: Where to.
        headers: What is sent besides.
        body: What is sent as JSON; None: nothing.
        accepted: The statuses that are success; None: every 2xx.
        refused: The statuses by which the server says that the model is no good.
    """

    method: str
    url: str
    headers: tuple[Header, ...] = ()
    body: Any = None
    accepted: frozenset[int] | None = None
    refused: frozenset[int] = frozenset()

    @property
    def plain_headers(self) -> dict[str, tuple[str | None, ...]]:
        """Its headers without their secrets, by name; case makes no other name."""
        return {one.name.lower(): one.plain for one in self.headers}


class Proof(msgspec.Struct, frozen=True):
    """How the endpoint is asked what it serves.

    Attributes:
        request: What it is asked.
        expect: JMESPath over `{"answer": …, "sent": …}` that must be true.
    """

    request: HttpRequest
    expect: str


class HttpKeys(ProtocolKeys, frozen=True, kw_only=True):
    """The keys of one endpoint.

    Attributes:
        requests: What is sent to have a model served, in this order.
        proof: How it is asked what it serves; None: it is not.
        smoke_headers: What a smoke test is sent with.
        settles_after: How long after the last request it may still serve the model before.
        renew_token: Whether it may read by its token again at any time.
    """

    requests: tuple[HttpRequest, ...]
    proof: Proof | None
    smoke_headers: tuple[Header, ...]
    settles_after: timedelta
    renew_token: bool

    @property
    def place(self) -> Place | None:
        """See `ProtocolKeys`: a server may tell its models by address, body or a header alone."""
        if not self._placeholders.isdisjoint(_NAMES_OF_MODEL):
            return None
        asked = [(one.method, one.url, one.plain_headers, one.body) for one in self.requests]
        return Place(msgspec.json.encode(asked, order="sorted").decode())

    @property
    def needs_token(self) -> bool:
        """Say whether anything that is sent has a token in it."""
        return not self._placeholders.isdisjoint(TOKENS)

    @property
    def _placeholders(self) -> frozenset[str]:
        """All that stand in what is sent to have a model served."""
        return placeholders([[one.url, one.body] for one in self.requests])


def read_http_keys(table: Table, smoke_test: Table | None, around: Surroundings) -> HttpKeys:
    """Read the keys of one endpoint's table."""
    headers = _headers_reader(around)
    found = table.tables("requests")
    if not found:
        table.fault("requests", "is missing: at least one table [[endpoints.<name>.requests]]")
    smoke_headers = smoke_test.optional("headers", headers, ()) if smoke_test else ()
    return HttpKeys(
        requests=tuple(_read_request(one, headers) for one in found),
        proof=_read_proof(table.table("proof"), headers),
        smoke_headers=smoke_headers,
        settles_after=table.optional("settles_after", _duration, timedelta(0)),
        renew_token=table.optional("renew_token", typed(bool), default=True),
    )


def http_keys(endpoint: ScoringEndpoint) -> HttpKeys:
    """Give the keys of an endpoint that takes a model by HTTP.

    Raises:
        TypeError: It speaks another protocol.
    """
    if not isinstance(endpoint.keys, HttpKeys):
        raise TypeError(f"{endpoint.name} speaks another protocol")
    return endpoint.keys


type ReadHeaders = Callable[[Any], tuple[Header, ...]]


def _read_request(table: Table, headers: ReadHeaders) -> HttpRequest:
    request = HttpRequest(
        method=table.optional("method", _method, "POST"),
        url=table.required("url", _url, instead=""),
        headers=table.optional("headers", headers, ()),
        body=table.optional("body", _body, None),
        accepted=table.optional("accepted", _statuses, None),
        refused=table.optional("refused", _statuses, frozenset()),
    )
    table.refuse_unknown()
    return request


def _read_proof(table: Table | None, headers: ReadHeaders) -> Proof | None:
    if table is None:
        return None
    request = HttpRequest(
        method=table.optional("method", _method, "GET"),
        url=table.required("url", _url_without_token, instead=""),
        headers=table.optional("headers", headers, ()),
        body=table.optional("body", _body_without_token, None),
    )
    proof = Proof(request, table.required("expect", expression, instead=""))
    table.refuse_unknown()
    return proof


def _method(value: object) -> str:
    if value not in _METHODS:
        raise ValueError(f"must be one of: {', '.join(_METHODS)}")
    return text(value)


def _url(value: object) -> str:
    url = safe_url(value)
    placeholders(url)
    if "{" in urlsplit(url).netloc:
        raise ValueError("must name its host: no placeholder can stand there")
    return url


def _body(value: object) -> object:
    placeholders(value)
    try:
        msgspec.json.encode(value)
    except msgspec.ValidationError as error:
        raise ValueError(f"cannot be sent as JSON: {error}") from error
    return value


def _url_without_token(value: object) -> str:
    return str(_without_token(_url(value)))


def _body_without_token(value: object) -> object:
    return _without_token(_body(value))


def _without_token(template: object) -> object:
    if not TOKENS.isdisjoint(placeholders(template)):
        raise ValueError("must hold no token: nothing keeps the one that was sent")
    return template


def _statuses(value: object) -> frozenset[int]:
    statuses = msgspec.convert(value, list[int], strict=True)
    if not statuses or not all(_FIRST_STATUS <= one <= _LAST_STATUS for one in statuses):
        raise ValueError("must be statuses from 200 to 599, one at least")
    return frozenset(statuses)


def _duration(value: object) -> timedelta:
    return parse_duration(text(value))


def _headers_reader(around: Surroundings) -> ReadHeaders:
    def read(value: object) -> tuple[Header, ...]:
        headers = msgspec.convert(value, dict[str, str], strict=True)
        return tuple(_header(name, said, around) for name, said in headers.items())

    return read


def _header(name: str, said: str, around: Surroundings) -> Header:
    if not _HEADER.fullmatch(name) or name.lower() in _OURS:
        raise ValueError(f"{name} is no header that can be set")
    pieces = (piece for piece in _SETTING.split(said) if piece)
    header = Header(name, tuple(_piece(piece, around) for piece in pieces))
    if _HOLDS_A_KEY.search(name) and not header.secrets:
        raise ValueError(f'{name} must name an app setting, as in "Bearer %CENSUS_KEY%"')
    # A key of Key Vault is held to the same when it is read.
    value = _without_vault(header)
    if not value.isascii() or not value.isprintable() or value != value.strip():
        raise ValueError(f"{name} cannot be sent: printable ASCII, no blanks around it")
    return header


def _piece(piece: str, around: Surroundings) -> str | Secret:
    return around.secret(piece) if _SETTING.fullmatch(piece) else piece


def _without_vault(header: Header) -> str:
    headers = {header.name: header.says}
    return plain(headers, dict.fromkeys(keys_in(headers), Secret("key")))[header.name]
