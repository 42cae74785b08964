"""Finds what no event announced: models that nobody told us of, endpoints that nothing wakes."""

import bisect
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime

from patch_endpoint.history import HISTORY_KEPT
from patch_endpoint.records import WAITING, Summary
from patch_endpoint.steps import sweeping
from patch_endpoint.trained_model import TrainedModel
from retrain_trigger.engine import Engine
from retrain_trigger.retention import tidy
from retrain_trigger.side_by_side import side_by_side
from settings.endpoints_file import Endpoints
from settings.scoring_endpoint import ScoringEndpoint
from state.heartbeats import Heartbeat
from telemetry.events import emit

_log = logging.getLogger(__name__)


def sweep(engine: Engine) -> int:
    """Look at every model and every record's metadata, and give how many endpoints needed it.

    Raises:
        StorageError: A listing failed, or some endpoint could not be recorded; then all the others
            were, and the heartbeat is written.
    """
    started = engine.now()
    configured = engine.endpoints.current()
    endpoints = configured.by_name
    summaries = {summary.endpoint: summary for summary in engine.records.summaries()}
    _warn_of_late_tokens(endpoints, summaries, started)
    missed = _missed(engine, configured, summaries)
    needy = [
        endpoint
        for endpoint in endpoints.values()
        if missed[endpoint.name] or _is_asleep(endpoint, summaries.get(endpoint.name))
    ]

    def mend(endpoint: ScoringEndpoint) -> None:
        models = missed[endpoint.name]
        asked = models[-1].name if models else None
        emit(_log, "sweep.found", endpoint=endpoint.name, model=asked)
        engine.deployer.work(endpoint, sweeping(endpoint, models), model=asked)

    errors = side_by_side(mend, needy)
    try:
        tidy(engine, started)
    except Exception as error:  # noqa: BLE001 - it is raised below: the sweep itself was made
        errors.append(error)
    engine.heartbeats.beat("sweep", Heartbeat(started, engine.now(), len(needy)))
    duration = engine.now() - started
    emit(_log, "timer.finished", timer="sweep", done=len(needy), duration=duration)
    for one in errors:
        emit(_log, "sweep.failed", level=logging.ERROR, error=type(one).__name__, message=one)
    for one in errors:
        raise one
    return len(needy)


def _warn_of_late_tokens(
    endpoints: Iterable[str], summaries: Mapping[str, Summary], now: datetime
) -> None:
    """Say of which endpoints the token is near its expiry, each time: an alert hears it."""
    for summary in (summaries[name] for name in endpoints if name in summaries):
        late_at = _instant_in(summary, "late_at")
        if late_at is not None and late_at <= now:
            emit(
                _log,
                "token.near_expiry",
                level=logging.WARNING,
                endpoint=summary.endpoint,
                model=summary.fields.get("serving"),
                token_expires_at=summary.fields.get("token_expires_at"),
            )


def _missed(
    engine: Engine, configured: Endpoints, summaries: Mapping[str, Summary]
) -> dict[str, list[TrainedModel]]:
    """Find in one pass the models that no event may have told an endpoint of, the newest last.

    Where the newest cannot be served, one that landed before it may do. An endpoint that never
    wanted anything takes the newest there is.
    """
    missed: dict[str, list[TrainedModel]] = {name: [] for name in configured.by_name}
    for model in engine.catalog.models():
        for endpoint in configured.takers.candidates(model.name):
            summary = summaries.get(endpoint.name)
            found, most = missed[endpoint.name], HISTORY_KEPT if summary else 1
            if not _may_be_missed(model, summary):
                continue
            if len(found) == most and found[0].order >= model.order:
                continue
            if endpoint.takes(model.name):
                bisect.insort(found, model, key=lambda one: one.order)
                del found[:-most]
    return missed


def _may_be_missed(model: TrainedModel, summary: Summary | None) -> bool:
    """Say whether *model* is later than what is recorded, or another where that was refused."""
    if summary is None:
        return True
    # Where a model waits, it is the latest that landed.
    slot = WAITING if f"{WAITING}instant" in summary.fields else ""
    held_since = _instant_in(summary, "held")
    if held_since is not None and not slot:  # what lands waits, however late a person spoke again
        return model.last_modified >= held_since
    recorded = _instant_in(summary, f"{slot}instant")
    is_other = summary.fields.get(f"{slot}etag") != model.etag
    if recorded is None or summary.fields.get("state") == "refused":
        return is_other
    if model.last_modified != recorded:
        return model.last_modified > recorded
    return is_other and model.name >= summary.fields.get(f"{slot}model", "")


def _instant_in(summary: Summary, field: str) -> datetime | None:
    """Read an instant, such as the order of what the record desires; None: it is not said."""
    try:
        instant = datetime.fromisoformat(summary.fields[field])
    except (KeyError, ValueError):
        return None
    return instant if instant.tzinfo else None


def _is_asleep(endpoint: ScoringEndpoint, summary: Summary | None) -> bool:
    """Say whether nothing wakes the endpoint, or a model waits that need not wait any more."""
    if summary is None:
        return False
    waits = "waiting" in (summary.fields.get("state"), summary.fields.get(f"{WAITING}state"))
    if waits and endpoint.auto_deploy and "held" not in summary.fields:
        return True
    # A record that an earlier version of the app wrote does not say: then it is looked at.
    return summary.fields.get("entries") == "0" and summary.fields.get("at_rest") != "True"
