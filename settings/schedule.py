"""NCRONTAB schedules, in UTC, as Azure Functions reads them."""

import re
from datetime import datetime, timedelta

_FIELD_NAMES = ("second", "minute", "hour", "day", "month", "day of week")
_FIELD = re.compile(r"[0-9A-Za-z*/,\-]+")
_PERIODS_LOOKED_AT = 24


class Schedule:
    """Six fields, seconds first; a schedule of five fields fires at second 0.

    Day and day of week must both match, unlike in Unix cron. Sunday is 0, and 7 is no day.
    """

    def __init__(self, text: str) -> None:
        """Check *text*.

        Raises:
            ValueError: It is no NCRONTAB expression; the message says why.
        """
        self.text = " ".join(_checked_fields(text))
        self.next_after(datetime.fromisoformat("2026-01-01T00:00:00+00:00"))

    def next_after(self, instant: datetime) -> datetime:
        """Give the first occurrence later than *instant*."""
        # croniter is only needed where a schedule is read: not on a landing's cold start.
        from croniter import CroniterError, croniter  # noqa: PLC0415 - see above

        try:
            cron = croniter(self.text, instant, second_at_beginning=True, day_or=False)
            occurrence: datetime = cron.get_next(datetime)
        except CroniterError as error:
            raise ValueError(f"is no NCRONTAB schedule: {error}") from error
        return occurrence

    def latest_until(self, instant: datetime) -> datetime:
        """Give the latest occurrence that is no later than *instant*."""
        from croniter import croniter  # noqa: PLC0415 - as above

        later = instant.replace(microsecond=0) + timedelta(seconds=1)
        cron = croniter(self.text, later, second_at_beginning=True, day_or=False)
        occurrence: datetime = cron.get_prev(datetime)
        return occurrence

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
    if len(fields) == len(_FIELD_NAMES) - 1:
        fields.insert(0, "0")
    if len(fields) != len(_FIELD_NAMES):
        raise ValueError(
            f"is no NCRONTAB schedule: it has {len(fields)} fields and needs six "
            f"({', '.join(_FIELD_NAMES)})"
        )
    for name, field in zip(_FIELD_NAMES, fields, strict=True):
        if not _FIELD.fullmatch(field):
            raise ValueError(f"is no NCRONTAB schedule: the {name} field cannot be read")
    if "7" in re.split(r"[,\-/]", fields[-1].split("/")[0]):
        raise ValueError("is no NCRONTAB schedule: a day of week is 0 (Sunday) to 6, not 7")
    return fields
