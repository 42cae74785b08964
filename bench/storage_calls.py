"""Counts storage calls where the SDK sends them: retries and further pages included."""

import threading
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
from azure.core.pipeline import PipelineRequest
from azure.storage.blob import BlobServiceClient

from settings.connection import Connection
from state.clients import blob_service


class StorageCall(msgspec.Struct, frozen=True):
    """One request to storage.

    Attributes:
        what: `read`, `look`, `write`, `delete`, `list`, or the `comp` of anything else.
        path: The container and the blob.
        at: When it was sent, by `time.monotonic`.
    """

    what: str
    path: str
    at: float


class StorageCalls:
    """The calls of every client that `client` made."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[StorageCall] = []

    def client(self, connection: Connection) -> BlobServiceClient:
        """Make a client as the app does, whose calls are counted here."""
        return blob_service(connection, raw_request_hook=self._note)

    def taken(self) -> list[StorageCall]:
        """Give the calls since the last time, the oldest first."""
        with self._lock:
            calls, self._calls = self._calls, []
        return calls

    def _note(self, request: PipelineRequest[Any]) -> None:
        sent = request.http_request
        parts = urlsplit(sent.url)
        call = StorageCall(_kind(sent.method, parts.query), parts.path, time.monotonic())
        with self._lock:
            self._calls.append(call)


def counted(calls: list[StorageCall], what: str) -> int:
    """Count the calls of one kind."""
    return sum(call.what == what for call in calls)


def _kind(method: str, query: str) -> str:
    comp = parse_qs(query).get("comp")
    kinds = {"GET": "read", "HEAD": "look", "PUT": "write", "DELETE": "delete"}
    return comp[0] if comp else kinds.get(method, method)
