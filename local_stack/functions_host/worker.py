"""The functions, indexed and invoked by Microsoft's own worker library.

`azure-functions-runtime` is what runs Python 3.13 functions in Azure. Its registry, its messages
and the imported app are global, so a process serves one app only.
"""

import importlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from local_stack.functions_host import protos
from local_stack.functions_host.definition import FunctionDefinition, RetryPolicy

if TYPE_CHECKING:
    from contextvars import ContextVar
    from datetime import timedelta

_DISTRIBUTION = "azure-functions-runtime"
_TRIED_VERSION = "1.3.0"
_NEEDED = (
    "worker_init_request",
    "functions_metadata_request",
    "invocation_request",
    "start_threadpool_executor",
    "invocation_id_cv",
)


class WorkerLibraryError(Exception):
    """The worker library is missing or no longer offers what this host calls."""


class IndexingError(Exception):
    """The app's functions could not be indexed; the message carries the library's reason."""

    def __init__(self, reason: str, trace: str = "") -> None:
        super().__init__(reason)
        self.trace = trace


@dataclass(frozen=True, slots=True)
class Call:
    """One invocation: the arguments by parameter name and what the trigger tells beside them."""

    invocation_id: str
    function_id: str
    arguments: Mapping[str, protos.TypedData]
    metadata: Mapping[str, protos.TypedData] = field(default_factory=dict)
    retry_count: int = 0
    max_retry_count: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an invocation ended: its return value, or the error with its stack trace."""

    ok: bool
    value: protos.TypedData | None = None
    error: str = ""
    trace: str = ""


class Worker:
    """Adapter on the worker library of this process."""

    def __init__(self) -> None:
        self._runtime = _load_runtime()
        self.invocation_id: ContextVar[str | None] = self._runtime.invocation_id_cv

    async def index(self, app_dir: Path) -> tuple[FunctionDefinition, ...]:
        """Import the app and list its functions.

        Raises:
            IndexingError: the app cannot be imported or one of its functions is faulty.
        """
        if str(app_dir) not in sys.path[:1]:
            sys.path.insert(0, str(app_dir))
        self._runtime.start_threadpool_executor()
        answer = await self._runtime.worker_init_request(_init_request(app_dir))
        if answer.result.status != protos.StatusResult.Success:
            fault = answer.result.exception
            raise IndexingError(fault.message, fault.stack_trace)
        found = (await self._runtime.functions_metadata_request(None)).function_metadata_results
        if not found:
            raise IndexingError(
                f"no functions in {app_dir}: is there a function_app.py, "
                "and are its blueprints registered?",
            )
        return tuple(_definition(function) for function in found)

    async def invoke(self, call: Call) -> Outcome:
        """Run a function to its end; sync functions run in the library's thread pool."""
        token = self.invocation_id.set(call.invocation_id)
        try:
            answer = await self._runtime.invocation_request(_invocation_request(call))
        finally:
            self.invocation_id.reset(token)
        if answer.result.status == protos.StatusResult.Success:
            return Outcome(ok=True, value=answer.return_value)
        fault = answer.result.exception
        return Outcome(ok=False, error=fault.message, trace=fault.stack_trace)


def _load_runtime() -> Any:
    try:
        runtime = importlib.import_module("azure_functions_runtime")
        version = metadata.version(_DISTRIBUTION)
    except ImportError as error:
        raise WorkerLibraryError(
            f"{_DISTRIBUTION} is not installed: pip install {_DISTRIBUTION}=={_TRIED_VERSION}",
        ) from error
    missing = [name for name in _NEEDED if not hasattr(runtime, name)]
    if missing:
        raise WorkerLibraryError(
            f"{_DISTRIBUTION} {version} has no {', '.join(missing)}; "
            f"this host was written for {_TRIED_VERSION}: pin it",
        )
    return runtime


def _init_request(app_dir: Path) -> SimpleNamespace:
    init = SimpleNamespace(capabilities={}, function_app_directory=str(app_dir))
    return SimpleNamespace(
        name="worker_init_request",
        request=SimpleNamespace(worker_init_request=init),
        properties={"host": "127.0.0.1", "protos": protos},
    )


def _invocation_request(call: Call) -> SimpleNamespace:
    invocation = SimpleNamespace(
        invocation_id=call.invocation_id,
        function_id=call.function_id,
        input_data=[protos.ParameterBinding(name=n, data=d) for n, d in call.arguments.items()],
        trigger_metadata=dict(call.metadata),
        trace_context=SimpleNamespace(trace_parent="", trace_state="", attributes={}),
        retry_context=SimpleNamespace(
            retry_count=call.retry_count,
            max_retry_count=call.max_retry_count,
            exception=None,
        ),
    )
    return SimpleNamespace(request=SimpleNamespace(invocation_request=invocation))


def _definition(found: SimpleNamespace) -> FunctionDefinition:
    return FunctionDefinition(
        name=found.name,
        function_id=found.function_id,
        bindings=tuple(json.loads(raw) for raw in found.raw_bindings),
        retry=_retry_policy(found.retry_options),
    )


def _retry_policy(options: SimpleNamespace | None) -> RetryPolicy | None:
    if options is None:
        return None
    fixed: timedelta | None = getattr(options, "delay_interval", None)
    if fixed is not None:
        return RetryPolicy(options.max_retry_count, fixed, fixed)
    return RetryPolicy(options.max_retry_count, options.minimum_interval, options.maximum_interval)
