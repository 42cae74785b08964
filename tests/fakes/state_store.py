"""A state store in memory."""

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from state.storage_errors import ConflictError
from state.store import Listed, Read
from tests.fakes.calls import Calls


@dataclass(frozen=True)
class _Blob:
    content: bytes
    etag: str
    metadata: Mapping[str, str]


class MemoryStateStore:
    """See `state.store.StateStore`. Its conditions hold across threads; its clock is coarse."""

    def __init__(self, now: Callable[[], datetime], calls: Calls) -> None:
        self._now, self._calls = now, calls
        self._blobs: dict[str, _Blob] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def read(self, name: str) -> Read:
        """See `StateStore`."""
        with self._calls.making("state.read", name):
            blob = self._blobs.get(name)
        date = self._now().replace(microsecond=0)
        if blob is None:
            return Read(content=None, etag=None, date=date)
        return Read(content=blob.content, etag=blob.etag, date=date)

    def write(
        self, name: str, content: bytes, *, etag: str | None, metadata: Mapping[str, str]
    ) -> str:
        """See `StateStore`."""
        with self._calls.making("state.write", name), self._lock:
            there = self._blobs.get(name)
            if etag is None and there is not None:
                raise ConflictError(f"write {name}", 409, "BlobAlreadyExists")
            if etag is not None and (there is None or there.etag != etag):
                raise ConflictError(f"write {name}", 412, "ConditionNotMet")
            return self._put(name, content, metadata)

    def put(self, name: str, content: bytes = b"") -> None:
        """See `StateStore`."""
        with self._calls.making("state.put", name), self._lock:
            self._put(name, content, {})

    def delete(self, name: str) -> None:
        """See `StateStore`."""
        with self._calls.making("state.delete", name), self._lock:
            self._blobs.pop(name, None)

    def listed(self, prefix: str, *, after: str = "") -> Iterator[Listed]:
        """See `StateStore`."""
        with self._calls.making("state.list", prefix), self._lock:
            found = [
                Listed(name, blob.metadata)
                for name, blob in sorted(self._blobs.items())
                if name.startswith(prefix) and name > after
            ]
        yield from found

    def names(self, prefix: str = "") -> list[str]:
        """Say what is there; this is the test looking, and no call."""
        with self._lock:
            return sorted(name for name in self._blobs if name.startswith(prefix))

    def content(self, name: str) -> bytes:
        """Show a blob's bytes; no call."""
        return self._blobs[name].content

    def metadata(self, name: str) -> Mapping[str, str]:
        """Show a blob's metadata; no call."""
        return self._blobs[name].metadata

    def _put(self, name: str, content: bytes, metadata: Mapping[str, str]) -> str:
        etag = f'"{next(self._numbers):#x}"'
        self._blobs[name] = _Blob(content, etag, dict(metadata))
        return etag
