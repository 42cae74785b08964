"""Each training service: can it be reached, and does it let us in?"""

from typing import Final

from doctor.endpoints import FIXES
from doctor.finding import Finding
from protocols.batch import BatchProtocol
from protocols.protocol import Refused, Unsettled
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


def _fault(name: str, keys: ServiceKeys, answer: Refused | Unsettled) -> Finding:
    key = keys.API_KEY if keys.API_KEY and answer.code in _NOT_LET_IN else keys.ADDRESS
    what = f"{answer.message or 'it refused'} ({answer.code})"
    fix = FIXES.get(answer.code, _SILENT)
    return Finding(_AREA, f"training_services.{name}.{key}", "fault", what, fix)
