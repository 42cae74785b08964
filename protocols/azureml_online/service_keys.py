"""What the endpoints file says of a workspace of Azure Machine Learning that trains."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import msgspec

from protocols.azureml_online.asset import asset_reader
from protocols.azureml_online.datastore import Datastores, read_datastores
from protocols.azureml_online.workspace import NOWHERE, Workspace, read_workspace
from settings.retraining import ReadSecret, ServiceKeys, TrainingService
from settings.table import Table, text

_LEVELS: Final = 64
_JOB_TYPE: Final = "jobType"
_ASSETS: Final[Mapping[str, str]] = {
    "codeId": "codes",
    "componentId": "components",
    "environmentId": "environments",
}
_PORTS: Final = ("inputs", "outputs")
_THEIRS: Final = frozenset({"status", "parameters"})
"""What a workspace says of a job, and is never told."""


class AzuremlServiceKeys(ServiceKeys, frozen=True, kw_only=True):
    """The keys of one training service.

    Attributes:
        workspace: The workspace that its jobs run in.
        datastores: The workspace's datastore of each blob container.
        job: The properties of each job, as Resource Manager takes them; inputs and outputs are put
            in later.
    """

    ADDRESS: ClassVar = "workspace"

    workspace: Workspace
    datastores: Datastores
    job: Mapping[str, Any]


def read_azureml_service_keys(table: Table, secret: ReadSecret) -> AzuremlServiceKeys:
    """Read the keys of one training service's table. No key of a service is among them."""
    del secret
    workspace = table.required("workspace", read_workspace, instead=NOWHERE)
    return AzuremlServiceKeys(
        workspace=workspace,
        datastores=table.required("datastores", read_datastores, instead={}),
        job=table.required("job", lambda value: _job(value, workspace), instead={}),
    )


def azureml_service_keys(service: TrainingService) -> AzuremlServiceKeys:
    """Give the keys of a workspace that trains.

    Raises:
        TypeError: It speaks another protocol.
    """
    if not isinstance(service.keys, AzuremlServiceKeys):
        raise TypeError(f"a training service that speaks {service.protocol} is no workspace")
    return service.keys


def _job(value: object, workspace: Workspace) -> dict[str, Any]:
    job = msgspec.convert(value, dict[str, Any], strict=True)
    if _JOB_TYPE not in job:
        raise ValueError(f'must say what it is, as in {_JOB_TYPE} = "Command"')
    text(job[_JOB_TYPE])
    taken = sorted(_THEIRS & job.keys())
    if taken:
        raise ValueError(f"must not hold {', '.join(taken)}: that is the workspace's to say")
    _require_shallow(job)
    for ports in _PORTS:
        msgspec.convert(job.get(ports, {}), dict[str, dict[str, Any]], strict=True)
    return {key: _id(key, said, workspace) if key in _ASSETS else said for key, said in job.items()}


def _require_shallow(value: object, levels: int = _LEVELS) -> None:
    """Refuse what is nested so deeply that it could not be sent, or shown."""
    if levels == 0:
        raise ValueError("is nested too deeply")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        _require_shallow(one, levels - 1)


def _id(key: str, said: object, workspace: Workspace) -> str:
    try:
        return asset_reader(workspace, _ASSETS[key])(said)
    except ValueError as error:
        raise ValueError(f"{key} {error}") from None
