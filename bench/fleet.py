"""Endpoints that have been in service for a while: one is really deployed, the others are its like.

To deploy ten thousand takes its time and tells nothing more of what lists, ticks and status cost.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from msgspec.structs import replace

from bench.site import Clock, Site
from patch_endpoint.record import Record
from retrain_trigger.engine import Engine
from retrain_trigger.landed import model_landed
from retrain_trigger.watch import watch
from state.agenda import new_entry

PATTERN = "pattern"
_AT_ONCE = 16
_UNTIL_CONFIRMED = timedelta(seconds=40)
_UNTIL_RENEWED = timedelta(hours=17)


def lives_one(around: Site) -> Record:
    """Deploy one model until it is live and kept; gives the endpoint's record."""
    around.has_endpoints([PATTERN])
    around.models().upload_blob(f"{PATTERN}/model.ilearner", b"a model")
    clock = Clock()
    engine = around.app(clock=clock).engine
    model_landed(engine, f"{PATTERN}/model.ilearner")
    for _ in range(2):  # it is confirmed, then kept
        clock.move(_UNTIL_CONFIRMED)
        watch(engine)
    record = engine.records.read(PATTERN).record
    if record.desired is None or record.desired.state != "live":
        raise RuntimeError("the endpoint that the fleet is made after is not live")
    return record


def join(engine: Engine, pattern: Record, names: Sequence[str]) -> None:
    """Make endpoints like *pattern*, each with its renewal in the agenda."""

    def make(name: str) -> None:
        entry = new_entry(engine.now() + _UNTIL_RENEWED, "endpoint", name)
        engine.agenda.add(entry)
        engine.records.write(replace(pattern, endpoint=name, agenda=(entry.name,)), None)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for one in [pool.submit(make, name) for name in names]:
            one.result()
