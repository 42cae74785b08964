"""Puts the app together out of its settings. Nothing is called before it is needed."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import msgspec
from azure.storage.blob import BlobServiceClient

from patch_endpoint.catalog import BlobModelCatalog, ModelCatalog
from patch_endpoint.deploy import Deployer
from patch_endpoint.kept import CONTAINER as KEPT_CONTAINER
from patch_endpoint.kept import BlobKeeper, Keeper
from patch_endpoint.ledger import Ledger
from patch_endpoint.records import Records
from patch_endpoint.sas import Signer, signer_of
from patch_endpoint.world import World
from protocols.batch import BatchProtocol
from protocols.identity import AppIdentity, Identity
from protocols.protocol import ScoringProtocol
from protocols.studio_management import StudioManagement
from protocols.table import PROTOCOLS, Kind, Training
from protocols.vault import VAULT_LIMIT, Vault
from protocols.wire import Wire
from retrain_trigger.job_records import JobRecords
from retrain_trigger.job_steps import Surroundings
from retrain_trigger.jobs import Jobs
from retrain_trigger.schedules import Schedules
from retrain_trigger.service_results import ServiceResults
from settings.app_settings import Settings, read_settings
from settings.connection import Connection
from settings.fault import SettingsError
from state.agenda import Agenda
from state.clients import blob_service, credential_of
from state.endpoints_source import AppFolder, BlobFolder, EndpointsSource
from state.heartbeats import Heartbeats
from state.store import BlobStateStore, StateStore

type Storage = Callable[[Connection], BlobServiceClient]
"""Makes the client of a storage connection."""


class Engine(msgspec.Struct, frozen=True):
    """What every trigger works with.

    Attributes:
        settings: The app settings, without a fault.
        endpoints: The endpoints file.
        deployer: The one path that PATCHes.
        records: What is known of each endpoint.
        agenda: What is due when.
        heartbeats: When the timers last finished.
        catalog: The models in storage.
        signer: What signs their tokens.
        keeper: What keeps their bytes.
        protocols: How endpoints are spoken to.
        batches: How training services are.
        jobs: The retraining jobs.
        schedules: When they are due.
        management: What adds endpoints.
        now: The clock.
    """

    settings: Settings
    endpoints: EndpointsSource
    deployer: Deployer
    records: Records
    agenda: Agenda
    heartbeats: Heartbeats
    catalog: ModelCatalog
    signer: Signer
    keeper: Keeper
    protocols: Mapping[str, ScoringProtocol]
    batches: Mapping[str, BatchProtocol]
    jobs: Jobs
    schedules: Schedules
    management: StudioManagement
    now: Callable[[], datetime]


class App:
    """The app: its settings, and its engine where they have no fault.

    Args:
        environ: The app settings.
        folder: Where the app is, for a relative ENDPOINTS_FILE.
        now: The clock.
        wire: What reaches the endpoints.
        storage: What makes the client of a storage connection.
        identity: What reads Key Vault and asks workspaces; None: the identity that storage is
            reached by.
        protocols: The protocols that endpoints and training services can speak, by name.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the parts that a test replaces
        self,
        environ: Mapping[str, str],
        folder: Path,
        now: Callable[[], datetime] | None = None,
        wire: Wire | None = None,
        storage: Storage = blob_service,
        identity: Identity | None = None,
        protocols: Mapping[str, Kind] = PROTOCOLS,
    ) -> None:
        self._environ, self._folder, self._identity = environ, folder, identity
        self._wire, self._storage, self._protocols = wire or Wire(), storage, protocols
        self.now = now or _utc_now
        self.started_at = self.now()

    @cached_property
    def settings(self) -> Settings:
        """The app settings, faults and all."""
        return read_settings(self._environ)

    @cached_property
    def engine(self) -> Engine:
        """What the triggers work with.

        Raises:
            SettingsError: An app setting is missing or wrong.
        """
        identity = self._identity or _identity_of(self.settings)
        wire = self._wire.with_keys(Vault(self._wire.limited_to(VAULT_LIMIT), identity, self.now))
        return _built(
            self.settings,
            self._environ,
            self._folder,
            self.now,
            wire,
            identity,
            self._storage,
            self._protocols,
        )


