"""Each training service: can it be reached, and is its key accepted?"""

from typing import Final

from doctor.endpoints import FIXES
from doctor.finding import Finding
from protocols.batch import BatchProtocol
from protocols.protocol import Refused, Unsettled
from settings.retraining import TrainingService

_AREA: Final = "training services"
_NO_JOB: Final = "doctor-looks-for-a-job-that-is-not-there"
_NOT_LET_IN: Final = frozenset({"http_401", "http_403"})


def training_service(name: str, service: TrainingService, batch: BatchProtocol) -> Finding:
    """Ask for a job that is not there: whoever says so let us in."""
    answer = batch.look(service, _NO_JOB)
    key = f"training_services.{name}"
    if isinstance(answer, Unsettled):
        what = f"{answer.message} ({answer.code})"
        fix = FIXES.get(answer.code, "look at the service; jobs wait until it answers")
        return Finding(_AREA, f"{key}.jobs_url", "fault", what, fix)
    if isinstance(answer, Refused) and answer.code in _NOT_LET_IN:
        what = f"{answer.message or 'it refused'} ({answer.code})"
        return Finding(_AREA, f"{key}.api_key", "fault", what, FIXES[answer.code])
    return Finding(_AREA, name, "ok", "it answers and takes its key")
