"""Each training service: can it be reached, does it let us in, can it do what it is asked?"""

from collections.abc import Iterator
from typing import Final

from doctor.endpoints import FIXES
from doctor.finding import Finding
from protocols.batch import BatchProtocol
from protocols.protocol import Refused, Unsettled
from retrain_trigger.engine import Engine
from retrain_trigger.request import RetrainImpossibleError, retraining_of
from settings.endpoints_file import Endpoints
from settings.retraining import ServiceKeys, TrainingService

_AREA: Final = "training services"
_NOT_LET_IN: Final = frozenset({"http_401", "http_403"})
_SILENT: Final = "look at the service; jobs wait until it answers"


def training_service(name: str, service: TrainingService, batch: BatchProtocol) -> Finding:
    """Ask whether it is there and lets us in; no job is begun."""
    answer = batch.reach(service)
    if isinstance(answer, (Refused, Unsettled)):
        return _fault(name, service.keys, answer)
    what = "it answers and takes its key" if service.keys.API_KEY else "it answers and lets us in"
    return Finding(_AREA, name, "ok", what)


def retraining(engine: Engine, endpoints: Endpoints) -> Iterator[Finding]:
    """Say of which endpoints a retrain would be refused before anything runs."""
    models = engine.settings.model_blobs
    for one in endpoints.by_name.values():
        service = one.retrain.service if one.retrain else None
        if one.faults or service not in endpoints.training_services:
            continue  # nothing to retrain, or a fault of its own
        try:
            retraining_of(one, endpoints, models, engine.batches)
        except RetrainImpossibleError as error:
            fix = "mend the endpoint's `retrain` table, or the service's: no job would begin"
            yield Finding(_AREA, f"endpoints.{one.name}.retrain", "fault", str(error), fix)


def _fault(name: str, keys: ServiceKeys, answer: Refused | Unsettled) -> Finding:
    key = keys.API_KEY if keys.API_KEY and answer.code in _NOT_LET_IN else keys.ADDRESS
    what = f"{answer.message or 'it refused'} ({answer.code})"
    fix = FIXES.get(answer.code, _SILENT)
    return Finding(_AREA, f"training_services.{name}.{key}", "fault", what, fix)
