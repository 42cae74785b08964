"""The calls that the app makes to the world outside, and what goes wrong in them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


class CrashError(BaseException):
    """The process ends here. No handler of the app's may take it for something else."""


@dataclass(frozen=True)
class Call:
    """One call: what was done, as in `state.write`, to the thing of this name."""

    what: str
    name: str


@dataclass
class Script:
    """What happens in the next calls of a kind: `do` runs before or after their effect."""

    what: str
    name_part: str
    do: Callable[[], object]
    after: bool
    times: int

    def is_for(self, call: Call, *, after: bool) -> bool:
        """Whether it is for this moment of *call*."""
        fits = call.what == self.what and self.name_part in call.name
        return fits and self.after == after and self.times > 0


@dataclass
class Calls:
    """All calls in their order, across threads."""

    made: list[Call] = field(default_factory=list)
    _scripts: list[Script] = field(default_factory=list)
    _crash_at: tuple[int, bool] | None = None
    _is_dead: bool = False
    has_crashed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def making(self, what: str, name: str) -> Iterator[None]:
        """Make one call; its effect is the body of the block."""
        call = Call(what, name)
        with self._lock:
            self.made.append(call)
            number = len(self.made)
        self._go_through(call, number, after=False)
        try:
            yield
        except Exception:
            self._live_or_die(number, after=True)
            raise
        self._go_through(call, number, after=True)

    def script(
        self,
        what: str,
        do: Callable[[], object],
        *,
        name_part: str = "",
        after: bool = False,
        times: int = 1,
    ) -> None:
        """Have *do* run in the next calls of a kind, before or after their effect."""
        self._scripts.append(Script(what, name_part, do, after, times))

    def fail(
        self,
        what: str,
        error: Exception,
        *,
        name_part: str = "",
        lost_answer: bool = False,
        times: int = 1,
    ) -> None:
        """Have the next calls of a kind raise; with a lost answer they take effect all the same."""

        def raise_it() -> None:
            raise error

        self.script(what, raise_it, name_part=name_part, after=lost_answer, times=times)

    def crash_at(self, number: int, *, after: bool) -> None:
        """Have the process die at its call of this *number*, before or after its effect."""
        self._crash_at = (len(self.made) + number, after)

    def restart(self) -> None:
        """Let the process live again."""
        self._is_dead, self._crash_at = False, None

    @property
    def is_scripted(self) -> bool:
        """Whether something is to happen in a call to come."""
        return self._crash_at is not None or any(one.times > 0 for one in self._scripts)

    def heal(self) -> None:
        """Have nothing go wrong any more."""
        self._scripts.clear()

    def forget(self) -> None:
        """Count from nought."""
        self.made.clear()

    def count(self, what: str = "", name_part: str = "") -> int:
        """Count the calls whose kind begins with *what*."""
        return len(
            [one for one in self.made if one.what.startswith(what) and name_part in one.name]
        )

    def _go_through(self, call: Call, number: int, *, after: bool) -> None:
        self._live_or_die(number, after=after)
        with self._lock:
            script = next((one for one in self._scripts if one.is_for(call, after=after)), None)
            if script is not None:
                script.times -= 1
        if script is not None:
            script.do()

    def _live_or_die(self, number: int, *, after: bool) -> None:
        if self._crash_at == (number, after):
            self._is_dead = self.has_crashed = True
        if self._is_dead:
            raise CrashError
