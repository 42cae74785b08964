"""One TOML table, read key by key, with every fault named by table and key."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from settings.fault import Fault
from settings.misspelling import is_like

type Parse[T] = Callable[[Any], T]


class Table:
    """A table and what was found wrong in it.

    Args:
        where: The table's name, as in `endpoints.census`.
        values: What TOML gave for it.
        faults: Where to put what is wrong.
    """

    def __init__(self, where: str, values: object, faults: list[Fault]) -> None:
        self.where = where
        self.faults = faults
        self._values: dict[str, Any] = dict(values) if isinstance(values, Mapping) else {}
        if not isinstance(values, Mapping):
            self.fault("", "must be a table")

    def fault(self, key: str, what: str) -> None:
        """Note that something is wrong with *key*, or with the table itself for an empty key."""
        self.faults.append(Fault(f"{self.where}.{key}" if key else self.where, what))

    def required[T](self, key: str, parse: Parse[T], *, instead: T) -> T:
        """Read a key that must be there; *instead* stands where it is missing or wrong."""
        if key not in self._values:
            self.fault(key, "is missing")
            return instead
        return self._parsed(key, parse, instead)

    def optional[T, D](self, key: str, parse: Parse[T], default: D) -> T | D:
        """Read a key that may be left out; the default also stands where it is wrong."""
        return self._parsed(key, parse, default) if key in self._values else default

    def cautious[T, D, I](self, key: str, parse: Parse[T], default: D, *, instead: I) -> T | D | I:
        """Read a key that may be left out, but whose default is not safe where it was not.

        *instead* stands where it is wrong, where it is misspelt and where no key can be read.
        """
        if key in self._values:
            return self._parsed(key, parse, instead)
        is_unreadable = any(fault.where == self.where for fault in self.faults)
        return instead if is_unreadable or self._has_like(key) else default

    def table(self, key: str) -> "Table | None":
        """Take the table *key* out of this one; None where it is left out."""
        if key not in self._values:
            return None
        return Table(f"{self.where}.{key}", self._values.pop(key), self.faults)

    def tables(self, key: str) -> "list[Table]":
        """Take the list of tables *key* out of this one; empty where it is left out."""
        found = self._values.pop(key, [])
        if not isinstance(found, list):
            self.fault(key, "must be a list of tables")
            return []
        where = f"{self.where}.{key}"
        return [Table(f"{where}[{n}]", one, self.faults) for n, one in enumerate(found)]

    def refuse_unknown(self) -> None:
        """Call a key that nobody read a fault: a typing error must not pass for a default."""
        for key in self._values:
            self.fault(key, "is no key of this table")

    def _has_like(self, key: str) -> bool:
        return any(is_like(key, unread) for unread in self._values)

    def _parsed[T, D](self, key: str, parse: Parse[T], instead: D) -> T | D:
        value = self._values.pop(key)
        try:
            return parse(value)
        except ValueError as error:  # msgspec.ValidationError is one
            self.fault(key, str(error))
        except RecursionError:
            self.fault(key, "is nested too deeply")
        return instead


def typed[T](kind: type[T]) -> Parse[T]:
    """Read a value that must be of *kind*, without conversion."""

    def parse(value: object) -> T:
        return msgspec.convert(value, kind, strict=True)

    return parse


def text(value: object) -> str:
    """Read a text that says something."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text that is not empty")
    return value
