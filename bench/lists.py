"""`list_endpoints` and `status` with many endpoints."""

import time
from collections.abc import Callable, Iterator
from itertools import islice

import azure.functions as func
import msgspec

from bench.finding import Finding, Line, median, ms, times
from bench.fleet import join, lives_one
from bench.site import Site, names_of, site
from bench.sizes import Sizes
from bench.storage_calls import StorageCall, StorageCalls, counted
from http_api.listing import PAGE_SIZE
from http_api.routes import Routes

_TIMES = 5
_FIRST_PAGE_SECONDS = 1.0
_RECORDS = "endpoints/"
_OK = 200

type Ask = Callable[[func.HttpRequest], func.HttpResponse]


class _Asked(msgspec.Struct, frozen=True):
    """What is asked for, and how the SDK alone would find it."""

    what: str
    ask: Ask
    bare: Callable[[], object]
    limit: float | None


def measure(sizes: Sizes) -> Finding:
    """Ask for the first page and for the status, beside a listing by the SDK alone."""
    names, known = names_of(max(sizes.lists)), 0
    lines: list[Line] = []
    with site([]) as around:
        pattern = lives_one(around)
        for size in sizes.lists:
            join(around.app().engine, pattern, names[known:size])
            known = size
            around.has_endpoints(names[:size])
            found = list(_lines(around, size))
            lines += [line for line, _ in found]
    status = found[-1][1]
    figures = {"status_seconds_per_endpoint": status / max(sizes.lists)}
    return Finding(lines, figures, ["The bare figure is the same listing by the SDK alone."])


def _lines(around: Site, size: int) -> Iterator[tuple[Line, float]]:
    """Give each line, and the seconds that the app took."""
    calls = StorageCalls()
    app = around.app(calls)
    routes, state = Routes(lambda: app), around.state

    def page() -> object:
        found = state.list_blobs(
            name_starts_with=_RECORDS, include=["metadata"], results_per_page=PAGE_SIZE
        )
        return list(islice(found, PAGE_SIZE))

    def everything() -> object:
        return list(state.list_blobs(name_starts_with=_RECORDS, include=["metadata"]))

    first = "list_endpoints, first page"
    for asked in (
        _Asked(first, routes.list_endpoints, page, _FIRST_PAGE_SECONDS),
        _Asked("status", routes.status, everything, None),
    ):
        yield _line(asked, size, calls)


def _line(asked: _Asked, size: int, calls: StorageCalls) -> tuple[Line, float]:
    _ask(asked.ask)  # parses the endpoints file
    app, bare, made = [], [], []
    for _ in range(_TIMES):
        calls.taken()
        app.append(_seconds(lambda: _ask(asked.ask)))
        made = calls.taken()
        bare.append(_seconds(asked.bare))
    seconds, read = median(app), _records_read(made)
    within = asked.limit is None or seconds < asked.limit
    limit = "" if asked.limit is None else f", < {ms(asked.limit)}"
    line = Line(
        what=asked.what,
        size=f"{size:,} endpoints",
        app=f"{ms(seconds)}, {counted(made, 'list')} lists, {read} records read",
        bare=ms(median(bare)),
        ratio=times(seconds / median(bare)),
        target=f"no record read{limit}",
        reached=read == 0 and within,
    )
    return line, seconds


def _records_read(calls: list[StorageCall]) -> int:
    return sum(call.what == "read" and f"/{_RECORDS}" in call.path for call in calls)


def _ask(ask: Ask) -> None:
    request = func.HttpRequest("GET", "http://127.0.0.1/api/asked", body=b"")
    answer = ask(request)
    if answer.status_code != _OK:
        raise RuntimeError(answer.get_body().decode())


def _seconds(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun
