"""Mutations of a valid endpoints file: what a person, a merge or a broken program makes of it."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from hypothesis import strategies as st

from tests.chaos.bad_input.toml_text import Nested

type Path = tuple[str, ...]


_TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "",
            "\x00",
            "%NOBODY%",
            "%",
            "https://[",
            "http://elsewhere.example",
            "file:///etc/passwd",
            "..",
            "/",
            "[",
            "**",
            "a" * 5_000,
            "99999999d",
            "60 * * * * *",
            "a/../../b",
            "`{`",
            "@",
            "{endpoint}" * 50,
        ]
    ),
)
_SCALARS = st.one_of(
    _TEXTS,
    st.booleans(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    st.sampled_from([datetime(2026, 1, 1, tzinfo=UTC), date(1, 1, 1), time(23, 59, 59)]),
)
VALUES = st.one_of(
    _SCALARS,
    st.recursive(
        _SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
        max_leaves=6,
    ),
    st.sampled_from([2, 30, 400, 5_000]).map(Nested),
)


@dataclass(frozen=True)
class Mutation:
    """One change: the value of *path* is taken away, or another takes its place."""

    path: Path
    value: Any
    is_removal: bool = False

    def applied(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The document with this change, where its place is still there."""
        changed: dict[str, Any] = copy.deepcopy(dict(document))
        table: Any = changed
        for key in self.path[:-1]:
            table = table.get(key) if isinstance(table, dict) else None
        if isinstance(table, dict):
            table.pop(self.path[-1], None)
            if not self.is_removal:
                table[self.path[-1]] = self.value
        return changed


def mutations(document: Mapping[str, Any], within: tuple[Path, ...]) -> st.SearchStrategy[Mutation]:
    """Changes of what is below the paths *within*: keys that are there, and keys that are not."""
    places = [path for path in _paths(document) if any(path[: len(one)] == one for one in within)]
    tables = [path for path in places if isinstance(_at(document, path), dict)]
    new = st.builds(lambda table, key: (*table, key), st.sampled_from(tables), _TEXTS)
    known = st.sampled_from(places)
    return st.one_of(
        st.builds(Mutation, known, VALUES),
        st.builds(Mutation, known, st.none(), is_removal=st.just(True)),
        st.builds(Mutation, new, VALUES),
    )


def leaves(document: Mapping[str, Any], within: tuple[Path, ...]) -> list[Path]:
    """The paths below *within* that lead to no table."""
    return [
        path
        for path in _paths(document)
        if any(path[: len(one)] == one for one in within)
        and not isinstance(_at(document, path), dict)
    ]


def _paths(document: Mapping[str, Any], above: Path = ()) -> Iterator[Path]:
    for key, value in document.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from _paths(value, (*above, key))


def _at(document: Mapping[str, Any], path: Path) -> Any:
    found: Any = document
    for key in path:
        found = found[key]
    return found
