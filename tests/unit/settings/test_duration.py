"""Durations as people write them."""

from datetime import timedelta

import pytest

from settings.duration import parse_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("24h", timedelta(days=1)),
        ("6d", timedelta(days=6)),
        (" 6d ", timedelta(days=6)),
        ("9999999s", timedelta(seconds=9_999_999)),
    ],
)
def test_a_whole_number_and_a_unit_are_a_duration(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text",
    ["", "0s", "-1h", "1.5h", "24", "h", "24H", "1 h", "1h30m", "01h", "1w", "99999999s", "٣h"],
)
def test_anything_else_is_refused_and_the_form_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"^is no duration: .* as in 90s or 24h$"):
        parse_duration(text)
