"""NCRONTAB schedules, in UTC, as Azure Functions reads them."""

import re
from datetime import datetime, timedelta

# What croniter knows and NCRONTAB does not (L, W, H, R, ?, #) stays out.
_NUMBERS = r"[0-9*/,\-]"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = {
    "second": _NUMBERS,
    "minute": _NUMBERS,
    "hour": _NUMBERS,
    "day": _NUMBERS,
    "month": "|".join((_NUMBERS, *_MONTHS)),
    "day of week": "|".join((_NUMBERS, *_DAYS)),
}
_VALUES = {name: number for names in (("", *_MONTHS), _DAYS) for number, name in enumerate(names)}
_PERIODS_LOOKED_AT = 24
_SOME_DAY = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
_RANGE = re.compile(r"(?P<first>[0-9a-z]+)-(?P<last>[0-9a-z]+)(?P<step>/[0-9]+)?", re.IGNORECASE)


class Schedule:
    """Six fields, seconds first; a schedule of five fields fires at second 0.

    Day and day of week must both match, unlike in Unix cron. Sunday is 0, and 7 is no day.
    """

    def __init__(self, text: str) -> None:
        """Check *text*.

        Raises:
            ValueError: It is no NCRONTAB expression; the message says why.
        """
        fields = _checked_fields(text)
        self.text = " ".join(fields)
        self._for_croniter = " ".join(map(_as_croniter_reads, fields))
        self.next_after(_SOME_DAY)

    def next_after(self, instant: datetime) -> datetime:
        """Give the first occurrence later than *instant*."""
        # croniter is only needed where a schedule is read: not on a landing's cold start.
        from croniter import (  # noqa: PLC0415 - see above
            CroniterBadDateError,
            CroniterError,
            croniter,
        )

        try:
            cron = croniter(self._for_croniter, instant, second_at_beginning=True, day_or=False)
            occurrence: datetime = cron.get_next(datetime)
        except CroniterBadDateError:
            raise ValueError("is no NCRONTAB schedule: it never occurs") from None
        except CroniterError:
            # The error's own text quotes the schedule, and a fault quotes no value.
            raise ValueError("is no NCRONTAB schedule: a number, range or step is wrong") from None
        return occurrence

    def latest_until(self, instant: datetime) -> datetime:
        """Give the latest occurrence that is no later than *instant*."""
        from croniter import croniter  # noqa: PLC0415 - as above

        later = instant.replace(microsecond=0) + timedelta(seconds=1)
        cron = croniter(self._for_croniter, later, second_at_beginning=True, day_or=False)
        occurrence: datetime = cron.get_prev(datetime)
        return occurrence

    def longest_pause(self) -> timedelta:
        """Give the longest pause that a week shows, nights and days off included."""
        hours = [_SOME_DAY + timedelta(hours=hour) for hour in range(24)]
        days = [_SOME_DAY + timedelta(days=day) for day in range(1, 7)]
        pauses = [self.next_after(at) - self.latest_until(at) for at in hours + days]
        return max(self.longest_period(_SOME_DAY), *pauses)

    def longest_period(self, around: datetime) -> timedelta:
        """Give the longest pause between the next occurrences, as a bound on silence."""
        first = self.next_after(around)
        longest = timedelta(0)
        for _ in range(_PERIODS_LOOKED_AT):
            second = self.next_after(first)
            longest, first = max(longest, second - first), second
        return longest


def _checked_fields(text: str) -> list[str]:
    fields = text.split()
    if len(fields) == len(_FIELDS) - 1:
        fields.insert(0, "0")
    if len(fields) != len(_FIELDS):
        raise ValueError(
            f"is no NCRONTAB schedule: it has {len(fields)} fields and needs six "
            f"({', '.join(_FIELDS)})"
        )
    for (name, characters), field in zip(_FIELDS.items(), fields, strict=True):
        if not re.fullmatch(f"(?:{characters})+", field, re.IGNORECASE):
            raise ValueError(f"is no NCRONTAB schedule: the {name} field cannot be read")
    if re.search(r"(?<![0-9/])0*7(?![0-9])", fields[-1]):  # after a slash it is a step
        raise ValueError("is no NCRONTAB schedule: a day of week is 0 (Sunday) to 6, not 7")
    return fields


def _as_croniter_reads(field: str) -> str:
    """Write ranges so that croniter reads them as NCRONTAB does.

    There `22-2` is `2-22`, the ends swapped, where croniter goes on past midnight; and `5-5` is 5
    alone, whatever its step, where croniter takes every value.
    """
    return ",".join(map(_as_one_range, field.split(",")))


def _as_one_range(part: str) -> str:
    found = _RANGE.fullmatch(part)
    if found is None:
        return part
    first, last = sorted((_value(found["first"]), _value(found["last"])))
    return f"{first}" if first == last else f"{first}-{last}{found['step'] or ''}"


def _value(text: str) -> int:
    return int(text) if text.isdecimal() else _VALUES.get(text.lower(), -1)
