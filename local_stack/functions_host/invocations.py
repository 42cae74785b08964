"""Invocations: each with its id, its two log lines and a place in the list of running ones."""

import asyncio
import logging
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from local_stack.functions_host.definition import FunctionDefinition
from local_stack.functions_host.protos import TypedData
from local_stack.functions_host.worker import Call, Outcome, Worker

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Start:
    """What a trigger hands over: why the function runs and with what."""

    reason: str
    arguments: Mapping[str, TypedData]
    metadata: Mapping[str, TypedData] = field(default_factory=dict)
    retry_count: int = 0
    max_retry_count: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """An invocation that ended."""

    invocation_id: str
    outcome: Outcome
    duration: timedelta


class Invocations:
    """Runs functions and knows which are running."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._running: dict[str, str] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    def function_of(self, invocation_id: str) -> str | None:
        """Name of the function of a running invocation."""
        return self._running.get(invocation_id)

    @property
    def running(self) -> tuple[str, ...]:
        """Names of the functions that are running now."""
        return tuple(self._running.values())

    async def idle(self) -> None:
        """Wait until nothing runs."""
        await self._idle.wait()

    async def run(self, function: FunctionDefinition, start: Start) -> Finished:
        """Run a function to its end and log both ends of it."""
        invocation_id = str(uuid.uuid4())
        self._running[invocation_id] = function.name
        self._idle.clear()
        token = self._worker.invocation_id.set(invocation_id)
        began = time.monotonic()
        try:
            log.info("function.started", extra={"reason": start.reason})
            outcome = await self._worker.invoke(_call(invocation_id, function, start))
            duration = timedelta(seconds=time.monotonic() - began)
            _log_end(outcome, duration)
        finally:
            self._worker.invocation_id.reset(token)
            del self._running[invocation_id]
            if not self._running:
                self._idle.set()
        return Finished(invocation_id, outcome, duration)


def _call(invocation_id: str, function: FunctionDefinition, start: Start) -> Call:
    return Call(
        invocation_id=invocation_id,
        function_id=function.function_id,
        arguments=start.arguments,
        metadata=start.metadata,
        retry_count=start.retry_count,
        max_retry_count=start.max_retry_count,
    )


def _log_end(outcome: Outcome, duration: timedelta) -> None:
    ms = round(duration.total_seconds() * 1000)
    if outcome.ok:
        log.info("function.succeeded", extra={"duration_ms": ms})
        return
    fields = {"duration_ms": ms, "error": outcome.error, "stack": outcome.trace}
    log.error("function.failed", extra=fields)
