"""What of a record is forgotten in time: old deployments, and copies that nobody can ask for. Pure.

The order of what is desired is never forgotten.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from patch_endpoint.history import is_news, last_that_was_live
from patch_endpoint.kept import models_in_use, within
from patch_endpoint.record import Past, Record

HISTORY_KEPT_FOR = timedelta(days=180)
"""How long a deployment that is desired no more is remembered, and its copy with it."""


def tidied(record: Record, keep: int | None, now: datetime) -> Record:
    """Forget what is old, and all copies but those of the past that is left and the latest *keep*.

    Args:
        record: The record as it is.
        keep: How many copies may stay; None: it is not known.
        now: When.

    Returns:
        The same record where there is nothing to forget.
    """
    new = _without_old(record, now)
    known = models_in_use(new) + [past.deployment.model for past in new.history]
    kept = [one for one in new.kept if any(one.model.has_bytes_of(model) for model in known)]
    new = replace(new, kept=tuple(kept))
    new = new if keep is None else within(new, keep)
    return record if new == record else new


def without_copies(record: Record, now: datetime) -> Record:
    """Forget the copies of an endpoint that is configured no more, once nobody put it back."""
    serving = record.serving
    # As long as it was configured, what serves was renewed.
    # Without a token nothing tells since when it is configured no more, so nothing is forgotten.
    if serving is None or now - serving.token_expires_at <= HISTORY_KEPT_FOR:
        return record
    return replace(record, kept=()) if record.kept else record


def _without_old(record: Record, now: datetime) -> Record:
    """Forget deployments that ended long ago, but those that may still matter."""
    target = last_that_was_live(record)
    used = models_in_use(record)

    def matters(past: Past) -> bool:
        one = past.deployment
        is_used = any(one.model.is_version(model) for model in used)
        is_old = now - past.at > HISTORY_KEPT_FOR
        # What is later than what serves may be fallen back to, or must not be tried again.
        return not is_old or is_news(record, one) or is_used or one is target

    return replace(record, history=tuple(past for past in record.history if matters(past)))
