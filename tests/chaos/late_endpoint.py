"""An endpoint that may apply a request long after its caller gave up, on a socket of its own.

It tells in which order it applied what it was sent, which is all that counts in the end.
"""

import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock
from typing import Any, override
from urllib.parse import unquote

from tests.fakes.served import served

type Clock = Callable[[], datetime]

_NEVER_ANSWERED = 30.0


@dataclass(frozen=True)
class Held:
    """A request that is applied later."""

    due: datetime
    endpoint: str
    model: str


@dataclass
class Manners:
    """How one endpoint behaves.

    Attributes:
        chance: That a PATCH is held: applied late.
        answers: Whether one that is held is answered when it is applied, which is when `release`
            says so; else it never is, and is applied when it is due.
        most_held: How many are held at most.
        latest: How much later it is applied at most.
        slowest: How many seconds other PATCHes take at most.
        seed: Of its whims.
    """

    chance: float = 0.0
    answers: bool = False
    most_held: int = 2
    latest: timedelta = timedelta(minutes=4, seconds=30)
    slowest: float = 0.03
    seed: int = 0
    held: int = 0
    whims: random.Random = field(init=False)

    def __post_init__(self) -> None:
        """Make its whims repeatable."""
        self.whims = random.Random(self.seed)  # noqa: S311 - whims, no secret

    def holds(self) -> timedelta | None:
        """Say how much later the next PATCH is applied; None: at once."""
        if self.held >= self.most_held or self.whims.random() >= self.chance:
            return None
        self.held += 1
        return self.latest * self.whims.random()


class LateEndpoints:
    """Endpoints by their names; each begins without manners of its own.

    Attributes:
        manners: How each behaves.
        applied: The models that each applied, oldest first.
        received: How many PATCHes each was sent.
        url: Where they are; an endpoint's name follows.
    """

    def __init__(self, clock: Clock) -> None:
        self.manners: dict[str, Manners] = defaultdict(Manners)
        self.applied: dict[str, list[str]] = defaultdict(list)
        self.received: dict[str, int] = defaultdict(int)
        self.url = ""
        self._clock = clock
        self._held: list[Held] = []
        self._waiting: list[Held] = []
        self._released = Event()
        self._lock = Lock()
        self._ended = Event()

    def receive(self, endpoint: str, model: str) -> bool:
        """Take a PATCH; whether it is answered."""
        manners = self.manners[endpoint]
        with self._lock:
            self.received[endpoint] += 1
            later = manners.holds()
            pause = manners.whims.uniform(0, manners.slowest)
            released = self._released
            held = None if later is None else Held(self._clock() + later, endpoint, model)
            if held is not None:
                (self._waiting if manners.answers else self._held).append(held)
        if held is None:
            self._ended.wait(pause)
        elif manners.answers:
            released.wait()
        else:
            self._ended.wait(_NEVER_ANSWERED)
            return False
        with self._lock:
            self.applied[endpoint].append(model)
        return True

    def apply_due(self) -> None:
        """Apply what was held and is due by the clock."""
        with self._lock:
            now = self._clock()
            for one in sorted((one for one in self._held if one.due <= now), key=lambda it: it.due):
                self.applied[one.endpoint].append(one.model)
                self._held.remove(one)

    def has_held(self) -> bool:
        """Say whether anything is still to be applied."""
        with self._lock:
            return bool(self._held)

    def waiting(self) -> int:
        """Say how many requests are held that are to be answered."""
        with self._lock:
            return len(self._waiting)

    def hold_no_more(self) -> None:
        """Apply and answer what comes from now on."""
        for manners in self.manners.values():
            manners.most_held = 0

    def release(self) -> None:
        """Apply and answer what was held for that."""
        with self._lock:
            self._waiting.clear()
            released, self._released = self._released, Event()
        released.set()

    def end(self) -> None:
        """Have all callers let go."""
        self._ended.set()
        self.release()


def _handler(endpoints: LateEndpoints) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_PATCH(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            location = unquote(body["Resources"][0]["Location"]["RelativeLocation"])
            if endpoints.receive(self.path.rpartition("/")[2], location.rpartition("/")[2]):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            else:
                self.close_connection = True

        @override
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers give up here: that is no error."""


@contextmanager
def late_endpoints(clock: Clock) -> Iterator[LateEndpoints]:
    """Serve until the block ends."""
    endpoints = LateEndpoints(clock)
    with served(_Server(("127.0.0.1", 0), _handler(endpoints))) as url:
        endpoints.url = url
        try:
            yield endpoints
        finally:
            endpoints.end()
