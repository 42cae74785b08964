"""Where training services keep the models of their jobs: a GET by job id, and its fresh token."""

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import msgspec

from patch_endpoint.job_results import ResultLocation, ResultUnavailableError
from patch_endpoint.trained_model import JobOutput
from protocols.batch import BatchJob, BatchProtocol
from protocols.blob_reference import BlobReference, expiry_in
from protocols.protocol import Refused, Unsettled
from settings.fault import SettingsError
from settings.retraining import TrainingService
from state.endpoints_source import EndpointsSource

_GONE = frozenset({"http_404", "http_410"})
_FRESH_FOR = timedelta(seconds=30)
_FRESH_PART = 10
_REMEMBERED = 256


class _Seen(msgspec.Struct, frozen=True):
    results: Mapping[str, BlobReference]
    at: datetime


class ServiceResults:
    """See `patch_endpoint.job_results.JobResults`.

    Args:
        batches: How training services are asked, by what they speak.
        endpoints: The endpoints file, which the services are in.
    """

    def __init__(self, batches: Mapping[str, BatchProtocol], endpoints: EndpointsSource) -> None:
        self._batches, self._endpoints = batches, endpoints
        self._seen: dict[tuple[str, str], _Seen] = {}
        self._lock = threading.Lock()

    def remember(self, service: str, job_id: str, job: BatchJob, now: datetime) -> None:
        """Keep the results of a look that was just taken, so that no second one is needed."""
        with self._lock:
            self._seen.pop((service, job_id), None)
            self._seen[service, job_id] = _Seen(job.results, now)
            while len(self._seen) > _REMEMBERED:
                self._seen.pop(next(iter(self._seen)))

    def location(self, output: JobOutput, now: datetime) -> ResultLocation:
        """See `JobResults`."""
        with self._lock:
            seen = self._seen.get((output.service, output.job_id))
        if seen is not None and (reference := seen.results.get(output.output)) is not None:
            known = _located(reference)
            if now - seen.at <= min(_FRESH_FOR, (known.expires_at - seen.at) / _FRESH_PART):
                return known
        return _located(self._asked(output, now))

    def _asked(self, output: JobOutput, now: datetime) -> BlobReference:
        service = self._service(output.service)
        answer = self._batches[service.protocol].look(service, output.job_id)
        # An unknown job too: a proxy can say so, and an address that is wrong for a minute.
        if isinstance(answer, (Refused, Unsettled)):
            raise ResultUnavailableError(answer.code, answer.message)
        if answer.status != "finished":
            raise ResultUnavailableError("not_finished", f"it says that the job is {answer.said}")
        self.remember(output.service, output.job_id, answer, now)
        if (found := answer.results.get(output.output)) is None:
            what = f"it names no output {output.output} of the job"
            raise ResultUnavailableError("no_such_output", what)
        return found

    def _service(self, name: str) -> TrainingService:
        try:
            service = self._endpoints.current().training_services.get(name)
        except SettingsError as error:
            raise ResultUnavailableError("no_endpoints_file", str(error)) from error
        if service is None:
            what = f"training_services.{name} is missing, or has a fault"
            raise ResultUnavailableError("service_not_configured", what)
        return service


def is_unknown_job(answer: Refused) -> bool:
    """Say whether a service does not know the job; how the real one said so is not documented."""
    names_the_id = any("JobId" in cause for cause in answer.causes)
    return answer.code in _GONE or (answer.code == "http_400" and names_the_id)


def blob_in(reference: BlobReference) -> str:
    """Give container and name of a location, as they are."""
    return unquote(reference.relative_location)


def _located(reference: BlobReference) -> ResultLocation:
    text = expiry_in(reference.sas_token.reveal())
    try:
        expires_at = datetime.fromisoformat(text or "")
    except ValueError as error:
        raise ResultUnavailableError("unreadable_token", "its token names no expiry") from error
    if expires_at.tzinfo is None:
        expires_at = expires_at.replace(tzinfo=UTC)
    return ResultLocation(
        reference=reference,
        blob=blob_in(reference),
        expires_at=expires_at.astimezone(UTC),
        expiry_text=text or "",
    )