def _built(  # noqa: PLR0913, PLR0917 - one call, above
    settings: Settings,
    environ: Mapping[str, str],
    folder: Path,
    now: Callable[[], datetime],
    wire: Wire,
    identity: Identity,
    storage: Storage,
    kinds: Mapping[str, Kind],
) -> Engine:
    if settings.faults or settings.model_storage is None or settings.state_storage is None:
        raise SettingsError(settings.faults)
    models, state = storage(settings.model_storage), storage(settings.state_storage)
    container = models.get_container_client(settings.model_blobs.container)
    return assembled(
        settings=settings,
        endpoints=_endpoints_source(settings, environ, folder, state, kinds, now),
        store=BlobStateStore(state.get_container_client(settings.state_container)),
        catalog=BlobModelCatalog(container, settings.model_blobs),
        signer=signer_of(models, settings.sas_lifetime, settings.sas_renew_before),
        keeper=BlobKeeper(models.get_container_client(KEPT_CONTAINER)),
        protocols={name: kind.make(wire, identity) for name, kind in kinds.items()},
        batches={name: one.make(wire, identity) for name, one in _trainings(kinds).items()},
        management=StudioManagement(wire),
        now=now,
        pause=time.sleep,
    )


def assembled(  # noqa: PLR0913 - all of it is named
    *,
    settings: Settings,
    endpoints: EndpointsSource,
    store: StateStore,
    catalog: ModelCatalog,
    signer: Signer,
    keeper: Keeper,
    protocols: Mapping[str, ScoringProtocol],
    batches: Mapping[str, BatchProtocol],
    management: StudioManagement,
    now: Callable[[], datetime],
    pause: Callable[[float], None],
) -> Engine:
    """Put an engine together out of what reaches the world outside."""
    records, agenda, heartbeats = Records(store), Agenda(store), Heartbeats(store)
    results = ServiceResults(batches, endpoints)
    world = World(
        ledger=Ledger(records, agenda),
        catalog=catalog,
        signer=signer,
        keeper=keeper,
        results=results,
        protocols=protocols,
        now=now,
        pause=pause,
    )
    deployer, models = Deployer(world), settings.model_blobs
    around = Surroundings(batches, results, signer, deployer, catalog, models, now)
    return Engine(
        settings=settings,
        endpoints=endpoints,
        deployer=deployer,
        records=records,
        agenda=agenda,
        heartbeats=heartbeats,
        catalog=catalog,
        signer=signer,
        keeper=keeper,
        protocols=protocols,
        batches=batches,
        jobs=Jobs(JobRecords(store, agenda), endpoints, around),
        schedules=Schedules(heartbeats, store),
        management=management,
        now=now,
    )


def _identity_of(settings: Settings) -> AppIdentity:
    """Give the identity that storage is reached by, or whatever identity is there."""
    connections = (settings.model_storage, settings.state_storage)
    by_identity = next((one for one in connections if one and one.blob_service_uri), None)
    # An endpoint's claim is short: fewer tries than azure-identity makes by itself.
    patience = {"retry_total": 1, "connection_timeout": 5, "read_timeout": 10}
    return AppIdentity(lambda: credential_of(by_identity, **patience))


def _endpoints_source(  # noqa: PLR0913, PLR0917 - one call, above
    settings: Settings,
    environ: Mapping[str, str],
    folder: Path,
    state: BlobServiceClient,
    kinds: Mapping[str, Kind],
    now: Callable[[], datetime],
) -> EndpointsSource:
    location = settings.endpoints_file.removeprefix("blob:")
    home, _, path = location.partition("/")
    is_blob = location != settings.endpoints_file
    file = folder / location
    return EndpointsSource(
        BlobFolder(state, home, path) if is_blob else AppFolder(file),
        file.name,
        environ=environ,
        protocols={name: kind.read_keys for name, kind in kinds.items()},
        trainings={name: one.read_keys for name, one in _trainings(kinds).items()},
        now=now,
    )


def _trainings(kinds: Mapping[str, Kind]) -> dict[str, Training]:
    return {name: kind.training for name, kind in kinds.items() if kind.training is not None}


def _utc_now() -> datetime:
    return datetime.now(UTC)
