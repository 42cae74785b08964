"""The operations of the API: what each takes, and everything it answers."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec

from http_api.app_status import StatusDocument
from http_api.creation import CreateBody
from http_api.documents import EndpointDocument, EndpointsPage
from http_api.job_documents import JobDocument
from http_api.retraining import CancelBody, CancelPlan, JobsPage, RetrainBody
from http_api.takeover import RedeployBody, ReleaseBody, RollbackBody
from patch_endpoint.plan import Plan
from retrain_trigger.creation import Added, AddingPlan
from retrain_trigger.job_id import JOB_ID
from retrain_trigger.request import RetrainPlan
from settings.endpoints_file import ENDPOINT_NAME

_BAD, _MISSING, _CONFLICT = HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT
_UNFIT, _UNSERVED = HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation.

    Attributes:
        function: The function that serves it.
        call: Method and path, within the routes' prefix.
        summary: What it does.
        answers: By status, what is answered beside problems: any of these, or this one word.
        problems: The statuses of problems that the app answers.
        body: What it takes; None: nothing.
        query: The parameters that it takes in the query beside `dry_run`, and the pattern of each.
        located: The statuses whose answers may say where to look.
        is_open: Whether it needs no key.
    """

    function: str
    call: str
    summary: str
    answers: Mapping[HTTPStatus, tuple[Any, ...] | str]
    problems: tuple[HTTPStatus, ...] = ()
    body: type | None = None
    query: Mapping[str, str] = {}
    located: tuple[HTTPStatus, ...] = ()
    is_open: bool = False


def _word(function: str, summary: str, body: type, *more: HTTPStatus) -> Operation:
    """A person's word about what an endpoint should serve."""
    return Operation(
        function=function,
        call=f"POST /endpoints/{{endpoint}}/{function}",
        summary=summary,
        answers={HTTPStatus.OK: (EndpointDocument, Plan), HTTPStatus.ACCEPTED: (EndpointDocument,)},
        problems=(_BAD, _MISSING, *more, _UNSERVED),
        body=body,
        located=(HTTPStatus.OK, HTTPStatus.ACCEPTED),
    )


OPERATIONS: Final = (
    Operation(
        function="list_endpoints",
        call="GET /endpoints",
        summary="What serves where, a page at a time",
        answers={HTTPStatus.OK: (EndpointsPage,)},
        problems=(_BAD, _UNSERVED),
        query={"after": ENDPOINT_NAME},
    ),
    Operation(
        function="get_endpoint",
        call="GET /endpoints/{endpoint}",
        summary="What is desired and what serves, since when, why, and confirmed how",
        answers={HTTPStatus.OK: (EndpointDocument,)},
        problems=(_MISSING, _UNSERVED),
    ),
    _word("redeploy", "Have a model deployed", RedeployBody, _CONFLICT, _UNFIT),
    _word(
        "rollback",
        "Go back to the newest other that was live before",
        RollbackBody,
        _CONFLICT,
    ),
    _word("release", "End a hold, and let the newest model win", ReleaseBody),
    Operation(
        function="retrain",
        call="POST /endpoints/{endpoint}/retrain",
        summary="Begin a retraining job",
        answers={HTTPStatus.OK: (RetrainPlan,), HTTPStatus.ACCEPTED: (JobDocument,)},
        problems=(_BAD, _MISSING, _CONFLICT, _UNFIT, _UNSERVED),
        body=RetrainBody,
        located=(HTTPStatus.ACCEPTED, _CONFLICT),
    ),
    Operation(
        function="create_endpoint",
        call="POST /endpoints/{endpoint}/create",
        summary="Add the endpoint to its predictive web service",
        answers={HTTPStatus.OK: (Added, AddingPlan), HTTPStatus.CREATED: (Added,)},
        problems=(_BAD, _MISSING, _CONFLICT, _UNFIT, HTTPStatus.BAD_GATEWAY, _UNSERVED),
        body=CreateBody,
        located=(HTTPStatus.OK, HTTPStatus.CREATED),
    ),
    Operation(
        function="list_jobs",
        call="GET /jobs",
        summary="The retraining jobs, a page at a time",
        answers={HTTPStatus.OK: (JobsPage,)},
        problems=(_BAD, _UNSERVED),
        query={"after": JOB_ID, "endpoint": ENDPOINT_NAME},
    ),
    Operation(
        function="get_job",
        call="GET /jobs/{job}",
        summary="What a job is in, since when, why, and what came of it",
        answers={HTTPStatus.OK: (JobDocument,)},
        problems=(_MISSING, _UNSERVED),
    ),
    Operation(
        function="cancel_job",
        call="POST /jobs/{job}/cancel",
        summary="Have a job cancelled",
        answers={HTTPStatus.OK: (JobDocument, CancelPlan), HTTPStatus.ACCEPTED: (JobDocument,)},
        problems=(_BAD, _MISSING, _CONFLICT, _UNSERVED),
        body=CancelBody,
        located=(HTTPStatus.OK, HTTPStatus.ACCEPTED),
    ),
    Operation(
        function="status",
        call="GET /status",
        summary="Every fault by name, and how the timers are",
        answers={HTTPStatus.OK: (StatusDocument,)},
    ),
    Operation(
        function="openapi",
        call="GET /openapi.json",
        summary="This document",
        answers={HTTPStatus.OK: (dict[str, Any],)},
    ),
    Operation(
        function="health",
        call="GET /health",
        summary="Whether anything can be deployed, in one word",
        answers={HTTPStatus.OK: "healthy", _UNSERVED: "unhealthy"},
        is_open=True,
    ),
)
