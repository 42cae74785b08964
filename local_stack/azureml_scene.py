"""The scene of the second story: a local Azure ML workspace, and an identity for the app."""

import re
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from local_stack.azureml.description import to_json
from local_stack.azureml.installed import IS_INSTALLED, NOT_INSTALLED
from local_stack.azurite import Azurite
from local_stack.demo_endpoints import ONLINE_ENDPOINTS, DemoEndpoints
from local_stack.described_service import described_service
from local_stack.identity import ManagedIdentity, token
from local_stack.online_workspace import CONTAINERS, digits_workspace
from local_stack.scene import Scene
from local_stack.stack import Options, StackError
from local_stack.trainer import MANAGEMENT, WorkspaceTrainer
from local_stack.workspace_client import WorkspaceClient

_SERVING: Final = re.compile(r"azureml\.serving workspace=(\S+)")


@dataclass(frozen=True, kw_only=True)
class AzuremlScene(Scene):
    """A running workspace.

    Attributes:
        workspace: Asks it, as a person with the app's identity.
        score_url: Where its endpoint `digits` is scored.
    """

    workspace: WorkspaceClient
    score_url: str


def azureml_scene(options: Options, azurite: Azurite, ends: ExitStack) -> AzuremlScene:
    """Start it.

    Raises:
        StackError: Microsoft's scoring server is not installed.
        ChildError: It did not start.
    """
    if not IS_INSTALLED:
        raise StackError(NOT_INSTALLED)
    workspace_url = described_service(
        "The workspace",
        "local_stack.azureml",
        to_json(digits_workspace(azurite.account)),
        serving=_SERVING,
        options=options,
        ends=ends,
    )
    identity = ends.enter_context(ManagedIdentity.start()).environ
    url = workspace_url.partition("/subscriptions/")[0]
    stores = {container: datastore for datastore, container in CONTAINERS.items()}
    return AzuremlScene(
        endpoints=DemoEndpoints(options.endpoints_file, url, ONLINE_ENDPOINTS),
        settings=identity,
        trainer=WorkspaceTrainer(workspace_url, stores, identity),
        workspace=WorkspaceClient(workspace_url, lambda: token(identity, MANAGEMENT)),
        score_url=f"{url}/inference/digits/score",
    )
