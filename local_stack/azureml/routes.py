"""The table of addresses."""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local_stack.any_path import ANY_PATH
from local_stack.azureml.addresses import PROVIDER
from local_stack.azureml.deployments import Deployments
from local_stack.azureml.endpoints import Endpoints
from local_stack.azureml.errors import ArmError, not_built
from local_stack.azureml.jobs import Jobs
from local_stack.azureml.management_call import ManagementCall, admitted
from local_stack.azureml.models import Models
from local_stack.azureml.results import Results
from local_stack.azureml.scoring import Scoring
from local_stack.azureml.state import State
from local_stack.http_service.call import Answer, Call
from local_stack.http_service.http_answer import http_answer

type Handler = Callable[[ManagementCall], Answer]

_SUBSCRIPTION: Final = "/subscriptions/{subscription}"
_WORKSPACE: Final = (
    f"{_SUBSCRIPTION}/resourceGroups/{{group}}/providers/{PROVIDER}/workspaces/{{workspace}}"
)
_VERSIONS: Final = _WORKSPACE + "/models/{name}/versions"
_ENDPOINTS: Final = _WORKSPACE + "/onlineEndpoints"
_ENDPOINT: Final = _ENDPOINTS + "/{endpoint}"
_DEPLOYMENTS: Final = _ENDPOINT + "/deployments"
_DEPLOYMENT: Final = _DEPLOYMENTS + "/{deployment}"
_JOBS: Final = _WORKSPACE + "/jobs"
_JOB: Final = _JOBS + "/{id}"
_LOCATION: Final = f"{_SUBSCRIPTION}/providers/{PROVIDER}/locations/{{location}}"
_METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def routes(  # noqa: PLR0913, PLR0917 - one for each noun
    state: State,
    models: Models,
    endpoints: Endpoints,
    deployments: Deployments,
    jobs: Jobs,
    results: Results,
    scoring: Scoring,
) -> list[Route]:
    """All addresses; every other one answers 501."""
    table: list[tuple[str, str, Handler]] = [
        ("GET", _WORKSPACE, results.workspace),
        ("GET", _VERSIONS, models.list),
        ("GET", _VERSIONS + "/{version}", models.get),
        ("PUT", _VERSIONS + "/{version}", models.put),
        ("GET", _ENDPOINTS, endpoints.list),
        ("GET", _ENDPOINT, endpoints.get),
        ("PUT", _ENDPOINT, endpoints.put),
        ("PATCH", _ENDPOINT, endpoints.patch),
        ("POST", _ENDPOINT + "/listKeys", endpoints.list_keys),
        ("POST", _ENDPOINT + "/token", endpoints.token),
        ("GET", _DEPLOYMENTS, deployments.list),
        ("GET", _DEPLOYMENT, deployments.get),
        ("PUT", _DEPLOYMENT, deployments.put),
        ("PATCH", _DEPLOYMENT, deployments.patch),
        ("DELETE", _DEPLOYMENT, deployments.delete),
        ("POST", _DEPLOYMENT + "/getLogs", deployments.logs),
        ("GET", _JOBS, jobs.list),
        ("GET", _JOB, jobs.get),
        ("PUT", _JOB, jobs.put),
        ("POST", _JOB + "/cancel", jobs.cancel),
        ("GET", _LOCATION + "/mfeOperationsStatus/{operation}", results.status),
        ("GET", _LOCATION + "/mfeOperationResults/{operation}", results.result),
    ]
    known = [
        Route(path, _managed(handler, state), methods=[method]) for method, path, handler in table
    ]
    score = Route("/inference/{endpoint}/score", scoring.score, methods=["POST"])
    return [*known, score, Route(ANY_PATH, _nothing, methods=_METHODS)]


async def _nothing(request: Request) -> Response:
    return http_answer(not_built(f"{request.method} {request.url.path}").answer())


def _managed(handler: Handler, state: State) -> Callable[[Request], Awaitable[Response]]:
    def answer(call: Call) -> Answer:
        try:
            return handler(admitted(call, state))
        except ArmError as exc:
            return exc.answer()

    async def respond(request: Request) -> Response:
        call = Call(
            method=request.method,
            path=request.url.path,
            parameters=request.path_params,
            query=request.query_params,
            authorization=request.headers.get("authorization", ""),
            body=await request.body(),
        )
        return http_answer(await run_in_threadpool(answer, call))

    return respond
