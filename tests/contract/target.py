"""What the contract suite runs against: endpoints in memory, or the local ML service."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol

from azure.storage.blob import BlobServiceClient
from msgspec.structs import replace

from local_stack.azurite import Azurite
from local_stack.ml_service import Endpoint, MlService, Studio, WebService
from patch_endpoint.sas import AccountKeySource, Signer
from protocols.blob_reference import BlobReference
from protocols.classic_keys import ClassicKeys
from protocols.protocol import ScoringProtocol
from protocols.studio_classic import StudioClassic
from protocols.wire import Wire
from settings.scoring_endpoint import ScoringEndpoint
from settings.secret import Secret
from tests.fakes.calls import Calls
from tests.fakes.driven_clock import DrivenClock
from tests.fakes.model_catalog import MemoryModelCatalog
from tests.fakes.scoring_endpoint import Hosted, MemoryScoring
from tests.fakes.token_source import MemoryTokenSource

RESOURCE = "Modèle de recensement [modèle entraîné]"
# A default endpoint goes by the name of its service.
UPDATABLE, DEFAULT, TRAINING, DOUBLE = "updatable", "predictive", "training", "double"
LIFETIME = timedelta(hours=1)


class Target(Protocol):
    """Endpoints to speak to, and storage for what they are sent."""

    protocol: ScoringProtocol
    clock: DrivenClock
    container: str

    def endpoint(self, kind: str) -> ScoringEndpoint:
        """Describe the endpoint of a kind, with its right key and without a resource."""

    def put(self, blob: str) -> None:
        """Have a model in storage."""

    def reference(self, blob: str, signed_at: datetime | None = None) -> BlobReference:
        """Sign a reference whose token lives an hour from an instant, by default now."""


class MemoryTarget:
    """See `Target`."""

    def __init__(self) -> None:
        self.clock, calls = DrivenClock(), Calls()
        self._catalog = MemoryModelCatalog(self.clock, calls)
        self.container = self._catalog.container
        scoring = MemoryScoring(self.clock, calls, self._catalog)
        usual = Hosted(key="key", resources=(RESOURCE,), placements=[])
        scoring.host(UPDATABLE, usual)
        scoring.host(DEFAULT, replace(usual, is_default=True, placements=[]))
        scoring.host(TRAINING, replace(usual, resources=(), placements=[]))
        scoring.host(DOUBLE, replace(usual, resources=(RESOURCE, "b"), placements=[]))
        self.protocol: ScoringProtocol = scoring
        tokens = MemoryTokenSource(calls)
        self._signer = Signer("https://m.invalid", tokens, LIFETIME, LIFETIME / 2)

    def endpoint(self, kind: str) -> ScoringEndpoint:
        """See `Target`."""
        url = f"https://studio.invalid/{kind}"
        return ScoringEndpoint(
            name=kind,
            protocol="memory",
            keys=ClassicKeys(patch_url=url, api_key=Secret("key"), resource=None),
        )

    def put(self, blob: str) -> None:
        """See `Target`."""
        self._catalog.put(blob)

    def reference(self, blob: str, signed_at: datetime | None = None) -> BlobReference:
        """See `Target`."""
        now = signed_at or self.clock()
        return self._signer.sign(self.container, blob, endpoint="e", now=now).reference


class LocalTarget:
    """See `Target`: the local ML service, which fetches from Azurite, over real sockets."""

    def __init__(
        self, azurite: Azurite, container: str, model: bytes, service: MlService, clock: DrivenClock
    ) -> None:
        self.clock, self.container = clock, container
        self.protocol: ScoringProtocol = StudioClassic(Wire())
        self._azurite, self._model, self._service = azurite, model, service
        source = AccountKeySource(azurite.account_name, Secret(azurite.account_key))
        self._signer = Signer(azurite.blob_service_uri, source, LIFETIME, LIFETIME / 2)

    @classmethod
    @contextmanager
    def start(cls, azurite: Azurite, container: str, model: bytes) -> Iterator["LocalTarget"]:
        """Serve until the block ends."""
        from local_stack.http_service.server import utc_now  # noqa: PLC0415 - only here

        clock = DrivenClock(utc_now())
        with BlobServiceClient.from_connection_string(azurite.connection_string) as client:
            client.create_container(container)
        with MlService.start(_studio(azurite.connection_string), now=clock) as service:
            yield cls(azurite, container, model, service, clock)

    def endpoint(self, kind: str) -> ScoringEndpoint:
        """See `Target`."""
        return ScoringEndpoint(
            name=kind,
            protocol="studio-classic",
            keys=ClassicKeys(
                patch_url=self._service.patch_url(kind), api_key=Secret(self._service.key(kind))
            ),
        )

    def put(self, blob: str) -> None:
        """See `Target`."""
        connection = self._azurite.connection_string
        with BlobServiceClient.from_connection_string(connection) as client:
            client.get_blob_client(self.container, blob).upload_blob(self._model, overwrite=True)

    def reference(self, blob: str, signed_at: datetime | None = None) -> BlobReference:
        """See `Target`."""
        now = signed_at or self.clock()
        return self._signer.sign(self.container, blob, endpoint="e", now=now).reference


def _studio(storage: str) -> Studio:
    other = Endpoint(name="other", default=True)
    services = (
        WebService(
            name=DEFAULT,
            kind="predictive",
            resources=(RESOURCE,),
            endpoints=(Endpoint(name="default", default=True), Endpoint(name=UPDATABLE)),
        ),
        WebService(
            name="double",
            kind="predictive",
            resources=(RESOURCE, "b"),
            endpoints=(other, Endpoint(name=DOUBLE)),
        ),
        WebService(
            name="training",
            kind="training",
            endpoints=(Endpoint(name="published", default=True), Endpoint(name=TRAINING)),
        ),
    )
    return Studio(services=services, storage=storage)
