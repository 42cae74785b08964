"""Keeps a record and its agenda entries true to each other.

An entry is written before the record names it, and deleted only after the record has stopped naming
it; so whatever crashes, what is due is woken.
"""

import logging
import uuid
from collections.abc import Callable
from datetime import datetime

from msgspec.structs import replace

from patch_endpoint.decide import wake_at
from patch_endpoint.record import Record
from patch_endpoint.records import Records, Stored
from state.agenda import Agenda, Entry, is_due_no_later, new_entry
from state.storage_errors import ConflictError, StorageError, UnavailableError
from telemetry.events import emit

_log = logging.getLogger(__name__)

CONFLICTS_BORNE = 60
"""How often a write is tried again because somebody else was first."""

type Change = Callable[[Record, datetime], Record]


class Ledger:
    """The records and the agenda, written together."""

    def __init__(self, records: Records, agenda: Agenda) -> None:
        self._records, self._agenda = records, agenda

    def read(self, endpoint: str) -> Stored:
        """Read the record of *endpoint*; may raise `StorageError`."""
        return self._records.read(endpoint)

    def save(
        self,
        stored: Stored,
        record: Record,
        now: datetime,
        woken_by: Entry | None = None,
        *,
        arm: bool = True,
    ) -> Stored:
        """Write *record* over the version that was *stored*, with the entry that wakes it next.

        Args:
            stored: What was read.
            record: What to write.
            now: When.
            woken_by: The entry that is being worked off; it goes once the record is written,
                whether the record named it or not.
            arm: Whether to have it woken again.

        Raises:
            ConflictError: Someone else wrote first; nothing of ours is left.
            StorageError: It could not be written; an entry may be left, and does no harm.
        """
        done = woken_by.name if woken_by else None
        kept = [name for name in record.agenda if name != done]
        fresh = self._armed(record, kept, now) if arm else None
        names = tuple(kept if fresh is None else [*sorted(kept)[:1], fresh.name])
        new = replace(record, agenda=names, revision=uuid.uuid4().hex)
        try:
            saved = Stored(new, self._records.write(new, stored.etag), stored.date)
        except ConflictError:
            saved = self._own_success(new, fresh)
        unnamed = {*stored.record.agenda, *record.agenda, *([done] if done else [])} - {*names}
        for name in sorted(unnamed):
            self._remove(name)
        return saved

    def update(self, stored: Stored, change: Change, now: Callable[[], datetime]) -> Stored:
        """Have *change* made to the record, anew to whatever somebody else has written meanwhile.

        Raises:
            StorageError: It could not be recorded.
        """
        for _ in range(CONFLICTS_BORNE):
            instant = now()
            record = change(stored.record, instant)
            if record is stored.record:
                return stored
            try:
                return self.save(stored, record, instant)
            except ConflictError:
                stored = self.read(record.endpoint)
        what = f"write the record of {stored.record.endpoint}"
        raise UnavailableError(what, code="TooManyConflicts")

    def is_armed(self, record: Record, now: datetime) -> bool:
        """Say whether *record* names an entry that wakes it in time, or needs none."""
        needed = wake_at(record, now)
        return needed is None or any(is_due_no_later(name, needed) for name in record.agenda)

    def _armed(self, record: Record, kept: list[str], now: datetime) -> Entry | None:
        """Write the entry that the record needs, unless one that it names wakes it in time."""
        needed = wake_at(record, now)
        if needed is None or any(is_due_no_later(name, needed) for name in kept):
            return None
        entry = new_entry(needed, "endpoint", record.endpoint)
        self._agenda.add(entry)
        return entry

    def _own_success(self, new: Record, fresh: Entry | None) -> Stored:
        """Tell a lost answer of our own write from somebody else's, or raise on."""
        found = self._records.read(new.endpoint)
        if found.record.revision == new.revision:
            return found
        if fresh is not None and fresh.name not in found.record.agenda:
            self._remove(fresh.name)
        raise ConflictError(f"write the record of {new.endpoint}")

    def _remove(self, name: str) -> None:
        try:
            self._agenda.remove(name)
        except StorageError as error:
            # An entry that no record names is found when it is due, and goes then.
            emit(_log, "agenda.left_over", entry=name, error=error)
