"""Storage in the memory of one process, for apps in other processes: quick, and nothing else.

Its conditions hold as those of blobs do. It is for the many runs of a race; a good share of them
goes over Azurite.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from typing import Any, NamedTuple

from patch_endpoint.trained_model import TrainedModel
from state.storage_errors import ConflictError
from state.store import Listed, Read
from tests.fakes.calls import Calls
from tests.fakes.model_catalog import MODEL_BLOBS, MemoryModelCatalog
from tests.fakes.state_store import MemoryStateStore

_KEY = b"of a test"


class Address(NamedTuple):
    """Where shared storage is."""

    host: str
    port: int


class _Storage:
    """What is in the one process; its calls come from all others."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._calls = Calls()
        self._store = MemoryStateStore(_now, self._calls)
        self._catalog = MemoryModelCatalog(_now, self._calls)

    def read(self, name: str) -> Read:
        return self._store.read(name)

    def write(
        self, name: str, content: bytes, etag: str | None, metadata: dict[str, str]
    ) -> str | None:
        """Write on a condition; None: it did not hold."""
        self._calls.forget()
        try:
            return self._store.write(name, content, etag=etag, metadata=metadata)
        except ConflictError:
            return None

    def put(self, name: str, content: bytes) -> None:
        self._store.put(name, content)

    def delete(self, name: str) -> None:
        self._store.delete(name)

    def listed(self, prefix: str, after: str) -> list[Listed]:
        return list(self._store.listed(prefix, after=after))

    def put_model(self, name: str) -> None:
        self._catalog.put(name)

    def head(self, name: str) -> TrainedModel | None:
        return self._catalog.head(name)

    def models(self, prefix: str) -> list[TrainedModel]:
        return list(self._catalog.models(prefix))


class _Manager(BaseManager):
    """Starts the process, or reaches it."""


@cache
def _the_one() -> _Storage:
    return _Storage()


_Manager.register("storage", callable=_the_one)


class SharedStateStore:
    """See `state.store.StateStore`."""

    def __init__(self, storage: Any) -> None:
        self._storage = storage

    def read(self, name: str) -> Read:
        """See `StateStore`."""
        found: Read = self._storage.read(name)
        return found

    def write(
        self, name: str, content: bytes, *, etag: str | None, metadata: Mapping[str, str]
    ) -> str:
        """See `StateStore`."""
        written: str | None = self._storage.write(name, content, etag, dict(metadata))
        if written is None:
            raise ConflictError(f"write {name}", 412, "ConditionNotMet")
        return written

    def put(self, name: str, content: bytes = b"") -> None:
        """See `StateStore`."""
        self._storage.put(name, content)

    def delete(self, name: str) -> None:
        """See `StateStore`."""
        self._storage.delete(name)

    def listed(self, prefix: str, *, after: str = "") -> Iterator[Listed]:
        """See `StateStore`."""
        yield from self._storage.listed(prefix, after)


class SharedModelCatalog:
    """See `patch_endpoint.catalog.ModelCatalog`."""

    def __init__(self, storage: Any) -> None:
        self._storage = storage
        self.container = MODEL_BLOBS.partition("/")[0]

    def head(self, name: str) -> TrainedModel | None:
        """See `ModelCatalog`."""
        model: TrainedModel | None = self._storage.head(name)
        return model

    def models(self, prefix: str = "") -> Iterator[TrainedModel]:
        """See `ModelCatalog`."""
        yield from self._storage.models(prefix)


@contextmanager
def shared_storage() -> Iterator[Address]:
    """Have the process run until the block ends."""
    # A fresh process: one that is forked off would have half of the threads of a test run.
    manager = _Manager(("127.0.0.1", 0), _KEY, ctx=get_context("spawn"))
    manager.start()
    try:
        if not isinstance(manager.address, tuple):
            raise TypeError("it listens on no port")
        yield Address(*manager.address)
    finally:
        manager.shutdown()


@cache
def reach(address: Address) -> Any:
    """Reach the storage; each thread has a connection of its own.

    A process has one proxy of it for good. Where one of two is collected, the library ends the
    connection of the thread that happens to collect it, be that in the midst of a call of its own.
    """
    manager: Any = _Manager((address.host, address.port), _KEY)
    manager.connect()
    return manager.storage()


def _now() -> datetime:
    return datetime.now(UTC)
