"""Sweeps of many blobs: one that is killed, one that goes on, and some that find nothing."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec

from bench.finding import Finding, Line, median, mib, ms, times
from bench.fresh import begun, in_fresh_process
from bench.site import Site, names_of, site
from bench.sizes import Sizes
from bench.sweep_worker import Order, Swept
from retrain_trigger.side_by_side import AT_ONCE

_ENDPOINTS = 100
_UPLOADERS = 16
_RUNS = 3
_LINEAR = 1.5
_BOUNDED = 32 * 1024 * 1024
_PATIENCE = 600.0
_PACE = 0.02
_LISTED_AT_ONCE = 5000


class _Swept(msgspec.Struct, frozen=True):
    """What the sweeps over one number of blobs came to."""

    blobs: int
    sent_before_the_end: int
    after: Swept
    idle: list[Swept]
    bare: float

    @property
    def seconds(self) -> float:
        """One sweep that finds nothing."""
        return median(one.seconds for one in self.idle)

    @property
    def peak(self) -> int:
        """The most memory of those."""
        return max(one.peak for one in self.idle)


def measure(sizes: Sizes) -> Finding:
    """Sweep each number of blobs, each in a storage of its own."""
    found = [_swept(count) for count in sizes.sweeps]
    lines = [line for one in found for line in _lines(one)]
    small, big = found[0], found[-1]
    a_blob = (big.seconds / big.blobs) / (small.seconds / small.blobs)
    grown = big.peak - small.peak
    size = f"{small.blobs:,} to {big.blobs:,} blobs"
    lines += [
        Line(
            what="sweep: time a blob, the most blobs by the fewest",
            size=size,
            app=times(a_blob),
            bare=times((big.bare / big.blobs) / (small.bare / small.blobs)),
            target=f"linear: ≤ {_LINEAR}",
            reached=a_blob <= _LINEAR,
        ),
        Line(
            what="sweep: memory that grows with the blobs",
            size=size,
            app=mib(max(grown, 0)),
            target=f"bounded: ≤ {mib(_BOUNDED)}",
            reached=grown <= _BOUNDED,
        ),
    ]
    figures = {"sweep_seconds_per_blob": big.seconds / big.blobs}
    notes = ["The bare figure is the models' container listed by the SDK alone."]
    return Finding(lines, figures, notes)


def _swept(blobs: int) -> _Swept:
    names = names_of(_endpoints(blobs))
    with site(names) as around:
        _upload(around, names, blobs)
        order = Order(dict(around.environ))
        sent = _killed(around, order, len(names) // 3)
        after = in_fresh_process("sweep_worker", order, Swept)
        idle = [in_fresh_process("sweep_worker", order, Swept) for _ in range(_RUNS)]
        return _Swept(blobs, sent, after, idle, _bare(around))


def _upload(around: Site, names: list[str], blobs: int) -> None:
    models = around.models()

    def upload(number: int) -> None:
        name = names[number % len(names)]
        models.upload_blob(f"{name}/{number:07}.ilearner", b"m")

    with ThreadPoolExecutor(_UPLOADERS) as pool:
        for _ in pool.map(upload, range(blobs)):
            pass


def _killed(around: Site, order: Order, after: int) -> int:
    """Kill a first sweep once some models are sent; gives how many were."""
    around.service.seen()
    process = begun("sweep_worker", order)
    sent, deadline = 0, time.monotonic() + _PATIENCE
    try:
        while sent < after and process.poll() is None and time.monotonic() < deadline:
            sent += len(around.service.seen().patches())
            time.sleep(_PACE)
    finally:
        process.kill()
        process.wait()
    return sent + len(around.service.seen().patches())


def _bare(around: Site) -> float:
    took = []
    for _ in range(_RUNS):
        started = time.monotonic()
        for page in around.models().list_blobs(results_per_page=_LISTED_AT_ONCE).by_page():
            list(page)
        took.append(time.monotonic() - started)
    return median(took)


def _lines(found: _Swept) -> Iterator[Line]:
    size = f"{found.blobs:,} blobs"
    endpoints = _endpoints(found.blobs)
    sent, mended = found.sent_before_the_end, found.after.mended
    # What was in flight may be sent and not reported, or on record and not sent: the agenda has it.
    is_resumed = abs(sent + mended - endpoints) <= AT_ONCE and mended < endpoints
    yield Line(
        what="sweep: killed midway, then again",
        size=f"{size}, {endpoints} missed",
        app=f"{sent} sent, then {mended} mended",
        target=f"the rest alone, give or take {AT_ONCE} in flight",
        reached=is_resumed,
    )
    yield Line(
        what="sweep: nothing missed",
        size=size,
        app=f"{ms(found.seconds)}, peak {mib(found.peak)}",
        bare=ms(found.bare),
        ratio=times(found.seconds / found.bare),
    )


def _endpoints(blobs: int) -> int:
    return min(_ENDPOINTS, max(1, blobs // 5))
