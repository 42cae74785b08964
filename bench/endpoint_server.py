"""An endpoint and a training service that say yes, in a process of their own.

They stand for services that nobody can measure here. They cost the app's process nothing, wait as
long as they are told, and say at `/_seen` what reached them and when.
"""

import argparse
import asyncio
import json
import socket
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]

SEEN = "/_seen"
READY = "listening at "
_RUNNING = {"StatusCode": "Running", "Results": None, "Details": None}
_JSON = [(b"content-type", b"application/json")]


class Service:
    """The service as an ASGI application.

    Args:
        delay: How long each answer takes, in seconds.
    """

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._arrivals: list[tuple[str, float]] = []
        self._patched: dict[str, Any] = {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        arrived = time.monotonic()  # one clock for all processes of a machine
        sent = await _body(receive)
        if scope["path"] == SEEN:
            body = self._seen()
        else:
            self._arrivals.append((scope["method"], arrived))
            await asyncio.sleep(self._delay)
            body = json.dumps(self._answer(scope["method"], scope["path"], sent)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": _JSON})
        await send({"type": "http.response.body", "body": body})

    def _answer(self, method: str, path: str, sent: bytes) -> object:
        """Take a model; name it to whoever asks; say of any job that it runs."""
        if method == "PATCH":
            self._patched[path] = json.loads(sent)
            return {}
        return self._patched.get(path, _RUNNING)

    def _seen(self) -> bytes:
        """Tell what came since the last time this was asked."""
        seen, self._arrivals = {"arrivals": self._arrivals}, []
        return json.dumps(seen).encode()


async def _body(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = bool(message.get("more_body"))
    return b"".join(parts)


def main() -> None:
    """Serve on a free port of the loopback address until the process is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=0.0)
    service = Service(parser.parse_args().delay)
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        sys.stdout.write(f"{READY}http://127.0.0.1:{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        config = uvicorn.Config(service, log_level="warning", access_log=False, lifespan="off")
        uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main()
