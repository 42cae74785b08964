"""Scripted answers: what the next matching requests get in place of, or around, the real one."""

from collections.abc import Mapping
from datetime import timedelta
from threading import Lock
from typing import Literal

import msgspec
from msgspec import Struct


class Script(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do with the next ``times`` requests of a method whose path holds ``path_part``.

    With neither ``status`` nor ``drop`` the real answer is given, after the delay.

    Attributes:
        method: Upper case; ``*`` for any.
        path_part: Text within the path.
        times: How many requests it is for.
        delay: Waited before anything is answered (or, with ``apply="after"``, afterwards).
        status: Answer this status with ``headers`` and ``body``; a redirect is 307 with a location.
        headers: Of the scripted answer.
        body: Of the scripted answer.
        drop: Cut the connection without an answer.
        apply: Whether the request is really carried out as well: not at all, before the scripted
            answer, or after it (a service that went on working when its caller had given up).
    """

    method: str = "*"
    path_part: str = ""
    times: int = 1
    delay: timedelta = timedelta()
    status: int | None = None
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    body: str = ""
    drop: bool = False
    apply: Literal["no", "before", "after"] = "no"

    @property
    def is_answer(self) -> bool:
        """Whether it stands in the real answer's place."""
        return self.drop or self.status is not None

    def matches(self, method: str, path: str) -> bool:
        """Whether it is for this request."""
        return self.method in {"*", method} and self.path_part in path


class Scripts:
    """The scripts still to be played, first come first served."""

    def __init__(self) -> None:
        self._scripts: list[Script] = []
        self._lock = Lock()

    @property
    def left(self) -> list[Script]:
        """Those still to be played."""
        with self._lock:
            return list(self._scripts)

    def add(self, script: Script) -> None:
        """Play this one too, after those added earlier."""
        with self._lock:
            self._scripts.append(script)

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._scripts.clear()

    def take(self, method: str, path: str) -> Script | None:
        """The script for a request; it counts as played once."""
        with self._lock:
            for at, script in enumerate(self._scripts):
                if script.matches(method, path):
                    if script.times > 1:
                        again = msgspec.structs.replace(script, times=script.times - 1)
                        self._scripts[at] = again
                    else:
                        del self._scripts[at]
                    return script
        return None
