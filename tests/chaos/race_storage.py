"""Where the records and models of a heat are: in Azurite, or in shared memory."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

from azure.storage.blob import BlobServiceClient

from local_stack.azurite import Azurite
from patch_endpoint.records import Records
from state.store import BlobStateStore
from tests.chaos.shared_storage import Address, SharedModelCatalog, SharedStateStore, reach
from tests.fakes.model_catalog import MODEL_BLOBS

_STORAGE = "UseDevelopmentStorage=true"  # which nobody calls


class RaceStorage(Protocol):
    """Storage that processes share."""

    @property
    def shared(self) -> Address | None:
        """Where it is, if it is no Azurite."""

    def prepared(self, heat: str) -> Mapping[str, str]:
        """Make room for a heat, and give the app settings that lead there."""

    def records(self) -> Records:
        """The records of the heat."""

    def newest(self) -> dict[str, str]:
        """Name the newest model of each endpoint."""


class InAzurite:
    """See `RaceStorage`."""

    shared = None

    def __init__(self, azurite: Azurite, client: BlobServiceClient) -> None:
        self._azurite, self._client = azurite, client
        self._container = ""

    def prepared(self, heat: str) -> Mapping[str, str]:
        """See `RaceStorage`."""
        self._container = heat
        self._client.create_container(heat)
        return {
            **self._azurite.environ("AzureWebJobsStorage"),
            **self._azurite.environ("ModelStorage"),
            "STATE_CONTAINER": f"{heat}-state",
            "MODEL_BLOBS": f"{heat}/{{name}}.ilearner",
        }

    def records(self) -> Records:
        """See `RaceStorage`."""
        container = self._client.get_container_client(f"{self._container}-state")
        return Records(BlobStateStore(container))

    def newest(self) -> dict[str, str]:
        """See `RaceStorage`."""
        blobs = self._client.get_container_client(self._container).list_blobs()
        return _newest((blob.last_modified, blob.name) for blob in blobs)


class InMemory:
    """See `RaceStorage`."""

    def __init__(self, address: Address) -> None:
        self.shared = address
        self._storage = reach(address)

    def prepared(self, heat: str) -> Mapping[str, str]:
        """See `RaceStorage`."""
        del heat
        self._storage.clear()
        return {
            "AzureWebJobsStorage": _STORAGE,
            "ModelStorage": _STORAGE,
            "MODEL_BLOBS": MODEL_BLOBS,
        }

    def records(self) -> Records:
        """See `RaceStorage`."""
        return Records(SharedStateStore(self._storage))

    def newest(self) -> dict[str, str]:
        """See `RaceStorage`."""
        models = SharedModelCatalog(self._storage).models()
        return _newest((model.last_modified, model.name) for model in models)


@contextmanager
def in_azurite(azurite: Azurite) -> Iterator[InAzurite]:
    """Race over real storage."""
    with BlobServiceClient.from_connection_string(azurite.connection_string) as client:
        yield InAzurite(azurite, client)


def _newest(models: Iterable[tuple[datetime, str]]) -> dict[str, str]:
    """Name each endpoint's newest model: by its instant, then by its name."""
    newest: dict[str, tuple[datetime, str]] = {}
    for order in models:
        endpoint = order[1].partition("/")[0]
        newest[endpoint] = max(order, newest.get(endpoint, order))
    return {endpoint: name for endpoint, (_, name) in newest.items()}
