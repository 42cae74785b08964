"""The container in which everything the app remembers is a small blob."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import msgspec
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobProperties, ContainerClient

from state.storage_errors import mapped

# Whoever looks for what is due reads a few names, whoever lists everything wants few calls: so
# pages grow. A whole page is in memory at once.
_FIRST_PAGE, _GROWTH, _LARGEST_PAGE = 20, 5, 1000


class Read(msgspec.Struct, frozen=True):
    """What reading a blob gave.

    Attributes:
        content: Its bytes; None: there is no such blob.
        etag: Its version; None: there is no such blob.
        date: When storage answered, by its own clock.
    """

    content: bytes | None
    etag: str | None
    date: datetime


class Listed(msgspec.Struct, frozen=True):
    """A blob as a listing shows it."""

    name: str
    metadata: Mapping[str, str]


class StateStore(Protocol):
    """Small blobs with conditional writes. Each call may raise `StorageError`."""

    def read(self, name: str) -> Read:
        """Read the blob *name*; a missing one is no error."""

    def write(
        self, name: str, content: bytes, *, etag: str | None, metadata: Mapping[str, str]
    ) -> str:
        """Write *name* if its version still is *etag* (None: if there is none); give the new one.

        Raises:
            ConflictError: Someone else wrote first, or our own write's first answer was lost.
        """

    def put(self, name: str, content: bytes = b"") -> None:
        """Write *name* whatever is there."""

    def delete(self, name: str) -> None:
        """Delete *name*; a missing one is no error."""

    def listed(self, prefix: str, *, after: str = "") -> Iterator[Listed]:
        """List what begins with *prefix* and sorts after *after*, by name, page by page."""


class BlobStateStore:
    """The state store in a blob container, which is made when the first write misses it."""

    def __init__(self, container: ContainerClient) -> None:
        self._container = container

    def read(self, name: str) -> Read:
        """See `StateStore`."""
        answered: dict[str, str] = {}

        def note(response: Any) -> None:
            answered.update(response.http_response.headers)

        with mapped(f"read {name}"):
            try:
                blob = self._container.get_blob_client(name)
                download = blob.download_blob(raw_response_hook=note)
                content: bytes = download.readall()
            except ResourceNotFoundError as error:
                headers = getattr(error.response, "headers", {})
                return Read(content=None, etag=None, date=_date(headers))
        return Read(content=content, etag=download.properties.etag, date=_date(answered))

    def write(
        self, name: str, content: bytes, *, etag: str | None, metadata: Mapping[str, str]
    ) -> str:
        """See `StateStore`."""
        condition: dict[str, Any] = (
            {"match_condition": MatchConditions.IfMissing}
            if etag is None
            else {"match_condition": MatchConditions.IfNotModified, "etag": etag}
        )
        with mapped(f"write {name}"):
            return self._upload(name, content, metadata=dict(metadata), **condition)

    def put(self, name: str, content: bytes = b"") -> None:
        """See `StateStore`."""
        with mapped(f"write {name}"):
            self._upload(name, content)

    def delete(self, name: str) -> None:
        """See `StateStore`."""
        with mapped(f"delete {name}"):
            try:
                self._container.delete_blob(name)
            except ResourceNotFoundError:
                return

    def listed(self, prefix: str, *, after: str = "") -> Iterator[Listed]:
        """See `StateStore`."""
        with mapped(f"list {prefix}"):
            try:
                for blob in self._found(prefix, after):
                    if blob.name > after:
                        yield Listed(name=blob.name, metadata=blob.metadata or {})
            except ResourceNotFoundError:
                return

    def _found(self, prefix: str, after: str) -> Iterator[BlobProperties]:
        options: dict[str, Any] = {"start_from": after} if after else {}
        size, token = _FIRST_PAGE, None
        while True:
            pages: Any = self._container.list_blobs(
                name_starts_with=prefix, include=["metadata"], results_per_page=size, **options
            ).by_page(token)
            yield from next(pages)
            token = pages.continuation_token
            if not token:
                return
            size = min(size * _GROWTH, _LARGEST_PAGE)
            options = {}  # the token says where to go on

    def _upload(self, name: str, content: bytes, **options: Any) -> str:
        options = {"overwrite": True} | options
        blob = self._container.get_blob_client(name)
        try:
            answer = blob.upload_blob(content, length=len(content), **options)
        except HttpResponseError as error:
            if getattr(error, "error_code", None) != "ContainerNotFound":
                raise
            self._create_container()
            answer = blob.upload_blob(content, length=len(content), **options)
        return str(answer["etag"])

    def _create_container(self) -> None:
        try:
            self._container.create_container()
        except ResourceExistsError:
            return


def _date(headers: Mapping[str, str]) -> datetime:
    text = next((value for key, value in headers.items() if key.lower() == "date"), None)
    return parsedate_to_datetime(text).astimezone(UTC) if text else datetime.now(UTC)
