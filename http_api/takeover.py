"""A person takes over: redeploy, roll back, release."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

import azure.functions as func
import msgspec

from http_api.answers import ProblemError, answer
from http_api.asking import Reason, asker, body_of, is_dry_run, is_speakable, reason_of
from http_api.documents import endpoint_document
from http_api.person import Done, Verb, Word, heard
from http_api.seen_models import seen_models
from patch_endpoint.catalog import newest
from patch_endpoint.claim import Step
from patch_endpoint.record import Record
from patch_endpoint.steps import (
    ModelGoneError,
    NothingToGoBackToError,
    redeploying,
    releasing,
    rolling_back,
)
from retrain_trigger.engine import Engine
from settings.container import is_blob_name
from settings.model_blobs import ModelBlobs
from settings.scoring_endpoint import ScoringEndpoint

_ON_THEIR_WAY = frozenset({"pending", "waiting"})
# `settings.container.is_blob_name` as a pattern, and no control characters. Spaces and joiners of
# every script are in real names.
_NAME_OF_A_BLOB = r"^(?!(?:[^/]*/)*\.{1,2}(?:/|$))[^\x00-\x1f\x7f-\x9f\\]*$"
_NO_NAME = r"the model's name is none that a blob can have: mind \ and . or .. between slashes"
_GONE = "the model's bytes are not there any more, and no copy of them"


type ModelName = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=1024,
        description="A blob's plain name within the container.",
        extra_json_schema={"pattern": _NAME_OF_A_BLOB},
    ),
]


class RedeployBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a redeploy; all of it may be left out."""

    model: ModelName | None = None
    reason: Reason | None = None


class RollbackBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a rollback; all of it may be left out."""

    hold: bool = True
    reason: Reason | None = None


class ReleaseBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a release; all of it may be left out."""

    reason: Reason | None = None


def redeploy(engine: Engine, endpoint: ScoringEndpoint, req: func.HttpRequest) -> func.HttpResponse:
    """Deploy the model that the body names, or the newest that matches."""
    body = body_of(req, RedeployBody)
    word = _word("redeploy", endpoint, req, body.reason, body.model)

    def carry_out() -> Done:
        name = _named(engine, endpoint, body.model) if body.model else _newest(engine, endpoint)
        return _taken(engine, endpoint, req, word, redeploying(name, word.by, word.reason))

    return heard(word, engine.now(), carry_out)


def rollback(engine: Engine, endpoint: ScoringEndpoint, req: func.HttpRequest) -> func.HttpResponse:
    """Go back to the model that was live before, and hold the endpoint unless told not to."""
    body = body_of(req, RollbackBody)
    word = _word("rollback", endpoint, req, body.reason)
    step = rolling_back(word.by, word.reason, hold=body.hold)
    return heard(word, engine.now(), lambda: _taken(engine, endpoint, req, word, step))


def release(engine: Engine, endpoint: ScoringEndpoint, req: func.HttpRequest) -> func.HttpResponse:
    """End the hold, and let the newest model win."""
    body = body_of(req, ReleaseBody)
    word = _word("release", endpoint, req, body.reason)
    step = releasing(word.by, word.reason)
    return heard(word, engine.now(), lambda: _taken(engine, endpoint, req, word, step))


def _word(
    verb: Verb,
    endpoint: ScoringEndpoint,
    req: func.HttpRequest,
    reason: str | None,
    model: str | None = None,
) -> Word:
    return Word(
        verb=verb,
        endpoint=endpoint.name,
        by=asker(req),
        reason=reason_of(reason),
        dry_run=is_dry_run(req),
        named=model,
    )


def _taken(
    engine: Engine, endpoint: ScoringEndpoint, req: func.HttpRequest, word: Word, step: Step
) -> Done:
    """Take *step*, or say what it would do.

    Raises:
        ProblemError: It cannot be taken; nothing was changed.
    """
    if word.dry_run:
        plan = _possible(lambda: engine.deployer.plan(endpoint, step))
        return Done(str(plan["decision"]), answer(plan))
    record = _possible(lambda: engine.deployer.work(endpoint, step))
    status = HTTPStatus.ACCEPTED if _is_on_its_way(record) else HTTPStatus.OK
    location = req.url.split("?")[0].rstrip("/").rpartition("/")[0]
    document = endpoint_document(endpoint, record, seen_models(engine, record))
    state = record.desired.state if record.desired else "nothing_desired"
    return Done(state, answer(document, status, {"Location": location}))


def _possible[T](do: Callable[[], T]) -> T:
    try:
        return do()
    except ModelGoneError as error:
        raise ProblemError(HTTPStatus.CONFLICT, f"{_GONE}: {error}") from error
    except NothingToGoBackToError as error:
        detail = "no other model was live at this endpoint before"
        raise ProblemError(HTTPStatus.CONFLICT, detail) from error


def _named(engine: Engine, endpoint: ScoringEndpoint, name: str) -> str:
    if not is_speakable(name):
        raise ProblemError(HTTPStatus.BAD_REQUEST, "the model's name has control characters")
    if not is_blob_name(name):
        raise ProblemError(HTTPStatus.BAD_REQUEST, _NO_NAME)
    if engine.catalog.head(name) is not None:
        return name
    record = engine.records.read(endpoint.name).record
    if any(one.model.name == name for one in record.kept):
        return name
    past = [past.deployment for past in record.history]
    known = [one.model.name for one in (*past, record.desired, record.waiting) if one is not None]
    if name in known:
        raise ProblemError(HTTPStatus.CONFLICT, _GONE)
    raise ProblemError(HTTPStatus.NOT_FOUND, _no_such_model(engine.settings.model_blobs, name))


def _no_such_model(models: ModelBlobs, name: str) -> str:
    what, container = "there is no such model in the container of models", f"{models.container}/"
    hint = f"leave {container} out: the name is that within the container"
    return f"{what}; {hint}" if name.startswith(container) else what


def _newest(engine: Engine, endpoint: ScoringEndpoint) -> str:
    model = newest(engine.catalog, endpoint)
    if model is None:
        detail = "no model in the container matches the endpoint's `models`"
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
    return model.name


def _is_on_its_way(record: Record) -> bool:
    desired = record.desired
    if desired is None:
        return False
    unconfirmed = desired.state == "patched" and desired.next_attempt_at is not None
    return unconfirmed or desired.state in _ON_THEIR_WAY
