"""Clients of the storage accounts that the settings name."""

from typing import TYPE_CHECKING, Any

import requests
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobServiceClient, ExponentialRetry
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from settings.connection import Connection

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

CONNECT_SECONDS = 5
READ_SECONDS = 20
# Tries again are the SDK's own business.
_NEVER = Retry(total=False, redirect=False, raise_on_status=False)
AT_ONCE = 32
"""As many connections are kept as a tick uses. Beyond its pool, which the SDK leaves at ten, each
call would open one of its own and close it again."""


def blob_service(connection: Connection, retries: int = 3, **options: Any) -> BlobServiceClient:
    """Make the client of *connection*, with further *options* of the SDK. No call is made yet."""
    # A function must answer within its own time: fewer and shorter pauses than the SDK's own.
    retry = ExponentialRetry(
        initial_backoff=1, increment_base=2, retry_total=retries, random_jitter_range=1
    )
    options = {"retry_policy": retry, "transport": transport()} | options
    if connection.connection_string is not None:
        return BlobServiceClient.from_connection_string(
            connection.connection_string.reveal(), **options
        )
    if connection.blob_service_uri is None:
        raise ValueError(f"the connection {connection.name} says neither key nor address")
    return BlobServiceClient(
        connection.blob_service_uri, credential=credential_of(connection), **options
    )


def transport() -> RequestsTransport:
    """Make what carries the calls of one client: bounded in time, with connections enough."""
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=AT_ONCE, max_retries=_NEVER))
    return RequestsTransport(
        session=session, connection_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS
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
