"""The places at which a process is killed: the calls that it makes, counted from outside."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Literal

type When = Literal["before", "after"]
type Place = tuple[int, When]
"""The number of a call, and whether it still has its effect."""
type Counts = Callable[[str, str], bool]
"""Whether a call of this method and path is a place."""

_IDS = re.compile(r"[0-9a-f]{32}|\d{8}T[\d.]+Z(_[0-9a-f]{6})?")


class CallDroppedError(Exception):
    """The caller is dead: nobody hears the answer."""


@dataclass
class Places:
    """Numbers the calls of a process, and has it killed at one of them.

    Attributes:
        counts: Which calls are places.
        crash_at: The number of the call at which it is killed; 0: at none.
        when: Whether that call still has its effect: killed before it is passed on, or after.
        armed: Whether the calls count already.
        kill: Kills the process; returns once it is dead.
        made: The calls that counted so far, ids left out.
        crashed: Set once the process is dead.
    """

    counts: Counts
    crash_at: int = 0
    when: When = "before"
    armed: bool = False
    kill: Callable[[], object] = bool
    made: list[str] = field(default_factory=list)
    crashed: Event = field(default_factory=Event)
    _lock: Lock = field(default_factory=Lock)

    def passing[T](
        self, method: str, path: str, forward: Callable[[], T], *, is_own: bool = True
    ) -> T:
        """Pass a call on; where it is the place, kill the process before or after that.

        Args:
            method: Of the call.
            path: Of the call.
            forward: Passes it on.
            is_own: Whether the process makes it, and not somebody else on its behalf: who is not
                killed goes on.

        Raises:
            CallDroppedError: The caller was killed.
        """
        is_here = self._is_here(method, path)
        if is_here and self.when == "before":
            self._crash(is_own=is_own)
        answer = forward()
        if is_here and self.when == "after":
            self._crash(is_own=is_own)
        return answer

    def _is_here(self, method: str, path: str) -> bool:
        if not self.armed or self.crashed.is_set() or not self.counts(method, path):
            return False
        with self._lock:
            self.made.append(f"{method} {_IDS.sub('*', path)}")
            return len(self.made) == self.crash_at

    def _crash(self, *, is_own: bool) -> None:
        self.kill()
        self.crashed.set()
        if is_own:
            raise CallDroppedError
