"""A person has a configured scoring endpoint added to its predictive web service."""

from http import HTTPStatus
from typing import Final

import azure.functions as func
import msgspec

from http_api.answers import ProblemError, answer
from http_api.asking import asker, body_of, is_dry_run
from http_api.person import Done, Word, heard
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
    word = Word(verb="create", endpoint=endpoint.name, by=asker(req), dry_run=is_dry_run(req))
    return heard(word, engine.now(), lambda: _created(engine, endpoint, req, word))


def _created(engine: Engine, endpoint: ScoringEndpoint, req: func.HttpRequest, word: Word) -> Done:
    try:
        if word.dry_run:
            return Done("create", answer(plan_to_add(engine, endpoint)))
        added = add_endpoint(engine, endpoint)
    except NotAddedError as error:
        raise ProblemError(_STATUS[error.at_fault], str(error)) from error
    status = HTTPStatus.CREATED if added.created else HTTPStatus.OK
    location = req.url.split("?")[0].rstrip("/").rpartition("/")[0]
    verdict = "created" if added.created else "there_already"
    return Done(verdict, answer(added, status, {"Location": location}))
