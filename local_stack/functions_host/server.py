"""The host's HTTP server: admin routes, the blobs web hook, and the functions behind them."""

import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local_stack.any_path import ANY_PATH
from local_stack.functions_host.admin import Admin
from local_stack.functions_host.event_grid import BlobsWebhook

Endpoint = Callable[[Request], Awaitable[Response]]

_EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


class PortTakenError(Exception):
    """Another process listens on the port."""


class Server(uvicorn.Server):
    """A uvicorn server that leaves the signals to the host."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install nothing: the host stops its triggers first."""
        yield


def listen(port: int) -> socket.socket:
    """A listening socket on the loopback interface; port 0 takes a free one.

    Raises:
        PortTakenError: the port is in use.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise PortTakenError(
            f"port {port} cannot be used ({error.strerror}): "
            "stop what listens there or choose another with --port",
        ) from None
    return listener


def server(admin: Admin, webhook: BlobsWebhook, functions: Endpoint, grace: timedelta) -> Server:
    """The server, not yet started; stopping waits for requests under way for `grace`."""

    async def blobs(request: Request) -> Response:
        return await webhook(request)

    async def rest(request: Request) -> Response:
        return await functions(request)

    routes = [
        Route("/admin/host/status", admin.status, methods=["GET"]),
        Route("/admin/functions", admin.functions, methods=["GET"]),
        Route("/admin/functions/{name}", admin.run, methods=["POST"]),
        Route("/runtime/webhooks/blobs", blobs, methods=["POST"]),
        Route(ANY_PATH, rest, methods=_EVERY_METHOD),
    ]
    config = uvicorn.Config(
        Starlette(routes=routes),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=max(1, round(grace.total_seconds())),
    )
    return Server(config)
