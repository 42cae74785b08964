"""A deployment and a job on the functions host, by the real clock, killed at any of its calls."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import requests
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from local_stack.azurite import Azurite
from local_stack.functions_host import FunctionsHost
from tests.chaos.crash_bench import CrashBench, crash_bench
from tests.chaos.crash_scenes import NEWER, OLDER
from tests.chaos.places import Place, Places

_ROOT = Path(__file__).parents[2]
_OFTEN, _NEVER = "*/3 * * * * *", "0 0 0 1 1 *"
_LOOK_EVERY = 1.0
# An attempt that a crash left behind is taken over 90 seconds after its claim; 35 seconds after
# the next one its effect is asked for. The rest is for a machine that is busy with a dozen hosts,
# and costs nothing where all goes well.
PATIENCE = timedelta(minutes=10)


@dataclass
class HostPlay:
    """One host after the other on one bench.

    Attributes:
        bench: What is around.
        models: An older one and a newer one.
        is_over: Whether it has come to its end.
        crashes: How often a host was killed.
    """

    bench: CrashBench
    models: tuple[bytes, bytes]
    is_over: Callable[[CrashBench], bool]
    host: FunctionsHost | None = None
    crashes: int = 0

    def start(self) -> FunctionsHost:
        """Start a host."""
        environ = self.bench.environ | {"WATCH_SCHEDULE": _OFTEN, "SWEEP_SCHEDULE": _NEVER}
        self.host = FunctionsHost.start(
            _ROOT, environ=environ, poll_interval=timedelta(seconds=_LOOK_EVERY)
        )
        return self.host

    def kill(self) -> None:
        """Kill the host; what the proxies call."""
        if self.host is not None:
            self.host.kill()

    def settle(self) -> None:
        """Wait until it is over; once a host was killed, start another."""

        def look() -> bool:
            if self.bench.places.crashed.is_set() and self.crashes == 0:
                self.crashes += 1
                self.start()
            return self.is_over(self.bench)

        self.wait_until(look)

    def wait_until(self, look: Callable[[], bool]) -> None:
        """Look until it is so, or patience is over: then whoever judges the end finds it so."""
        retrying = Retrying(
            retry=retry_if_result(lambda answer: not answer),
            stop=stop_after_delay(PATIENCE.total_seconds()),
            wait=wait_fixed(_LOOK_EVERY),
            retry_error_callback=lambda _: False,
        )
        retrying(look)


type HostScene = Callable[[HostPlay], None]


def deployment(play: HostPlay) -> None:
    """A model lands where an older one serves."""
    play.start()
    _older_serves(play)
    play.bench.places.armed = True
    play.bench.put(NEWER, play.models[1])
    play.settle()


def job(play: HostPlay) -> None:
    """A person has a model trained; whoever gets no answer, and sees no job, asks again."""
    play.start()
    _older_serves(play)
    play.bench.places.armed = True
    if not _asked(play):
        play.crashes += 1
        host = play.start()
        if not host.get("/api/jobs", timeout=PATIENCE.total_seconds()).json()["value"]:
            assert _asked(play)
    play.settle()


@contextmanager
def host_play(
    azurite: Azurite,
    folder: Path,
    models: tuple[bytes, bytes],
    is_over: Callable[[CrashBench], bool],
    place: Place,
) -> Iterator[HostPlay]:
    """Have everything ready for a play whose host is killed at one *place*."""
    own = folder / uuid4().hex
    own.mkdir()
    places = Places(_is_the_apps, *place)
    # By no schedule: a host has the real clock, and it may be any time of the hour.
    with crash_bench(azurite, f"crash-{own.name}", own, places, schedule=None) as bench:
        play = HostPlay(bench, models, is_over)
        places.kill = play.kill
        try:
            yield play
        finally:
            play.kill()


def _older_serves(play: HostPlay) -> None:
    play.bench.put(OLDER, play.models[0])
    play.wait_until(lambda: play.bench.record().serving is not None)


def _asked(play: HostPlay) -> bool:
    """Ask for a retrain; whether there was an answer."""
    if play.host is None:
        return False
    try:
        answer = play.host.post("/api/endpoints/digits/retrain", timeout=PATIENCE.total_seconds())
    except requests.RequestException:
        if not play.bench.places.crashed.wait(PATIENCE.total_seconds()):
            raise
        return False
    assert answer.status_code in {202, 409}, answer.text  # 409: it is on its way already
    return True


def _is_the_apps(method: str, path: str) -> bool:
    """Leave out what the host does by itself: it lists the container, and ticks find nothing.

    What a listing would be killed before, the call after it is killed before too.
    """
    is_listing = method == "GET" and path.count("/") <= 2 and path.startswith("/devstoreaccount1/")
    return not is_listing and "/heartbeats/" not in path
