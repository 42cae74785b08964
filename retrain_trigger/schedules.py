"""Scheduled retrains: what fell due since the last finished tick, at most one for each endpoint.

They are no agenda entries, so a schedule that is changed in the file applies at once. What a tick
knows of the one before is kept in memory; storage is read only by a process's first tick and by one
that finds something due, and only where the file has schedules. So an idle tick stays one list and
one heartbeat, and other instances' ticks are known before anything begins.

What could not be begun is noted apart, by its endpoint: it stays due, and holds nothing else back.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from settings.schedule import Schedule
from settings.scoring_endpoint import ScoringEndpoint
from state.heartbeats import Heartbeats
from state.store import StateStore

TIMER = "watch"
_UNBEGUN = "schedules/unbegun.json"
# Made once, at import: see `patch_endpoint/records.py`.
_DECODER = msgspec.json.Decoder(dict[str, datetime])


class Due(msgspec.Struct, frozen=True):
    """An endpoint that is to be retrained.

    Attributes:
        endpoint: Which.
        occurrence: The latest of its schedule that has not been seen to; earlier ones are in it.
        is_tried: Whether it could not be begun before.
    """

    endpoint: ScoringEndpoint
    occurrence: datetime
    is_tried: bool = False


class Schedules:
    """What is due by the schedules of the endpoints file.

    Args:
        heartbeats: Where the last finished tick is noted.
        store: Where that which could not be begun is noted.
    """

    def __init__(self, heartbeats: Heartbeats, store: StateStore) -> None:
        self._heartbeats, self._store = heartbeats, store
        self._until: datetime | None = None
        self._unbegun: Mapping[str, datetime] = {}

    def due(self, endpoints: Iterable[ScoringEndpoint], now: datetime) -> list[Due]:
        """Say which endpoints' schedules had an occurrence that is not seen to.

        Raises:
            StorageError: What other ticks have seen to could not be read.
        """
        endpoints = list(endpoints)
        scheduled = [one for one in endpoints if one.retrain and one.retrain.schedule]
        if not scheduled and not self._unbegun:
            return []
        if self._until is None:
            self._until = self._refreshed(now)
        found = _due(scheduled, self._until, now)
        if found:
            self._until = max(self._until, self._refreshed(self._until))
            found = _due(scheduled, self._until, now)
        return found + self._still_due(endpoints, {one.endpoint.name for one in found})

    def seen_to(self) -> datetime | None:
        """Read up to when occurrences were seen to, by whatever instance; None: none ever were."""
        last = self._heartbeats.last(TIMER)
        return None if last is None else last.scheduled_until or last.started_at

    def leave(self, unbegun: Mapping[str, datetime]) -> None:
        """Note, by endpoint, the occurrences that could not be begun, and only those.

        Raises:
            StorageError: It could not be noted.
        """
        if unbegun != self._unbegun:
            self._store.put(_UNBEGUN, msgspec.json.encode(unbegun))
            self._unbegun = unbegun

    def finished(self, until: datetime) -> None:
        """Note that the heartbeat says *until*."""
        self._until = until

    @property
    def until(self) -> datetime | None:
        """Up to when occurrences were seen to, as far as this process knows."""
        return self._until

    def _refreshed(self, otherwise: datetime) -> datetime:
        """Read what other instances' ticks have left, and up to when they have seen to things."""
        content = self._store.read(_UNBEGUN).content
        try:
            self._unbegun = _DECODER.decode(content or b"{}")
        except msgspec.DecodeError:
            self._unbegun = {}
        return self.seen_to() or otherwise

    def _still_due(self, endpoints: list[ScoringEndpoint], found: set[str]) -> list[Due]:
        """Say what could not be begun, and is still wanted; a later occurrence takes its place."""
        return [
            Due(one, self._unbegun[one.name], is_tried=True)
            for one in endpoints
            if one.name in self._unbegun and one.name not in found and _may_be_scheduled(one)
        ]


def _may_be_scheduled(endpoint: ScoringEndpoint) -> bool:
    """Say whether *endpoint* has a schedule, or a fault that may hide it."""
    return bool(endpoint.faults) or bool(endpoint.retrain and endpoint.retrain.schedule)


def _due(scheduled: list[ScoringEndpoint], since: datetime, now: datetime) -> list[Due]:
    latest: dict[str, datetime] = {}
    found = []
    for endpoint in scheduled:
        schedule: Schedule | None = endpoint.retrain.schedule if endpoint.retrain else None
        if schedule is None:
            continue
        if schedule.text not in latest:  # many endpoints share few schedules
            latest[schedule.text] = schedule.latest_until(now)
        if latest[schedule.text] > since:
            found.append(Due(endpoint, latest[schedule.text]))
    return found
