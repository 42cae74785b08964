"""Datastores of a workspace: which blob containers it knows, and under which names."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from protocols.azureml_online.workspace import Workspace
from settings.container import is_container_name

type Datastores = Mapping[str, str]
"""The workspace's datastore of each blob container."""

_DATASTORE: Final = re.compile(r"[A-Za-z0-9_]{1,255}")


def read_datastores(value: object) -> Datastores:
    """Read which datastore each container is.

    Raises:
        ValueError: It is no such table.
    """
    datastores = msgspec.convert(value, dict[str, str], strict=True)
    for container, datastore in datastores.items():
        if not is_container_name(container):
            raise ValueError(f"{container} is no name of a container")
        if not _DATASTORE.fullmatch(datastore):
            raise ValueError(f"{container} must have a datastore's name: letters, digits and _")
    if not datastores:
        raise ValueError("must have the datastore of one container at least")
    return datastores


def uri_within(workspace: Workspace, datastore: str, path: str) -> str:
    """Give what *workspace* knows the blob, or the folder, at *path* of a *datastore* by."""
    return (
        f"azureml://subscriptions/{workspace.subscription}"
        f"/resourceGroups/{workspace.resource_group}/workspaces/{workspace.name}"
        f"/datastores/{datastore}/paths/{path}"
    )
