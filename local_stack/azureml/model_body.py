"""What a model version's PUT may hold (`ModelVersion` of the contract)."""

from typing import Any, Literal

from local_stack.azureml.body import Resource, Wire


class Properties(Wire, frozen=True):
    """A version of a model."""

    datasets: Any = None
    description: str | None = None
    flavors: dict[str, Any] | None = None
    is_anonymous: bool | None = None
    is_archived: bool | None = None
    job_name: str | None = None
    model_type: Literal["custom_model", "mlflow_model", "triton_model"] | None = None
    model_uri: str | None = None
    properties: dict[str, str] | None = None
    provisioning_state: str | None = None
    stage: str | None = None
    tags: dict[str, str] | None = None


class ModelBody(Resource, frozen=True, kw_only=True):
    """A PUT."""

    properties: Properties
