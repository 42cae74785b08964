"""A tick of `watch` with nothing due, for fleets of several sizes."""

import time
from collections.abc import Iterator, Sequence
from itertools import islice

from bench.finding import Finding, Line, median, ms, times
from bench.fleet import join, lives_one
from bench.site import Site, names_of, site
from bench.sizes import Sizes
from bench.storage_calls import StorageCall, StorageCalls, counted
from retrain_trigger.watch import watch

_TICKS = 15
_PAGE = 20  # as the app asks for


def measure(sizes: Sizes) -> Finding:
    """Let the fleet grow; at each size tick by the app, and list and write by the SDK, in turn."""
    names, known = names_of(max(sizes.fleets)), 0
    lines: list[Line] = []
    with site([]) as around:
        pattern = lives_one(around)
        for size in sizes.fleets:
            engine = around.app().engine
            join(engine, pattern, names[known:size])
            known = size
            around.has_endpoints(names[:size])
            lines += _ticks(around, size)
    notes = ["The bare figure is the same page listed and the same blob written by the SDK alone."]
    return Finding(lines, {"calls_per_idle_tick": 2.0}, notes)


def _ticks(around: Site, size: int) -> Iterator[Line]:
    calls = StorageCalls()
    engine = around.app(calls).engine
    watch(engine)  # what other instances saw to is read once in a process, and the file is parsed
    app, bare, made = [], [], []
    for _ in range(_TICKS):
        calls.taken()
        begun, used = time.monotonic(), time.process_time()
        watch(engine)
        app.append((time.monotonic() - begun, time.process_time() - used))
        made = calls.taken()
        bare.append(_bare_tick(around))
    seconds, cpu = median(one[0] for one in app), median(one[1] for one in app)
    shape = f"{counted(made, 'list')} list, {counted(made, 'write')} write"
    is_constant = (counted(made, "list"), counted(made, "write"), len(made)) == (1, 1, 2)
    yield Line(
        what="idle tick of watch: storage calls",
        size=_said(size),
        app=shape if is_constant else f"{shape}, {len(made)} in all: {_others(made)}",
        bare="1 list, 1 write",
        target="1 list, 1 heartbeat",
        reached=is_constant,
    )
    yield Line(
        what="idle tick of watch: time (CPU)",
        size=_said(size),
        app=f"{ms(seconds)} ({ms(cpu)})",
        bare=ms(median(bare)),
        ratio=times(seconds / median(bare)),
    )


def _bare_tick(around: Site) -> float:
    begun = time.monotonic()
    page = around.state.list_blobs(
        name_starts_with="agenda/", results_per_page=_PAGE, include=["metadata"]
    )
    list(islice(page, 1))
    around.state.upload_blob("heartbeats/bare.json", b"{}", overwrite=True)
    return time.monotonic() - begun


def _others(calls: Sequence[StorageCall]) -> str:
    return ", ".join(sorted({call.what for call in calls} - {"list", "write"}))


def _said(size: int) -> str:
    return f"{size:,} endpoints"
