"""The CPU time that a thread spends in the app's own code, without the SDK, HTTP and TLS.

The clock of a thread stops while any code of `azure`, `requests` or `urllib3` is on its stack. What
the app calls besides (the standard library, msgspec, the log) counts as its own. Code that is not
of these packages runs unhindered after its first call, so what is counted is not inflated.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any

_PACKAGES = ("azure", "azurefunctions", "requests", "urllib3")
_FOREIGN = tuple(f"/site-packages/{package}/" for package in _PACKAGES)
_TOOL = sys.monitoring.PROFILER_ID
_EVENTS = sys.monitoring.events
_ENTRIES = (_EVENTS.PY_START, _EVENTS.PY_RESUME)
_EXITS = (_EVENTS.PY_RETURN, _EVENTS.PY_YIELD)


class OwnTime:
    """The clock of the thread that made it. Read `seconds` after the block of `measured`."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._thread = threading.get_ident()
        self._depth = 0
        self._since = time.thread_time()

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Let the clock run within the block."""
        monitoring = sys.monitoring
        monitoring.use_tool_id(_TOOL, "bench")
        for event in _ENTRIES:
            monitoring.register_callback(_TOOL, event, self._enter)
        for event in _EXITS:
            monitoring.register_callback(_TOOL, event, self._leave)
        monitoring.register_callback(_TOOL, _EVENTS.PY_THROW, self._throw)
        monitoring.register_callback(_TOOL, _EVENTS.PY_UNWIND, self._unwind)
        every = (*_ENTRIES, *_EXITS, _EVENTS.PY_THROW, _EVENTS.PY_UNWIND)
        monitoring.set_events(_TOOL, sum(every))
        self._since = time.thread_time()
        try:
            yield
        finally:
            monitoring.set_events(_TOOL, _EVENTS.NO_EVENTS)
            self.seconds += time.thread_time() - self._since
            monitoring.free_tool_id(_TOOL)

    def _enter(self, code: CodeType, *_: Any) -> object:
        if not _is_foreign(code):
            return sys.monitoring.DISABLE
        self._in()
        return None

    def _leave(self, code: CodeType, *_: Any) -> object:
        if not _is_foreign(code):
            return sys.monitoring.DISABLE
        self._out()
        return None

    def _throw(self, code: CodeType, *_: Any) -> None:
        if _is_foreign(code):
            self._in()

    def _unwind(self, code: CodeType, *_: Any) -> None:
        if _is_foreign(code):
            self._out()

    def _in(self) -> None:
        if threading.get_ident() != self._thread:
            return
        if self._depth == 0:
            self.seconds += time.thread_time() - self._since
        self._depth += 1

    def _out(self) -> None:
        if threading.get_ident() != self._thread:
            return
        self._depth -= 1
        if self._depth == 0:
            self._since = time.thread_time()


def _is_foreign(code: CodeType) -> bool:
    return any(package in code.co_filename for package in _FOREIGN)
