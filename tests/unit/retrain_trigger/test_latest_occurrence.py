"""The latest occurrence of a schedule, which missed ones collapse into."""

from datetime import datetime

import pytest

from settings.schedule import Schedule


@pytest.mark.parametrize(
    ("schedule", "instant", "latest"),
    [
        ("0 0 3 * * *", "2026-03-02T03:00:00+00:00", "2026-03-02T03:00:00+00:00"),
        ("0 0 3 * * *", "2026-03-02T03:00:00.900+00:00", "2026-03-02T03:00:00+00:00"),
        ("0 0 3 * * *", "2026-03-02T02:59:59.999+00:00", "2026-03-01T03:00:00+00:00"),
        ("*/10 * * * * *", "2026-03-02T03:00:19+00:00", "2026-03-02T03:00:10+00:00"),
        # Day and weekday must both match: a Friday the 13th.
        ("0 0 0 13 * 5", "2026-03-20T00:00:00+00:00", "2026-03-13T00:00:00+00:00"),
        ("0 0 0 13 * 5", "2026-03-12T00:00:00+00:00", "2026-02-13T00:00:00+00:00"),
        ("0 0 0 29 2 *", "2026-03-12T00:00:00+00:00", "2024-02-29T00:00:00+00:00"),
    ],
)
def test_the_latest_occurrence_is_no_later_than_the_instant(
    schedule: str, instant: str, latest: str
) -> None:
    found = Schedule(schedule).latest_until(datetime.fromisoformat(instant))

    assert found == datetime.fromisoformat(latest)
