"""TOML out of values, as a person or a broken program might write it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time


@dataclass(frozen=True)
class Nested:
    """A value in tables in lists in tables, this deep."""

    depth: int

    def __str__(self) -> str:
        """Written as TOML."""
        return "[{ a = " * self.depth + "1" + " }]" * self.depth


def toml(value: object) -> str:
    """Write one value, tables in one line."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case Mapping():
            inner = ", ".join(f"{toml(key)} = {toml(one)}" for key, one in value.items())
            return f"{{ {inner} }}"
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case datetime() | date() | time():
            return value.isoformat()
    return str(value)  # a number (nan and inf are the same in TOML), or nested


def toml_document(tables: Mapping[str, object]) -> str:
    """Write a whole file, each of its tables in one line."""
    return "\n".join(f"{toml(key)} = {toml(value)}" for key, value in tables.items())
