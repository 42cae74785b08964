"""HTTP functions: route, methods and keys in front of them; requests and answers in their form."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from types import SimpleNamespace
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from local_stack.functions_host.definition import FunctionDefinition, FunctionFaultError
from local_stack.functions_host.invocations import Invocations, Start
from local_stack.functions_host.keys import Keys, presented_key
from local_stack.functions_host.protos import RpcHttp, TypedData
from local_stack.functions_host.route import Route, parse_route

log = logging.getLogger(__name__)

_ALL_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_LARGEST_BODY = 100 * 1024 * 1024  # bytes, as in the real host


class HttpTriggerFaultError(FunctionFaultError):
    """An HTTP trigger that this host cannot serve; the message says why."""


@dataclass(frozen=True, slots=True)
class HttpTrigger:
    """A function that answers requests."""

    function: FunctionDefinition
    route: Route
    methods: frozenset[str]
    auth_level: str

    def lets_in(self, key: str, keys: Keys) -> bool:
        """Whether a request with this key may pass."""
        match self.auth_level:
            case "anonymous":
                return True
            case "function":
                return keys.opens_function(key)
            case _:
                return keys.opens_admin(key)


def http_trigger(function: FunctionDefinition, route_prefix: str) -> HttpTrigger:
    """Check the trigger of a function.

    Raises:
        RouteError: its route is no template that this host knows.
        HttpTriggerFaultError: its auth level is unknown.
    """
    binding = function.trigger
    route = str(binding.get("route") or function.name)
    level = str(binding.get("authLevel") or "function").lower()
    if level not in {"anonymous", "function", "admin"}:
        raise HttpTriggerFaultError(f"auth level {level!r} is none of anonymous, function, admin")
    methods = frozenset(str(m).upper() for m in binding.get("methods") or _ALL_METHODS)
    return HttpTrigger(function, parse_route(f"{route_prefix}/{route}"), methods, level)


class HttpFunctions:
    """Serves all HTTP functions."""

    def __init__(
        self,
        triggers: Iterable[HttpTrigger],
        invocations: Invocations,
        keys: Keys,
    ) -> None:
        self._triggers = sorted(triggers, key=lambda trigger: trigger.route.rank)
        self._invocations = invocations
        self._keys = keys

    async def __call__(self, request: Request) -> Response:
        """Find the function for a request, check its key, run it."""
        raw_path = request.scope.get("raw_path") or request.url.path.encode()
        allowed: set[str] = set()
        for trigger in self._triggers:
            parameters = trigger.route.match(raw_path.decode("ascii", "replace"))
            if parameters is None:
                continue
            if request.method in trigger.methods:
                return await self._serve(trigger, request, parameters)
            allowed |= trigger.methods
        if allowed:
            return Response(status_code=405, headers={"Allow": ", ".join(sorted(allowed))})
        return Response(status_code=404)

    async def _serve(
        self,
        trigger: HttpTrigger,
        request: Request,
        parameters: Mapping[str, str],
    ) -> Response:
        if not trigger.lets_in(presented_key(request), self._keys):
            return Response(status_code=401)
        try:
            body = await _body(request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it any more
        if body is None:
            return Response(status_code=413)
        told = _told(request, parameters, body)
        start = Start(
            reason=f"{request.method} {request.url.path}",
            arguments={str(trigger.function.trigger["name"]): TypedData(http=told)},
        )
        finished = await self._invocations.run(trigger.function, start)
        if not finished.outcome.ok:
            return Response(status_code=500)
        return answer(finished.outcome.value)


def answer(value: TypedData | None) -> Response:
    """What a function returned, as an HTTP answer; nothing returned is 204."""
    if value is None:
        return Response(status_code=204)
    if value.WhichOneof("data") != "http":
        return Response(_content(value), media_type="text/plain")
    http: SimpleNamespace = value.http
    response = Response(_content(http.body), status_code=int(http.status_code))
    for name, text in http.headers.items():
        response.headers[name] = text
    for cookie in http.cookies or ():
        response.raw_headers.append((b"set-cookie", _set_cookie(cookie).encode("latin-1")))
    return response


async def _body(request: Request) -> bytes | None:
    """The body of a request; None if it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            return None
    return bytes(body)


def _told(request: Request, parameters: Mapping[str, str], body: bytes) -> RpcHttp:
    query = request.query_params
    return RpcHttp(
        method=request.method,
        url=str(request.url),
        headers=dict(request.headers),
        params=dict(parameters),
        query={name: ",".join(query.getlist(name)) for name in query},
        body=TypedData(bytes=body),
    )


def _content(data: TypedData | None) -> bytes:
    value: Any = None if data is None else next(iter(vars(data).values()), None)
    if value is None:
        return b""
    return value if isinstance(value, bytes) else str(value).encode()


def _set_cookie(cookie: SimpleNamespace) -> str:
    jar: SimpleCookie = SimpleCookie()
    jar[cookie.name] = cookie.value
    morsel = jar[cookie.name]
    for key in ("path", "domain", "secure"):
        morsel[key] = _nullable(getattr(cookie, key))
    morsel["httponly"] = _nullable(cookie.http_only)
    morsel["max-age"] = _nullable(cookie.max_age)
    if cookie.expires is not None:
        morsel["expires"] = int(cookie.expires.value.seconds)
    return morsel.OutputString()


def _nullable(message: SimpleNamespace | None) -> Any:
    return "" if message is None else message.value
