"""From an upload until the model is live, in the local stack, with the share of each step."""

import re
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from azure.storage.blob import BlobServiceClient

from bench.finding import Finding, Line, median, ms, p95, times
from bench.landing_stack import BARE, TICK, LandingStack, landing_stack
from bench.site import CONTAINER, names_of
from bench.sizes import Sizes
from local_stack.functions_host import FunctionsHost
from local_stack.http_service.journal import ReceivedRequest
from local_stack.ml_service.model_file import Model
from patch_endpoint.decide import CHECK_AFTER

_BETWEEN = 1.3  # seconds between two uploads; no multiple of the poll's
_PATIENCE = 180.0
_PACE = 0.5
_EVENTS = ("model.landed", "deployment.patch", "patch.accepted", "deployment.confirmed")
_LINE = re.compile(r"^(\S+Z) \w+ \[.*?\] ([\w.]+) (.*)$", re.MULTILINE)
_ENDPOINT = re.compile(r"\b(?:endpoint=|model=)([a-z0-9-]+)")
_MODEL = Model(
    columns=("pixel_0_0",),
    label="label",
    classes=("0", "1"),
    means=(0.0,),
    scales=(1.0,),
    coefficients=((1.0,), (-1.0,)),
    intercepts=(0.0, 0.0),
    trained_rows=2,
).dump()


class _Landing(msgspec.Struct, frozen=True):
    """One model's way: instants in seconds since the epoch.

    Attributes:
        uploaded: When its upload was done.
        events: When each of `_EVENTS` was logged.
        bare: When the bare script's PATCH of the same blob was at its endpoint.
    """

    uploaded: float
    events: list[float]
    bare: float


def measure(sizes: Sizes) -> Finding:
    """Upload models one after another, each for the app and for the bare script."""
    names = names_of(sizes.landings)
    with landing_stack(names) as stack:
        uploads = {name: _upload(stack, name) for name in names}
        _wait(lambda: len(_instants(stack.app, _EVENTS[-1])) == len(names), stack.app)
        _wait(lambda: len(_bare_patches(stack)) == len(names), stack.app)
        events, bare = [_instants(stack.app, event) for event in _EVENTS], _bare_patches(stack)
    return _finding(
        [
            _Landing(uploads[name], [instants[name] for instants in events], bare[name])
            for name in names
        ]
    )


def _upload(stack: LandingStack, name: str) -> float:
    time.sleep(_BETWEEN)  # each meets the poll at another moment
    storage = BlobServiceClient.from_connection_string(stack.azurite.connection_string)
    storage.get_blob_client(CONTAINER, f"{name}/model.ilearner").upload_blob(_MODEL)
    return time.time()


def _instants(host: FunctionsHost, event: str) -> dict[str, float]:
    """When each endpoint's *event* was logged first."""
    found: dict[str, float] = {}
    for at, name, fields in _LINE.findall(host.log_text()):
        told = _ENDPOINT.search(fields)
        if name == event and told is not None:
            found.setdefault(told[1], datetime.fromisoformat(at).timestamp())
    return found


def _bare_patches(stack: LandingStack) -> dict[str, float]:
    """When the bare script's PATCH for each endpoint's model was at its own endpoint."""
    path = urlsplit(stack.service.patch_url(BARE)).path
    return {
        _model_of(one).split("/")[1]: one.instant.timestamp()
        for one in stack.service.requests
        if one.method == "PATCH" and one.path == path
    }


def _model_of(request: ReceivedRequest) -> str:
    body: Any = request.body
    return str(body["Resources"][0]["Location"]["RelativeLocation"])


def _wait(is_so: Callable[[], bool], host: FunctionsHost) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not is_so():
        if time.monotonic() > deadline or not host.is_alive():
            raise RuntimeError(f"not all models came into service:\n{host.log_text()[-3000:]}")
        time.sleep(_PACE)


def _finding(landings: Sequence[_Landing]) -> Finding:
    size = f"{len(landings)} models, one after another"
    patched = [one.events[2] - one.uploaded for one in landings]
    live = [one.events[3] - one.uploaded for one in landings]
    bare = [one.bare - one.uploaded for one in landings]
    lines = [
        Line(
            what=f"upload to PATCH in the stack, {name}",
            size=size,
            app=ms(of(patched)),
            bare=ms(of(bare)),
            ratio=times(of(patched) / of(bare)),
        )
        for name, of in (("p50", median), ("p95", p95))
    ]
    lines += [
        Line(what=f"upload to live in the stack, {name}", size=size, app=ms(of(live)))
        for name, of in (("p50", median), ("p95", p95))
    ]
    note = (
        "A bare script never knows whether a model is live. Of the time until it is, "
        f"{CHECK_AFTER.total_seconds():g} s go by from the claim on purpose, since the service "
        f"takes 30 s to serve an accepted model; watch ticks every {TICK.seconds} s here, every "
        "minute by default, so there it is up to a minute more."
    )
    return Finding(lines, notes=[note], parts={"From upload to live": _shares(landings)})


def _shares(landings: Sequence[_Landing]) -> dict[str, str]:
    """Say how long each step took, p50, and its share of the whole."""
    settling = CHECK_AFTER.total_seconds()
    steps = {
        "the local host's polling, until `model_landed` runs": _between(landings, None, 0),
        "read, decide, sign and claim": _between(landings, 0, 1),
        "send, until the endpoint accepted": _between(landings, 1, 2),
        "the time in which the service takes the model into effect": [
            settling - (one.events[2] - one.events[1]) for one in landings
        ],
        "the next tick of `watch`, and asking for the effect": [
            one.events[3] - one.events[1] - settling for one in landings
        ],
    }
    whole = sum(sum(seconds) for seconds in steps.values())
    return {
        step: f"{ms(median(seconds))}, {sum(seconds) / whole:.1%}"
        for step, seconds in steps.items()
    }


def _between(landings: Sequence[_Landing], first: int | None, second: int) -> list[float]:
    return [
        one.events[second] - (one.uploaded if first is None else one.events[first])
        for one in landings
    ]
