"""What the tests of the whole share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_stack.azurite import Azurite
from local_stack.ml_service import dataset
from local_stack.ml_service.training import train
from tests.e2e.deployment import Deployment, deployment


@pytest.fixture
def deployed(azurite: Azurite, container_name: str, tmp_path: Path) -> Iterator[Deployment]:
    """Storage, an ML service and settings of the test's own."""
    with deployment(azurite, container_name, tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def model() -> bytes:
    """A model trained on all training rows."""
    return train(dataset.rows("train"))
