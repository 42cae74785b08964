"""Forgets what is old, once a day: jobs, past deployments, copies. Wakes jobs that nothing wakes.

It reads every record, so the day's is noted, and what takes too long is gone on with at the next
sweep. A fault in one thing holds back no other.
"""

import itertools
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from patch_endpoint.aged import tidied, without_copies
from patch_endpoint.kept import Copy, copy_name
from patch_endpoint.ledger import Ledger
from patch_endpoint.record import Record
from patch_endpoint.records import Summary
from retrain_trigger.engine import Engine
from retrain_trigger.job import ENDED
from retrain_trigger.job_records import JobSummary
from retrain_trigger.side_by_side import side_by_side
from settings.scoring_endpoint import ScoringEndpoint
from state.heartbeats import Heartbeat
from telemetry.events import emit

_log = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=30)
"""How long a job that has ended is kept; an endpoint's last one is kept for ever."""
UNNAMED_FOR = timedelta(hours=1)
"""How old a copy is that no record names before it is dropped: one is named after it is made."""
_ASLEEP_AFTER = timedelta(hours=1)
_TIMER = "retention"
_AT_A_TIME = 200
BEGIN_FOR = timedelta(minutes=2)
"""After this no further records are begun: a sweep that its host ends leaves no heartbeat."""


def tidy(engine: Engine, now: datetime) -> None:
    """Look at all jobs, records and copies, unless that was done today; go on where time was over.

    Raises:
        StorageError: A listing failed; the next sweep tries again.
    """
    last = engine.heartbeats.last(_TIMER)
    after = last.gone_up_to if last is not None else ""
    if last is not None and not after and last.started_at.date() == now.date():
        return
    if not after:
        _tidy_jobs(engine, now)
    reached = _tidy_endpoints(engine, now, after)
    engine.heartbeats.beat(_TIMER, Heartbeat(now, engine.now(), gone_up_to=reached))


def _tidy_jobs(engine: Engine, now: datetime) -> None:
    for summary in engine.jobs.records.summaries():
        try:
            _tidy_job(engine, summary, now)
        except Exception as error:  # noqa: BLE001 - one that cannot be tidied holds back no other
            emit(_log, "job.not_tidied", job=summary.id, message=error)


def _tidy_job(engine: Engine, summary: JobSummary, now: datetime) -> None:
    fields = summary.fields
    if fields.get("state") in ENDED:
        if "ended_at" in fields and now - datetime.fromisoformat(fields["ended_at"]) > KEPT_FOR:
            engine.jobs.records.drop(summary.id)
            emit(_log, "job.dropped", job=summary.id)
    elif "look_at" in fields and now - datetime.fromisoformat(fields["look_at"]) > _ASLEEP_AFTER:
        emit(_log, "job.woken", job=summary.id)
        engine.jobs.drive(summary.id)


def _tidy_endpoints(engine: Engine, now: datetime, after: str) -> str:
    """Tidy each record after that of *after*, and drop the copies that it does not name.

    Gives the endpoint after which time was over; empty: it was not.

    Copies are listed first, and dropped only as they were then: one that is made meanwhile stays.
    Those of an endpoint that has no record are not known to be ours.
    """
    copies: dict[str, list[Copy]] = {}
    for copy in engine.keeper.copies():
        copies.setdefault(copy.name.partition("/")[0], []).append(copy)
    configured = engine.endpoints.current().by_name

    def tidy_one(summary: Summary) -> None:
        record = _tidied(engine, summary.endpoint, configured)
        _drop_unnamed(engine, record, copies.get(summary.endpoint, []), now)

    begun = engine.now()
    for some in itertools.batched(engine.records.summaries(after=after), _AT_A_TIME, strict=False):
        for error in side_by_side(tidy_one, some):
            emit(_log, "endpoint.not_tidied", message=error)
        if engine.now() - begun > BEGIN_FOR:
            return some[-1].endpoint
    return ""


def _tidied(engine: Engine, name: str, configured: Mapping[str, ScoringEndpoint]) -> Record:
    endpoint = configured.get(name)
    # A fault may be in `keep` itself: then how many are wanted is not known.
    keep = None if endpoint is None or endpoint.faults else endpoint.keep

    def change(record: Record, now: datetime) -> Record:
        new = tidied(record, keep, now)
        return without_copies(new, now) if endpoint is None else new

    ledger = Ledger(engine.records, engine.agenda)
    return ledger.update(ledger.read(name), change, engine.now).record


def _drop_unnamed(engine: Engine, record: Record, copies: list[Copy], now: datetime) -> None:
    named = {one.name for one in record.kept}
    serving = record.serving
    if serving is not None and serving.keeping == "due":
        named.add(copy_name(record.endpoint, serving.model))  # it may be on its way
    for copy in copies:
        if copy.name not in named and now - copy.made_at > UNNAMED_FOR:
            engine.keeper.drop(copy.name, copy.etag)
            emit(_log, "model.dropped", endpoint=record.endpoint, copy=copy.name)
