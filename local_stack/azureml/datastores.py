"""Blobs by their place in a datastore: read and written by the workspace's own rights."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from local_stack.azureml.description import Datastore, Workspace
from local_stack.azureml.errors import BAD_ARGUMENT, OperationError

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient

_URI: Final = re.compile(
    r"azureml://(?:subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)"
    r"/workspaces/(?P<workspace>[^/]+)/)?datastores/(?P<datastore>[^/]+)/paths/(?P<path>.+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A path in a datastore."""

    datastore: str
    path: str

    @classmethod
    def read(cls, uri: str, workspace: Workspace) -> Self | None:
        """Read an ``azureml://`` URI; ``None``: it is none, or of another workspace."""
        found = _URI.fullmatch(uri)
        if found is None:
            return None
        named = found["subscription"], found["group"], found["workspace"]
        ours = workspace.subscription_id, workspace.resource_group, workspace.name
        if found["workspace"] and [*map(str.casefold, named)] != [*map(str.casefold, ours)]:
            return None
        return cls(found["datastore"], found["path"])

    @property
    def file(self) -> str:
        """The last part of the path."""
        return self.path.rstrip("/").rpartition("/")[2]


class Datastores:
    """The datastores of a workspace.

    Args:
        datastores: Which.
        ca_file: Certificates trusted for https; the system's where it is ``None``.
    """

    def __init__(self, datastores: tuple[Datastore, ...], ca_file: Path | None) -> None:
        self._known: Mapping[str, Datastore] = {one.name: one for one in datastores}
        self._verify: dict[str, Any] = {} if ca_file is None else {"connection_verify": ca_file}

    def __contains__(self, name: object) -> bool:
        """Whether there is a datastore of this name."""
        return name in self._known

    def download(self, place: Place, file: Path) -> None:
        """Write a blob's bytes to a file.

        Raises:
            OperationError: There is no such blob, or storage does not give it.
        """
        with self._blob(place) as blob, file.open("wb") as stream:
            blob.download_blob().readinto(stream)

    def upload(self, file: Path, place: Place) -> None:
        """Write a file to a blob, over whatever is there.

        Raises:
            OperationError: Storage does not take it.
        """
        with self._blob(place) as blob, file.open("rb") as stream:
            blob.upload_blob(stream, overwrite=True)

    @contextmanager
    def _blob(self, place: Place) -> "Iterator[BlobClient]":
        from azure.core.exceptions import AzureError  # noqa: PLC0415 - heavy: when first needed
        from azure.storage.blob import BlobClient  # noqa: PLC0415 - as above

        store = self._known[place.datastore]
        try:
            with BlobClient.from_connection_string(
                store.connection_string, store.container, place.path, **self._verify
            ) as blob:
                yield blob
        except AzureError as exc:
            # Its text may hold addresses and ids of many lines: the kind says enough.
            code = getattr(exc, "error_code", None) or type(exc).__name__
            where = f"{place.datastore}/{place.path}"
            raise OperationError(
                BAD_ARGUMENT, f"Unable to read or write {where} as the endpoint's identity: {code}."
            ) from None
