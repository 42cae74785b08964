"""The timers: did they tick, and lately enough?"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from doctor.finding import Finding
from retrain_trigger.engine import Engine
from settings.schedule import Schedule
from state.storage_errors import StorageError

_AREA: Final = "timers"
_SILENT_PERIODS: Final = 3
_FIX: Final = (
    "see whether the app is started and the function not disabled; start it, or run it by hand: "
    "POST /admin/functions/{timer} with the master key"
)


def timers(engine: Engine, now: datetime) -> Iterator[Finding]:
    """Look at the heartbeat of each timer."""
    schedules = {
        "watch": engine.settings.watch_schedule,
        "sweep": engine.settings.sweep_schedule,
    }
    for timer, schedule in schedules.items():
        yield _timer(engine, timer, schedule, now)


def _timer(engine: Engine, timer: str, schedule: Schedule, now: datetime) -> Finding:
    try:
        last = engine.heartbeats.last(timer)
    except StorageError as error:
        return Finding(_AREA, timer, "skipped", f"not known: {error}")
    if last is None:
        what = f"{timer} has never finished a tick"
        return Finding(_AREA, timer, "fault", what, _FIX.format(timer=timer))
    age = now - last.finished_at
    told = f"{timer} finished its last tick {_rounded(age)} ago"
    if age > schedule.longest_period(now) * _SILENT_PERIODS:
        return Finding(_AREA, timer, "fault", told, _FIX.format(timer=timer))
    return Finding(_AREA, timer, "ok", told)


def _rounded(age: timedelta) -> timedelta:
    return timedelta(seconds=max(0, round(age.total_seconds())))
