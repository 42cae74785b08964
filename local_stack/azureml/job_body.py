"""What a command job's PUT may hold (`JobBase` with `CommandJob` of the contract)."""

from datetime import timedelta
from typing import Any, Literal

import msgspec

from local_stack.azureml.body import Resource, Wire

type _Kind = Literal[
    "uri_file", "uri_folder", "mltable", "custom_model", "mlflow_model", "triton_model"
]


class JobInput(Wire, frozen=True):
    """An input: a text (``literal``), or what is at a place."""

    job_input_type: _Kind | Literal["literal"]
    description: str | None = None
    mode: str | None = None
    uri: str | None = None
    value: str | None = None


class JobOutput(Wire, frozen=True):
    """An output: where what the command writes is put."""

    job_output_type: _Kind
    asset_name: str | None = None
    description: str | None = None
    mode: str | None = None
    uri: str | None = None


class Limits(Wire, frozen=True):
    """How long it may run."""

    job_limits_type: Literal["Command"]
    timeout: timedelta | None = None


class Properties(Wire, frozen=True):
    """A command job."""

    job_type: Literal["Command"]
    command: str
    environment_id: str
    code_id: str | None = None
    component_id: str | None = None
    compute_id: str | None = None
    description: str | None = None
    display_name: str | None = None
    distribution: Any = None
    environment_variables: dict[str, str] | None = None
    experiment_name: str | None = None
    identity: Any = None
    inputs: dict[str, JobInput] | None = None
    is_archived: bool | None = None
    limits: Limits | None = None
    notification_setting: Any = None
    outputs: dict[str, JobOutput] | None = None
    parameters: Any = None
    properties: dict[str, str] | None = None
    queue_settings: Any = None
    resources: Any = None
    services: dict[str, Any] | None = None
    status: str | None = None
    tags: dict[str, str] | None = None


class JobBody(Resource, frozen=True, kw_only=True):
    """A PUT."""

    properties: Properties


class _Typed(msgspec.Struct, rename="camel"):
    job_type: str


class AnyJob(msgspec.Struct):
    """A PUT of a job of any type, as far as it must be read to know which."""

    properties: _Typed
