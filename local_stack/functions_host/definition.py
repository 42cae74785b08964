"""A function as its decorators define it: name, bindings, retry policy."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any


class FunctionFaultError(Exception):
    """A function that cannot be served as it is; that function is disabled, the others run.

    Each trigger raises a kind of its own; the message says what is wrong and names no secret.
    """


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`app.retry`: how often a failed timer run is repeated, and after what wait.

    A `max_retry_count` of -1 repeats for ever.
    """

    max_retry_count: int
    minimum: timedelta
    maximum: timedelta

    def allows(self, retry: int) -> bool:
        """Whether the given retry (1 for the first) may happen."""
        return self.max_retry_count < 0 or retry <= self.max_retry_count

    def delay(self, retry: int) -> timedelta:
        """Wait before the given retry (1 for the first): doubled each time up to the maximum."""
        doublings = min(retry - 1, 30)  # beyond that any real maximum has been reached
        return min(self.maximum, self.minimum * int(2**doublings))


@dataclass(frozen=True, slots=True)
class FunctionDefinition:
    """One indexed function; `bindings` are the raw bindings, `%SETTING%` not yet replaced."""

    name: str
    function_id: str
    bindings: tuple[Mapping[str, Any], ...]
    retry: RetryPolicy | None = None

    @property
    def trigger(self) -> Mapping[str, Any]:
        """The binding that starts the function; the worker library guarantees that there is one."""
        return next(b for b in self.bindings if str(b["type"]).lower().endswith("trigger"))

    @property
    def host_id(self) -> str:
        """The name that the real host uses in receipts, poison messages and web hooks."""
        return f"Host.Functions.{self.name}"
