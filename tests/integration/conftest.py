"""Tables of the page on protocols at work, and real model servers, where they are installed."""

import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from local_stack.azurite import Azurite
from tests.integration.mlserver.front import Front
from tests.integration.mlserver.real_mlserver import (
    IS_INSTALLED,
    NOT_INSTALLED,
    PYTHON,
    RealMLServer,
)
from tests.integration.protocols.played import MakePlayed, Played
from tests.unit.docs.markdown import ROOT

ANSWERS = (1, 2, 3, 7)
_TRAIN = ROOT / "tests" / "integration" / "mlserver" / "train.py"


@pytest.fixture
def at_work(azurite: Azurite, container_name: str, tmp_path: Path) -> MakePlayed:
    """Starts the app with a table that stands in a file, and models for where it leads."""
    return partial(Played, azurite, container_name, tmp_path)


@pytest.fixture(scope="session")
def mlserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealMLServer]:
    """MLServer, for tests that stop nothing; a test that needs it is skipped where it is not."""
    if not IS_INSTALLED:
        pytest.skip(NOT_INSTALLED)
    with RealMLServer.start(tmp_path_factory.mktemp("mlserver")) as server:
        yield server


@pytest.fixture
def front(mlserver: RealMLServer) -> Iterator[Front]:
    """What asks for a key before MLServer."""
    with Front.start(mlserver) as running:
        yield running


@pytest.fixture(scope="session")
def lightgbm_models(tmp_path_factory: pytest.TempPathFactory) -> dict[int, bytes]:
    """Models that MLServer can load, by what they answer."""
    if not IS_INSTALLED:
        pytest.skip(NOT_INSTALLED)
    folder = tmp_path_factory.mktemp("models")
    command = [str(PYTHON), str(_TRAIN), str(folder), *map(str, ANSWERS)]
    trained = subprocess.run(
        command, check=False, timeout=110, env={}, capture_output=True, text=True
    )
    assert trained.returncode == 0, trained.stderr  # on macOS, LightGBM needs `libomp`
    return {answer: (folder / str(answer)).read_bytes() for answer in ANSWERS}
