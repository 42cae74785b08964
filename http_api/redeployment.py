"""A person has a model deployed."""

from http import HTTPStatus
from typing import Annotated

import azure.functions as func
import msgspec

from http_api.answers import ProblemError, answer
from http_api.documents import endpoint_document
from patch_endpoint.catalog import newest
from patch_endpoint.deploy import ModelGoneError
from patch_endpoint.plan import plan_of
from patch_endpoint.record import Record
from patch_endpoint.trained_model import TrainedModel
from retrain_trigger.engine import Engine
from settings.scoring_endpoint import ScoringEndpoint
from telemetry.redaction import redact

_ON_THEIR_WAY = frozenset({"pending", "waiting"})
_LONGEST_BODY = 16 * 1024
_GONE = "the model's blob is not there any more"
_SOMEBODY = "holder of a function key"


class RedeployBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a redeploy; all of it may be left out."""

    model: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)] | None = None
    reason: Annotated[str, msgspec.Meta(max_length=500)] | None = None


def redeploy(engine: Engine, endpoint: ScoringEndpoint, req: func.HttpRequest) -> func.HttpResponse:
    """Deploy the model that the body names, or the newest that matches.

    Raises:
        ProblemError: It cannot be done; nothing was changed.
    """
    body = _body(req)
    dry_run = _flag(req, "dry_run")
    record = engine.records.read(endpoint.name).record
    model = _named(engine, record, body.model) if body.model else _newest(engine, endpoint)
    by = redact(req.headers.get("x-ms-client-principal-name") or _SOMEBODY)
    if dry_run:
        plan = plan_of(
            endpoint=endpoint,
            record=record,
            model=model,
            by=by,
            now=engine.now(),
            protocol=engine.protocols[endpoint.protocol],
            signer=engine.signer,
            container=engine.catalog.container,
        )
        return answer(plan)
    reason = redact(body.reason) if body.reason else None
    try:
        record = engine.deployer.redeploy(endpoint, model.name, by, reason)
    except ModelGoneError as error:
        raise ProblemError(HTTPStatus.CONFLICT, _GONE) from error
    status = HTTPStatus.ACCEPTED if _is_on_its_way(record) else HTTPStatus.OK
    location = req.url.split("?")[0].removesuffix("/").removesuffix("/redeploy")
    return answer(endpoint_document(endpoint, record), status, {"Location": location})


def _body(req: func.HttpRequest) -> RedeployBody:
    content = req.get_body()
    if len(content) > _LONGEST_BODY:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "the body is longer than 16 KiB")
    try:
        return msgspec.json.decode(content, type=RedeployBody) if content else RedeployBody()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"the body is faulty: {error}") from error


def _flag(req: func.HttpRequest, name: str) -> bool:
    text: str = req.params.get(name, "false").lower()
    if text not in {"true", "false"}:
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"{name} must be true or false")
    return text == "true"


def _named(engine: Engine, record: Record, name: str) -> TrainedModel:
    if not name.isprintable():
        raise ProblemError(HTTPStatus.BAD_REQUEST, "the model's name has unprintable characters")
    model = engine.catalog.head(name)
    if model is not None:
        return model
    past = [past.deployment for past in record.history]
    known = [one.model.name for one in (*past, record.desired, record.waiting) if one is not None]
    if name in known:
        raise ProblemError(HTTPStatus.CONFLICT, _GONE)
    raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such model in the container of models")


def _newest(engine: Engine, endpoint: ScoringEndpoint) -> TrainedModel:
    model = newest(engine.catalog, endpoint)
    if model is None:
        detail = "no model in the container matches the endpoint's `models`"
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
    return model


def _is_on_its_way(record: Record) -> bool:
    desired = record.desired
    if desired is None:
        return False
    unconfirmed = desired.state == "patched" and desired.next_attempt_at is not None
    return unconfirmed or desired.state in _ON_THEIR_WAY
