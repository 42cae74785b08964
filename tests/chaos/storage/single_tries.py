"""Makes clients of storage that try each call once, so that every fault reaches the app."""

import threading
from collections.abc import Callable
from typing import Any, Final, override

from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobServiceClient

from settings.connection import Connection
from state.clients import blob_service, transport

_SOON: Final = 1.0
_PATIENCE: Final = 60.0


class SingleTries:
    """An answer is waited for as long as a busy machine may need, but one that never comes.

    Args:
        hangs_at: The number, among the calls of all clients, of that which is not answered; None:
            all are.
    """

    def __init__(self, hangs_at: int | None = None) -> None:
        self._hangs_at, self._calls, self._lock = hangs_at, 0, threading.Lock()

    def __call__(self, connection: Connection) -> BlobServiceClient:
        """Make the client of *connection*."""
        return blob_service(connection, retries=0, transport=_Transport(self._patience))

    def _patience(self) -> float:
        """Count a call, and say how many seconds its answer is waited for."""
        with self._lock:
            self._calls += 1
            return _SOON if self._calls == self._hangs_at else _PATIENCE


class _Transport(RequestsTransport):  # type: ignore[misc]  # the package gives it no type
    def __init__(self, patience: Callable[[], float]) -> None:
        super().__init__(session=transport().session)
        self._patience = patience

    @override
    def send(self, request: Any, **options: Any) -> Any:
        return super().send(request, **options | {"read_timeout": self._patience()})
