"""Many events at once in three processes that share nothing but storage, and how it ended."""

import random
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Self
from uuid import uuid4

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from patch_endpoint.record import Record
from tests.chaos.app_process import AppProcess
from tests.chaos.late_endpoint import late_endpoints
from tests.chaos.orders import Announce, Clock, Open, Put, Tick
from tests.chaos.race_run import PROCESSES, Ended, Run, Told
from tests.chaos.race_storage import RaceStorage

_PATIENCE = 300.0  # for one order, on a machine that is busy
_STEPS_AT_MOST = 60
_AGAIN = range(4)  # a host brings an event whose function raises five times
# What the app may raise: too many others wrote at once, or storage was too busy to answer in time.
_MAY_RAISE = ("TooManyConflicts", "TimeoutError)")
# What two instances' clocks may be apart, CLOCK_SLACK, is 20 seconds.
_SKEWS = (0.0, 9.0, -9.0)
_LEAP = timedelta(seconds=100)
_LONGEST_BEFORE_A_LEAP = 1.0
_TABLE = """
[endpoints.{name}]
patch_url = "{url}/{name}"
api_key = "%KEY%"
resource = "R"
models = "{name}/*.ilearner"
keep = 0
"""


class Race:
    """Three processes, and endpoints that may be late. Runs are raced in heats, side by side."""

    def __init__(self, storage: RaceStorage, folder: Path) -> None:
        self._storage, self._folder = storage, folder
        self._instant = datetime.now(UTC)
        self._stack = ExitStack()
        self._processes: list[AppProcess] = []

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._endpoints = stack.enter_context(late_endpoints(self.now))
            for number in range(PROCESSES):
                log = self._folder / f"app-{number}.log"
                self._processes.append(stack.enter_context(AppProcess(log)))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def now(self) -> datetime:
        """Say what time it is for the endpoints, and but for their skew for the processes."""
        return self._instant

    def heat(self, runs: Sequence[Run], limit: float) -> list[Ended]:
        """Race these runs, whose callers wait for their endpoints so many seconds."""
        self._open(runs, limit)
        for run in runs:
            self._endpoints.manners[run.endpoint] = run.manners
            for orders in run.before:
                self._delivered(orders, self._given(orders))
        events = [self._given(run.events) for run in runs]
        if any(run.kind == "late" for run in runs):
            self._leap(runs[0].seed)
        if any(run.kind == "answered late" for run in runs):
            self._overtake(runs, [future for one in events for future in one])
        again = [self._delivered(run.events, one) for run, one in zip(runs, events, strict=True)]
        self._settle(runs)
        newest = self._storage.newest()
        return [
            self._ended(run, newest[run.endpoint], came_again)
            for run, came_again in zip(runs, again, strict=True)
        ]

    def _open(self, runs: Sequence[Run], limit: float) -> None:
        heat = f"race-{runs[0].endpoint}-{uuid4().hex[:8]}"
        file = self._folder / f"{heat}.toml"
        tables = [_TABLE.format(name=run.endpoint, url=self._endpoints.url) for run in runs]
        file.write_text("\n".join(tables), "utf-8")
        environ = {
            **self._storage.prepared(heat),
            "FUNCTIONS_WORKER_RUNTIME": "python",
            "ENDPOINTS_FILE": str(file),
            "KEY": "k3y-of-all-endpoints",
        }
        for process in self._processes:
            process.do(Open(environ, str(self._folder), limit, self._storage.shared))
        self._tell_the_time(self._instant)

    def _given(self, orders: Sequence[Told]) -> list[Future[None]]:
        return [self._processes[number].give(order) for number, order in orders]

    def _tell_the_time(self, instant: datetime) -> None:
        for process, skew in zip(self._processes, _SKEWS, strict=True):
            process.do(Clock(instant + timedelta(seconds=skew)))

    def _delivered(self, orders: Sequence[Told], given: Sequence[Future[None]]) -> int:
        """Have the events that the app raised at come again, as a host does; how many did."""
        fell = [told for told, one in zip(orders, given, strict=True) if _failed(one)]
        for number, order in fell:
            if isinstance(order, (Put, Announce)):
                again = (self._processes[number].give(Announce(order.name)) for _ in _AGAIN)
                assert not all(map(_failed, again)), order.name
        return len(fell)

    def _leap(self, seed: int) -> None:
        """Let all claims run out while their PATCHes are on their way."""
        Event().wait(random.Random(seed).uniform(0, _LONGEST_BEFORE_A_LEAP))  # noqa: S311 - a delay
        self._pass(_LEAP)

    def _overtake(self, runs: Sequence[Run], events: Sequence[Future[None]]) -> None:
        """Have all that is held applied and answered after everybody else is done with it."""

        def is_held_up() -> bool:
            return sum(not event.done() for event in events) == self._endpoints.waiting()

        Retrying(
            retry=retry_if_result(lambda answer: not answer),
            stop=stop_after_delay(_PATIENCE),
            wait=wait_fixed(0.05),
        )(is_held_up)
        self._endpoints.hold_no_more()
        self._settle(runs)
        self._endpoints.release()

    def _pass(self, time: timedelta) -> None:
        # The endpoints' clock is the last to go on: they are late by no more than they may be.
        self._tell_the_time(self._instant + time)
        self._instant += time
        self._endpoints.apply_due()

    def _settle(self, runs: Sequence[Run]) -> None:
        """Let time pass, with ticks in all processes, until nothing is on its way any more."""
        chance = random.Random(runs[0].seed)  # noqa: S311 - steps of time, no secret
        records = self._storage.records()
        for _ in range(_STEPS_AT_MOST):
            found = [records.read(run.endpoint).record for run in runs]
            if not self._endpoints.has_held() and not any(map(_is_on_its_way, found)):
                return
            self._pass(timedelta(seconds=chance.uniform(20, 50)))
            ticks = [process.give(Tick()) for process in self._processes]
            for tick in ticks:
                _failed(tick)  # the next tick is the answer to that

    def _ended(self, run: Run, newest: str, came_again: int) -> Ended:
        desired = self._storage.records().read(run.endpoint).record.desired
        endpoints, name = self._endpoints, run.endpoint
        return Ended(
            run=run,
            newest=newest,
            applied=tuple(f"{name}/{one}" for one in endpoints.applied[name]),
            received=endpoints.received[name],
            held=endpoints.manners[name].held,
            came_again=came_again,
            desired=desired.model.name if desired else None,
            state=desired.state if desired else None,
        )


def _failed(given: Future[None]) -> bool:
    """Say whether the app raised, which it may only for what is no fault of its own."""
    error = given.exception(_PATIENCE)
    if error is not None and not any(allowed in str(error) for allowed in _MAY_RAISE):
        raise error
    return error is not None


def _is_on_its_way(record: Record) -> bool:
    """Say whether a PATCH is, or is to be."""
    is_undone = record.desired is None or record.desired.state in {"pending", "waiting"}
    return is_undone or record.attempt is not None or record.again or record.repeat_at is not None
