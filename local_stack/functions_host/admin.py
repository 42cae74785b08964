"""The host's own routes: its state, its functions, and running one by hand.

`?wait=true` on a run is this host's own: it answers when the run ended, with how it ended.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from local_stack.functions_host.definition import FunctionDefinition
from local_stack.functions_host.invocations import Finished
from local_stack.functions_host.keys import Keys, presented_key

Runner = Callable[[str], Awaitable[Finished]]
"""Runs a function by hand with the `input` of the request."""


class InputError(Exception):
    """The input of a run by hand does not fit the function; the message says what does."""


class Admin:
    """Admin routes; each needs the master key."""

    def __init__(self, keys: Keys, host_id: str) -> None:
        self._keys = keys
        self._host_id = host_id
        self._functions: tuple[FunctionDefinition, ...] = ()
        self._faults: Mapping[str, str] = {}
        self._runners: dict[str, Runner] = {}
        self._tasks: set[asyncio.Task[Finished]] = set()
        self.is_running = False

    def describe(
        self,
        functions: tuple[FunctionDefinition, ...],
        faults: Mapping[str, str],
    ) -> None:
        """Tell which functions there are and which of them are disabled, why."""
        self._functions = functions
        self._faults = faults

    def can_run(self, function: str, runner: Runner) -> None:
        """Let a function be run by hand."""
        self._runners[function.lower()] = runner

    async def status(self, request: Request) -> Response:
        """`GET /admin/host/status`."""
        if not self._keys.opens_admin(presented_key(request)):
            return Response(status_code=401)
        state = "Running" if self.is_running else "Starting"
        faults = [f"{name}: {reason}" for name, reason in self._faults.items()]
        return JSONResponse({"id": self._host_id, "state": state, "errors": faults})

    async def functions(self, request: Request) -> Response:
        """`GET /admin/functions`."""
        if not self._keys.opens_admin(presented_key(request)):
            return Response(status_code=401)
        return JSONResponse([self._described(function) for function in self._functions])

    async def run(self, request: Request) -> Response:
        """`POST /admin/functions/{name}` with `{"input": …}`."""
        if not self._keys.opens_admin(presented_key(request)):
            return Response(status_code=401)
        name = str(request.path_params["name"])
        runner = self._runners.get(name.lower())
        if runner is None:
            return PlainTextResponse(f"no function {name!r} that can be run by hand", 404)
        try:
            given = _input_of(await request.body())
        except InputError as error:
            return PlainTextResponse(str(error), 400)
        task = asyncio.ensure_future(runner(given))
        if request.query_params.get("wait") != "true":
            self._tasks.add(task)
            task.add_done_callback(self._ended)
            return Response(status_code=202)
        try:
            finished = await asyncio.shield(task)
        except InputError as error:
            return PlainTextResponse(str(error), 400)
        return JSONResponse(_outcome(finished))

    def _ended(self, task: asyncio.Task[Finished]) -> None:
        self._tasks.discard(task)
        task.cancelled() or task.exception()  # an outcome was logged, an input error has no reader

    def _described(self, function: FunctionDefinition) -> dict[str, Any]:
        return {
            "name": function.name,
            "language": "python",
            "isDisabled": function.name in self._faults,
            "disabledReason": self._faults.get(function.name),
            "config": {"bindings": [dict(binding) for binding in function.bindings]},
        }


def _input_of(body: bytes) -> str:
    try:
        document = json.loads(body or b"{}")
    except ValueError as error:
        raise InputError(f"the body is not valid JSON: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("input", ""), str):
        raise InputError('the body must be {"input": "…"}')
    return str(document.get("input", ""))


def _outcome(finished: Finished) -> dict[str, Any]:
    return {
        "succeeded": finished.outcome.ok,
        "invocationId": finished.invocation_id,
        "durationMs": round(finished.duration.total_seconds() * 1000),
        "error": finished.outcome.error or None,
    }
