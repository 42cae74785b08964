"""How the app is: every fault by name, each timer's last tick, what is in which state."""

import contextvars
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TypedDict

from http_api.answers import FaultDocument, fault_document
from patch_endpoint.plan import Instant
from patch_endpoint.records import WAITING, Summary
from retrain_trigger.engine import App, Engine
from settings.fault import Fault, SettingsError
from settings.schedule import Schedule
from state.heartbeats import Heartbeat
from state.storage_errors import StorageError

_SILENT_PERIODS = 3
_HEALTH_KEPT = timedelta(seconds=5)


class TimerDocument(TypedDict):
    """When a timer runs, and when it last finished."""

    schedule: str
    last_tick: Instant | None
    age_seconds: float | None


class Counts(TypedDict):
    """Each timer, and endpoints and jobs counted by state."""

    timers: dict[str, TimerDocument]
    endpoints: dict[str, int]
    jobs: dict[str, int]


class StatusDocument(Counts):
    """How the app is: every fault by name, and what there is."""

    faults: list[FaultDocument]


def status_document(app: App) -> StatusDocument:
    """Say how the app is; what cannot be found out is a fault among the others."""
    faults = list(app.settings.faults)
    counts = Counts(timers={}, endpoints={}, jobs={})
    try:
        engine = app.engine
    except SettingsError:
        pass  # what is wrong is in the settings' own faults
    else:
        # Side by side: a storage that is away takes its time.
        with ThreadPoolExecutor(1) as pool:
            # With the context, so that a line keeps its invocation's id.
            context = contextvars.copy_context()
            faults_of_models = pool.submit(context.run, _faults_of_model_storage, engine)
            try:
                faults += _faults_of_endpoints(engine)
                counts = _counts(engine)
            except StorageError as error:
                faults.append(Fault("StateStorage", str(error)))
            faults += faults_of_models.result()
    return StatusDocument(faults=[fault_document(fault) for fault in faults], **counts)


def _counts(engine: Engine) -> Counts:
    endpoints, jobs = engine.records.summaries(), engine.jobs.records.summaries()
    return {
        "timers": {timer: _timer(engine, timer) for timer in _schedules(engine)},
        "endpoints": Counter(state for one in endpoints for state in _states(one)),
        "jobs": Counter(one.fields.get("state", "none") for one in jobs),
    }


def _states(summary: Summary) -> set[str]:
    """Give the states of what is desired and of what waits: each asks for a person's look."""
    said = {summary.fields.get(key) for key in ("state", f"{WAITING}state")} - {None}
    return {str(state) for state in said} or {"none"}


class Health:
    """Whether anything can be deployed. Anybody may ask, so an answer is kept for seconds.

    Whoever asks meanwhile waits for that one answer: no crowd makes the app ask storage twice.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._asked_at: datetime | None = None
        self._is_well = False

    def is_well(self) -> bool:
        """Say whether settings, storage and timers let a model be deployed."""
        with self._lock:
            now = self._app.now()
            if self._asked_at is None or now - self._asked_at >= _HEALTH_KEPT:
                self._is_well = _is_well(self._app, now)
                self._asked_at = self._app.now()  # a storage that is away takes its time
            return self._is_well


def _is_well(app: App, now: datetime) -> bool:
    try:
        engine = app.engine
        endpoints = engine.endpoints.current().by_name.values()
        beats = {timer: engine.heartbeats.last(timer) for timer in _schedules(engine)}
        _ask_for_models(engine)
    except (SettingsError, StorageError):
        return False
    if endpoints and all(endpoint.faults for endpoint in endpoints):
        return False
    return not any(
        _is_silent(schedule, beats[timer], app.started_at, now)
        for timer, schedule in _schedules(engine).items()
    )


def _is_silent(
    schedule: Schedule, last: Heartbeat | None, started_at: datetime, now: datetime
) -> bool:
    """Say whether a timer missed three periods, since it last finished or since we began."""
    # An instance that has just begun may find an old heartbeat: the timer gets its time anew.
    heard_at = max(last.finished_at, started_at) if last else started_at
    return now - heard_at > schedule.longest_period(now) * _SILENT_PERIODS


def _schedules(engine: Engine) -> dict[str, Schedule]:
    return {"watch": engine.settings.watch_schedule, "sweep": engine.settings.sweep_schedule}


def _timer(engine: Engine, timer: str) -> TimerDocument:
    last = engine.heartbeats.last(timer)
    return {
        "schedule": _schedules(engine)[timer].text,
        "last_tick": last.finished_at if last else None,
        "age_seconds": (engine.now() - last.finished_at).total_seconds() if last else None,
    }


def _ask_for_models(engine: Engine) -> None:
    """Look at one blob in the model container, which is what any deployment begins with.

    It needs no more than the right to read a blob. Whether there is such a blob, or such a
    container yet, says nothing: a model is there when it lands.

    Raises:
        StorageError: The model storage is away, or does not let us in.
    """
    engine.catalog.head(engine.settings.model_blobs.example)


def _faults_of_model_storage(engine: Engine) -> list[Fault]:
    try:
        _ask_for_models(engine)
    except StorageError as error:
        return [Fault("ModelStorage", str(error))]
    return []


def _faults_of_endpoints(engine: Engine) -> list[Fault]:
    try:
        return list(engine.endpoints.faults())
    except StorageError as error:
        return [Fault("ENDPOINTS_FILE", str(error))]
