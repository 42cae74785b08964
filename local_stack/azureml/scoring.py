"""The data plane: what an endpoint's own host does in front of its deployments."""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Final
from uuid import uuid4

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from local_stack.azureml.credentials import bearer, is_for_scoring, is_one_of
from local_stack.azureml.state import Deployment, OnlineEndpoint, State

DEPLOYMENT: Final = "azureml-model-deployment"
_STANDARD_TIMEOUT: Final = timedelta(seconds=5)


class Scoring:
    """The handler of an endpoint's ``score``.

    What each status means is on the page "troubleshoot online endpoints"; the bodies are ours.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    async def score(self, request: Request) -> Response:
        """POST score."""
        return await run_in_threadpool(
            self._scored, request.path_params["endpoint"], request.headers, await request.body()
        )

    def _scored(self, name: str, headers: Mapping[str, str], body: bytes) -> Response:
        endpoint = self._state.endpoints.get(name)
        if endpoint is None:
            return _message(404, "There is no such endpoint.")
        now = self._state.now()
        endpoint.operation.look(now, counts=False)
        if not self._is_let_in(endpoint, bearer(headers.get("authorization", ""))):
            return _message(401, "The key or token is missing, wrong or expired.")
        wanted = headers.get(DEPLOYMENT) or endpoint.turns.next(endpoint.traffic)
        deployment = endpoint.deployments.get(wanted) if wanted else None
        if deployment is not None:
            deployment.operation.look(now, counts=False)
        if deployment is None or deployment.process is None or deployment.verb == "Deleting":
            return _message(404, "There is no such deployment, or none has traffic.")
        answer = _passed_on(deployment, headers, body)
        answer.headers[DEPLOYMENT] = deployment.name
        answer.headers["x-request-id"] = str(uuid4())
        return answer

    def _is_let_in(self, endpoint: OnlineEndpoint, given: str) -> bool:
        now = self._state.now()
        match endpoint.auth_mode:
            case "Key":
                return is_one_of(given, *endpoint.keys)
            case "AMLToken":
                return endpoint.tokens.get(given, now) > now
            case _:
                return is_for_scoring(given, now)


def _passed_on(deployment: Deployment, headers: Mapping[str, str], body: bytes) -> Response:
    process = deployment.process
    if process is None:  # it was there when this was called
        return _message(503, "The deployment has no process.")
    within = _timeout(deployment)
    connection = HTTPConnection("127.0.0.1", process.port, timeout=within.total_seconds())
    try:
        kind = headers.get("content-type", "application/json")
        connection.request("POST", "/score", body, {"Content-Type": kind})
        response = connection.getresponse()
        content = response.read()
    except TimeoutError:
        return _message(408, f"The model took longer than {within.total_seconds():g} s.")
    except (OSError, HTTPException):
        return _message(503, "The deployment's process does not answer.")
    finally:
        connection.close()
    said = response.headers.get("content-type")
    passed_on = {name: value for name, value in response.headers.items() if name[:5] == "x-ms-"}
    if response.status == HTTPStatus.OK:
        return Response(content, 200, passed_on, said)
    reason = {
        "ms-azureml-model-error-statuscode": str(response.status),
        "ms-azureml-model-error-reason": "model_error",
    }
    return Response(content, HTTPStatus.FAILED_DEPENDENCY, passed_on | reason, said)


def _timeout(deployment: Deployment) -> timedelta:
    settings = deployment.kept.document["properties"].get("requestSettings", {})
    text = settings.get("requestTimeout")
    return msgspec.convert(text, timedelta) if text else _STANDARD_TIMEOUT


def _message(status: int, text: str) -> Response:
    content = msgspec.json.encode({"message": text})
    return Response(content, status, media_type="application/json")
