"""The app on real storage, with endpoints of the local ML service or of a test's own."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest

from local_stack.azurite import Azurite
from local_stack.ml_service import MlService, dataset, sample_studio
from local_stack.ml_service.training import train
from tests.integration.app.running_app import RunningApp
from tests.integration.ml_service.wire import DrivenClock

KEY = "k3y-of-the-endpoint-0123456789abcdef"


class MakeApp(Protocol):
    """Makes the app of a test."""

    def __call__(self, endpoints: Mapping[str, Mapping[str, object]], **more: Any) -> RunningApp:
        """An app with these endpoints, whose key is in the app setting `KEY`."""


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


@pytest.fixture
def make_app(azurite: Azurite, container_name: str, tmp_path: Path, clock: DrivenClock) -> MakeApp:
    def make(endpoints: Mapping[str, Mapping[str, object]], **more: Any) -> RunningApp:
        settings = {"keys": {"KEY": KEY}, "now": clock, **more}
        return RunningApp(azurite, container_name, tmp_path, endpoints, **settings)

    return make


@pytest.fixture
def ml_service(azurite: Azurite, clock: DrivenClock) -> Iterator[MlService]:
    """The local ML service with the endpoint `digits`, on the test's clock."""
    with MlService.start(sample_studio(azurite.connection_string), now=clock) as service:
        yield service


@pytest.fixture(scope="session")
def model() -> bytes:
    """A model trained on all training rows."""
    return train(dataset.rows("train"))


@pytest.fixture(scope="session")
def poor_model() -> bytes:
    """A model trained on few rows, which takes many digits for others."""
    return train(dataset.rows("little"))
