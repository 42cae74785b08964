"""Azure Machine Learning Studio (classic) on the wire: the batch half.

Submit, start, status, cancel, as its published swagger and samples describe them. One thing is not
confirmed by any document: that an output may be given by a token; inputs certainly may.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

import msgspec

from protocols.batch import (
    AlreadyStarted,
    BatchAbilities,
    BatchJob,
    BatchRequest,
    JobStatus,
    Submitted,
)
from protocols.blob_reference import BlobReference, secrets_in
from protocols.classic_answers import exchange, json_object, json_of
from protocols.classic_keys import classic_service_keys
from protocols.cut_json import members_of
from protocols.protocol import Accepted, Refused, Unsettled
from protocols.wire import ANSWER_LIMIT, HttpAnswer, Wire
from settings.retraining import Retrain, TrainingService
from settings.secret import Secret
from telemetry.redaction import MASK, redact

_MODEL_SUFFIX: Final = ".ilearner"
_NO_JOB: Final = "doctor-looks-for-a-job-that-is-not-there"
_NOT_LET_IN: Final = frozenset({"http_401", "http_403"})
_CANNOT_START: Final = "CannotStartJob"
# A sample of the documents prints the second.
_STATUS_KEYS: Final = ("StatusCode", "Status Code")
_HALF_A_SECRET: Final = 1024
_CUT: Final = " … (cut here: of an answer 64 KiB are read)"
_JOB_ID: Final = re.compile(r"[0-9A-Za-z._-]{1,128}")
# In the documented order: a number stands for each on the older wire.
_STATUSES: Final[tuple[JobStatus, ...]] = (
    "not_started",
    "running",
    "failed",
    "cancelled",
    "finished",
)
_BY_WORD: Final[Mapping[str, JobStatus]] = {
    **{status.replace("_", ""): status for status in _STATUSES},
    **{str(number): status for number, status in enumerate(_STATUSES)},
}


class StudioBatch:
    """See `protocols.batch.BatchProtocol`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def abilities(self, service: TrainingService) -> BatchAbilities:
        """See `BatchProtocol`: the same of every service."""
        del service
        return BatchAbilities(model_suffix=_MODEL_SUFFIX)

    def unfit(self, service: TrainingService, retrain: Retrain) -> str | None:
        """See `BatchProtocol`: which names there are, the service alone knows."""
        del service, retrain
        return None

    def reach(self, service: TrainingService) -> Accepted | Refused | Unsettled:
        """Ask for a job that is not there: whoever says so let us in."""
        answer = self.look(service, _NO_JOB)
        if isinstance(answer, Unsettled):
            return answer
        if isinstance(answer, Refused) and answer.code in _NOT_LET_IN:
            return answer
        return Accepted()

    def submit(
        self, service: TrainingService, request: BatchRequest
    ) -> Submitted | Refused | Unsettled:
        """POST the job; the answer is its id as a JSON string."""
        blobs = (*request.inputs.values(), *request.outputs.values())
        secrets = [secret for blob in blobs for secret in secrets_in(blob.sas_token)]
        body = json.dumps(_body(request, Secret.reveal), ensure_ascii=False).encode()
        answer = self._send("POST", service, "", body, secrets)
        if not isinstance(answer, HttpAnswer):
            return answer
        try:
            job_id = json_of(answer.body)
        except ValueError:
            job_id = None
        if isinstance(job_id, str) and _JOB_ID.fullmatch(job_id):
            return Submitted(job_id)
        return Unsettled("unreadable_job_id", "the service took a job in but named no id")

    def start(
        self, service: TrainingService, job_id: str
    ) -> Accepted | AlreadyStarted | Refused | Unsettled:
        """POST the job's start."""
        answer = self._send("POST", service, f"/{quote(job_id, safe='')}/start", b"")
        if isinstance(answer, Refused) and _CANNOT_START in answer.causes:
            return AlreadyStarted()
        return Accepted() if isinstance(answer, HttpAnswer) else answer

    def look(self, service: TrainingService, job_id: str) -> BatchJob | Refused | Unsettled:
        """GET the job."""
        answer = self._send("GET", service, f"/{quote(job_id, safe='')}")
        if not isinstance(answer, HttpAnswer):
            return answer
        document = json_object(answer)
        if document is not None:
            return _job(document, _key(service))
        # The log of a module may be longer than what is read of an answer.
        return _cut_job(members_of(answer.body), _key(service))

    def cancel(self, service: TrainingService, job_id: str) -> Accepted | Refused | Unsettled:
        """DELETE the job."""
        answer = self._send("DELETE", service, f"/{quote(job_id, safe='')}")
        return Accepted() if isinstance(answer, HttpAnswer) else answer

    def submit_plan(self, service: TrainingService, request: BatchRequest) -> dict[str, object]:
        """Say what `submit` would send, every secret masked."""
        parameters = {
            name: redact(value, [_key(service)]) if isinstance(value, str) else value
            for name, value in request.parameters.items()
        }
        masked = msgspec.structs.replace(request, parameters=parameters)
        return {
            "method": "POST",
            "url": _url(service, ""),
            "headers": {"Authorization": f"Bearer {MASK}"},
            "body": _body(masked, lambda token: redact(token.reveal())),
        }

    def _send(
        self,
        method: str,
        service: TrainingService,
        path: str,
        body: bytes | None = None,
        secrets: list[Secret] | None = None,
    ) -> HttpAnswer | Refused | Unsettled:
        return exchange(
            self._wire,
            method,
            _url(service, path),
            key=_key(service),
            body=body,
            secrets=secrets or [],
            longest=ANSWER_LIMIT,
        )


