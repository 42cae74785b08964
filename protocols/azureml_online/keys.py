"""What the endpoints file says of a managed online endpoint of Azure Machine Learning."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final, Literal

import msgspec

from protocols.azureml_online.asset import asset_reader
from protocols.azureml_online.datastore import Datastores, read_datastores
from protocols.azureml_online.workspace import NOWHERE, Workspace, read_workspace
from settings.duration import parse_duration
from settings.scoring_endpoint import Place, ProtocolKeys, ScoringEndpoint, Surroundings
from settings.table import Table, text, typed

type ModelType = Literal["custom_model", "mlflow_model", "triton_model"]

_TYPES: Final[tuple[ModelType, ...]] = ("custom_model", "mlflow_model", "triton_model")
_ALL: Final = 100
_MOST_INSTANCES: Final = 50
_ENDPOINT_NAME: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){2,31}")
_MODEL_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_WITHIN: Final = re.compile(r"(?!/)[A-Za-z0-9._/ -]+")
_OURS: Final = frozenset(
    {
        "codeConfiguration",
        "endpointComputeType",
        "environmentId",
        "environmentVariables",
        "instanceType",
        "model",
        "provisioningState",
    }
)


class DeploymentKeys(msgspec.Struct, frozen=True, kw_only=True):
    """What each deployment is made of; the model is put in later.

    Attributes:
        instance_type: The size of its machines.
        instance_count: How many of them.
        environment: The id of the environment; None: the model brings its own.
        code: The id of the code; None: the model brings its own.
        scoring_script: The file in it that scores.
        environment_variables: What the script finds in its environment.
        properties: Further properties of Resource Manager, as they are.
    """

    instance_type: str = ""
    instance_count: int = 1
    environment: str | None = None
    code: str | None = None
    scoring_script: str | None = None
    environment_variables: Mapping[str, str] = {}
    properties: Mapping[str, Any] = {}


class AzuremlKeys(ProtocolKeys, frozen=True, kw_only=True):
    """The keys of one endpoint.

    Attributes:
        workspace: The workspace that it is in.
        online_endpoint: Its name there.
        model_name: What its models are registered as.
        model_type: How they are stored.
        model_is_folder: Whether a model is the folder that its blob is in.
        datastores: The workspace's datastore of each blob container.
        traffic_steps: What a new deployment is given of the traffic, in percent, step by step.
        step_after: How long a step is watched before the next.
        rollback_window: How long what served before is left standing.
        creation_limit: How long a deployment may take to be created.
        deployment: What each deployment is made of.
    """

    workspace: Workspace
    online_endpoint: str
    model_name: str
    model_type: ModelType
    model_is_folder: bool
    datastores: Datastores
    traffic_steps: tuple[int, ...]
    step_after: timedelta
    rollback_window: timedelta
    creation_limit: timedelta
    deployment: DeploymentKeys

    @property
    def path(self) -> str:
        """Where the endpoint is within its workspace."""
        return f"/onlineEndpoints/{self.online_endpoint}"

    @property
    def place(self) -> Place:
        """See `ProtocolKeys`; case makes no other resource."""
        return Place(f"{self.workspace.url}{self.path}".lower())


def read_azureml_keys(table: Table, smoke_test: Table | None, around: Surroundings) -> AzuremlKeys:
    """Read the keys of one endpoint's table. No key of a service is among them."""
    del smoke_test, around
    name = table.where.rpartition(".")[2]
    workspace = table.required("workspace", read_workspace, instead=NOWHERE)
    model_type: ModelType = table.optional("model_type", _model_type, "custom_model")
    brings_all = model_type != "custom_model"
    return AzuremlKeys(
        workspace=workspace,
        online_endpoint=_named(table, "online_endpoint", _endpoint_name, name),
        model_name=_named(table, "model_name", _model_name, name),
        model_type=model_type,
        model_is_folder=table.optional("model_is_folder", typed(bool), brings_all),
        datastores=table.required("datastores", read_datastores, instead={}),
        traffic_steps=table.optional("traffic_steps", _traffic_steps, (_ALL,)),
        step_after=table.optional("step_after", _duration, timedelta(minutes=10)),
        rollback_window=table.optional("rollback_window", _duration, timedelta(days=1)),
        creation_limit=table.optional("creation_limit", _duration, timedelta(hours=2)),
        deployment=_read_deployment(table, workspace, brings_all=brings_all),
    )


