"""A Key Vault on this machine: it gives secrets to whoever shows a token of the right audience.

Spoken: `GET /secrets/{name}[/{version}]?api-version=…`, with its errors and the challenge of a 401.
Everything else is answered with 501. Source of the form:
learn.microsoft.com/rest/api/keyvault/secrets/get-secret, .../general/rest-error-codes and
.../general/authentication-requests-and-responses.
"""

import base64
import json
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self, cast
from urllib.parse import parse_qs, urlsplit

from local_stack.identity import TENANT

AUDIENCE = "https://vault.azure.net"
API_VERSIONS = frozenset({"7.4", "7.5", "7.6", "2025-07-01"})
_CHALLENGE = (
    f'Bearer authorization="https://login.microsoftonline.com/{TENANT}", resource="{AUDIENCE}"'
)
_PATH = re.compile(r"/secrets/([0-9A-Za-z-]{1,127})(?:/([0-9A-Za-z]{1,64}))?/?")
_LONGEST_HANG = 60.0


@dataclass
class _Version:
    id: str
    value: str = field(repr=False)
    enabled: bool = True


@dataclass(frozen=True)
class Answer:
    """A status, a JSON body and headers."""

    status: int
    body: Mapping[str, object]
    headers: Mapping[str, str] = field(default_factory=dict)


class KeyVault:
    """A running vault. Started by `KeyVault.start()`, ended by `stop()` or the end of the block.

    Attributes:
        reads: The path of every request so far, those too that are refused or hang.
        lets_in: Whether the identity has the role to read secrets.
        broken: A status that every request is answered with; None: none.
        answering: While it is cleared, requests hang.
    """

    def __init__(self) -> None:
        self.reads: list[str] = []
        self.lets_in = True
        self.broken: int | None = None
        self.answering = threading.Event()
        self.answering.set()
        self._secrets: dict[str, list[_Version]] = {}
        self._server = _Server(("127.0.0.1", 0), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @classmethod
    def start(cls) -> Self:
        """Serve on a free port of the loopback address."""
        vault = cls()
        vault._thread.start()
        return vault

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Answer no more; waits for the server's thread."""
        self.answering.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def put(self, name: str, value: str) -> str:
        """Give a secret a new version, and say the address of the secret."""
        self._secrets.setdefault(name, []).append(_Version(uuid.uuid4().hex, value))
        return f"{self.url}/secrets/{name}"

    def version(self, name: str) -> str:
        """The address of the current version of a secret."""
        return f"{self.url}/secrets/{name}/{self._secrets[name][-1].id}"

    def disable(self, name: str) -> None:
        """Disable the current version of a secret."""
        self._secrets[name][-1].enabled = False

    def answer(self, method: str, target: str, bearer: str) -> Answer:
        """Answer a request, after it hung as long as it is to."""
        parts = urlsplit(target)
        self.reads.append(parts.path)
        self.answering.wait(_LONGEST_HANG)
        version = parse_qs(parts.query).get("api-version", [""])[-1]
        found = _PATH.fullmatch(parts.path)
        if self.broken is not None:
            return _error(self.broken, "ServiceBusy", "The vault was told to fail.")
        if version not in API_VERSIONS:
            return _error(400, "BadParameter", "The specified version is not recognized.")
        if method != "GET" or found is None:
            return _error(501, "NotImplemented", "This local vault only gives secrets.")
        if not is_token_for(bearer, AUDIENCE, datetime.now(UTC)):
            challenge = {"WWW-Authenticate": _CHALLENGE}
            return _error(401, "Unauthorized", "[BearerReadAccessTokenFailed]", challenge)
        if not self.lets_in:
            return _error(403, "Forbidden", "Caller is not authorized.", inner="ForbiddenByRbac")
        return self._secret(found[1], found[2])

    def _secret(self, name: str, version: str | None) -> Answer:
        versions = self._secrets.get(name, [])
        found = next((one for one in reversed(versions) if version in {None, one.id}), None)
        if found is None:
            what = f"A secret with (name/id) {name} was not found in this key vault."
            return _error(404, "SecretNotFound", what)
        if not found.enabled:
            what = "Operation get is not allowed on a disabled secret."
            return _error(403, "Forbidden", what, inner="SecretDisabled")
        address = f"{self.url}/secrets/{name}/{found.id}"
        return Answer(200, {"value": found.value, "id": address, "attributes": {"enabled": True}})


def is_token_for(bearer: str, audience: str, now: datetime) -> bool:
    """Say whether *bearer* is a token of the local identity for *audience* that is valid now."""
    try:
        _, claims, _ = bearer.removeprefix("Bearer ").split(".")
        said = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        is_now = int(said["nbf"]) <= now.timestamp() < int(said["exp"])
        is_ours = (said["aud"], said["tid"]) == (audience, TENANT)
    except (ValueError, KeyError, TypeError):
        return False
    return is_now and is_ours


def _error(
    status: int,
    code: str,
    message: str,
    headers: Mapping[str, str] | None = None,
    inner: str | None = None,
) -> Answer:
    error: dict[str, object] = {"code": code, "message": message}
    if inner is not None:
        error["innererror"] = {"code": inner}
    return Answer(status, {"error": error}, headers or {})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], vault: KeyVault) -> None:
        super().__init__(address, _Handler)
        self.vault = vault


def _answering(method: str) -> Callable[["_Handler"], None]:
    def do(handler: "_Handler") -> None:
        vault = cast("_Server", handler.server).vault
        bearer = handler.headers.get("Authorization", "")
        answer = vault.answer(method, handler.path, bearer)
        content = json.dumps(answer.body).encode()
        handler.send_response(HTTPStatus(answer.status))
        handler.send_header("Content-Type", "application/json; charset=utf-8")
        handler.send_header("Content-Length", str(len(content)))
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    return do


class _Handler(BaseHTTPRequestHandler):
    do_GET = _answering("GET")  # noqa: N815 - http.server's name
    do_PUT = _answering("PUT")  # noqa: N815 - as above
    do_DELETE = _answering("DELETE")  # noqa: N815 - as above

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing: `reads` tells."""
