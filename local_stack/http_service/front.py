"""What every request passes first: the journal and the scripts, apart from the protocol."""

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local_stack.http_service.call import Answer
from local_stack.http_service.http_answer import http_answer
from local_stack.http_service.journal import Journal
from local_stack.http_service.script import Script, Scripts
from local_stack.http_service.server import Clock

# What is no part of a service's own protocol.
LOCAL: Final = "/_local/"
# The real limits are unknown. A model never comes in a body, so this is plenty.
_LONGEST_BODY: Final = 32 * 1024 * 1024


class Front:
    """An ASGI application around the protocol's.

    Args:
        app: The protocol.
        journal: Where requests are kept.
        scripts: What is played.
        now: The clock.
        refusal: Makes the answer to a body that is too long, of what is said of it.
    """

    def __init__(
        self,
        app: ASGIApp,
        journal: Journal,
        scripts: Scripts,
        now: Clock,
        refusal: Callable[[str], Answer],
    ) -> None:
        self._refusal = refusal
        self._app = app
        self._journal = journal
        self._scripts = scripts
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the request, keep it, and answer it as scripted or really."""
        if scope["type"] != "http" or scope["path"].startswith(LOCAL):
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            too_long = self._refusal(f"longer than {_LONGEST_BODY}")
            await http_answer(too_long)(scope, receive, send)
            return
        self._record(scope, body)
        script = self._scripts.take(scope["method"], scope["path"])
        real = _Handling(self._app, scope, receive, body)
        await _play(script or Script(), real, scope, receive, send)

    def _record(self, scope: Scope, body: bytes) -> None:
        self._journal.record(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers={
                name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
            },
            body=body,
            instant=self._now(),
        )


class _Handling:
    """The real handling of a request whose body was read already."""

    def __init__(self, app: ASGIApp, scope: Scope, receive: Receive, body: bytes) -> None:
        self._app = app
        self._scope = scope
        self._receive = receive
        self._body: bytes | None = body

    async def answer(self, send: Send) -> None:
        """Handle it and send the real answer."""
        await self._app(self._scope, self._replay, send)

    async def unheard(self) -> None:
        """Handle it; nobody hears the answer."""
        await self._app(self._scope, self._replay, _swallow)

    async def _replay(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


async def _play(
    script: Script, real: _Handling, scope: Scope, receive: Receive, send: Send
) -> None:
    delay = script.delay.total_seconds()
    if script.apply != "after":
        await asyncio.sleep(delay)
    if not script.is_answer:
        await real.answer(send)
        return
    if script.apply == "before":
        await real.unheard()
    if script.drop:
        await _cut(scope["state"]["abort"], receive)
    else:
        answer = Response(script.body, script.status or 200, dict(script.headers))
        await answer(scope, receive, send)
    if script.apply == "after":
        await asyncio.sleep(delay)
        await real.unheard()


async def _cut(abort: Callable[[], None], receive: Receive) -> None:
    abort()
    while (await receive())["type"] != "http.disconnect":
        pass  # the server answers 500 itself unless it knows that the client is gone


async def _read(receive: Receive) -> bytes | None:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > _LONGEST_BODY:
            return None
        if not message.get("more_body", False):
            return bytes(body)


async def _swallow(message: Message) -> None:
    """Send nothing to nobody."""
