"""Which invocation a line belongs to, in whatever thread it is written.

The worker hands a function to a thread of its own pool: neither its own context nor that of
OpenTelemetry goes along. So each function says first whose call it is. What it then starts side by
side goes in a copy of the context (`retrain_trigger/side_by_side.py`).
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from opentelemetry.context import Context

_OPENTELEMETRY = "opentelemetry.context"
_invocation_id: ContextVar[str | None] = ContextVar("redeployer_invocation_id", default=None)


class Call(Protocol):
    """What the worker tells of an invocation: `azure.functions.Context`."""

    @property
    def invocation_id(self) -> str:
        """The host's id of it."""

    @property
    def trace_context(self) -> Any:
        """W3C trace context: `trace_parent` and `trace_state`."""


@contextmanager
def invoked(call: Call) -> Iterator[None]:
    """Have what is logged within the block belong to *call*."""
    token = _invocation_id.set(call.invocation_id)
    trace = _traced(call)
    try:
        yield
    finally:
        _invocation_id.reset(token)
        if trace is not None:
            sys.modules[_OPENTELEMETRY].detach(trace)


def invocation_id() -> str | None:
    """Give the id of the invocation that this runs in; None: it runs in none."""
    return _invocation_id.get()


def _traced(call: Call) -> "Token[Context] | None":
    """Continue the host's trace in this thread, where the worker speaks OpenTelemetry."""
    if _OPENTELEMETRY not in sys.modules:
        return None  # not installed, or not switched on: the worker imports it at its start
    from opentelemetry.context import attach  # noqa: PLC0415 - optional, see above
    from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415 - as above
        TraceContextTextMapPropagator,
    )

    told = call.trace_context
    carrier = {
        "traceparent": str(getattr(told, "trace_parent", None) or ""),
        "tracestate": str(getattr(told, "trace_state", None) or ""),
    }
    return attach(TraceContextTextMapPropagator().extract(carrier))
