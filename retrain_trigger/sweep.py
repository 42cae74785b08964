"""Finds what no event announced: models that nobody told us of, endpoints that nothing wakes."""

import bisect
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime

from patch_endpoint.history import HISTORY_KEPT
from patch_endpoint.records import WAITING, Summary
from patch_endpoint.steps import reconsidering
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
    newest = _newest(engine, configured, summaries)
    needy = [
        endpoint
        for endpoint in endpoints.values()
        if _is_missed(newest[endpoint.name], summaries.get(endpoint.name))
        or _is_asleep(endpoint, summaries.get(endpoint.name))
        or len(newest[endpoint.name]) > 1
    ]

    def mend(endpoint: ScoringEndpoint) -> None:
        models = newest[endpoint.name]
        summary = summaries.get(endpoint.name)
        emit(_log, "sweep.found", endpoint=endpoint.name, model=models[-1].name if models else None)
        if _is_missed(models, summary):
            engine.deployer.land(endpoint, models[-1].name)
        elif _is_asleep(endpoint, summary):
            engine.deployer.wake(endpoint, None)
        else:
            engine.deployer.work(endpoint, reconsidering(endpoint, models))

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


def _newest(
    engine: Engine, configured: Endpoints, summaries: Mapping[str, Summary]
) -> dict[str, list[TrainedModel]]:
    """Find each endpoint's newest model in one pass; of a refused one's, several, the newest last.

    Where the newest is refused, one that landed before it and was never announced may do.
    """
    newest: dict[str, list[TrainedModel]] = {name: [] for name in configured.by_name}
    for model in engine.catalog.models():
        for endpoint in configured.takers.candidates(model.name):
            best = newest[endpoint.name]
            most = HISTORY_KEPT if _is_refused(summaries.get(endpoint.name)) else 1
            if len(best) == most and _order(best[0]) >= _order(model):
                continue
            if endpoint.takes(model.name):
                bisect.insort(best, model, key=_order)
                del best[:-most]
    return newest


def _order(model: TrainedModel) -> tuple[datetime, str]:
    return (model.last_modified, model.name)


def _is_refused(summary: Summary | None) -> bool:
    return summary is not None and summary.fields.get("state") == "refused"


def _is_missed(newest: list[TrainedModel], summary: Summary | None) -> bool:
    if not newest:
        return False
    model = newest[-1]
    if summary is None:
        return True
    # Where a model waits, it is the latest that landed.
    slot = WAITING if f"{WAITING}instant" in summary.fields else ""
    recorded = _instant_in(summary, f"{slot}instant")
    if recorded is None:
        return True
    if model.last_modified == recorded:
        return summary.fields.get(f"{slot}etag") != model.etag
    return model.last_modified > recorded


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
