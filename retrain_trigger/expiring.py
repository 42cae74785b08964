"""Tells of tokens that should have been renewed by now: what serves may stop serving."""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from patch_endpoint.decide import LONGEST_PAUSE
from patch_endpoint.records import Summary
from telemetry.events import emit

_log = logging.getLogger(__name__)


def tell_of_expiring(
    renew_before: timedelta,
    endpoints: Collection[str],
    summaries: Mapping[str, Summary],
    now: datetime,
) -> None:
    """Log each of *endpoints* whose token is near its expiry, or past it."""
    for name in endpoints:
        summary = summaries.get(name)
        if summary is None or not is_near_expiry(summary, renew_before, now):
            continue
        fields = summary.fields
        expires_at = fields["token_expires_at"]
        emit(
            _log,
            "token.near_expiry",
            level=logging.WARNING,
            endpoint=name,
            model=fields.get("serving"),
            token_expires_at=expires_at,
            left=datetime.fromisoformat(expires_at) - now,
            error=fields.get("error"),
        )


def is_near_expiry(summary: Summary, renew_before: timedelta, now: datetime) -> bool:
    """Say whether half of the time is over within which a token is renewed, and it was not.

    A training service may give tokens that are shorter than that by themselves. So no token is
    near its expiry whose renewal is still ahead by more than the longest pause between two tries.
    """
    expires_at = _instant(summary, "token_expires_at")
    if expires_at is None or expires_at - now > renew_before / 2:
        return False
    renew_at = _instant(summary, "renew_at")
    return renew_at is None or renew_at - now <= LONGEST_PAUSE


def _instant(summary: Summary, key: str) -> datetime | None:
    try:
        return datetime.fromisoformat(summary.fields[key])
    except (KeyError, ValueError):
        return None
