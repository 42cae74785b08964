"""``/_local/…``: scripts and the journal over HTTP, for the service as a process.

No part of the protocol. Guarded by the description's ``local_token`` in ``X-Local-Token``.
"""

import hmac

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local_stack.http_service.call import Answer
from local_stack.http_service.front import LOCAL
from local_stack.http_service.http_answer import http_answer
from local_stack.http_service.journal import Journal
from local_stack.http_service.script import Script, Scripts
from local_stack.ml_service.errors import ServiceError, bad_argument


class LocalControl:
    """The handlers of ``/_local/…``; closed where there is no token."""

    def __init__(self, journal: Journal, scripts: Scripts, token: str) -> None:
        self._journal = journal
        self._scripts = scripts
        self._token = token

    def routes(self) -> list[Route]:
        """Both addresses."""
        return [
            Route(f"{LOCAL}requests", self.requests, methods=["GET", "DELETE"]),
            Route(f"{LOCAL}scripts", self.scripts, methods=["GET", "POST", "DELETE"]),
        ]

    async def requests(self, request: Request) -> Response:
        """GET the requests received, keys masked; DELETE forgets them."""
        if refusal := self._refusal(request):
            return refusal
        if request.method == "DELETE":
            self._journal.clear()
            return http_answer(Answer(204))
        shown = [
            {
                "method": one.method,
                "path": one.path,
                "query": one.query,
                "headers": one.headers,
                "body": one.body,
                "instant": one.instant,
            }
            for one in self._journal.requests
        ]
        return http_answer(Answer(200, shown))

    async def scripts(self, request: Request) -> Response:
        """GET the scripts still to be played, POST another one, DELETE them all."""
        if refusal := self._refusal(request):
            return refusal
        if request.method == "GET":
            return http_answer(Answer(200, self._scripts.left))
        if request.method == "DELETE":
            self._scripts.clear()
            return http_answer(Answer(204))
        try:
            script = msgspec.json.decode(await request.body(), type=Script)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            return http_answer(bad_argument("RequestBodyInvalid", hint=str(exc)).answer())
        self._scripts.add(script)
        return http_answer(Answer(201, script))

    def _refusal(self, request: Request) -> Response | None:
        sent = request.headers.get("x-local-token", "")
        if self._token and hmac.compare_digest(sent.encode(), self._token.encode()):
            return None
        error = ServiceError("Unauthorized", "ManagementRequestUnauthorized")
        return http_answer(error.answer())
