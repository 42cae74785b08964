"""Many events at once, in several instances of the app, on real storage."""

import json
import random
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from protocols.wire import Wire
from retrain_trigger.engine import App
from retrain_trigger.landed import model_landed
from tests.integration.app.conftest import MakeApp
from tests.integration.app.raw_server import Answer, RawServer, raw_server, says
from tests.integration.app.running_app import RunningApp
from tests.integration.ml_service.wire import DrivenClock

INSTANCES = 3
AT_ONCE = 12


def slowly(answer: Answer) -> Answer:
    """So that others come while a PATCH is on its way."""
    nothing = Event()

    def answered(method: str, connection: socket.socket) -> None:
        nothing.wait(0.03)
        answer(method, connection)

    return answered


def test_the_same_event_many_times_at_once_makes_one_patch(
    make_app: MakeApp, clock: DrivenClock, tmp_path: Path
) -> None:
    with raw_server(slowly(says("200 OK"))) as server:
        app = make_app(endpoints_at(server))
        app.put("a.ilearner", b"model")

        at_once(app, clock, tmp_path, ["a.ilearner"] * 24)

        assert told(server) == ["a.ilearner"]
        assert app.desired()["state"] == "patched"


@pytest.mark.parametrize("seed", range(3))
def test_the_last_patch_is_for_the_newest_model_whatever_the_order_of_events(
    make_app: MakeApp, clock: DrivenClock, tmp_path: Path, seed: int
) -> None:
    names = [f"{number:02}.ilearner" for number in range(16)]
    events = [*names, *names]
    random.Random(seed).shuffle(events)  # noqa: S311 - an order, not a secret
    with raw_server(slowly(says("200 OK"))) as server:
        app = make_app(endpoints_at(server))
        app.put(names[0], b"0")
        app.announce(names[0])
        for name in names[1:]:
            app.put(name, name.encode())

        at_once(app, clock, tmp_path, events)
        for _ in range(5):
            clock.advance(seconds=45)
            app.tick()

        document = app.document()
        assert document["desired"]["model"]["name"] == names[-1]
        assert document["serving"]["model"]["name"] == names[-1]
        assert told(server)[-1] == names[-1]
        assert len(told(server)) <= len(names)


def endpoints_at(server: RawServer) -> dict[str, dict[str, object]]:
    return {"digits": {"patch_url": server.url, "api_key": "%KEY%", "resource": "R"}}


def at_once(app: RunningApp, clock: DrivenClock, folder: Path, events: list[str]) -> None:
    """Announce the models from many threads and through several instances of the app."""
    apps = [App(app.environ, folder, now=clock, wire=Wire()) for _ in range(INSTANCES)]

    def announcing(number: int, name: str) -> Callable[[], None]:
        return lambda: model_landed(apps[number % INSTANCES].engine, name)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        landings = [pool.submit(announcing(*numbered)) for numbered in enumerate(events)]
    for landing in landings:
        landing.result()


def told(server: RawServer) -> list[str]:
    """The names of the models in the PATCHes received."""
    patches = [one for one in server.requests if one.startswith(b"PATCH ")]
    bodies = [json.loads(one.partition(b"\r\n\r\n")[2]) for one in patches]
    return [
        body["Resources"][0]["Location"]["RelativeLocation"].partition("/")[2] for body in bodies
    ]
