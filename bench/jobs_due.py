"""A tick of `watch` with many jobs due, all of which still run."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

from bench.connections import OpenedConnections
from bench.finding import Finding, Line, ms
from bench.site import Site, names_of, site
from bench.sizes import Sizes
from bench.storage_calls import StorageCalls
from retrain_trigger.engine import Engine
from retrain_trigger.job import Job
from retrain_trigger.job_id import new_job_id
from retrain_trigger.side_by_side import AT_ONCE
from retrain_trigger.watch import watch

_SERVICE = "training"
_TRAINING = """
[training_services.training]
jobs_url = "{jobs_url}"
api_key = "%BENCH_KEY%"
"""
_RETRAINED = 'retrain = { service = "training" }\n'
_MINUTE = 60.0
_LOOK_EVERY = 0.01
_SEEDERS = 16


def measure(sizes: Sizes) -> Finding:
    """Make the jobs, let them fall due, and tick once."""
    names = names_of(sizes.jobs)
    calls = StorageCalls()
    with site([]) as around:
        training = _TRAINING.format(jobs_url=around.service.jobs_url)
        around.has_endpoints(names, _RETRAINED, training)
        _begin(around.app().engine, names)
        engine = around.app(calls).engine  # another, which has no connection yet
        engine.endpoints.current()
        around.service.seen()
        calls.taken()
        with _most_threads() as threads, OpenedConnections() as opened:
            begun = time.monotonic()
            watch(engine)
            seconds = time.monotonic() - begun
        made = len(calls.taken())
        return Finding(
            list(_lines(around, names, seconds, max(threads), opened, made)),
            {"jobs_per_second": len(names) / seconds, "calls_per_second": made / seconds},
        )


def _begin(engine: Engine, names: Sequence[str]) -> None:
    """Record a job of each endpoint that runs and is to be looked at now."""
    now = engine.now() - timedelta(minutes=1)

    def begin(name: str) -> None:
        job = Job(
            id=new_job_id(name, now, apart=False),
            endpoint=name,
            service=_SERVICE,
            cause="schedule",
            created_at=now,
            timeout=timedelta(hours=12),
            state="running",
            job_id=f"service-{name}",
            submitted_at=now,
            started_at=now,
            look_at=now,
        )
        if engine.jobs.records.claim(job) is None:
            raise RuntimeError(f"the job of {name} was not made")

    with ThreadPoolExecutor(_SEEDERS) as pool:
        for one in [pool.submit(begin, name) for name in names]:
            one.result()


@contextmanager
def _most_threads() -> Iterator[list[int]]:
    """Look again and again how many threads this process has beyond those that it has now."""
    before, over = threading.active_count() + 1, threading.Event()
    seen = [0]

    def look() -> None:
        while not over.wait(_LOOK_EVERY):
            seen.append(threading.active_count() - before)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def _lines(  # noqa: PLR0913, PLR0917 - one call, above
    around: Site,
    names: Sequence[str],
    seconds: float,
    threads: int,
    opened: OpenedConnections,
    calls: int,
) -> Iterator[Line]:
    size, polled = f"{len(names):,} jobs due", len(around.service.seen().arrivals)
    to_service, to_storage = [
        opened.to(url) for url in (around.service.url, around.azurite.blob_service_uri)
    ]
    # Two lanes work side by side; each request has a thread that bounds it in time.
    most = 2 * (2 * AT_ONCE + 1)
    yield Line(
        what="watch: jobs polled in one tick",
        size=size,
        app=f"{polled:,} in {ms(seconds)}",
        target="all, within a minute",
        reached=polled == len(names) and seconds < _MINUTE,
    )
    yield Line(
        what="watch with jobs due: threads at most",
        size=size,
        app=str(threads),
        target=f"≤ {most}",
        reached=threads <= most,
    )
    yield Line(
        what="watch with jobs due: connections opened to the service, to storage",
        size=size,
        app=f"{to_service}, {to_storage}, for {calls:,} storage calls",
        target=f"≤ {AT_ONCE} each",
        reached=max(to_service, to_storage) <= AT_ONCE,
    )
