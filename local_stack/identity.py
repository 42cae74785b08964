"""A managed identity endpoint on this machine, in App Service's form.

It answers unsigned tokens: Azurite (`--oauth basic`) reads a token's claims and no signature.
Source of the form: learn.microsoft.com/azure/app-service/overview-managed-identity, "REST endpoint
reference".
"""

import base64
import json
import secrets
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self, cast
from urllib.parse import parse_qs, urlsplit

import requests

API_VERSION = "2019-08-01"
TOKEN_LIFETIME = timedelta(hours=24)
TENANT = "5f9f1a6e-8a0c-4b53-9b2b-4f0d0c4a1b70"  # made up
_CLOCK_SKEW = timedelta(minutes=5)
_ANSWER_WITHIN = 10  # seconds


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class TokenRequest:
    """What a process asked for; `client_id` names a user-assigned identity."""

    resource: str
    client_id: str | None
    status: int


class ManagedIdentity:
    """A running identity endpoint.

    Started by `ManagedIdentity.start()`, ended by `stop()` or the end of the `with` block.
    """

    def __init__(self, now: Callable[[], datetime], token_lifetime: timedelta) -> None:
        self._now = now
        self._token_lifetime = token_lifetime
        self._secret = secrets.token_hex(16)
        self._object_id = str(uuid.uuid4())
        self._requests: list[TokenRequest] = []
        self._server = _Server(("127.0.0.1", 0), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @classmethod
    def start(
        cls,
        *,
        now: Callable[[], datetime] = _utc_now,
        token_lifetime: timedelta = TOKEN_LIFETIME,
    ) -> Self:
        """Serve on a free port of the loopback address."""
        identity = cls(now, token_lifetime)
        identity._thread.start()
        return identity

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
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def environ(self) -> dict[str, str]:
        """What App Service puts into the environment of an app that has an identity."""
        port = self._server.server_address[1]
        return {
            "IDENTITY_ENDPOINT": f"http://127.0.0.1:{port}/msi/token",
            "IDENTITY_HEADER": self._secret,
        }

    @property
    def requests_received(self) -> tuple[TokenRequest, ...]:
        """Every request so far, the refused ones too."""
        return tuple(self._requests)

    def answer(self, target: str, secret: str | None) -> tuple[HTTPStatus, dict[str, str]]:
        """The status and body for a GET of a request target with a given `X-IDENTITY-HEADER`."""
        query = {name: values[-1] for name, values in parse_qs(urlsplit(target).query).items()}
        status, body = self._judge(query, secret)
        request = TokenRequest(query.get("resource", ""), query.get("client_id"), status)
        self._requests.append(request)
        return status, body

    def _judge(
        self, query: Mapping[str, str], secret: str | None
    ) -> tuple[HTTPStatus, dict[str, str]]:
        if not secrets.compare_digest(secret or "", self._secret):
            return HTTPStatus.UNAUTHORIZED, {"message": "X-IDENTITY-HEADER is missing or wrong."}
        if query.get("api-version") != API_VERSION:
            return HTTPStatus.BAD_REQUEST, {"message": f"api-version must be {API_VERSION}."}
        if "resource" not in query:
            return HTTPStatus.BAD_REQUEST, {"message": "resource is missing."}
        return HTTPStatus.OK, self._token(query["resource"], query.get("client_id"))

    def _token(self, resource: str, client_id: str | None) -> dict[str, str]:
        now = self._now()
        expires_on = int((now + self._token_lifetime).timestamp())
        client_id = client_id or self._object_id
        claims = {
            "aud": resource,
            "iss": f"https://sts.windows.net/{TENANT}/",
            "iat": int((now - _CLOCK_SKEW).timestamp()),
            "nbf": int((now - _CLOCK_SKEW).timestamp()),
            "exp": expires_on,
            "appid": client_id,
            "oid": self._object_id,
            "sub": self._object_id,
            "tid": TENANT,
        }
        return {
            "access_token": f"{_encode({'alg': 'none', 'typ': 'JWT'})}.{_encode(claims)}.unsigned",
            "client_id": client_id,
            "expires_on": str(expires_on),
            "resource": resource,
            "token_type": "Bearer",
        }


def token(environ: Mapping[str, str], resource: str) -> str:
    """Get a token for *resource* as an app does whose environment this is."""
    response = requests.get(
        environ["IDENTITY_ENDPOINT"],
        params={"resource": resource, "api-version": API_VERSION},
        headers={"X-IDENTITY-HEADER": environ["IDENTITY_HEADER"]},
        timeout=_ANSWER_WITHIN,
    )
    response.raise_for_status()
    return str(response.json()["access_token"])


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], identity: ManagedIdentity) -> None:
        super().__init__(address, _Handler)
        self.identity = identity


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        identity = cast("_Server", self.server).identity
        status, body = identity.answer(self.path, self.headers.get("X-IDENTITY-HEADER"))
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing: `requests_received` tells."""


def _encode(part: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