def azureml_keys(endpoint: ScoringEndpoint) -> AzuremlKeys:
    """Give the keys of a managed online endpoint.

    Raises:
        TypeError: It speaks another protocol.
    """
    if not isinstance(endpoint.keys, AzuremlKeys):
        raise TypeError(f"{endpoint.name} is no managed online endpoint")
    return endpoint.keys


def _named(table: Table, key: str, parse: Callable[[object], str], usual: str) -> str:
    """Read a name which usually is that of the table, if that can be one."""
    name = table.optional(key, parse, None)
    if name is not None:
        return name
    try:
        return parse(usual)
    except ValueError as error:
        table.fault(key, f"is missing, and {usual} cannot stand for it: {error}")
        return usual


def _read_deployment(table: Table, workspace: Workspace, *, brings_all: bool) -> DeploymentKeys:
    """Read what deployments are made of; a model of some types brings environment and code."""
    found = table.table("deployment")
    if found is None:
        table.fault("deployment", "is missing: a table [endpoints.<name>.deployment]")
        return DeploymentKeys()
    deployment = DeploymentKeys(
        instance_type=found.required("instance_type", text, instead=""),
        instance_count=found.optional("instance_count", _instance_count, 1),
        environment=found.optional("environment", asset_reader(workspace, "environments"), None),
        code=found.optional("code", asset_reader(workspace, "codes"), None),
        scoring_script=found.optional("scoring_script", _within, None),
        environment_variables=found.optional("environment_variables", typed(dict[str, str]), {}),
        properties=found.optional("properties", _properties, {}),
    )
    if deployment.environment is None and not brings_all:
        found.fault("environment", "is missing: a custom_model needs one")
    if (deployment.code is None) != (deployment.scoring_script is None):
        found.fault("scoring_script", "and code go together: give both, or neither")
    found.refuse_unknown()
    return deployment


def _model_type(value: object) -> ModelType:
    found = next((one for one in _TYPES if one == value), None)
    if found is None:
        raise ValueError(f"must be one of: {', '.join(_TYPES)}")
    return found


def _endpoint_name(value: object) -> str:
    if not _ENDPOINT_NAME.fullmatch(text(value)):
        raise ValueError("must be 3 to 32 letters, digits and single hyphens, a letter first")
    return text(value)


def _model_name(value: object) -> str:
    if not _MODEL_NAME.fullmatch(text(value)):
        raise ValueError("must be letters, digits, dots, hyphens and underscores")
    return text(value)


def _traffic_steps(value: object) -> tuple[int, ...]:
    steps = msgspec.convert(value, list[int], strict=True)
    rises = all(0 < before < after for before, after in pairwise([*steps, _ALL + 1]))
    if not rises or steps[-1:] != [_ALL]:
        raise ValueError("must be whole percents that rise from 1 to 100, 100 the last")
    return tuple(steps)


def _instance_count(value: object) -> int:
    count = msgspec.convert(value, int, strict=True)
    if not 1 <= count <= _MOST_INSTANCES:
        raise ValueError(f"must be 1 to {_MOST_INSTANCES}")
    return count


def _within(value: object) -> str:
    if not _WITHIN.fullmatch(text(value)):
        raise ValueError("must be a path within the code")
    return text(value)


def _properties(value: object) -> dict[str, Any]:
    properties = msgspec.convert(value, dict[str, Any], strict=True)
    taken = sorted(_OURS & properties.keys())
    if taken:
        raise ValueError(f"must not hold {', '.join(taken)}: that has a key of its own")
    try:
        msgspec.json.encode(properties)
    except msgspec.ValidationError as error:
        raise ValueError(f"cannot be sent as JSON: {error}") from error
    return properties


def _duration(value: object) -> timedelta:
    return parse_duration(text(value))
