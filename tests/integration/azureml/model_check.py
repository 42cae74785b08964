"""Holds JSON to the models in Microsoft's `azure-ai-ml`, which are generated from the contract.

Run by the Python that has that package, as it is not among the packages of the tests. It reads
`[{"model": …, "sent": …, "body": …}, …]` and writes the faults that it finds, one list for each.
The package itself takes anything: it never looks at a member that it does not know.
"""

import json
import sys
import types
import typing
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

import isodate
from azure.ai.ml._restclient.arm_ml_service import models

_READ = {timedelta: isodate.parse_duration, datetime: datetime.fromisoformat}


def faults(kind: Any, value: Any, where: str, *, sent: bool) -> Iterator[str]:
    """What is wrong with a value of a kind, each as `where: what`."""
    if kind is Any or isinstance(kind, typing.TypeVar):
        return
    origin = get_origin(kind)
    if origin in {Union, types.UnionType}:
        yield from _of_union(get_args(kind), value, where, sent=sent)
    elif origin is dict:
        yield from _of_dict(get_args(kind)[1], value, where, sent=sent)
    elif origin is list:
        yield from _of_list(get_args(kind)[0], value, where, sent=sent)
    elif hasattr(kind, "_is_model"):
        yield from _of_model(kind, value, where, sent=sent)
    elif not _is_plain(kind, value):
        yield f"{where}: {value!r} is no {getattr(kind, '__name__', kind)}"


def _of_union(kinds: tuple[Any, ...], value: Any, where: str, *, sent: bool) -> Iterator[str]:
    if value is None and _is_optional(kinds):
        return
    enums = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Enum)]
    if enums:  # beside it stands any text: only the known ones are the contract's
        if value not in {one.value for one in enums[0]}:
            yield f"{where}: {value!r} is no {enums[0].__name__}"
        return
    (kind,) = (one for one in kinds if one is not type(None))
    yield from faults(kind, value, where, sent=sent)


def _of_dict(kind: Any, value: Any, where: str, *, sent: bool) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: {value!r} is no dictionary"
        return
    for name, one in value.items():
        yield from faults(kind, one, f"{where}.{name}", sent=sent)


def _of_list(kind: Any, value: Any, where: str, *, sent: bool) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{where}: {value!r} is no list"
        return
    for at, one in enumerate(value):
        yield from faults(kind, one, f"{where}[{at}]", sent=sent)


def _of_model(kind: Any, value: Any, where: str, *, sent: bool) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: {value!r} is no {kind.__name__}"
        return
    kind = _subclass(kind, value)
    known, kinds = _members(kind), typing.get_type_hints(kind, vars(models) | {"_models": models})
    for name in value.keys() - known.keys():
        yield f"{where}.{name}: {kind.__name__} has no such member"
    for name, (attribute, visibility) in known.items():
        inner = kinds[attribute]
        if name not in value:
            if not _is_optional(get_args(inner)) and (not sent or visibility != ["read"]):
                yield f"{where}.{name}: it is missing"
            continue
        if sent and visibility == ["read"]:
            yield f"{where}.{name}: only the service writes it"
        if not sent and "read" not in visibility:
            yield f"{where}.{name}: it is never answered"
        yield from faults(inner, value[name], f"{where}.{name}", sent=sent)


def _members(kind: Any) -> dict[str, tuple[str, list[str]]]:
    """Name on the wire, name in Python and visibility of each member."""
    kind({})  # which has the package work out its fields
    fields = kind._attr_to_rest_field  # noqa: SLF001 - as nothing public tells
    return {one._rest_name: (name, one._visibility) for name, one in fields.items()}  # noqa: SLF001


def _subclass(kind: Any, value: dict[str, Any]) -> Any:
    """The kind that a discriminator says, such as `endpointComputeType`."""
    for one in vars(kind).values():
        if getattr(one, "_is_discriminator", False) and hasattr(kind, "__mapping__"):
            found = kind.__mapping__.get(value.get(one._rest_name_input))  # noqa: SLF001 - as above
            return found or kind
    return kind


def _is_plain(kind: Any, value: Any) -> bool:
    if get_origin(kind) is Literal:
        return value in {getattr(one, "value", one) for one in get_args(kind)}
    if read := _READ.get(kind):
        try:
            return isinstance(value, str) and read(value) is not None
        except ValueError:
            return False
    return isinstance(value, kind) and isinstance(value, bool) is (kind is bool)


def _is_optional(kinds: tuple[Any, ...]) -> bool:
    return type(None) in kinds


def main() -> None:
    """Check what standard input holds."""
    found = [
        list(faults(getattr(models, one["model"]), one["body"], one["model"], sent=one["sent"]))
        for one in json.load(sys.stdin)
    ]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
