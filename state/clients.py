"""Clients of the storage accounts that the settings name."""

from typing import TYPE_CHECKING, Any

from azure.storage.blob import BlobServiceClient, ExponentialRetry

from settings.connection import Connection

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

CONNECT_SECONDS = 5
READ_SECONDS = 20


def blob_service(connection: Connection, retries: int = 3) -> BlobServiceClient:
    """Make the client of *connection*. No call is made yet."""
    # A function must answer within its own time: fewer and shorter pauses than the SDK's own.
    retry = ExponentialRetry(
        initial_backoff=1, increment_base=2, retry_total=retries, random_jitter_range=1
    )
    if connection.connection_string is not None:
        return BlobServiceClient.from_connection_string(
            connection.connection_string.reveal(),
            retry_policy=retry,
            connection_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
        )
    if connection.blob_service_uri is None:
        raise ValueError(f"the connection {connection.name} says neither key nor address")
    return BlobServiceClient(
        connection.blob_service_uri,
        credential=credential_of(connection),
        retry_policy=retry,
        connection_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
    )


def credential_of(connection: Connection | None, **options: Any) -> "TokenCredential":
    """Make the credential of *connection*; None: that of whatever identity is there.

    Args:
        connection: One by identity.
        options: How patient it is, as azure-core names it.
    """
    # azure-identity costs about 130 ms: only where an identity is used.
    from azure.identity import (  # noqa: PLC0415 - see above
        DefaultAzureCredential,
        ManagedIdentityCredential,
    )

    if connection is None:
        return DefaultAzureCredential(**options)
    if connection.managed_identity:
        return ManagedIdentityCredential(client_id=connection.client_id, **options)
    return DefaultAzureCredential(managed_identity_client_id=connection.client_id, **options)
