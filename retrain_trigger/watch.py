"""Drives what is due to its end: retries, confirmations, renewals, jobs, scheduled retrains."""

import itertools
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from retrain_trigger.engine import Engine
from retrain_trigger.job_records import KIND as JOB
from retrain_trigger.scheduled import scheduled_retrains
from retrain_trigger.side_by_side import side_by_side
from settings.fault import SettingsError
from state.agenda import Entry
from state.heartbeats import Heartbeat
from telemetry.events import emit

_log = logging.getLogger(__name__)
AT_MOST = 2000
START_FOR = timedelta(seconds=40)
"""A tick begins nothing after this; what is left is still due at the next."""


def watch(engine: Engine) -> int:
    """Work off the agenda and the schedules up to now, and give how many things that were.

    Raises:
        StorageError: The agenda could not be read, or the heartbeat not written.
    """
    started = engine.now()
    due = list(itertools.islice(engine.agenda.due(started), AT_MOST))
    work = _worker(engine, started)
    # A lane each, so that training services that hang do not keep endpoints from their turn.
    side_by_side(lambda lane: side_by_side(work, lane), _lanes(due))
    begun, until = scheduled_retrains(engine, started, started + START_FOR)
    done = len(due) + begun
    engine.heartbeats.beat("watch", Heartbeat(started, engine.now(), done, until))
    if until is not None:
        engine.schedules.finished(until)
    emit(_log, "timer.finished", timer="watch", done=done, duration=engine.now() - started)
    return done


def _lanes(due: list[Entry]) -> list[list[list[Entry]]]:
    """Sort entries by kind, then by subject; each in the order in which it fell due."""
    lanes: dict[str, dict[str, list[Entry]]] = {}
    for entry in due:
        lanes.setdefault(entry.kind, {}).setdefault(entry.subject, []).append(entry)
    return [list(lane.values()) for lane in lanes.values()]


def _worker(engine: Engine, started: datetime) -> Callable[[list[Entry]], None]:
    def work(entries: list[Entry]) -> None:
        for entry in entries:
            if engine.now() - started > START_FOR:
                return
            try:
                _wake(engine, entry)
            except Exception as error:  # noqa: BLE001 - see below
                # One entry that fails must not keep the others from their turn.
                emit(
                    _log,
                    "watch.failed",
                    level=logging.ERROR,
                    subject=entry.subject,
                    entry=entry.name,
                    error=type(error).__name__,
                    message=error,
                )

    return work


def _wake(engine: Engine, entry: Entry) -> None:
    if entry.kind == JOB:
        engine.jobs.drive(entry.subject, entry)
        return
    try:
        endpoint = engine.endpoints.endpoint(entry.subject)
    except SettingsError as error:
        emit(_log, "watch.skip", subject=entry.subject, reason="no_endpoints_file", message=error)
        return
    if endpoint is None:
        engine.deployer.put_to_rest(entry.subject, entry)
        return
    engine.deployer.wake(endpoint, entry)
