"""The agenda: what must happen at an instant, as empty blobs whose names sort by that instant.

A tick lists the names up to now, so its cost grows with what is due and not with the fleet. An
entry is only a wake-up call: the record decides what is due.
"""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from state.store import StateStore

_PREFIX = "agenda/"
_INSTANT = "%Y%m%dT%H%M%S.%f"


class Entry(msgspec.Struct, frozen=True):
    """One wake-up call.

    Attributes:
        name: The blob's name, never used twice.
        due: When.
        kind: What kind of thing it wakes, as in `endpoint`.
        subject: Which one.
    """

    name: str
    due: datetime
    kind: str
    subject: str


def new_entry(due: datetime, kind: str, subject: str) -> Entry:
    """Make a fresh entry; it is not written yet."""
    due = due.astimezone(UTC)
    name = f"{_PREFIX}{due.strftime(_INSTANT)[:-3]}Z/{kind}/{subject}/{uuid.uuid4().hex}"
    return parse_entry(name)


def parse_entry(name: str) -> Entry:
    """Read an entry's name.

    Raises:
        ValueError: It is no entry's name.
    """
    _, instant, kind, subject, _ = name.split("/")
    due = datetime.strptime(instant.removesuffix("Z"), _INSTANT).replace(tzinfo=UTC)
    return Entry(name=name, due=due, kind=kind, subject=subject)


class Agenda:
    """The entries in the state store."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def add(self, entry: Entry) -> None:
        """Write *entry*, before any record names it."""
        self._store.put(entry.name)

    def remove(self, name: str) -> None:
        """Delete an entry, after no record names it any more."""
        self._store.delete(name)

    def due(self, now: datetime) -> Iterator[Entry]:
        """List the entries up to *now*, the oldest first, and not one page beyond."""
        for listed in self._store.listed(_PREFIX):
            try:
                entry = parse_entry(listed.name)
            except ValueError:
                continue  # not ours; whoever put it there may take it away
            if entry.due > now:
                return
            yield entry


def is_due_no_later(name: str, instant: datetime) -> bool:
    """Say whether the entry *name* wakes its subject by *instant*."""
    return parse_entry(name).due <= instant + timedelta(milliseconds=1)
