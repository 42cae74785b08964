"""The table of addresses."""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local_stack.any_path import ANY_PATH
from local_stack.http_service.call import Answer, Call
from local_stack.http_service.http_answer import http_answer
from local_stack.ml_service.batch import Batch
from local_stack.ml_service.errors import ServiceError, not_built
from local_stack.ml_service.management import Management
from local_stack.ml_service.scoring import Scoring
from local_stack.ml_service.swagger import Swagger

type Handler = Callable[[Call], Answer]

_SERVICES: Final = "/workspaces/{workspace}/webservices"
_SERVICE: Final = _SERVICES + "/{service}"
_ENDPOINTS: Final = _SERVICE + "/endpoints"
_ENDPOINT: Final = _ENDPOINTS + "/{endpoint}"
_API: Final = "/workspaces/{workspace}/services/{guid}"
_JOB: Final = _API + "/jobs/{job}"
_METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def routes(management: Management, batch: Batch, scoring: Scoring, swagger: Swagger) -> list[Route]:
    """All addresses of both hosts; every other one answers 501."""
    table: list[tuple[str, str, Handler]] = [
        ("GET", _SERVICES, management.list_services),
        ("GET", _SERVICE, management.get_service),
        ("GET", _ENDPOINTS, management.list_endpoints),
        ("GET", _ENDPOINT, management.get_endpoint),
        ("PUT", _ENDPOINT, management.create_endpoint),
        ("PATCH", _ENDPOINT, management.patch_endpoint),
        ("DELETE", _ENDPOINT, management.delete_endpoint),
        ("GET", _ENDPOINT + "/apidocument", swagger.of_endpoint),
        ("POST", _API + "/execute", scoring.execute),
        ("POST", _API + "/jobs", batch.submit),
        ("POST", _JOB + "/start", batch.start),
        ("GET", _JOB, batch.status),
        ("DELETE", _JOB, batch.cancel),
        ("GET", _API + "/swagger.json", swagger.of_endpoint),
    ]
    known = [Route(path, _adapted(handler), methods=[method]) for method, path, handler in table]
    return [*known, Route(ANY_PATH, _adapted(_nothing), methods=_METHODS)]


def _nothing(call: Call) -> Answer:
    raise not_built(f"{call.method} {call.path}")


def _adapted(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        call = Call(
            method=request.method,
            path=request.url.path,
            parameters=request.path_params,
            query=request.query_params,
            authorization=request.headers.get("authorization", ""),
            body=await request.body(),
        )
        try:
            answer = await run_in_threadpool(handler, call)
        except ServiceError as exc:
            answer = exc.answer()
        return http_answer(answer)

    return respond
