"""Finds what no event announced: models that nobody told us of, endpoints that nothing wakes."""

import logging
from datetime import datetime

from patch_endpoint.records import Summary
from patch_endpoint.trained_model import TrainedModel
from retrain_trigger.engine import Engine
from retrain_trigger.retention import tidy
from retrain_trigger.side_by_side import side_by_side
from settings.scoring_endpoint import ScoringEndpoint
from state.heartbeats import Heartbeat
from telemetry.events import emit

_log = logging.getLogger(__name__)
_UNFINISHED = frozenset({"pending", "patched", "live", "waiting"})


def sweep(engine: Engine) -> int:
    """Look at every model and every record's metadata, and give how many endpoints needed it.

    Raises:
        StorageError: A listing failed, or some endpoint could not be recorded; then all the others
            were, and the heartbeat is written.
    """
    started = engine.now()
    endpoints = engine.endpoints.current().by_name
    summaries = {summary.endpoint: summary for summary in engine.records.summaries()}
    latest = _latest(engine, list(endpoints.values()))
    needy = [
        endpoint
        for endpoint in endpoints.values()
        if _is_missed(latest.get(endpoint.name), summaries.get(endpoint.name))
        or _is_asleep(endpoint, summaries.get(endpoint.name))
    ]

    def mend(endpoint: ScoringEndpoint) -> None:
        model = latest.get(endpoint.name)
        summary = summaries.get(endpoint.name)
        emit(_log, "sweep.found", endpoint=endpoint.name, model=model.name if model else None)
        if model is not None and _is_missed(model, summary):
            engine.deployer.land(endpoint, model.name)
        else:
            engine.deployer.wake(endpoint, None)

    errors = side_by_side(mend, needy)
    try:
        tidy(engine, started)
    except Exception as error:  # noqa: BLE001 - it is raised below: the sweep itself was made
        errors.append(error)
    engine.heartbeats.beat("sweep", Heartbeat(started, engine.now(), len(needy)))
    for one in errors:
        emit(_log, "sweep.failed", level=logging.ERROR, error=type(one).__name__, message=one)
    for one in errors:
        raise one
    return len(needy)


def _latest(engine: Engine, endpoints: list[ScoringEndpoint]) -> dict[str, TrainedModel]:
    """Find each endpoint's newest model in one pass, without keeping the others."""
    latest: dict[str, TrainedModel] = {}
    for model in engine.catalog.models():
        for endpoint in endpoints:
            best = latest.get(endpoint.name)
            if best is not None and _order(best) >= _order(model):
                continue
            if endpoint.takes(model.name):
                latest[endpoint.name] = model
    return latest


def _order(model: TrainedModel) -> tuple[datetime, str]:
    return (model.last_modified, model.name)


def _is_missed(model: TrainedModel | None, summary: Summary | None) -> bool:
    if model is None:
        return False
    recorded = _instant_of(summary) if summary is not None else None
    if summary is None or recorded is None:
        return True
    if model.last_modified == recorded:
        return summary.fields.get("etag") != model.etag
    return model.last_modified > recorded


def _instant_of(summary: Summary) -> datetime | None:
    """Read the order of what the record desires; None: its metadata does not say."""
    try:
        instant = datetime.fromisoformat(summary.fields["instant"])
    except (KeyError, ValueError):
        return None
    return instant if instant.tzinfo else None


def _is_asleep(endpoint: ScoringEndpoint, summary: Summary | None) -> bool:
    """Say whether nothing wakes the endpoint, or a model waits that need not wait any more."""
    if summary is None:
        return False
    state = summary.fields.get("state")
    if state == "waiting" and endpoint.auto_deploy and "held" not in summary.fields:
        return True
    return summary.fields.get("entries") == "0" and state in _UNFINISHED
