"""The app of a process, put together over Azurite or over shared storage."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from azure.storage.blob import BlobServiceClient

from patch_endpoint.sas import Signer
from protocols.classic_keys import read_classic_keys, read_classic_service_keys
from protocols.studio_batch import StudioBatch
from protocols.studio_classic import NAME, StudioClassic
from protocols.studio_management import StudioManagement
from protocols.wire import Wire
from retrain_trigger.engine import App, Engine, assembled
from settings.app_settings import read_settings
from state.endpoints_source import AppFolder, EndpointsSource
from tests.chaos.orders import Open
from tests.chaos.shared_storage import Address, SharedModelCatalog, SharedStateStore, reach
from tests.fakes.calls import Calls
from tests.fakes.keeper import MemoryKeeper
from tests.fakes.model_catalog import MemoryModelCatalog
from tests.fakes.token_source import MemoryTokenSource

type Now = Callable[[], datetime]


class Opened(NamedTuple):
    """An app.

    Attributes:
        engine: What its triggers work with.
        put: Writes a model, as whoever trains does.
    """

    engine: Engine
    put: Callable[[str], None]


def opened(order: Open, now: Now) -> Opened:
    """Put the app together."""
    wire = Wire(timedelta(seconds=order.limit))
    if order.shared is not None:
        return _over_shared_storage(order, now, wire, Address(*order.shared))
    app = App(order.environ, Path(order.folder), now=now, wire=wire)
    models = app.settings.model_storage
    if models is None or models.connection_string is None:
        raise ValueError("the storage of the models is not known")
    service = BlobServiceClient.from_connection_string(models.connection_string.reveal())
    container = service.get_container_client(app.settings.model_blobs.container)

    def put(name: str) -> None:
        container.upload_blob(name, name.encode(), overwrite=True)

    return Opened(app.engine, put)


def _over_shared_storage(order: Open, now: Now, wire: Wire, address: Address) -> Opened:
    storage, settings = reach(address), read_settings(order.environ)
    file = Path(settings.endpoints_file)
    endpoints = EndpointsSource(
        AppFolder(file),
        file.name,
        environ=order.environ,
        protocols={NAME: read_classic_keys},
        trainings={NAME: read_classic_service_keys},
        now=now,
    )
    # No bytes are kept and few tokens read here: these two stay in this process.
    calls = Calls()
    keeper = MemoryKeeper(MemoryModelCatalog(now, calls), calls, now)
    signer = Signer(
        "https://models.blob.invalid/",
        MemoryTokenSource(calls),
        settings.sas_lifetime,
        settings.sas_renew_before,
    )
    engine = assembled(
        settings=settings,
        endpoints=endpoints,
        store=SharedStateStore(storage),
        catalog=SharedModelCatalog(storage),
        signer=signer,
        keeper=keeper,
        protocols={NAME: StudioClassic(wire)},
        batches={NAME: StudioBatch(wire)},
        management=StudioManagement(wire),
        now=now,
        pause=time.sleep,
    )
    return Opened(engine, storage.put_model)
