"""The local workspace, with a light scoring server, on Azurite."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from azure.storage.blob import BlobServiceClient

from local_stack.azureml import ControlPlane, Environment, Workspace
from local_stack.azurite import Azurite
from local_stack.identity import ManagedIdentity
from tests.integration.azureml.wire import Caller, MakeCaller, workspace_of
from tests.integration.key_vault.msi_tokens import MsiTokens
from tests.integration.ml_service.wire import DrivenClock


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


@pytest.fixture
def workspace(azurite: Azurite, container_name: str) -> Workspace:
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        service.create_container(container_name)
    light = Environment(name="scoring", python=Path(sys.executable), server="light")
    return workspace_of(azurite, container_name, light)


@pytest.fixture
def make_caller(
    azurite: Azurite,
    container_name: str,
    workspace: Workspace,
    clock: DrivenClock,
    identity: ManagedIdentity,
) -> MakeCaller:
    """A caller of a workspace whose description differs in the members given."""

    @contextmanager
    def make(**changes: Any) -> Iterator[Caller]:
        changed = msgspec.structs.replace(workspace, **changes)
        with ControlPlane.start(changed, now=clock) as plane:
            yield Caller(plane, clock, azurite, container_name, MsiTokens(identity))

    return make


@pytest.fixture
def caller(make_caller: MakeCaller) -> Iterator[Caller]:
    with make_caller() as made:
        yield made
