"""NCRONTAB schedules, as the host of Azure Functions reads them."""

import itertools
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from local_stack.functions_host.schedule import ScheduleError, parse_schedule
from settings.schedule import Schedule

NOW = datetime(2026, 11, 23, 10, 30, 15, tzinfo=UTC)  # a Monday
FIELDS = st.lists(
    st.one_of(
        st.sampled_from(["*", "0", "*/5", "1-5", "MON", "Jan", "7", "1/2,7", "*/7", "L", "H"]),
        st.text("0123456789*/,-LWRH?#", min_size=1, max_size=5),
    ),
    min_size=4,
    max_size=7,
)


@pytest.mark.parametrize(
    ("text", "occurrence"),
    [
        ("0 * * * * *", datetime(2026, 11, 23, 10, 31, tzinfo=UTC)),
        ("15 */10 * * * *", datetime(2026, 11, 23, 10, 40, 15, tzinfo=UTC)),
        ("  0  0 3 *\t* * ", datetime(2026, 11, 24, 3, tzinfo=UTC)),
        ("0 0 0 * JAN mon", datetime(2027, 1, 4, tzinfo=UTC)),
        ("0 0 12 * * 0", datetime(2026, 11, 29, 12, tzinfo=UTC)),
        ("0 0 0 * * */7", datetime(2026, 11, 29, tzinfo=UTC)),  # a step, not the day
        ("0 5-5 * * * *", datetime(2026, 11, 23, 11, 5, tzinfo=UTC)),  # one value, not all
        ("0 5-5/7 * * * *", datetime(2026, 11, 23, 11, 5, tzinfo=UTC)),
        ("0 0 22-2 * * *", datetime(2026, 11, 23, 11, tzinfo=UTC)),  # 2 to 22: the ends swapped
        ("0 0 0 * * fri-Mon", datetime(2026, 11, 24, tzinfo=UTC)),
        ("0 0 0 * * sat-sat,0-6/9", datetime(2026, 11, 28, tzinfo=UTC)),
        ("0 0 0 1 mar-jan *", datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_the_next_occurrence_is_found(text: str, occurrence: datetime) -> None:
    assert Schedule(text).next_after(NOW) == occurrence


def test_day_and_day_of_week_must_both_match() -> None:
    """Unix cron would take either: the 13th, or a Friday."""
    assert Schedule("0 0 0 13 * 5").next_after(NOW) == datetime(2027, 8, 13, tzinfo=UTC)


def test_five_fields_fire_at_second_zero() -> None:
    assert Schedule("30 9 * * 1-5").text == "0 30 9 * * 1-5"


def test_an_occurrence_is_later_than_the_instant_asked_for() -> None:
    on_time = datetime(2026, 11, 23, 10, 31, tzinfo=UTC)

    assert Schedule("0 * * * * *").next_after(on_time) == on_time + timedelta(minutes=1)


def test_the_longest_period_is_that_over_the_nightly_pause() -> None:
    schedule = Schedule("0 0 8-18 * * *")

    assert schedule.longest_period(NOW) == timedelta(hours=14)


@pytest.mark.parametrize("field", ["7", "07", "0-7", "5-7", "1,7", "1/2,7", "7/2"])
def test_day_of_week_seven_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match=r"a day of week is 0 \(Sunday\) to 6, not 7"):
        Schedule(f"0 0 0 * * {field}")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "it has 0 fields and needs six"),
        ("@daily", "it has 1 fields and needs six"),
        ("00:05:00", "it has 1 fields"),
        ("* * * *", "it has 4 fields"),
        ("0 0 0 * * * 2027", "it has 7 fields"),
        ("0 0 0 L * *", "the day field cannot be read"),
        ("0 0 0 R * *", "the day field cannot be read"),
        ("0 0 0 15W * *", "the day field cannot be read"),
        ("0 0 0 ? * *", "the day field cannot be read"),
        ("0 0 0 * * 5#2", "the day of week field cannot be read"),
        ("0 0 0 * * L5", "the day of week field cannot be read"),
        ("H * * * * *", "the second field cannot be read"),
        ("0 0 0 * MON *", "the month field cannot be read"),
        ("60 * * * * *", "a number, range or step is wrong"),
        ("0 0 24 * * *", "a number, range or step is wrong"),
        ("0 */0 * * * *", "a number, range or step is wrong"),
        ("0 0 0 30 2 *", "it never occurs"),
        ("0 0 61-61 * * *", "a number, range or step is wrong"),
        ("0 0 2-2-3 * * *", "a number, range or step is wrong"),
        ("0 0 5- * * *", "a number, range or step is wrong"),
        ("0 0 0 * * monfri-tue", "a number, range or step is wrong"),
    ],
)
def test_what_ncrontab_does_not_know_is_refused_with_the_reason(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=r"^is no NCRONTAB schedule: ") as refusal:
        Schedule(text)

    assert what in str(refusal.value)


