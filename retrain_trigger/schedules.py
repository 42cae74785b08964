"""Scheduled retrains: what fell due since the last finished tick, at most one for each endpoint.

They are no agenda entries, so a schedule that is changed in the file applies at once. What a tick
knows of the one before is kept in memory; the heartbeat in storage is read only by a process's
first tick and by one that finds something due, and only where the file has schedules. So an idle
tick stays one list and one heartbeat, and other instances' ticks are known before anything begins.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from settings.schedule import Schedule
from settings.scoring_endpoint import ScoringEndpoint
from state.heartbeats import Heartbeats

TIMER = "watch"


class Due(msgspec.Struct, frozen=True):
    """An endpoint that is to be retrained.

    Attributes:
        endpoint: Which.
        occurrence: The latest of its schedule that has not been seen to; earlier ones are in it.
    """

    endpoint: ScoringEndpoint
    occurrence: datetime


class Schedules:
    """What is due by the schedules of the endpoints file.

    Args:
        heartbeats: Where the last finished tick is noted.
    """

    def __init__(self, heartbeats: Heartbeats) -> None:
        self._heartbeats = heartbeats
        self._until: datetime | None = None

    def due(self, endpoints: Iterable[ScoringEndpoint], now: datetime) -> list[Due]:
        """Say which endpoints' schedules had an occurrence since the last finished tick.

        Raises:
            StorageError: The heartbeat could not be read.
        """
        scheduled = [one for one in endpoints if one.retrain and one.retrain.schedule]
        if not scheduled:
            return []
        if self._until is None:
            self._until = self.seen_to() or now
        found = _due(scheduled, self._until, now)
        if found:
            self._until = max(self._until, self.seen_to() or self._until)
            found = _due(scheduled, self._until, now)
        return found

    def seen_to(self) -> datetime | None:
        """Read up to when occurrences were seen to, by whatever instance; None: none ever were."""
        last = self._heartbeats.last(TIMER)
        return None if last is None else last.scheduled_until or last.started_at

    def finished(self, until: datetime) -> None:
        """Note that the heartbeat says *until*."""
        self._until = until

    @property
    def until(self) -> datetime | None:
        """Up to when occurrences were seen to, as far as this process knows."""
        return self._until


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
