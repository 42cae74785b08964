"""What a deployment's PUT and PATCH may hold (`OnlineDeployment` of the contract)."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from msgspec import Meta

from local_stack.azureml.body import Resource, Wire
from local_stack.azureml.endpoint_body import Identity

type _Count = Annotated[int, Meta(ge=0)]


class Sku(Wire, frozen=True):
    """How many instances; the client always says ``Default``."""

    name: str
    tier: Literal["Free", "Basic", "Standard", "Premium"] | None = None
    size: str | None = None
    family: str | None = None
    capacity: Annotated[int, Meta(ge=0, le=50)] | None = None


class PartialSku(Wire, frozen=True):
    """What a PATCH may hold of it."""

    name: str | None = None
    tier: Literal["Free", "Basic", "Standard", "Premium"] | None = None
    size: str | None = None
    family: str | None = None
    capacity: Annotated[int, Meta(ge=0, le=50)] | None = None


class CodeConfiguration(Wire, frozen=True):
    """Which script is run."""

    scoring_script: str
    code_id: str | None = None


class RequestSettings(Wire, frozen=True):
    """How requests are treated."""

    max_concurrent_requests_per_instance: _Count | None = None
    max_queue_wait: timedelta | None = None
    request_timeout: timedelta | None = None


class Probe(Wire, frozen=True):
    """How a container is probed. Here it is held to the contract, and not heeded."""

    failure_threshold: _Count | None = None
    initial_delay: timedelta | None = None
    period: timedelta | None = None
    success_threshold: _Count | None = None
    timeout: timedelta | None = None


class ScaleSettings(Wire, frozen=True):
    """How it scales: ``Default`` is by hand, and all that a managed one has here."""

    scale_type: Literal["Default", "TargetUtilization"]
    max_instances: int | None = None
    min_instances: int | None = None
    polling_interval: timedelta | None = None
    target_utilization_percentage: int | None = None


class Properties(Wire, frozen=True):
    """A managed deployment."""

    endpoint_compute_type: Literal["Managed", "Kubernetes", "AzureMLCompute"]
    app_insights_enabled: bool | None = None
    code_configuration: CodeConfiguration | None = None
    data_collector: Any = None
    description: str | None = None
    egress_public_network_access: Literal["Enabled", "Disabled"] | None = None
    environment_id: str | None = None
    environment_variables: dict[str, str] | None = None
    instance_type: str | None = None
    liveness_probe: Probe | None = None
    model: str | None = None
    model_mount_path: str | None = None
    properties: dict[str, str] | None = None
    provisioning_state: str | None = None
    readiness_probe: Probe | None = None
    request_settings: RequestSettings | None = None
    scale_settings: ScaleSettings | None = None
    startup_probe: Probe | None = None


class DeploymentBody(Resource, frozen=True, kw_only=True):
    """A PUT."""

    location: str
    properties: Properties
    identity: Identity | None = None
    kind: str | None = None
    sku: Sku | None = None
    tags: dict[str, str] | None = None


class DeploymentPatch(Wire, frozen=True):
    """A PATCH: tags and how many instances, nothing else."""

    sku: PartialSku | None = None
    tags: dict[str, str] | None = None


class LogsRequest(Wire, frozen=True):
    """Which log, and how much of it."""

    container_type: Literal["StorageInitializer", "InferenceServer"] | None = None
    tail: Annotated[int, Meta(ge=1)] | None = None
