"""Requests and the service's own answers to them, for whoever holds both to the contract."""

from collections import deque
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_MOST: Final = 5000


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer, which may hold keys."""

    method: str
    path: str
    status: int
    sent: bytes = field(repr=False)
    answered: bytes = field(repr=False)


class Exchanges:
    """An ASGI application around the protocol's, which keeps the latest 5,000."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: deque[Exchange] = deque(maxlen=_MOST)
        self._lock = Lock()

    @property
    def kept(self) -> list[Exchange]:
        """A copy, oldest first."""
        with self._lock:
            return list(self._kept)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass it on, and keep what goes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent, answered, status = bytearray(), bytearray(), 0

        async def heard() -> Message:
            message = await receive()
            sent.extend(message.get("body", b""))
            return message

        async def told(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            answered.extend(message.get("body", b""))
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                self._keep(scope, status, bytes(sent), bytes(answered))
            await send(message)

        await self._app(scope, heard, told)

    def _keep(self, scope: Scope, status: int, sent: bytes, answered: bytes) -> None:
        """Before the last of an answer is sent, so that whoever has heard it finds it kept."""
        exchange = Exchange(scope["method"], scope["path"], status, sent, answered)
        with self._lock:
            self._kept.append(exchange)
