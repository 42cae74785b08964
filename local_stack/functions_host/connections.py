"""Storage connections: from the name in a binding to clients.

The forms are those of the storage extension: a connection string in `<Name>`, or an identity with
`<Name>__blobServiceUri` and `<Name>__queueServiceUri`. A binding may leave out the prefix
`AzureWebJobs` of the setting.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from azure.core.credentials import TokenCredential
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient, LinearRetry
from azure.storage.queue import QueueClient, TextBase64EncodePolicy

from local_stack.functions_host.definition import FunctionFaultError

_TIMEOUTS: Mapping[str, Any] = {"connection_timeout": 5, "read_timeout": 15}  # seconds


class ConnectionFaultError(FunctionFaultError):
    """A connection's settings are missing or incomplete; names settings, never values."""


@dataclass(frozen=True, slots=True)
class StorageConnection:
    """A storage account; `name` is that of its setting or the prefix of its settings."""

    name: str
    blob_uri: str | None = None
    queue_uri: str | None = None
    connection_string: str | None = field(default=None, repr=False)
    credential: TokenCredential | None = field(default=None, repr=False)

    def blobs(self) -> BlobServiceClient:
        """Client for the account's blobs."""
        if self.connection_string is not None:
            return BlobServiceClient.from_connection_string(self.connection_string, **_patience())
        return BlobServiceClient(str(self.blob_uri), credential=self.credential, **_patience())

    def queue(self, name: str, *, base64: bool) -> QueueClient:
        """Client for a queue of the account; `base64` as `messageEncoding` in host.json."""
        options = _patience()
        if base64:
            options["message_encode_policy"] = TextBase64EncodePolicy()
        if self.connection_string is not None:
            return QueueClient.from_connection_string(self.connection_string, name, **options)
        return QueueClient(str(self.queue_uri), name, credential=self.credential, **options)


def storage_connection(name: str, settings: Mapping[str, str]) -> StorageConnection:
    """Resolve a connection for a trigger, which needs blobs and queues.

    Raises:
        ConnectionFaultError: neither form is complete.
    """
    prefix = name if _is_set(name, settings) else f"AzureWebJobs{name}"
    text = settings.get(prefix)
    if text:
        return _from_text(prefix, text)
    uris = {kind: settings.get(f"{prefix}__{kind}ServiceUri") for kind in ("blob", "queue")}
    account = settings.get(f"{prefix}__accountName")
    if account:
        for kind in ("blob", "queue"):
            uris[kind] = uris[kind] or f"https://{account}.{kind}.core.windows.net"
    if not uris["blob"] or not uris["queue"]:
        raise ConnectionFaultError(
            f"connection {name}: set {name} to a connection string, "
            f"or both {name}__blobServiceUri and {name}__queueServiceUri",
        )
    if not all(str(uri).startswith("https://") for uri in uris.values()):
        raise ConnectionFaultError(f"connection {name}: with an identity both URIs must be https")
    credential = _credential(prefix, settings)
    return StorageConnection(prefix, uris["blob"], uris["queue"], credential=credential)


def _patience() -> dict[str, Any]:
    """A storage that hangs shows in the log within seconds: the SDK itself waits for minutes."""
    return {**_TIMEOUTS, "retry_policy": LinearRetry(backoff=1, retry_total=1)}


def _is_set(name: str, settings: Mapping[str, str]) -> bool:
    return any(key == name or key.startswith(f"{name}__") for key in settings)


def _from_text(name: str, text: str) -> StorageConnection:
    connection = StorageConnection(name, connection_string=text)
    try:
        connection.blobs()
        connection.queue("x", base64=False)
    except ValueError:
        # The SDK's own message may quote the string, and with it the account key.
        raise ConnectionFaultError(f"connection {name} is no valid connection string") from None
    return connection


def _credential(prefix: str, settings: Mapping[str, str]) -> TokenCredential:
    if settings.get(f"{prefix}__credential", "").lower() == "managedidentity":
        return ManagedIdentityCredential(client_id=settings.get(f"{prefix}__clientId"))
    return DefaultAzureCredential()
