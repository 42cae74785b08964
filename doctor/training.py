"""Each training service: can it be reached, and does it let us in?"""

from typing import Final

from doctor.endpoints import FIXES
from doctor.finding import Finding
from protocols.batch import BatchProtocol
from protocols.protocol import Refused, Unsettled
from settings.retraining import TrainingService

_AREA: Final = "training services"
_NOT_LET_IN: Final = frozenset({"http_401", "http_403", "workspace_forbidden"})
_SILENT: Final = "look at the service; jobs wait until it answers"
_NO_ROLE: Final = "give the app's identity its role there, see docs/deploy.md"


def training_service(name: str, service: TrainingService, batch: BatchProtocol) -> Finding:
    """Ask whether it is there and lets us in; no job is begun."""
    answer = batch.reach(service)
    if isinstance(answer, Unsettled):
        return _fault(name, service.keys.ADDRESS, answer, FIXES.get(answer.code, _SILENT))
    if isinstance(answer, Refused):
        return _refused(name, service, answer)
    what = "it answers and takes its key" if service.keys.API_KEY else "it answers and lets us in"
    return Finding(_AREA, name, "ok", what)


def _refused(name: str, service: TrainingService, answer: Refused) -> Finding:
    keys = service.keys
    if answer.code not in _NOT_LET_IN:
        return _fault(name, keys.ADDRESS, answer, FIXES.get(answer.code, _SILENT))
    if keys.API_KEY is None:
        return _fault(name, keys.ADDRESS, answer, _NO_ROLE)
    return _fault(name, keys.API_KEY, answer, FIXES.get(answer.code, _SILENT))


def _fault(name: str, key: str, answer: Refused | Unsettled, fix: str) -> Finding:
    what = f"{answer.message or 'it refused'} ({answer.code})"
    return Finding(_AREA, f"training_services.{name}.{key}", "fault", what, fix)
