"""A person retrains an endpoint, looks at jobs and cancels them."""

from http import HTTPStatus
from itertools import islice
from typing import Literal, NotRequired, TypedDict
from urllib.parse import quote

import azure.functions as func
import msgspec

from http_api.answers import ProblemError, answer, problem
from http_api.asking import Reason, asker, body_of, is_dry_run, reason_of
from http_api.job_documents import JobInShort, job_document, job_summary
from http_api.person import Done, Word, heard
from retrain_trigger.engine import Engine
from retrain_trigger.job import Job
from retrain_trigger.job_id import endpoint_in
from retrain_trigger.jobs import JobEndedError, JobRunsError
from retrain_trigger.request import Request, RetrainImpossibleError
from settings.endpoints_file import is_endpoint_name
from settings.scoring_endpoint import ScoringEndpoint


class RetrainBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a retrain; all of it may be left out."""

    reason: Reason | None = None


class JobsPage(TypedDict):
    """A page of jobs, and where the next one is."""

    value: list[JobInShort]
    nextLink: NotRequired[str]


class CancelPlan(TypedDict):
    """What a cancel would do now."""

    job: str
    decision: Literal["cancel"]
    service_job: str | None


class CancelBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a cancel; all of it may be left out."""

    reason: Reason | None = None


def retrain(engine: Engine, endpoint: ScoringEndpoint, req: func.HttpRequest) -> func.HttpResponse:
    """Begin a job: 202 with its address; 409 with the running one's.

    Raises:
        ProblemError: It cannot be begun; nothing was changed.
    """
    body = body_of(req, RetrainBody)
    word = Word(
        verb="retrain",
        endpoint=endpoint.name,
        by=asker(req),
        reason=reason_of(body.reason),
        dry_run=is_dry_run(req),
    )
    return heard(word, engine.now(), lambda: _retrained(engine, endpoint, req, word))


def _retrained(
    engine: Engine, endpoint: ScoringEndpoint, req: func.HttpRequest, word: Word
) -> Done:
    request = Request(by=word.by, reason=word.reason)
    try:
        if word.dry_run:
            plan = engine.jobs.plan(endpoint, request)
            return Done(str(plan["decision"]), answer(plan))
        job = engine.jobs.begin(endpoint, request)
    except JobRunsError as error:
        response = problem(ProblemError(HTTPStatus.CONFLICT, str(error)))
        response.headers["Location"] = _address(req, error.job)
        return Done("job_runs", response)
    except RetrainImpossibleError as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
    where = {"Location": _address(req, job)}
    return Done(job.state, answer(job_document(job), HTTPStatus.ACCEPTED, where))


def list_jobs(engine: Engine, req: func.HttpRequest, page_size: int) -> func.HttpResponse:
    """List the jobs, a page at a time; `?endpoint=` shows one endpoint's alone."""
    after, endpoint = req.params.get("after", ""), req.params.get("endpoint", "")
    if endpoint and not is_endpoint_name(endpoint):
        raise ProblemError(HTTPStatus.BAD_REQUEST, "endpoint is no endpoint's name")
    if after and endpoint_in(after) is None:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "after is no job's id")
    prefix = f"{endpoint}_" if endpoint else ""
    summaries = engine.jobs.records.summaries(prefix=prefix, after=after)
    found = list(islice(summaries, page_size + 1))
    page = found[:page_size]
    body: JobsPage = {"value": [job_summary(one) for one in page]}
    if len(found) > page_size:
        more = f"&endpoint={endpoint}" if endpoint else ""
        body["nextLink"] = f"{req.url.split('?')[0]}?after={quote(page[-1].id)}{more}"
    return answer(body)


def get_job(engine: Engine, req: func.HttpRequest) -> func.HttpResponse:
    """Say how one job is, with the failure's text in full."""
    stored = engine.jobs.records.read(_id(req))
    if stored is None:
        raise _no_such_job()
    return answer(job_document(stored.job))


def cancel_job(engine: Engine, req: func.HttpRequest) -> func.HttpResponse:
    """Have a job cancelled: 200 once it is, 202 while its service has not answered.

    Raises:
        ProblemError: There is no such job, or it has ended.
    """
    body = body_of(req, CancelBody)
    job_id = _id(req)
    word = Word(
        verb="cancel",
        endpoint=endpoint_in(job_id) or "",
        by=asker(req),
        reason=reason_of(body.reason),
        dry_run=is_dry_run(req),
        named=job_id,
    )
    return heard(word, engine.now(), lambda: _cancelled(engine, req, word, job_id))


def _cancelled(engine: Engine, req: func.HttpRequest, word: Word, job_id: str) -> Done:
    try:
        if word.dry_run:
            return Done("cancel", answer(_cancel_plan(engine, job_id)))
        job = engine.jobs.cancel(job_id, word.by, word.reason)
    except JobEndedError as error:
        raise ProblemError(HTTPStatus.CONFLICT, str(error)) from error
    if job is None:
        raise _no_such_job()
    status = HTTPStatus.OK if job.has_ended else HTTPStatus.ACCEPTED
    return Done(job.state, answer(job_document(job), status, {"Location": _address(req, job)}))


def _cancel_plan(engine: Engine, job_id: str) -> CancelPlan:
    stored = engine.jobs.cancellable(job_id)
    if stored is None:
        raise _no_such_job()
    return {"job": job_id, "decision": "cancel", "service_job": stored.job.job_id}


def _id(req: func.HttpRequest) -> str:
    job_id: str = req.route_params.get("job", "")
    if endpoint_in(job_id) is None:
        raise _no_such_job()
    return job_id


def _no_such_job() -> ProblemError:
    return ProblemError(HTTPStatus.NOT_FOUND, "there is no such job")


def _address(req: func.HttpRequest, job: Job) -> str:
    """Give a job's address beside that of the request, whatever the routes' prefix is."""
    path = req.url.split("?")[0].rstrip("/")
    for part in ("/endpoints/", "/jobs/"):
        base, found, _ = path.rpartition(part)
        if found:
            return f"{base}/jobs/{quote(job.id)}"
    return f"{path}/{quote(job.id)}"
