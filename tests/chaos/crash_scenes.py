"""A deployment and a job, played with a process that may be killed at any of its calls."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from local_stack.azurite import Azurite
from tests.chaos.app_process import AppProcess, ProcessEndedError
from tests.chaos.crash_bench import HOURLY, CrashBench, crash_bench
from tests.chaos.orders import Announce, Clock, Open, Order, Sweep, Tick
from tests.chaos.places import Place, Places

# In a tie of their instants, which storage tells in seconds, the greater name is the newer.
OLDER, NEWER = "a-older.ilearner", "b-newer.ilearner"
_LIMIT = 20.0
_STEP = timedelta(seconds=30)
_STEPS_AT_MOST = 24
_BEFORE_THE_HOUR = timedelta(seconds=30)
_HOUR = timedelta(hours=1)
_LONG_AGO = timedelta(hours=2)  # storage takes tokens that began before now


@dataclass
class Play:
    """One process after the other on one bench, whose clock begins just before a full hour.

    Attributes:
        bench: What is around.
        folder: Where their logs go.
        models: An older one and a newer one.
        event_comes_again: Whether a host has the event of a landing come again after a crash.
        process: The one that runs.
        crashes: How often one was killed.
        instant: What time it is for the app.
    """

    bench: CrashBench
    folder: Path
    models: tuple[bytes, bytes]
    event_comes_again: bool
    process: AppProcess | None = None
    crashes: int = 0
    instant: datetime = field(default_factory=lambda: _long_ago() - _BEFORE_THE_HOUR)

    def do(self, *orders: Order) -> bool:
        """Have orders carried out; False: the process was killed, and there is a fresh one."""
        try:
            self._running().do(*orders)
        except ProcessEndedError:
            self.crashes += 1
            self.end()
            return False
        return True

    def later(self, by: timedelta = _STEP) -> bool:
        """Let time pass, and the timer fire; False as with `do`."""
        self.instant += by
        return self.do(Clock(self.instant), Tick())

    def wait_for_the_hour(self) -> None:
        """Let time pass until just before the next full hour; the timer fires once there."""
        hour = _full_hour(self.instant + _BEFORE_THE_HOUR + _HOUR)
        self.later(hour - _BEFORE_THE_HOUR - self.instant)

    def settle(self) -> None:
        """Let time pass until the desired model is live and every job has ended."""
        for _ in range(_STEPS_AT_MOST):
            if is_settled(self.bench):
                return
            self.later()

    def kill(self) -> None:
        """Kill the process that runs; what the proxies call."""
        if self.process is not None:
            self.process.kill()

    def end(self) -> None:
        """Let no process run."""
        if self.process is not None:
            self.process.__exit__(None, None, None)
        self.process = None

    def _running(self) -> AppProcess:
        if self.process is None:
            self.process = AppProcess(self.folder / "app.log")
            environ, folder = self.bench.environ, str(self.folder)
            self.process.do(Clock(self.instant), Open(environ, folder, _LIMIT))
        return self.process


type Scene = Callable[[Play], None]
"""Plays, with the places armed from when on it matters."""


def first_deployment(play: Play) -> None:
    """A model lands where none ever did: there is not even a container for records."""
    play.bench.places.armed = True
    _land(play, OLDER, play.models[0])


def deployment(play: Play) -> None:
    """A model lands where an older one serves."""
    _land(play, OLDER, play.models[0])
    play.bench.places.armed = True
    _land(play, NEWER, play.models[1])


def _land(play: Play, name: str, content: bytes) -> None:
    """Have a model land; after a crash its event comes again, or is lost and the sweep finds it."""
    play.bench.put(name, content)
    if not play.do(Announce(name)):
        play.do(Announce(name) if play.event_comes_again else Sweep())
    play.settle()


def job(play: Play) -> None:
    """A retrain is due by its schedule; its model is to replace the older one."""
    _land(play, OLDER, play.models[0])
    play.wait_for_the_hour()
    play.bench.places.armed = True
    for _ in range(3):
        play.later(_BEFORE_THE_HOUR)
    play.settle()


@contextmanager
def played(
    scene: Scene,
    azurite: Azurite,
    folder: Path,
    models: tuple[bytes, bytes],
    place: Place = (0, "before"),
) -> Iterator[Play]:
    """Play *scene* where the older of two *models* serves, and kill the process at one *place*."""
    own = folder / uuid4().hex
    own.mkdir()
    places = Places(_every_call, *place)
    with crash_bench(azurite, f"crash-{own.name}", own, places, schedule=HOURLY) as bench:
        play = Play(bench, own, models, event_comes_again=place[0] % 2 == 0)
        places.kill = play.kill
        try:
            scene(play)
            yield play
        finally:
            play.end()


def is_settled(bench: CrashBench) -> bool:
    """Say whether what is desired is live and kept, and no job is on its way."""
    serving = bench.record().serving
    is_kept = serving is not None and serving.keeping != "due"
    return is_kept and is_live(bench) and all(job.has_ended for job in bench.jobs())


def is_live(bench: CrashBench) -> bool:
    """Say whether what is desired is live."""
    desired = bench.record().desired
    return desired is not None and desired.state == "live"


def _every_call(method: str, path: str) -> bool:
    del method, path
    return True


def _long_ago() -> datetime:
    return _full_hour(datetime.now(UTC)) - _LONG_AGO


def _full_hour(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0, microsecond=0)
