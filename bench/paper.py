"""The model on paper: what a fleet of any size asks of the platform, out of what was measured.

Limits of the platform are those that Microsoft publishes; they were not measured. The rest was
measured on one machine against an emulator. So the model says which limit comes first and about
where, and no more.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec

from patch_endpoint.sas import RENEWAL_JITTER
from retrain_trigger.job_times import LONGEST_POLL
from retrain_trigger.retention import BEGIN_FOR
from retrain_trigger.watch import AT_MOST, START_FOR

FLEETS: Final = (1_000, 10_000, 100_000, 1_000_000)
_HOST_JSON = Path(__file__).parents[1] / "host.json"
_LIFETIME, _RENEW_BEFORE = timedelta(hours=24), timedelta(hours=6)
_TICK = timedelta(minutes=1)
_SWEEP = timedelta(minutes=10)
_HTTP_TIMEOUT = timedelta(seconds=230)
_STORAGE_A_SECOND = 20_000.0
_INSTANCE_BYTES = 2048 * 1024 * 1024
_HALF = 0.5

type Figures = Mapping[str, float]


class Cost(msgspec.Struct, frozen=True):
    """Something that grows with the fleet, and the limit that it meets.

    Attributes:
        what: What grows.
        each: What one endpoint adds.
        limit: What there may be of it.
        limited_by: What sets that limit.
        shown: How much of it is said.
        answer: Which setting or plan helps.
    """

    what: str
    each: float
    limit: float
    limited_by: str
    shown: Callable[[float], str]
    answer: str

    @property
    def most(self) -> float:
        """How many endpoints meet the limit."""
        return self.limit / self.each


def costs(figures: Figures) -> list[Cost]:
    """Give all costs, that first which meets its limit first."""
    found = [*_of_the_tick(figures), *_of_the_sweep(figures), *_of_a_worker(figures)]
    return sorted(found, key=lambda cost: cost.most)


def paper(figures: Figures) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Give the titles and the lines of the table."""
    fleets = (f"{fleet:,} endpoints" for fleet in FLEETS)
    titles = ("what grows", *fleets, "limit", "met at", "answer")
    return titles, [_line(cost) for cost in costs(figures)]


def _line(cost: Cost) -> tuple[str, ...]:
    values = (cost.shown(cost.each * fleet) for fleet in FLEETS)
    return (cost.what, *values, cost.limited_by, f"about {_rounded(cost.most)}", cost.answer)


def _rounded(count: float) -> str:
    """Say two digits: what was measured bears no more."""
    return f"{float(f'{count:.1e}'):,.0f}"


def _of_the_tick(figures: Figures) -> Iterator[Cost]:
    """What falls due within a minute is worked off within that minute, by one worker."""
    apart = (_LIFETIME - _RENEW_BEFORE) * (1 - RENEWAL_JITTER / 2)
    renewals = _TICK / apart
    longer = "`SAS_LIFETIME=6d`: a sixth of the renewals, and fewer"
    yield Cost(
        "renewals begun by one tick of `watch`",
        renewals,
        AT_MOST,
        f"a tick takes up {AT_MOST:,} things; the rest waits for the next",
        lambda count: f"{count:,.1f}",
        longer,
    )
    yield Cost(
        "seconds of those renewals, in one worker",
        renewals / figures["deployments_per_second"],
        START_FOR.total_seconds(),
        f"a tick begins nothing after {START_FOR.total_seconds():g} s",
        _seconds,
        f"{longer}; a larger instance",
    )
    calls = renewals * figures["calls_per_deployment"] / _TICK.total_seconds()
    yield Cost(
        "storage requests a second for renewals",
        calls,
        _STORAGE_A_SECOND,
        "one standard storage account, as published",
        lambda count: f"{count:,.2f}",
        f"{longer}; `StateStorage` in an account of its own",
    )
    looks = _TICK / LONGEST_POLL
    yield Cost(
        "seconds of looking at jobs, if each endpoint trains for hours at once",
        looks / figures["jobs_per_second"],
        START_FOR.total_seconds(),
        f"a tick begins nothing after {START_FOR.total_seconds():g} s",
        _seconds,
        "schedules that differ; a job is then looked at later, not lost",
    )


def _of_the_sweep(figures: Figures) -> Iterator[Cost]:
    timeout = _function_timeout().total_seconds()
    longer = "a longer `functionTimeout`, which Flex Consumption does not bound"
    yield Cost(
        "seconds of a sweep that finds nothing, with one model each",
        figures["sweep_seconds_per_blob"],
        timeout,
        f"`functionTimeout` of `host.json`, {timeout:g} s",
        _seconds,
        f"{longer}; old models moved elsewhere",
    )
    a_day = BEGIN_FOR * (timedelta(days=1) / _SWEEP)
    yield Cost(
        "seconds of the sweeps' daily reading of every record",
        1 / figures["calls_per_second"],
        a_day.total_seconds(),
        f"each sweep reads for {BEGIN_FOR.total_seconds():g} s and the next goes on",
        _seconds,
        "none is needed: what is old is forgotten a day later",
    )


def _of_a_worker(figures: Figures) -> Iterator[Cost]:
    larger = "`instanceMemoryMB` 4096 on Flex Consumption; a second app for half of the endpoints"
    yield Cost(
        "MiB of memory for the endpoints file, in each worker",
        figures["file_bytes_per_endpoint"],
        _INSTANCE_BYTES * _HALF,
        "half of an instance of 2048 MB",
        lambda count: f"{count / 1024 / 1024:,.1f}",
        larger,
    )
    yield Cost(
        "seconds to read the endpoints file, at a cold start and after each change",
        figures["file_seconds_per_endpoint"],
        START_FOR.total_seconds(),
        "a tick in which nothing else is begun",
        _seconds,
        "a second app for half of the endpoints",
    )
    yield Cost(
        "seconds of `status`",
        figures["status_seconds_per_endpoint"],
        _HTTP_TIMEOUT.total_seconds(),
        f"Azure's load balancer ends a request after {_HTTP_TIMEOUT.total_seconds():g} s",
        _seconds,
        "`list_endpoints`, whose pages cost the same however many there are",
    )


def _function_timeout() -> timedelta:
    hours, minutes, seconds = json.loads(_HOST_JSON.read_text())["functionTimeout"].split(":")
    return timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds))


def _seconds(count: float) -> str:
    return f"{count:,.1f}" if count >= 1 else f"{count:.3f}"
