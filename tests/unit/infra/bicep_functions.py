"""The functions of Bicep that the files in infra/ call, as its documentation describes them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

UNIQUE: Final = "u2n3i4q5u6e7s"  # as long as what `uniqueString` gives
SUFFIXES: Final = {"suffixes": {"storage": "core.windows.net"}}


class Unknown(str):
    """What only Azure can know, as a text that says what it is."""

    __slots__ = ()


def _unique_string(*parts: str) -> str:
    assert parts
    return UNIQUE


def _load_json(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text("utf-8"))


def _load_text(folder: Path, name: str) -> str:
    return (folder / name).read_text("utf-8")


def _union(*values: Any) -> Any:
    if isinstance(values[0], list):
        return list(dict.fromkeys(item for value in values for item in value))
    return {key: item for value in values for key, item in value.items()}


def _to_object(
    items: list[Any], key: Callable[[Any], str], value: Callable[[Any], Any]
) -> dict[str, Any]:
    return {key(item): value(item) for item in items}


def _items(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": values[key]} for key in sorted(values)]


def _id(*parts: str) -> Unknown:
    return Unknown("/".join(parts))


FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "concat": lambda *lists: [item for items in lists for item in items],
    "description": str,
    "empty": lambda value: not value,
    "environment": lambda: SUFFIXES,
    "filter": lambda items, test: [item for item in items if test(item)],
    "first": lambda items: items[0],
    "guid": lambda *parts: Unknown(f"guid({', '.join(parts)})"),
    "items": _items,
    "join": lambda items, between: between.join(items),
    "last": lambda items: items[-1],
    "listKeys": lambda id_, _: Unknown(f"keys of {id_}"),
    "loadJsonContent": _load_json,
    "loadTextContent": _load_text,
    "map": lambda items, change: [change(item) for item in items],
    "replace": lambda text, old, new: text.replace(old, new),
    "resourceGroup": lambda name: name,
    "resourceId": _id,
    "skip": lambda items, count: items[count:],
    "split": lambda text, between: text.split(between),
    "subscription": lambda: {"id": "/subscriptions/s"},
    "subscriptionResourceId": _id,
    "tenant": lambda: {"tenantId": Unknown("tenant")},
    "toLower": lambda text: text.lower(),
    "toObject": _to_object,
    "union": _union,
    "uniqueString": _unique_string,
}
