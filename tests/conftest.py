"""Real services for the tests; each pytest process (xdist worker) starts its own on first use."""

import uuid
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from local_stack.azurite import Azurite
from local_stack.identity import ManagedIdentity

# A busy machine may pause for longer than an example may take; what hangs, pytest's timeout ends.
settings.register_profile(
    "project", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("project")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what the attacks of `tests/chaos` can be told."""
    parser.addoption(
        "--full", action="store_true", help="run the attacks in full, and what takes minutes"
    )
    parser.addoption(
        "--write-figures", action="store_true", help="write their figures to docs/reliability.md"
    )


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """Azurite in memory, over http: connections by account key."""
    with Azurite.start() as running:
        yield running


@pytest.fixture(scope="session")
def azurite_oauth() -> Iterator[Azurite]:
    """Azurite in memory, over https with a certificate of its own: connections by identity."""
    with Azurite.start(oauth=True) as running:
        yield running


@pytest.fixture(scope="session")
def identity() -> Iterator[ManagedIdentity]:
    """A managed identity endpoint; its `environ` goes to the process that is to have it."""
    with ManagedIdentity.start() as running:
        yield running


@pytest.fixture
def container_name() -> str:
    """A container name that no other test uses; the container does not exist yet."""
    return f"test-{uuid.uuid4().hex}"
