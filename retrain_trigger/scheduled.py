"""Begins the retrains that are due by their schedules."""

import logging
from datetime import datetime

from retrain_trigger.engine import Engine
from retrain_trigger.jobs import JobRunsError
from retrain_trigger.request import Request, RetrainImpossibleError
from retrain_trigger.schedules import Due
from retrain_trigger.side_by_side import side_by_side
from settings.fault import SettingsError
from state.storage_errors import StorageError
from telemetry.events import emit

_log = logging.getLogger(__name__)


def scheduled_retrains(
    engine: Engine, started: datetime, drive_until: datetime
) -> tuple[int, datetime | None]:
    """Begin what fell due since the last finished tick, and what could not be begun before.

    Args:
        engine: What triggers work with.
        started: When the tick began.
        drive_until: After which a job is begun and left to the agenda.

    Returns:
        How many jobs were begun, and up to when occurrences are seen to; None: as before.

    Raises:
        StorageError: What other ticks have seen to could not be read.
    """
    try:
        endpoints = engine.endpoints.current().by_name.values()
        due = engine.schedules.due(endpoints, started)
    except SettingsError as error:
        emit(_log, "schedule.skip", reason="no_endpoints_file", message=error)
        return 0, engine.schedules.until or engine.schedules.seen_to()
    begun: list[str] = []
    unbegun: dict[str, datetime] = {}

    def begin(one: Due) -> None:
        try:
            if _begun(engine, one, drive=engine.now() < drive_until):
                begun.append(one.endpoint.name)
        except Exception as error:  # noqa: BLE001 - whatever it is, it holds back no other endpoint
            unbegun[one.endpoint.name] = one.occurrence
            _tell(one, error)

    side_by_side(begin, due)
    try:
        engine.schedules.leave(unbegun)
    except StorageError as error:
        emit(_log, "schedule.failed", level=logging.ERROR, message=error)
        return len(begun), engine.schedules.until  # all of it again; what began is known by name
    return len(begun), started


def _begun(engine: Engine, due: Due, *, drive: bool) -> bool:
    """Begin one retrain; False: it is not to be, as one runs or this one did.

    Raises:
        RetrainImpossibleError: The file does not say how, or says it wrongly.
        StorageError: It could not be recorded.
    """
    try:
        engine.jobs.begin(due.endpoint, Request(due.occurrence), drive=drive)
    except JobRunsError as error:
        name = due.endpoint.name
        emit(_log, "schedule.skip", endpoint=name, reason="job_runs", job=error.job.id)
        return False
    return True


def _tell(due: Due, error: Exception) -> None:
    """Say once what stands in the way: it is tried at each tick until it is mended."""
    if due.is_tried:
        return
    name, kind = due.endpoint.name, type(error).__name__
    if isinstance(error, RetrainImpossibleError):
        emit(_log, "schedule.waits", endpoint=name, reason="cannot_retrain", message=error)
    else:
        level = logging.ERROR
        emit(_log, "schedule.failed", level=level, endpoint=name, error=kind, message=error)
