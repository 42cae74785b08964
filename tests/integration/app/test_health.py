"""Health and status when a timer is silent or storage is away."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import azure.functions as func
import pytest

from local_stack.azurite import Azurite
from retrain_trigger.sweep import sweep
from state.storage_errors import StorageError
from tests.integration.app.conftest import KEY, MakeApp
from tests.integration.app.raw_server import raw_server, says
from tests.integration.app.running_app import RunningApp, request
from tests.integration.functions_host.sample_app import Outage
from tests.integration.ml_service.wire import DrivenClock

ENDPOINTS = {"digits": {"patch_url": "http://127.0.0.1:1/e", "api_key": "%KEY%", "resource": "R"}}
MODEL = "a.ilearner"
WRONG_KEY = "bm8ga2V5IG9mIHRoaXMgYWNjb3VudA=="


def health(app: RunningApp) -> int:
    answer = app.routes.health(request("GET", ""))
    return int(answer.status_code)


def test_an_app_that_has_just_begun_is_well(make_app: MakeApp) -> None:
    assert health(make_app(ENDPOINTS)) == 200


def test_a_timer_that_is_silent_for_three_periods_is_told(
    make_app: MakeApp, clock: DrivenClock
) -> None:
    app = make_app(ENDPOINTS)
    clock.advance(minutes=2, seconds=50)
    assert health(app) == 200

    clock.advance(seconds=30)
    assert health(app) == 503
    app.tick()
    clock.advance(seconds=6)  # an answer is kept for seconds

    assert health(app) == 200
    clock.advance(minutes=3, seconds=10)
    assert health(app) == 503


def test_a_sweep_that_is_silent_for_three_periods_is_told(
    make_app: MakeApp, clock: DrivenClock
) -> None:
    app = make_app(ENDPOINTS)
    clock.advance(minutes=31)
    app.tick()
    assert health(app) == 503

    sweep(app.app.engine)
    clock.advance(seconds=6)

    assert health(app) == 200


def test_an_app_whose_every_endpoint_has_a_fault_is_not_well(make_app: MakeApp) -> None:
    faulty = {"digits": {**ENDPOINTS["digits"], "api_key": "%NOT_SET%"}}

    assert health(make_app(faulty)) == 503


def test_an_app_with_one_good_endpoint_is_well(make_app: MakeApp) -> None:
    good = {**ENDPOINTS["digits"], "models": "a/**"}
    endpoints = {"digits": good, "faulty": {**good, "api_key": "%NOT_SET%"}}

    assert health(make_app(endpoints)) == 200


def test_a_wrong_key_of_the_model_storage_is_told_by_health_and_named_by_status(
    make_app: MakeApp, azurite: Azurite
) -> None:
    """The state storage is well: nothing but a look at the models finds this."""
    right = azurite.environ("ModelStorage")["ModelStorage"]
    wrong = re.sub(r"AccountKey=[^;]+", f"AccountKey={WRONG_KEY}", right)

    app = make_app(ENDPOINTS, keys={"KEY": KEY, "ModelStorage": wrong})

    assert health(app) == 503
    status = app.routes.status(request("GET", "")).get_body().decode()
    (fault,) = json.loads(status)["faults"]
    assert fault["where"] == "ModelStorage"
    assert "storage could not look at a model: it answered 403" in fault["what"]
    assert WRONG_KEY not in status


def test_a_model_container_that_is_not_there_yet_is_no_fault(
    make_app: MakeApp, container_name: str
) -> None:
    """It comes with the first model; what a training service keeps is deployed without it."""
    other = {"MODEL_BLOBS": f"{container_name}-none/{{name}}.ilearner"}

    app = make_app(ENDPOINTS, keys={"KEY": KEY, **other})

    assert health(app) == 200
    assert json.loads(app.routes.status(request("GET", "")).get_body())["faults"] == []


@pytest.fixture
def outage(tmp_path: Path) -> Iterator[Outage]:
    """A storage of the test's own that can be away."""
    with Outage(tmp_path / "azurite") as storage:
        yield storage


def test_while_storage_is_away_everything_says_so_and_afterwards_nothing_is_lost(
    outage: Outage, container_name: str, tmp_path: Path
) -> None:
    with raw_server(says("200 OK")) as server:
        endpoints = {"digits": {**ENDPOINTS["digits"], "patch_url": server.url}}
        app = RunningApp(outage.azurite, container_name, tmp_path, endpoints, keys={"KEY": KEY})
        app.put(MODEL, b"model")
        app.document()
        outage.begin()

        def landed() -> func.HttpResponse:
            with pytest.raises(StorageError):
                app.announce(MODEL)
            return func.HttpResponse("")

        asked: list[Callable[[], func.HttpResponse]] = [
            lambda: app.routes.health(request("GET", "")),
            lambda: app.routes.status(request("GET", "")),
            lambda: app.routes.get_endpoint(request("GET", "digits")),
            lambda: app.redeploy({"model": MODEL}),
            landed,
        ]
        with ThreadPoolExecutor(len(asked)) as pool:
            well, status, shown, redeployed, _ = pool.map(lambda ask: ask(), asked)
        assert server.requests == []

        outage.end()
        sweep(app.app.engine)

        assert app.desired()["state"] == "patched"
        assert server.methods() == ["PATCH"]
    assert well.status_code == 503
    assert status.status_code == 200
    faults = json.loads(status.get_body())["faults"]
    assert [one["where"] for one in faults] == ["StateStorage", "ModelStorage"]
    for problem in (shown, redeployed):
        assert (problem.status_code, problem.mimetype) == (503, "application/problem+json")
        assert KEY not in problem.get_body().decode()
