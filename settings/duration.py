"""Durations as people write them: `90s`, `15m`, `24h`, `6d`."""

import re
from datetime import timedelta

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_FORM = re.compile(r"([1-9][0-9]{0,6})([smhd])")


def parse_duration(text: str) -> timedelta:
    """Read one duration: a whole number above zero and a unit.

    Raises:
        ValueError: The text is not of that form; the message says which form is.
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise ValueError("is no duration: write a whole number and s, m, h or d, as in 90s or 24h")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
