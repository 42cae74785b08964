"""Storage connections, in the forms that Azure Functions knows."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import msgspec

from settings.fault import Fault
from settings.secret import Secret

DEVELOPMENT_STORAGE = "UseDevelopmentStorage=true"
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
    fields = dict(part.split("=", 1) for part in text.strip().split(";") if "=" in part)
    keys = {key.strip().lower() for key, value in fields.items() if value.strip()}
    if text.strip().rstrip(";").lower() == DEVELOPMENT_STORAGE.lower():
        return Connection(name, connection_string=Secret(DEVELOPMENT_STORAGE)), []
    if not {"accountname", "accountkey"} <= keys:
        what = "is no connection string with AccountName and AccountKey, which signing needs"
        return None, [Fault(name, what)]
    uri = next(
        (value for key, value in fields.items() if key.strip().lower() == "blobendpoint"), ""
    )
    if uri and not is_safe_url(uri):
        return None, [Fault(name, "has a BlobEndpoint that is neither https nor on this machine")]
    if not uri and fields.get("DefaultEndpointsProtocol", "https").strip().lower() != "https":
        return None, [Fault(name, "must say DefaultEndpointsProtocol=https")]
    return Connection(name, connection_string=Secret(text.strip())), []


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
    if urlsplit(uri).scheme != "https" or not is_safe_url(uri):
        faults.append(Fault(f"{name}__blobServiceUri", "must be https: it carries an identity"))
    if for_trigger and not part("queueServiceUri"):
        what = "is not set: the blob trigger keeps its queues there"
        faults.append(Fault(f"{name}__queueServiceUri", what))
    if part("credential").lower() not in {"", "managedidentity"}:
        faults.append(Fault(f"{name}__credential", "must be managedidentity, or left out"))
    return faults
