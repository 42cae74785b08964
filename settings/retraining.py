"""How endpoints are retrained, as the endpoints file describes it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar

import msgspec

from settings.connection import is_safe_url
from settings.container import KEEPS_COPIES, is_container_and_blob, is_ours_alone
from settings.duration import parse_duration
from settings.protocol_name import USUAL_PROTOCOL, one_of
from settings.schedule import Schedule
from settings.secret import Secret
from settings.table import Table, text, typed

_LONGEST_TIMEOUT = timedelta(days=6)


class ServiceKeys(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of a training service's table that its protocol alone knows; each has its own.

    Attributes:
        ADDRESS: The key that says where the service is.
        API_KEY: The key that says what it is asked with; None: the app's identity.
    """

    ADDRESS: ClassVar[str]
    API_KEY: ClassVar[str | None] = None


class TrainingService(msgspec.Struct, frozen=True, kw_only=True):
    """What trains models when it is asked to.

    Attributes:
        protocol: What it speaks.
        keys: What its protocol needs to know of it.
        output: Which output is the model; None: the one that is.
        timeout: After which a job is cancelled.
    """

    protocol: str
    keys: ServiceKeys
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


type ReadSecret = Callable[[Any], Secret]
type ReadServiceKeys = Callable[[Table, ReadSecret], ServiceKeys]
"""Reads what a protocol alone knows out of a training service's table, where faults are noted."""


def read_training_service(
    table: Table, secret: ReadSecret, protocols: Mapping[str, ReadServiceKeys]
) -> TrainingService:
    """Read one table of `training_services`.

    Args:
        table: The table; what is wrong is noted in it.
        secret: Reads a key: the name of an app setting between percent signs.
        protocols: How the keys of each protocol are read, by its name.
    """
    spoken = table.optional("protocol", one_of(protocols), USUAL_PROTOCOL)
    service = TrainingService(
        protocol=spoken,
        keys=protocols[spoken](table, secret),
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
