"""The local ML service with Azurite as its storage."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from azure.storage.blob import BlobServiceClient

from local_stack.azurite import Azurite
from local_stack.ml_service import MlService, Studio, dataset, sample_studio
from local_stack.ml_service.table import Table
from local_stack.ml_service.training import train
from tests.integration.ml_service.wire import Caller, DrivenClock, MakeCaller, Storage


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


@pytest.fixture
def storage(azurite: Azurite, container_name: str) -> Storage:
    with BlobServiceClient.from_connection_string(azurite.connection_string) as client:
        client.create_container(container_name)
    return Storage(azurite, container_name)


@pytest.fixture
def studio(azurite: Azurite) -> Studio:
    return sample_studio(azurite.connection_string)


@pytest.fixture
def caller(studio: Studio, clock: DrivenClock) -> Iterator[Caller]:
    with MlService.start(studio, now=clock) as service:
        yield Caller(service, clock)


@pytest.fixture
def make_caller(studio: Studio, clock: DrivenClock) -> MakeCaller:
    """A caller of a service whose description differs in the members given."""

    @contextmanager
    def make(**changes: Any) -> Iterator[Caller]:
        changed = msgspec.structs.replace(studio, **changes)
        with MlService.start(changed, now=clock) as service:
            yield Caller(service, clock)

    return make


@pytest.fixture(scope="session")
def better() -> bytes:
    """A model trained on all training rows."""
    return train(dataset.rows("train"))


@pytest.fixture(scope="session")
def constant() -> bytes:
    """A model of the digits' columns that says "7" whatever it sees."""
    rows = dataset.rows("little")
    at = rows.columns.index(dataset.LABEL)
    sevens = tuple((*row[:at], "7") for row in rows.rows)
    return train(Table(rows.columns, (*sevens * 3, (*rows.rows[0][:at], "1"))))
