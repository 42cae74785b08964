"""How endpoints are retrained, as the endpoints file describes it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec

from settings.connection import is_safe_url
from settings.container import KEEPS_COPIES, is_container_and_blob, is_ours_alone
from settings.duration import parse_duration
from settings.schedule import Schedule
from settings.secret import Secret
from settings.table import Table, text, typed

_LONGEST_TIMEOUT = timedelta(days=6)


class TrainingService(msgspec.Struct, frozen=True, kw_only=True):
    """A training web service.

    Attributes:
        jobs_url: The address of its batch jobs.
        api_key: Its key.
        output: Which output is the model; None: the one that is.
        timeout: After which a job is cancelled.
    """

    jobs_url: str
    api_key: Secret
    output: str | None
    timeout: timedelta


class Retrain(msgspec.Struct, frozen=True, kw_only=True):
    """How one endpoint is retrained.

    Attributes:
        service: The training service.
        schedule: When; None: only when asked.
        inputs: Input name to `container/blob` in the model storage.
        outputs: Output name to `container/blob`, in which `{run}` stands for our id.
        parameters: The job's global parameters.
    """

    service: str
    schedule: Schedule | None
    inputs: dict[str, str]
    outputs: dict[str, str]
    parameters: dict[str, str | int | float | bool]


def read_training_service(table: Table, secret: Callable[[Any], Secret]) -> TrainingService:
    """Read one table of `training_services`."""
    service = TrainingService(
        jobs_url=table.required("jobs_url", safe_url, instead=""),
        api_key=table.required("api_key", secret, instead=Secret("")),
        output=table.optional("output", text, None),
        timeout=table.optional("timeout", _timeout, timedelta(hours=12)),
    )
    table.refuse_unknown()
    return service


def read_retrain(table: Table | None, services: frozenset[str]) -> Retrain | None:
    """Read an endpoint's `retrain` table, which names one of *services*."""

    def known_service(value: object) -> str:
        if text(value) not in services:
            raise ValueError("names no table of training_services")
        return text(value)

    if table is None:
        return None
    retrain = Retrain(
        service=table.required("service", known_service, instead=""),
        schedule=table.optional("schedule", lambda value: Schedule(text(value)), None),
        inputs=table.optional("inputs", _blobs, {}),
        outputs=table.optional("outputs", _written_blobs, {}),
        parameters=table.optional("parameters", typed(dict[str, str | int | float | bool]), {}),
    )
    table.refuse_unknown()
    return retrain


def safe_url(value: object) -> str:
    """Read an address that a key may be sent to."""
    url = text(value)
    if not is_safe_url(url):
        raise ValueError("must be an https address without user name or fragment")
    return url


def _timeout(value: object) -> timedelta:
    timeout = parse_duration(text(value))
    if timeout > _LONGEST_TIMEOUT:
        raise ValueError("must be 6d at most: the tokens of inputs and outputs live as long")
    return timeout


def _written_blobs(value: object) -> dict[str, str]:
    blobs = _blobs(value)
    for name, blob in blobs.items():
        if is_ours_alone(blob.partition("/")[0]):
            raise ValueError(f"{name} must be in another container: {KEEPS_COPIES}")
    return blobs


def _blobs(value: object) -> dict[str, str]:
    blobs = msgspec.convert(value, dict[str, str], strict=True)
    for name, blob in blobs.items():
        if not is_container_and_blob(blob):
            raise ValueError(f"{name} must be container/blob")
    return blobs
