"""A request's body, held to the type that says what it may hold, and kept as it was sent."""

from typing import Any

import msgspec
from msgspec import Struct

from local_stack.azureml.errors import unreadable


class Wire(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """An object of the contract: a member that the contract does not know is refused."""


class Resource(Wire, frozen=True):
    """What every resource has that only the service writes; sent back to it, it is ignored."""

    id: str | None = None
    name: str | None = None
    type: str | None = None
    system_data: Any = None


def decode[T](body: bytes, kind: type[T]) -> T:
    """Hold JSON to a type.

    Raises:
        ArmError: 400, which names the member at fault.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise unreadable(str(exc)) from exc


def as_sent(body: bytes) -> dict[str, Any]:
    """The members of a JSON object that was decoded before, those that are null left out."""
    return _without_nulls(msgspec.json.decode(body))


def _without_nulls(value: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _without_nulls(one) if isinstance(one, dict) else one
        for name, one in value.items()
        if one is not None
    }
