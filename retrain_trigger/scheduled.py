"""Begins the retrains that are due by their schedules."""

import logging
from datetime import datetime

from retrain_trigger.engine import Engine
from retrain_trigger.jobs import JobRunsError
from retrain_trigger.request import Request, RetrainImpossibleError
from retrain_trigger.schedules import Due
from retrain_trigger.side_by_side import side_by_side
from settings.fault import SettingsError
from telemetry.events import emit

_log = logging.getLogger(__name__)


def scheduled_retrains(
    engine: Engine, started: datetime, drive_until: datetime
) -> tuple[int, datetime | None]:
    """Begin what fell due since the last finished tick.

    Args:
        engine: What triggers work with.
        started: When the tick began.
        drive_until: After which a job is begun and left to the agenda.

    Returns:
        How many jobs were begun, and up to when occurrences are seen to; None: as before.

    Raises:
        StorageError: The heartbeat could not be read.
    """
    try:
        endpoints = engine.endpoints.current().by_name.values()
        due = engine.schedules.due(endpoints, started)
    except SettingsError as error:
        emit(_log, "schedule.skip", reason="no_endpoints_file", message=error)
        return 0, engine.schedules.until or engine.schedules.seen_to()
    begun: list[str] = []

    def begin(one: Due) -> None:
        if _begun(engine, one, drive=engine.now() < drive_until):
            begun.append(one.endpoint.name)

    errors = side_by_side(begin, due)
    for failure in errors:
        kind = type(failure).__name__
        emit(_log, "schedule.failed", level=logging.ERROR, error=kind, message=failure)
    # What could not be recorded is begun by the next tick; what was is known by its name.
    return len(begun), engine.schedules.until if errors else started


def _begun(engine: Engine, due: Due, *, drive: bool) -> bool:
    """Begin one retrain; False: it is not to be.

    Raises:
        StorageError: It could not be recorded.
    """
    name = due.endpoint.name
    try:
        engine.jobs.begin(due.endpoint, Request(due.occurrence), drive=drive)
    except JobRunsError as error:
        emit(_log, "schedule.skip", endpoint=name, reason="job_runs", job=error.job.id)
        return False
    except RetrainImpossibleError as error:
        emit(_log, "schedule.skip", endpoint=name, reason="cannot_retrain", message=error)
        return False
    return True
