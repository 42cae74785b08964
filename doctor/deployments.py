"""What is on record: models that were refused, tokens that are near their expiry."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Final

from doctor.finding import Finding
from patch_endpoint.records import Summary
from retrain_trigger.engine import Engine
from state.storage_errors import StorageError

_AREA: Final = "deployments"


def deployments(engine: Engine, names: Collection[str], now: datetime) -> Iterator[Finding]:
    """Look at the metadata of the records of the endpoints *names*."""
    try:
        summaries = [one for one in engine.records.summaries() if one.endpoint in names]
    except StorageError as error:
        yield Finding(_AREA, "records", "skipped", f"not known: {error}")
        return
    found = [trouble for one in summaries for trouble in _troubles(one, now)]
    yield from found
    if not found:
        told = f"{len(summaries)} endpoints with a record, none of which waits for you"
        yield Finding(_AREA, "records", "ok", told)


def _troubles(summary: Summary, now: datetime) -> Iterator[Finding]:
    fields, name = summary.fields, summary.endpoint
    show = f"GET /api/endpoints/{name} says why"
    if fields.get("state") == "refused":
        what = f"{fields.get('model')} was refused ({fields.get('error')})"
        yield Finding(_AREA, name, "warning", what, f"{show}; land a better model, or redeploy")
    late_at = fields.get("late_at")
    if late_at is not None and datetime.fromisoformat(late_at) <= now:
        expires_at = fields.get("token_expires_at")
        what = f"the token of what serves expires at {expires_at}, and no new one was taken yet"
        yield Finding(_AREA, name, "fault", what, f"{show}; mend that before the token expires")