def _key(service: TrainingService) -> Secret:
    return classic_service_keys(service).api_key


def _url(service: TrainingService, path: str) -> str:
    """Append to the jobs' address, whose query is ours: documents give it with and without."""
    parts = urlsplit(classic_service_keys(service).jobs_url)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}{path}?api-version=2.0"


def _body(request: BatchRequest, reveal: Any) -> dict[str, object]:
    def references(blobs: Mapping[str, BlobReference]) -> dict[str, object]:
        return {
            name: {
                "BaseLocation": blob.base_location,
                "RelativeLocation": blob.relative_location,
                "SasBlobToken": reveal(blob.sas_token),
            }
            for name, blob in blobs.items()
        }

    # An experiment without inputs takes none: what is not configured is not sent.
    body: dict[str, object] = {"GlobalParameters": dict(request.parameters)}
    body |= {"Inputs": references(request.inputs)} if request.inputs else {}
    return body | ({"Outputs": references(request.outputs)} if request.outputs else {})


def _job(document: dict[str, Any], key: Secret) -> BatchJob:
    said = next((document[one] for one in _STATUS_KEYS if one in document), None)
    results = document.get("Results")
    details = document.get("Details")
    return BatchJob(
        status=_status(said),
        said=redact(str(said), [key])[:100],
        results=_results(results, key) if isinstance(results, dict) else {},
        details=redact(_text(details), [key]) if details else None,
    )


def _cut_job(members: dict[str, Any], key: Secret) -> BatchJob | Unsettled:
    """Read a job of which only the beginning is known, if that says enough."""
    job = _job(members, key)
    is_told = not members.keys().isdisjoint(_STATUS_KEYS)
    if not is_told or (job.status == "finished" and "Results" not in members):
        what = "the service's description of the job is no JSON, or too long"
        return Unsettled("unreadable_job", what)
    if job.details is None:
        return job
    # The cut may go through a secret, whose half would not be found.
    return msgspec.structs.replace(job, details=f"{job.details[:-_HALF_A_SECRET]}{_CUT}")


def _status(said: object) -> JobStatus:
    if isinstance(said, bool) or not isinstance(said, (int, str)):
        return "unknown"
    return _BY_WORD.get(str(said).strip().lower(), "unknown")


def _text(details: object) -> str:
    return details if isinstance(details, str) else json.dumps(details, ensure_ascii=False)


def _results(results: dict[str, Any], key: Secret) -> dict[str, BlobReference]:
    return {
        redact(str(name), [key]): _reference(found, key)
        for name, found in results.items()
        if isinstance(found, dict) and isinstance(found.get("RelativeLocation"), str)
    }


def _reference(found: dict[str, Any], key: Secret) -> BlobReference:
    """Read a location so that its parts, concatenated, are a URL: samples differ in slashes.

    Where the model is goes on record, so no service may have its key there.
    """
    base, token = str(found.get("BaseLocation") or ""), str(found.get("SasBlobToken") or "")
    return BlobReference(
        base_location=f"{base.rstrip('/')}/" if base else "",
        relative_location=redact(str(found["RelativeLocation"]), [key]).lstrip("/"),
        sas_token=Secret(f"?{token.removeprefix('?')}" if token else ""),
    )
