"""A storage account of which we hold the connection string: writing, and signing references."""

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from local_stack.ml_service.blob_reference import BlobReference
from local_stack.ml_service.blob_transfer import LOOPBACK
from local_stack.ml_service.errors import bad_argument

# The documents' tokens begin five minutes before they were made.
_BACK_DATED: Final = timedelta(minutes=5)


class BlobAccount:
    """A storage account on a loopback address.

    Args:
        connection_string: With the account's key.
        ca_file: Certificates trusted for https; the system's where it is ``None``.

    Raises:
        ServiceError: ``InvalidBlobConnectionString``.
    """

    def __init__(self, connection_string: str, ca_file: Path | None) -> None:
        from azure.storage.blob import (  # noqa: PLC0415 - heavy: loaded when first needed
            BlobServiceClient,
        )

        verify: dict[str, Any] = {} if ca_file is None else {"connection_verify": str(ca_file)}
        try:
            client = BlobServiceClient.from_connection_string(connection_string, **verify)
        except ValueError as exc:
            # The SDK's text may quote the string, which holds a key.
            raise bad_argument("InvalidBlobConnectionString", "it does not parse") from exc
        if urlsplit(client.primary_endpoint).hostname not in LOOPBACK:
            text = "this local service uses loopback addresses alone"
            raise bad_argument("InvalidBlobConnectionString", text)
        self._client: BlobServiceClient = client

    def write(self, container: str, blob: str, content: bytes) -> None:
        """Write a block blob over whatever is there; the container is made if it is missing."""
        from azure.core.exceptions import (  # noqa: PLC0415 - heavy: loaded when first needed
            ResourceExistsError,
        )

        with self._client.get_container_client(container) as client:
            with suppress(ResourceExistsError):
                client.create_container()
            client.upload_blob(blob, content, overwrite=True)

    def blob_reference(
        self, container: str, blob: str, now: datetime, lifetime: timedelta
    ) -> BlobReference:
        """A reference whose token reads this one blob (``sr=b&sp=r``)."""
        from azure.storage.blob import generate_blob_sas  # noqa: PLC0415 - heavy, as above

        token = generate_blob_sas(
            account_name=self._client.account_name or "",
            container_name=container,
            blob_name=blob,
            account_key=self._client.credential.account_key,
            permission="r",
            start=now - _BACK_DATED,
            expiry=now + lifetime,
        )
        return self._reference(container, blob, token)

    def container_reference(
        self, container: str, blob: str, now: datetime, lifetime: timedelta
    ) -> BlobReference:
        """A reference whose token reads and lists the container (``sr=c&sp=rl``)."""
        from azure.storage.blob import generate_container_sas  # noqa: PLC0415 - heavy, as above

        token = generate_container_sas(
            account_name=self._client.account_name or "",
            container_name=container,
            account_key=self._client.credential.account_key,
            permission="rl",
            start=now - _BACK_DATED,
            expiry=now + lifetime,
        )
        return self._reference(container, blob, token)

    def _reference(self, container: str, blob: str, token: str) -> BlobReference:
        return BlobReference(
            base_location=self._client.primary_endpoint.rstrip("/") + "/",
            relative_location=f"{quote(container)}/{quote(blob)}",
            sas_blob_token=f"?{token}",
        )
