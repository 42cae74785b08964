"""Storage connections, in the forms that Azure Functions knows."""

import base64
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import msgspec

from settings.fault import Fault
from settings.secret import Secret

DEVELOPMENT_STORAGE = "UseDevelopmentStorage=true"
_UNREAD_BY_SDK = (
    "is no connection string that the storage library can read: copy it anew; "
    "a BlobSecondaryEndpoint needs a BlobEndpoint"
)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Connection(msgspec.Struct, frozen=True):
    """How to reach one storage account: by a connection string or by an identity.

    Attributes:
        name: The setting's name, which faults and logs speak of.
        connection_string: With an account key; None where an identity is used.
        blob_service_uri: Where the blob service is; None with a connection string.
        managed_identity: Use the managed identity and nothing else.
        client_id: Of a user-assigned managed identity.
    """

    name: str
    connection_string: Secret | None = None
    blob_service_uri: str | None = None
    managed_identity: bool = False
    client_id: str | None = None


def is_loopback(url: str) -> bool:
    """Say whether *url* names this machine, where http is allowed."""
    return urlsplit(url).hostname in _LOOPBACK


def is_safe_url(url: str) -> bool:
    """Say whether *url* is https, or http to this machine, and carries no user name."""
    try:
        parts = urlsplit(url)
        has_host, is_bare = bool(parts.hostname), parts.username is None
        _ = parts.port
    except ValueError:
        return False
    safe_scheme = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url))
    return safe_scheme and has_host and is_bare and not parts.fragment


def is_configured(environ: Mapping[str, str], name: str) -> bool:
    """Say whether any setting of the connection *name* is there."""
    return any(
        value and (key == name or key.startswith(f"{name}__")) for key, value in environ.items()
    )


def read_connection(
    environ: Mapping[str, str], name: str, *, for_trigger: bool
) -> tuple[Connection | None, list[Fault]]:
    """Read the connection *name*; with faults it is None.

    A connection of a trigger also needs a queue service, for the host's own queues.
    """
    if environ.get(name):
        return _by_connection_string(name, environ[name])
    return _by_identity(environ, name, for_trigger=for_trigger)


def _by_connection_string(name: str, text: str) -> tuple[Connection | None, list[Fault]]:
    fields = _fields(text)
    if {key: value.lower() for key, value in fields.items()} == {"usedevelopmentstorage": "true"}:
        return Connection(name, connection_string=Secret(DEVELOPMENT_STORAGE)), []
    what = _wrong_with(fields)
    if what is not None:
        return None, [Fault(name, what)]
    # Put together anew: the SDK knows no blanks around names and values.
    whole = ";".join(f"{key}={value}" for key, value in fields.items())
    if not _is_read_by_sdk(whole):
        return None, [Fault(name, _UNREAD_BY_SDK)]
    return Connection(name, connection_string=Secret(whole)), []


def _fields(text: str) -> dict[str, str]:
    """Give the fields of a connection string; their names have no case of their own."""
    parts = (part.partition("=") for part in text.split(";") if part.strip())
    return {key.strip().lower(): value.strip() for key, _, value in parts}


def _wrong_with(fields: Mapping[str, str]) -> str | None:
    """Say what is wrong with a connection string, if anything."""
    if not fields.get("accountname") or not fields.get("accountkey"):
        return "is no connection string with AccountName and AccountKey, which signing needs"
    if not all(fields.values()):
        return "is no connection string: a part between semicolons is not name=value"
    if not _is_base64(fields["accountkey"]):
        return "has an AccountKey that is not base64: copy it whole, up to its last ="
    if uri := fields.get("blobendpoint"):
        if not is_safe_url(uri):
            return "has a BlobEndpoint that is neither https nor on this machine"
    elif fields.get("defaultendpointsprotocol", "https").lower() != "https":
        return "must say DefaultEndpointsProtocol=https"
    return None


def _is_read_by_sdk(text: str) -> bool:
    """Say whether a client can be made of *text*: else every function would fail at its first call.

    The SDK alone knows all that it takes, as that a BlobSecondaryEndpoint needs a BlobEndpoint.
    """
    # The SDK is only needed where a connection string is read.
    from azure.storage.blob import BlobServiceClient  # noqa: PLC0415 - see above

    try:
        BlobServiceClient.from_connection_string(text).close()
    except ValueError:  # its own text may quote a value
        return False
    return True


def _is_base64(key: str) -> bool:
    try:
        return bool(base64.b64decode(key, validate=True))
    except ValueError:
        return False


def _by_identity(
    environ: Mapping[str, str], name: str, *, for_trigger: bool
) -> tuple[Connection | None, list[Fault]]:
    def part(suffix: str) -> str:
        return environ.get(f"{name}__{suffix}", "").strip()

    uri = part("blobServiceUri") or (part("serviceUri") if not for_trigger else "")
    if not uri and part("accountName") and not for_trigger:
        uri = f"https://{part('accountName')}.blob.core.windows.net"
    if not uri:
        return None, [Fault(name, f"is not set: a connection string, or {name}__blobServiceUri")]
    faults = _identity_faults(name, uri, part, for_trigger=for_trigger)
    if faults:
        return None, faults
    return (
        Connection(
            name,
            blob_service_uri=uri.rstrip("/"),
            managed_identity=part("credential").lower() == "managedidentity",
            client_id=part("clientId") or None,
        ),
        [],
    )


def _identity_faults(
    name: str, uri: str, part: Callable[[str], str], *, for_trigger: bool
) -> list[Fault]:
    faults = []
    if not is_safe_url(uri) or urlsplit(uri).scheme != "https" or urlsplit(uri).query:
        what = "must be an https address without a query: it is called with an identity"
        faults.append(Fault(f"{name}__blobServiceUri", what))
    if for_trigger and not part("queueServiceUri"):
        what = "is not set: the blob trigger keeps its queues there"
        faults.append(Fault(f"{name}__queueServiceUri", what))
    if part("credential").lower() not in {"", "managedidentity"}:
        faults.append(Fault(f"{name}__credential", "must be managedidentity, or left out"))
    return faults
