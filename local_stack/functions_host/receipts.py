"""Receipts: which versions of which blobs a function has been run for.

A receipt is an empty blob in the host's own account, at the place where the blob extension keeps
its own: `azure-webjobs-hosts/blobreceipts/<host id>/<function>/<etag>/<container>/<blob>`. It is
written once the event is settled, so a crash before that makes the event come again.
"""

import hashlib
from collections.abc import Iterator

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient, ContainerClient

from local_stack.functions_host.blob_event import BlobEvent

HOSTS_CONTAINER = "azure-webjobs-hosts"

_LONGEST_NAME = 1024  # of a blob, in characters
_LONGEST_URL = 6000  # percent-encoded; servers cap a request line at 8 KiB or a little more


class Receipts:
    """The receipts of one function."""

    def __init__(self, service: BlobServiceClient, host_id: str, function: str) -> None:
        self._container = service.get_container_client(HOSTS_CONTAINER)
        self._prefix = f"blobreceipts/{host_id}/{function}/"

    def name(self, event: BlobEvent) -> str:
        """Name of an event's receipt.

        The blob's name as it is, or its hash if a name so made would be too long for a blob.
        """
        start = f"{self._prefix}{event.etag}/{event.container}/"
        encoded = sum(1 if c.isascii() and c.isalnum() else 3 * len(c.encode()) for c in event.name)
        fits = len(start) + len(event.name) <= _LONGEST_NAME and encoded <= _LONGEST_URL
        # Storage drops dots and slashes at the end of a name, so such a name would not come back.
        if fits and not event.name.endswith((".", "/")):
            return start + event.name
        return f"{start}sha256-{hashlib.sha256(event.name.encode()).hexdigest()}"

    def names(self) -> Iterator[str]:
        """Names of all receipts there are, page by page."""
        try:
            yield from self._container.list_blob_names(name_starts_with=self._prefix)
        except ResourceNotFoundError:
            return  # the first start on this account

    def write(self, event: BlobEvent) -> None:
        """Note that an event is settled."""
        try:
            self._upload(event)
        except ResourceNotFoundError:
            create_hosts_container(self._container)
            self._upload(event)

    def _upload(self, event: BlobEvent) -> None:
        self._container.upload_blob(self.name(event), b"", overwrite=True)


def create_hosts_container(container: ContainerClient) -> None:
    """Create the host's container; another process may have been faster."""
    try:
        container.create_container()
    except ResourceExistsError:
        return
