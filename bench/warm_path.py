"""From a landed model to its PATCH in a worker that is warm: storage calls, time, own CPU."""

import time
from datetime import timedelta

import msgspec

from bench.bare import BareScript
from bench.finding import Finding, Line, median, ms, p95, times
from bench.own_time import OwnTime
from bench.site import CONTAINER, KEY, RESOURCE, Clock, Site, site
from bench.sizes import Sizes
from bench.storage_calls import StorageCalls
from retrain_trigger.engine import Engine
from retrain_trigger.landed import model_landed
from retrain_trigger.watch import watch

_NAME = "digits"
_WARM_UP = 3
# Within one second the greater name is the later model.
_UNTIL_CONFIRMED = timedelta(seconds=40)
_CALLS_BEFORE, _CALLS_AFTER = 4, 2
_OWN_SECONDS = 0.003


class _Deployed(msgspec.Struct, frozen=True):
    """One deployment: calls before and after its PATCH, seconds until the PATCH arrived."""

    before: int
    after: int
    seconds: float


def measure(sizes: Sizes) -> Finding:
    """Deploy one model after another, by the app and by the bare script in turn."""
    with site([_NAME]) as around:
        calls, clock = StorageCalls(), Clock()
        engine = around.app(calls, clock).engine
        bare = BareScript(around.azurite.connection_string, CONTAINER)
        for number in range(_WARM_UP):
            _by_app(around, engine, calls, f"{_NAME}/a{number:06}.ilearner")
            _settle(engine, clock)
            _by_bare(around, bare, f"{_NAME}/a{number:06}.ilearner")
        app, script = [], []
        for number in range(sizes.warm):
            name = f"{_NAME}/b{number:06}.ilearner"
            app.append(_by_app(around, engine, calls, name))
            _settle(engine, clock)
            script.append(_by_bare(around, bare, name))
        own = []
        for number in range(sizes.warm):
            own.append(_own(around, engine, f"{_NAME}/c{number:06}.ilearner"))
            _settle(engine, clock)
    return _finding(app, script, own)


def _settle(engine: Engine, clock: Clock) -> None:
    """Have the model confirmed and its bytes kept: not measured here."""
    clock.move(_UNTIL_CONFIRMED)
    watch(engine)


def _by_app(around: Site, engine: Engine, calls: StorageCalls, name: str) -> _Deployed:
    around.models().upload_blob(name, b"a model")
    around.service.seen()
    calls.taken()
    begun = time.monotonic()
    model_landed(engine, name)
    arrived = around.service.seen().patches()[0]
    made = [call.at for call in calls.taken()]
    before = sum(at < arrived for at in made)
    return _Deployed(before, len(made) - before, arrived - begun)


def _by_bare(around: Site, bare: BareScript, name: str) -> float:
    around.service.seen()
    begun = time.monotonic()
    bare.deploy(name, around.service.patch_url(_NAME), KEY, RESOURCE)
    return around.service.seen().patches()[0] - begun


def _own(around: Site, engine: Engine, name: str) -> float:
    around.models().upload_blob(name, b"a model")
    clock = OwnTime()
    with clock.measured():
        model_landed(engine, name)
    return clock.seconds


def _finding(app: list[_Deployed], script: list[float], own: list[float]) -> Finding:
    before, after = max(one.before for one in app), max(one.after for one in app)
    size = f"{len(app)} deployments"
    seconds = [one.seconds for one in app]
    ratio = median(seconds) / median(script)
    what = "warm landing to PATCH"
    lines = [
        Line(
            what=f"{what}: storage calls before it, and after",
            size=size,
            app=f"{before} and {after}",
            bare="0 and 0",
            target=f"≤ {_CALLS_BEFORE} and ≤ {_CALLS_AFTER}",
            reached=before <= _CALLS_BEFORE and after <= _CALLS_AFTER,
        ),
        Line(
            what=f"{what}: until the PATCH is at the endpoint, p50",
            size=size,
            app=ms(median(seconds)),
            bare=ms(median(script)),
            ratio=times(ratio),
        ),
        Line(
            what=f"{what}: the same, p95",
            size=size,
            app=ms(p95(seconds)),
            bare=ms(p95(script)),
            ratio=times(p95(seconds) / p95(script)),
        ),
        Line(
            what=f"{what}: own CPU a deployment, without SDK and TLS",
            size=size,
            app=ms(median(own)),
            target=f"≤ {ms(_OWN_SECONDS)}",
            reached=median(own) <= _OWN_SECONDS,
        ),
    ]
    figures = {"calls_per_deployment": float(before + after), "own_cpu_seconds": median(own)}
    return Finding(lines, figures)
