"""A person has a configured scoring endpoint added to its predictive web service."""

from http import HTTPStatus
from typing import Final

import azure.functions as func
import msgspec

from http_api.answers import ProblemError, answer
from http_api.asking import body_of, is_dry_run
from retrain_trigger.creation import NotAddedError, add_endpoint, plan_to_add
from retrain_trigger.engine import Engine
from settings.scoring_endpoint import ScoringEndpoint

_STATUS: Final = {
    "file": HTTPStatus.UNPROCESSABLE_ENTITY,
    "endpoint": HTTPStatus.CONFLICT,
    "service": HTTPStatus.BAD_GATEWAY,
}


class CreateBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a create; what is asked for is in the endpoints file."""


def create_endpoint(
    engine: Engine, endpoint: ScoringEndpoint, req: func.HttpRequest
) -> func.HttpResponse:
    """Add the endpoint: 201, or 200 if it is there.

    Raises:
        ProblemError: It is not there, and was not added.
    """
    body_of(req, CreateBody)
    try:
        if is_dry_run(req):
            return answer(plan_to_add(engine, endpoint))
        added = add_endpoint(engine, endpoint)
    except NotAddedError as error:
        raise ProblemError(_STATUS[error.at_fault], str(error)) from error
    status = HTTPStatus.CREATED if added.created else HTTPStatus.OK
    location = req.url.split("?")[0].rstrip("/").rpartition("/")[0]
    return answer(added, status, {"Location": location})
