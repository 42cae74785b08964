"""NCRONTAB expressions."""

from datetime import UTC, datetime

import pytest

from local_stack.functions_host.schedule import ScheduleError, parse_schedule

NOW = datetime(2026, 11, 23, 10, 30, 15, tzinfo=UTC)  # a Monday


@pytest.mark.parametrize(
    ("expression", "following"),
    [
        ("0 * * * * *", datetime(2026, 11, 23, 10, 31, tzinfo=UTC)),
        ("*/5 * * * * *", datetime(2026, 11, 23, 10, 30, 20, tzinfo=UTC)),
        ("15 */10 * * * *", datetime(2026, 11, 23, 10, 40, 15, tzinfo=UTC)),
        ("0 0 3 * * *", datetime(2026, 11, 24, 3, tzinfo=UTC)),
        ("30 9 * * 1-5", datetime(2026, 11, 24, 9, 30, tzinfo=UTC)),
        ("0 0 0 * Jan Mon", datetime(2027, 1, 4, tzinfo=UTC)),
        ("0 0 0 13 * 5", datetime(2027, 8, 13, tzinfo=UTC)),  # both must match: a Friday the 13th
        ("0 0 0 29 2 *", datetime(2028, 2, 29, tzinfo=UTC)),
        ("0 0 12 * * 0", datetime(2026, 11, 29, 12, tzinfo=UTC)),
    ],
)
def test_the_next_occurrence_is_that_of_ncrontab(expression: str, following: datetime) -> None:
    assert parse_schedule(expression, NOW).after(NOW) == following


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "hello",
        "@daily",
        "00:05:00",
        "* * * *",
        "0 0 0 * * * 2027",
        "0 0 0 L * *",
        "0 0 0 ? * *",
        "0 0 0 * * 5#2",
        "0 0 0 * * 7",
        "0 0 0 * * 1-7",
        "60 * * * * *",
        "0 0 24 * * *",
        "0 0 0 30 2 *",
    ],
)
def test_what_ncrontab_does_not_know_is_refused(expression: str) -> None:
    with pytest.raises(ScheduleError, match="schedule"):
        parse_schedule(expression, NOW)


@pytest.mark.parametrize(
    ("expression", "too_frequent"),
    [
        ("*/30 * * * * *", True),
        ("0,10 0 3 * * *", True),
        ("0 * * * * *", False),
        ("0 0 3 * * *", False),
    ],
)
def test_occurrences_less_than_a_minute_apart_are_not_monitored(
    expression: str,
    *,
    too_frequent: bool,
) -> None:
    assert parse_schedule(expression, NOW).is_too_frequent_to_monitor(NOW) is too_frequent
