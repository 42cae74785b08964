"""A person rolls back, holds and releases, at the real ML service and on real storage."""

import json
import os
from collections.abc import Callable
from typing import Any

import azure.functions as func
import pytest

from local_stack.ml_service import MlService
from tests.integration.app.conftest import MakeApp
from tests.integration.app.running_app import RunningApp, request
from tests.integration.ml_service.wire import DrivenClock

LATEST = "latest.ilearner"

type Verb = Callable[[func.HttpRequest], func.HttpResponse]


@pytest.fixture
def app(make_app: MakeApp, ml_service: MlService) -> RunningApp:
    """An endpoint that tells the location that it serves."""
    return make_app(
        {"digits": {"patch_url": ml_service.patch_url("digits"), "api_key": "%KEY%"}},
        keys={"KEY": ml_service.key("digits")},
    )


def lived(app: RunningApp, clock: DrivenClock, content: bytes) -> str:
    """Have a model land over the one before and go live; gives its version."""
    app.land(LATEST, content)
    clock.advance(seconds=40)
    app.tick()
    desired: Any = app.desired()
    assert desired["state"] == "live", desired
    return str(desired["model"]["etag"])


def asked(verb: Verb, status: int, body: object = None, query: str = "") -> Any:
    """Ask, and give the JSON of the answer."""
    answer = verb(request("POST", "digits", body, query))
    assert answer.status_code == status, answer.get_body()
    return json.loads(answer.get_body())


def relative_locations(service: MlService) -> list[str]:
    patches: list[Any] = [one.body for one in service.requests if one.method == "PATCH"]
    return [one["Resources"][0]["Location"]["RelativeLocation"] for one in patches]


def test_an_overwritten_model_is_gone_back_to_from_its_copy(
    app: RunningApp, ml_service: MlService, clock: DrivenClock, model: bytes, poor_model: bytes
) -> None:
    good = lived(app, clock, model)
    lived(app, clock, poor_model)

    document = asked(app.routes.rollback, 202, {"reason": "scores fell"})
    clock.advance(seconds=40)
    app.tick()

    assert document["held"] is True
    desired = app.desired()
    assert (desired["model"]["etag"], desired["cause"]) == (good, "rollback")
    assert (desired["state"], desired["reason"]) == ("live", "scores fell")
    assert relative_locations(ml_service)[-1].startswith("retrain-kept/digits/")


def test_while_held_a_landing_waits_until_the_release(
    app: RunningApp, clock: DrivenClock, model: bytes, poor_model: bytes
) -> None:
    lived(app, clock, poor_model)
    lived(app, clock, model)
    asked(app.routes.rollback, 202)

    app.land(LATEST, model + os.urandom(8))
    waiting = app.document()
    released = asked(app.routes.release, 202)
    clock.advance(seconds=40)
    app.tick()

    assert (waiting["held"], waiting["waiting"]["state"]) == (True, "waiting")
    assert waiting["desired"]["cause"] == "rollback"
    assert released["held"] is False
    assert app.desired()["state"] == "live"
    assert app.desired()["model"]["etag"] == waiting["waiting"]["model"]["etag"]


def test_what_cannot_be_gone_back_to_is_a_conflict_and_changes_nothing(
    app: RunningApp, ml_service: MlService, clock: DrivenClock, model: bytes
) -> None:
    lived(app, clock, model)
    before, sent = app.document(), len(relative_locations(ml_service))

    problem = asked(app.routes.rollback, 409)

    assert problem["status"] == 409
    assert app.document() == before
    assert len(relative_locations(ml_service)) == sent


def test_a_dry_run_names_what_would_be_sent_and_does_nothing(
    app: RunningApp, ml_service: MlService, clock: DrivenClock, model: bytes, poor_model: bytes
) -> None:
    good = lived(app, clock, model)
    lived(app, clock, poor_model)
    before, sent = app.document(), len(relative_locations(ml_service))

    plan = asked(app.routes.rollback, 200, query="?dry_run=true")
    release = asked(app.routes.release, 200, query="?dry_run=true")

    assert (plan["endpoint"], plan["cause"], plan["decision"]) == ("digits", "rollback", "patch")
    assert plan["model"]["etag"] == good
    assert "retrain-kept/digits/" in json.dumps(plan["request"])
    assert "sig=<SECRET>" in json.dumps(plan["request"])
    assert ml_service.key("digits") not in json.dumps(plan)
    assert release["decision"] == "wait"
    assert app.document() == before
    assert len(relative_locations(ml_service)) == sent


@pytest.mark.parametrize("body", [{"hold": "yes"}, {"model": "a"}, [], "text"])
def test_a_faulty_body_is_refused(app: RunningApp, body: object) -> None:
    asked(app.routes.rollback, 400, body)
