"""Forgets jobs that ended long ago, and wakes those that nothing wakes any more."""

import logging
from datetime import datetime, timedelta

from retrain_trigger.engine import Engine
from retrain_trigger.job import ENDED
from retrain_trigger.job_records import JobSummary
from state.storage_errors import StorageError
from telemetry.events import emit

_log = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=30)
"""How long a job that has ended is kept; an endpoint's last one is kept for ever."""
_ASLEEP_AFTER = timedelta(hours=1)


def tidy_jobs(engine: Engine, now: datetime) -> None:
    """Look at all jobs' metadata once a day: a listing of a month's jobs is not free.

    Raises:
        StorageError: The jobs could not be listed.
    """
    last = engine.heartbeats.last("sweep")
    if last is not None and last.started_at.date() == now.date():
        return
    for summary in engine.jobs.records.summaries():
        try:
            _tidy(engine, summary, now)
        except StorageError as error:
            emit(_log, "job.not_tidied", job=summary.id, error=error)


def _tidy(engine: Engine, summary: JobSummary, now: datetime) -> None:
    fields = summary.fields
    if fields.get("state") in ENDED:
        if "ended_at" in fields and now - datetime.fromisoformat(fields["ended_at"]) > KEPT_FOR:
            engine.jobs.records.drop(summary.id)
            emit(_log, "job.dropped", job=summary.id)
    elif "look_at" in fields and now - datetime.fromisoformat(fields["look_at"]) > _ASLEEP_AFTER:
        emit(_log, "job.woken", job=summary.id)
        engine.jobs.drive(summary.id)
