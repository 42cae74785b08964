"""A fresh worker process: import and index the app, deploy the first model."""

import re
import subprocess
import sys
import time
import uuid
from collections import Counter
from pathlib import Path

import msgspec

from bench.finding import Finding, Line, median, ms, times
from bench.site import CONTAINER, Site, site
from bench.sizes import Sizes

_ROOT = Path(__file__).parents[1]
_BARE = Path(__file__).parent / "bare_app"
_NAME = "digits"
_AT_MOST = 1.25
_LONGEST = 120
_SHOWN = 12
_IMPORT = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)$", re.MULTILINE)
_OURS = frozenset(
    {"http_api", "patch_endpoint", "protocols", "retrain_trigger", "settings", "state", "telemetry"}
)


class _Instants(msgspec.Struct, frozen=True):
    """What a worker process told of itself, by `time.monotonic`."""

    began: float
    worker: float
    indexed: float
    deployed: float
    known: list[str]


class _Start(msgspec.Struct, frozen=True):
    """Seconds from the start of the process."""

    indexed: float
    patched: float


def measure(sizes: Sizes) -> Finding:
    """Start one process after another, of the app and of the bare script in turn."""
    with site([_NAME]) as around:
        for folder in (_ROOT, _BARE):
            _started(around, folder)  # compiles what is not compiled yet
        app, bare = [], []
        for _ in range(sizes.cold_starts):
            app.append(_started(around, _ROOT))
            bare.append(_started(around, _BARE))
        costs = _import_costs(around)
    return _finding(app, bare, costs)


def _started(around: Site, folder: Path) -> _Start:
    name = _land(around)
    around.service.seen()
    begun = time.monotonic()
    done = _run(around, folder, name)
    instants = msgspec.json.decode(done.stdout, type=_Instants)
    patched = around.service.seen().patches()[0]
    return _Start(instants.indexed - begun, patched - begun)


def _land(around: Site) -> str:
    name = f"{_NAME}/{time.time_ns()}-{uuid.uuid4().hex}.ilearner"
    around.models().upload_blob(name, b"a model")
    return f"{CONTAINER}/{name}"


def _run(
    around: Site, folder: Path, model: str, *options: str
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, *options, "-m", "bench.cold_worker", str(folder), model]
    environ = {
        **around.environ,
        "BARE_PATCH_URL": around.service.patch_url(_NAME),
        "FUNCTIONS_WORKER_RUNTIME": "python",
    }
    return subprocess.run(  # noqa: S603 - a process of ours
        command, cwd=_ROOT, env=environ, capture_output=True, check=True, timeout=_LONGEST
    )


def _import_costs(around: Site) -> dict[str, float]:
    """Say what each package costs to import, in seconds, without those that it imports."""
    done = _run(around, _ROOT, _land(around), "-X", "importtime")
    costs: Counter[str] = Counter()
    for microseconds, module in _IMPORT.findall(done.stderr.decode()):
        costs[_package(module)] += int(microseconds)
    return {package: cost / 1_000_000 for package, cost in costs.most_common(_SHOWN)}


def _package(module: str) -> str:
    first, _, rest = module.partition(".")
    if first in _OURS or first == "function_app":
        return "the app's own modules"
    if first == "azure" and rest:
        return ".".join(module.split(".")[: 3 if rest.startswith("storage") else 2])
    return first.lstrip("_") if first not in sys.stdlib_module_names else "the standard library"


def _finding(app: list[_Start], bare: list[_Start], costs: dict[str, float]) -> Finding:
    size = f"{len(app)} processes"

    def line(what: str, ours: list[float], theirs: list[float], *, must: bool) -> Line:
        ratio = median(ours) / median(theirs)
        return Line(
            what=f"cold start: {what}",
            size=size,
            app=ms(median(ours)),
            bare=ms(median(theirs)),
            ratio=times(ratio),
            target=f"≤ {_AT_MOST} times" if must else "",
            reached=ratio <= _AT_MOST if must else None,
        )

    lines = [
        line(
            "a fresh process until its functions are indexed",
            [one.indexed for one in app],
            [one.indexed for one in bare],
            must=False,
        ),
        line(
            "a fresh process until its first PATCH is at the endpoint",
            [one.patched for one in app],
            [one.patched for one in bare],
            must=True,
        ),
    ]
    figures = {"cold_start_seconds": median(one.patched for one in app)}
    shown = {package: ms(cost) for package, cost in costs.items()}
    return Finding(lines, figures, parts={"What the imports of a cold start cost": shown})
