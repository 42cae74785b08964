"""What the tests of the host share: an account, a container of their own, a way to start."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient

from local_stack.azurite import Azurite
from local_stack.functions_host import FunctionsHost
from tests.integration.functions_host.sample_app import QUICK, SampleApp

StartHost = Callable[..., FunctionsHost]


@pytest.fixture
def container(azurite: Azurite, container_name: str) -> Iterator[ContainerClient]:
    """A container of the test's own; it exists."""
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        yield service.create_container(container_name)


@pytest.fixture
def environ(azurite: Azurite, container_name: str) -> Mapping[str, str]:
    """App settings of the sample apps."""
    return {
        **azurite.environ("AzureWebJobsStorage"),
        **azurite.environ("ModelStorage"),
        "CONTAINER": container_name,
    }


@pytest.fixture
def start_host(environ: Mapping[str, str]) -> Iterator[StartHost]:
    """Starts hosts that poll quickly; whatever still runs is stopped in the end."""
    with ExitStack() as stack:

        def start(app: SampleApp, **settings: str) -> FunctionsHost:
            host = FunctionsHost.start(
                app.folder,
                environ={**environ, **settings},
                poll_interval=QUICK,
            )
            return stack.enter_context(host)

        yield start
