"""Storage: does each account answer, and may the app do there what it must?

Each right is really tried, and nothing is changed by it: what is written or deleted is a blob that
is not there, on the condition that it has a version that no blob has. Storage judges the right
first, so 412 says that it is there and 403 that it is not.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import requests
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient, ContainerClient

from doctor.finding import Finding
from patch_endpoint.kept import CONTAINER as KEPT
from retrain_trigger.engine import Engine
from settings.connection import Connection
from state.storage_errors import StorageError, mapped

_AREA: Final = "storage"
_TRIAL: Final = "doctor-looks-whether-this-could-be-written"
_NO_VERSION: Final = '"0x0"'
_ALLOWED: Final = frozenset({404, 412})
_HOST_CONTAINER: Final = "azure-webjobs-hosts"
_SECONDS: Final = 20

READER: Final = "Storage Blob Data Reader"
CONTRIBUTOR: Final = "Storage Blob Data Contributor"
OWNER: Final = "Storage Blob Data Owner"
DELEGATOR: Final = "Storage Blob Delegator"

type Storage = Callable[[Connection], BlobServiceClient]


class Account:
    """One storage connection, and what is tried there.

    Args:
        connection: Its settings.
        client: Its client.
    """

    def __init__(self, connection: Connection, client: BlobServiceClient) -> None:
        self._connection, self._client = connection, client
        self._is_away = False

    def may_read(self, container: str) -> Finding:
        """Try to look at a blob and to list."""

        def read() -> None:
            client = self._client.get_container_client(container)
            _tolerating(lambda: client.get_blob_client(_TRIAL).get_blob_properties())
            _tolerating(lambda: next(iter(client.list_blobs(name_starts_with=_TRIAL)), None))

        return self.tried(f"read {container}", READER, read)

    def may_write(self, container: str, role: str = CONTRIBUTOR) -> Finding:
        """Try to write and to delete."""
        client = self._client.get_container_client(container)
        return self.tried(f"write {container}", role, lambda: _write_nothing(client))

    def is_there(self, container: str) -> Iterator[Finding]:
        """Warn of a container that is not there, or not yet."""
        if self._is_away:
            return
        try:
            with mapped(f"look for {container}"):
                found = self._client.get_container_client(container).exists()
        except StorageError:
            return  # who may read blobs alone may not ask that
        if not found:
            what = f"there is no container {container}, which MODEL_BLOBS names"
            fix = "compare its name with where your models land; it may come with the first one"
            yield Finding(_AREA, f"{self._connection.name}: {container}", "warning", what, fix)

    def tried(self, what: str, role: str, do: Callable[[], object]) -> Finding:
        """Say what came of a trial; after one without an answer no more are made."""
        where = f"{self._connection.name}: {what}"
        if self._is_away:
            return Finding(_AREA, where, "skipped", "not tried: this storage does not answer")
        try:
            with mapped(what):
                do()
        except StorageError as error:
            self._is_away = error.status is None
            return Finding(_AREA, where, "fault", str(error), _fix(error, self._connection, role))
        return Finding(_AREA, where, "ok", f"may {what}")


def storage(engine: Engine, host: Connection | None, make: Storage) -> Iterator[Finding]:
    """Try what the app does in the storage of models, of records and of the host."""
    models, state = engine.settings.model_storage, engine.settings.state_storage
    if models is not None:
        yield from _models(engine, Account(models, make(models)))
    if state is not None:
        account = Account(state, make(state))
        yield account.may_read(engine.settings.state_container)
        yield account.may_write(engine.settings.state_container)
    if host is not None:
        yield Account(host, make(host)).may_write(_HOST_CONTAINER, OWNER)


def _models(engine: Engine, account: Account) -> Iterator[Finding]:
    container = engine.settings.model_blobs.container
    yield account.may_read(container)
    yield from account.is_there(container)
    yield account.may_write(KEPT)
    for other in sorted(_of_outputs(engine) - {KEPT}):
        yield account.may_write(other)
    yield account.tried("sign tokens", DELEGATOR, lambda: _sign(engine, container))


def _of_outputs(engine: Engine) -> set[str]:
    """Name the containers that jobs write to."""
    try:
        endpoints = engine.endpoints.current().by_name.values()
    except Exception:  # noqa: BLE001 - the file has a look of its own
        return set()
    tables = [one.retrain for one in endpoints if one.retrain is not None]
    return {blob.partition("/")[0] for table in tables for blob in table.outputs.values()}


def _sign(engine: Engine, container: str) -> None:
    """Sign a token, and see that storage takes it."""
    signed = engine.signer.sign(container, _TRIAL, endpoint="doctor", now=engine.now())
    try:
        url = signed.reference.url().reveal()
        answer = requests.head(url, timeout=_SECONDS, allow_redirects=False)
    except requests.RequestException as error:  # its text holds the token
        raise StorageError("take a signed token", code=type(error).__name__) from None
    if answer.status_code not in {200, 404}:
        code = answer.headers.get("x-ms-error-code", "")
        raise StorageError("take a token that was signed just now", answer.status_code, code)


def _write_nothing(client: ContainerClient) -> None:
    condition: dict[str, Any] = {
        "match_condition": MatchConditions.IfNotModified,
        "etag": _NO_VERSION,
    }
    blob = client.get_blob_client(_TRIAL)
    _tolerating(lambda: blob.upload_blob(b"", overwrite=True, **condition))
    _tolerating(lambda: blob.delete_blob(**condition))


def _tolerating(do: Callable[[], object]) -> None:
    """Take what says that there is no such thing for what it is: the right to ask was there."""
    try:
        do()
    except HttpResponseError as error:
        if error.status_code not in _ALLOWED:
            raise


def _fix(error: StorageError, connection: Connection, role: str) -> str:
    name = connection.name
    if error.code in {"CredentialUnavailableError", "ClientAuthenticationError"}:
        return (
            f"there is no identity here that gets a token: where the app runs, give it one and set "
            f"{name}__clientId where it is a user-assigned one; on your machine, sign in with "
            f"`az login` and leave out {name}__credential"
        )
    if error.status is None:
        return f"check the address in {name}, and whether this machine may reach it (firewall)"
    if error.status in {401, 403} and connection.connection_string is not None:
        return f"the key in {name} is wrong, or key access is switched off: use an identity"
    if error.status in {401, 403}:
        return f"give the identity the role {role}; it takes some minutes until it holds"
    return "try again; if it stays, look at the state of the storage account"
