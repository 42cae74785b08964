"""A 200 is no proof: what confirms a model at the real ML service, and what does not."""

from pathlib import Path

import pytest

from local_stack.ml_service import MlService
from tests.integration.app.conftest import MakeApp
from tests.integration.app.running_app import RunningApp
from tests.integration.ml_service.wire import DrivenClock

SMOKE = Path(__file__).parents[3] / "local_stack" / "smoke" / "digits.json"
NOT_YET = 20.0  # seconds after a PATCH in which the earlier model still scores
BY_THEN = 36.0


@pytest.fixture
def smoked(make_app: MakeApp, ml_service: MlService, tmp_path: Path) -> RunningApp:
    """An endpoint with a smoke test that the published model fails."""
    (tmp_path / "smoke.json").write_bytes(SMOKE.read_bytes())
    keys = {
        "patch_url": ml_service.patch_url("digits"),
        "api_key": "%KEY%",
        "smoke_test": {
            "score_url": ml_service.score_url("digits"),
            "request": "smoke.json",
            "expect": "Results.output1.value.Values[0][0] == '7'",
        },
    }
    return make_app({"digits": keys}, keys={"KEY": ml_service.key("digits")})


@pytest.fixture
def located(make_app: MakeApp, ml_service: MlService) -> RunningApp:
    """An endpoint without a smoke test, which tells the location that it serves."""
    return make_app(
        {"digits": {"patch_url": ml_service.patch_url("digits"), "api_key": "%KEY%"}},
        keys={"KEY": ml_service.key("digits")},
    )


def test_a_scoring_call_confirms_the_model(
    smoked: RunningApp, clock: DrivenClock, model: bytes
) -> None:
    smoked.land("a.ilearner", model)
    assert smoked.desired()["state"] == "patched"
    clock.advance(seconds=NOT_YET)
    smoked.tick()
    assert smoked.desired()["state"] == "patched"

    clock.advance(seconds=BY_THEN - NOT_YET)
    smoked.tick()

    document = smoked.document()
    assert (document["desired"]["state"], document["desired"]["error"]) == ("live", None)
    assert document["serving"]["confirmed_by"] == "smoke_test"


def test_a_model_that_fails_its_smoke_test_stays_patched_and_says_why(
    smoked: RunningApp, ml_service: MlService, clock: DrivenClock, poor_model: bytes
) -> None:
    smoked.land("poor.ilearner", poor_model)
    for _ in range(30):
        clock.advance(minutes=5)
        smoked.tick()

    document = smoked.document()
    assert document["desired"]["state"] == "patched"
    assert document["desired"]["error"].startswith("smoke_test_failed: ")
    assert document["desired"]["next_attempt_at"] is None
    assert document["serving"]["confirmed_by"] is None
    assert [one.method for one in ml_service.requests].count("PATCH") == 1


def test_a_smoke_test_that_gets_no_answer_is_made_again(
    smoked: RunningApp, ml_service: MlService, clock: DrivenClock, model: bytes
) -> None:
    ml_service.script("POST", "/execute", status=503)
    smoked.land("a.ilearner", model)
    clock.advance(seconds=BY_THEN)
    smoked.tick()
    assert smoked.desired()["state"] == "patched"
    assert smoked.desired()["error"].startswith("http_503: ")

    clock.advance(minutes=1)
    smoked.tick()

    assert smoked.desired()["state"] == "live"


def test_the_location_that_the_endpoint_names_confirms_the_model(
    located: RunningApp, clock: DrivenClock, model: bytes
) -> None:
    located.land("a.ilearner", model)
    clock.advance(seconds=BY_THEN)
    located.tick()

    document = located.document()
    assert document["desired"]["state"] == "live"
    assert document["serving"]["confirmed_by"] == "location"


def test_the_location_of_the_model_before_confirms_nothing(
    located: RunningApp, ml_service: MlService, clock: DrivenClock, model: bytes
) -> None:
    located.land("a.ilearner", model)
    clock.advance(seconds=BY_THEN)
    located.tick()
    # The endpoint takes the next one, and goes on serving the first.
    ml_service.script("PATCH", status=200)
    located.land("b.ilearner", model)
    clock.advance(seconds=BY_THEN)
    located.tick()

    document = located.document()
    assert document["desired"]["model"]["name"] == "b.ilearner"
    assert document["desired"]["state"] == "patched"
    assert document["desired"]["error"].startswith("other_location: ")


def test_the_earlier_token_for_an_overwritten_name_confirms_nothing(
    located: RunningApp,
    ml_service: MlService,
    clock: DrivenClock,
    model: bytes,
    poor_model: bytes,
) -> None:
    located.land("latest.ilearner", poor_model)
    clock.advance(seconds=BY_THEN)
    located.tick()
    assert located.desired()["state"] == "live"
    ml_service.script("PATCH", status=200)
    located.land("latest.ilearner", model)
    clock.advance(seconds=BY_THEN)
    located.tick()

    assert located.desired()["state"] == "patched"
    assert located.desired()["error"].startswith("other_token: ")
