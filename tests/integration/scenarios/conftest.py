"""The app with one endpoint of a protocol, on a clock that the test drives."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local_stack.azureml import Environment
from local_stack.azureml.installed import IS_INSTALLED, environment
from local_stack.azurite import Azurite
from local_stack.identity import ManagedIdentity
from local_stack.ml_service import dataset
from local_stack.ml_service.training import train
from tests.integration.ml_service.wire import DrivenClock
from tests.integration.mlserver.front import Front
from tests.integration.scenarios.azureml_rig import AzuremlRig
from tests.integration.scenarios.classic_rig import ClassicRig
from tests.integration.scenarios.http_rig import HttpRig
from tests.integration.scenarios.play import Play
from tests.integration.scenarios.rig import Rig
from tests.integration.scenarios.shelf_rig import ShelfRig

LIGHT = Environment(name="scoring", python=Path(sys.executable), server="light")


@pytest.fixture(scope="session")
def classic_models() -> tuple[bytes, bytes]:
    """A model that passes the smoke test of Studio (classic), and one that fails it."""
    return train(dataset.rows("train")), train(dataset.rows("little"))


@pytest.fixture
def clock() -> DrivenClock:
    """Begins in the past, so that tokens signed hours later are good by the real clock too."""
    return DrivenClock(datetime.now(UTC) - timedelta(hours=23, minutes=55))


@pytest.fixture
def classic(
    azurite: Azurite, clock: DrivenClock, classic_models: tuple[bytes, bytes]
) -> Iterator[Rig]:
    with ClassicRig.start(azurite, clock, classic_models) as rig:
        yield rig


@pytest.fixture
def http(azurite: Azurite) -> Iterator[Rig]:
    with HttpRig.start(azurite) as rig:
        yield rig


@pytest.fixture
def mlserver_rig(front: Front, lightgbm_models: dict[int, bytes]) -> Rig:
    """The same as `http`, and MLServer itself behind it."""
    return HttpRig(front, good=lightgbm_models[7], bad=lightgbm_models[1])


@pytest.fixture
def shelf(azurite: Azurite) -> Iterator[ShelfRig]:
    with ShelfRig.start(azurite) as rig:
        yield rig


@pytest.fixture
def azureml(
    azurite: Azurite, clock: DrivenClock, container_name: str, identity: ManagedIdentity
) -> Iterator[AzuremlRig]:
    with AzuremlRig.start(azurite, clock, container_name, identity, LIGHT) as rig:
        yield rig


@pytest.fixture
def microsoft(
    azurite: Azurite, clock: DrivenClock, container_name: str, identity: ManagedIdentity
) -> Iterator[AzuremlRig]:
    """The same, and each deployment is Microsoft's own scoring server, where it is installed."""
    scoring = environment("scoring") if IS_INSTALLED else LIGHT
    with AzuremlRig.start(azurite, clock, container_name, identity, scoring) as rig:
        yield rig


@pytest.fixture(
    params=[
        "classic",
        "http",
        pytest.param("mlserver_rig", marks=pytest.mark.real_server, id="mlserver"),
        pytest.param("microsoft", marks=pytest.mark.real_server, id="azureml"),
        "shelf",
    ]
)
def rig(request: pytest.FixtureRequest) -> Rig:
    """Each protocol in turn."""
    found: Rig = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def play_shelf(
    shelf: ShelfRig, azurite: Azurite, container_name: str, tmp_path: Path, clock: DrivenClock
) -> Play:
    """The app with an endpoint that takes a model in several steps."""
    return Play({"census": shelf}, azurite, container_name, tmp_path, clock)


@pytest.fixture
def play_azureml(
    azureml: AzuremlRig, azurite: Azurite, container_name: str, tmp_path: Path, clock: DrivenClock
) -> Play:
    """The app with an online endpoint of Azure Machine Learning."""
    return Play({"census": azureml}, azurite, container_name, tmp_path, clock)


@pytest.fixture
def several(
    request: pytest.FixtureRequest,
    azurite: Azurite,
    container_name: str,
    tmp_path: Path,
    clock: DrivenClock,
) -> Play:
    """The app with an endpoint of each protocol."""
    rigs = {name: request.getfixturevalue(name) for name in ("classic", "shelf", "azureml", "http")}
    return Play(rigs, azurite, container_name, tmp_path, clock)


@pytest.fixture
def play(
    rig: Rig, azurite: Azurite, container_name: str, tmp_path: Path, clock: DrivenClock
) -> Play:
    return Play({"census": rig}, azurite, container_name, tmp_path, clock)