@hypothesis_settings(max_examples=200)
@given(FIELDS)
@example(["*", "*", "*", "*", "*", "R"])
@example(["*", "*", "*", "*", "*", "L"])
@example(["*", "*", "*", "*", "H", "*"])
@example(["*", "*", "*", "*", "mon", "*"])
def test_the_app_and_the_functions_host_read_every_schedule_alike(fields: list[str]) -> None:
    """A timer's schedule is checked by both: what one takes and the other refuses never runs."""
    text = " ".join(fields)
    assume(re.search(r"\b0[0-9]", text) is None)  # 07, which only the app takes for a 7
    try:
        by_the_host = parse_schedule(text, NOW).after(NOW)
    except ScheduleError:
        with pytest.raises(ValueError, match="is no NCRONTAB schedule"):
            Schedule(text)
        return

    assert Schedule(text).next_after(NOW) == by_the_host


LIMITS = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6))


def _parts(limits: tuple[int, int]) -> st.SearchStrategy[str]:
    low, high = limits
    value, step = st.integers(low, high).map(str), st.integers(1, high).map("/{}".format)
    spans = st.one_of(st.just("*"), value, st.builds("{}-{}".format, value, value))
    return st.builds(str.__add__, spans, st.just("") | step)


def _values(field: str, low: int, high: int) -> set[int]:
    """What a field stands for, as NCrontab's `CrontabField` fills its bits."""
    values = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        ends = [int(end) for end in span.replace("*", f"{low}-{high}").split("-")]
        last = high if step and len(ends) == 1 else max(ends)
        values |= set(range(min(ends), last + 1, int(step or 1)))
    return values


@hypothesis_settings(max_examples=60)
@given(
    fields=st.tuples(
        *(st.lists(_parts(one), min_size=1, max_size=2).map(",".join) for one in LIMITS)
    ),
    after=st.integers(0, 4 * 365 * 86_400),
)
@example(fields=("0", "0", "22-2/3", "*", "11-3", "5-1"), after=0)
def test_occurrences_are_those_that_a_search_of_all_days_and_times_finds(
    fields: tuple[str, ...], after: int
) -> None:
    now = NOW + timedelta(seconds=after)
    seconds, minutes, hours, days, months, weekdays = (
        sorted(_values(field, *limits)) for field, limits in zip(fields, LIMITS, strict=True)
    )

    def nearest(*, step: int) -> datetime | None:
        """The first that fits of all times from now on, or back from now."""
        times = list(itertools.product(hours[::step], minutes[::step], seconds[::step]))
        for number in range(500):
            day = now + step * timedelta(days=number)
            if day.day not in days or day.month not in months:
                continue
            if day.isoweekday() % 7 not in weekdays:
                continue
            for hour, minute, second in times:
                found = day.replace(hour=hour, minute=minute, second=second)
                if (found > now) if step > 0 else (found <= now):
                    return found
        return None

    earlier, later = nearest(step=-1), nearest(step=1)
    assume(earlier and later)
    schedule = Schedule(" ".join(fields))

    assert (schedule.latest_until(now), schedule.next_after(now)) == (earlier, later)
