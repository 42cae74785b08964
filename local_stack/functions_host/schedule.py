"""NCRONTAB: the schedule of a timer trigger, in UTC.

Six fields, seconds first; with five the seconds are 0. Unlike Unix cron, day and day of week must
both match. What the real host does not know (dow 7, `L`, `#`, `?`, `@daily`) is refused.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from croniter import CroniterBadCronError, CroniterBadDateError, croniter

from local_stack.functions_host.definition import FunctionFaultError

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ORDERS = (_DAYS, _MONTHS)
_FIELD = re.compile(r"[0-9*/,-]+")
_MONTH_FIELD, _DAY_FIELD = (  # no other letters: croniter knows L, H and R
    re.compile(f"(?:[0-9*/,-]|{'|'.join(filter(None, names))})+", re.IGNORECASE)
    for names in (_MONTHS, _DAYS)
)
_MINUTE = timedelta(minutes=1)
_SAMPLES = 5


class ScheduleError(FunctionFaultError):
    """A schedule that the real host would refuse too."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule that was checked."""

    expression: str

    def after(self, instant: datetime) -> datetime:
        """The first occurrence after an instant (aware, UTC)."""
        expression = " ".join(map(_in_order, self.expression.split()))
        cron = croniter(expression, instant, second_at_beginning=True, day_or=False)
        found: datetime = cron.get_next(datetime)
        return found

    def is_too_frequent_to_monitor(self, now: datetime) -> bool:
        """Whether occurrences are less than a minute apart: no status is kept for such timers."""
        occurrences = [self.after(now)]
        while len(occurrences) < _SAMPLES:
            occurrences.append(self.after(occurrences[-1]))
        return any(later - earlier < _MINUTE for earlier, later in pairwise(occurrences))


def parse_schedule(expression: str, now: datetime) -> Schedule:
    """Check a schedule.

    Raises:
        ScheduleError: it is no NCRONTAB expression, or never occurs.
    """
    fields = expression.split()
    if len(fields) == 5:  # noqa: PLR2004 - the classic form without seconds
        fields = ["0", *fields]
    patterns = (_FIELD, _FIELD, _FIELD, _FIELD, _MONTH_FIELD, _DAY_FIELD)
    if len(fields) != len(patterns) or not all(
        pattern.fullmatch(text) for pattern, text in zip(patterns, fields, strict=True)
    ):
        raise ScheduleError(f"schedule {expression!r} is not NCRONTAB: six fields, seconds first")
    if re.search(r"(?<![0-9/])0*7", fields[5]):
        raise ScheduleError(f"schedule {expression!r}: days of the week are 0 (Sunday) to 6")
    schedule = Schedule(" ".join(fields))
    try:
        schedule.after(now)
    except CroniterBadDateError:
        raise ScheduleError(f"schedule {expression!r} never occurs") from None
    except (CroniterBadCronError, ValueError) as error:
        raise ScheduleError(f"schedule {expression!r}: {error}") from None
    return schedule


def _in_order(field: str) -> str:
    """Swap the ends of a range like 22-2, and take 5-5 for a 5, as NCRONTAB does."""
    return ",".join(map(_part_in_order, field.lower().split(",")))


def _part_in_order(part: str) -> str:
    span, slash, step = part.partition("/")
    ends = sorted(span.split("-"), key=_number)
    if len(ends) != 2 or not all(ends):  # noqa: PLR2004 - a range has two ends
        return part
    first, last = ends
    return first if _number(first) == _number(last) else f"{first}-{last}{slash}{step}"


def _number(end: str) -> int:
    if end.isdecimal():
        return int(end)
    return next((names.index(end) for names in _ORDERS if end in names), -1)
