"""The host's own routes."""

from collections.abc import Iterator

import pytest
import requests

from local_stack.azurite import Azurite
from local_stack.functions_host import FunctionsHost
from tests.integration.functions_host.sample_app import SampleApp

FUNCTIONS = """
@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
def watch(timer: func.TimerRequest) -> None:
    record(past_due=timer.past_due, schedule=timer.schedule)

@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
def raising(timer: func.TimerRequest) -> None:
    raise RuntimeError("out of luck")

@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
def returning(timer: func.TimerRequest):
    return "a value"

@app.timer_trigger(arg_name="timer", schedule="%NOT_THERE%")
def faulty(timer: func.TimerRequest) -> None:
    record(faulty=True)

@app.route(route="hello")
def hello(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("hello")
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> SampleApp:
    return SampleApp(tmp_path_factory.mktemp("admin"), FUNCTIONS)


@pytest.fixture(scope="module")
def host(app: SampleApp, azurite: Azurite) -> Iterator[FunctionsHost]:
    environ = azurite.environ("AzureWebJobsStorage")
    with FunctionsHost.start(app.folder, environ=environ) as running:
        yield running


def test_every_admin_route_needs_the_master_key(host: FunctionsHost) -> None:
    for key in (None, host.key, host.system_key):
        assert host.get("/admin/host/status", key=key).status_code == 401
        assert host.get("/admin/functions", key=key).status_code == 401
        assert host.post("/admin/functions/watch", key=key, json={}).status_code == 401


def test_status_says_running_and_names_what_is_disabled(host: FunctionsHost) -> None:
    status = host.get("/admin/host/status", key=host.master_key).json()

    assert status["state"] == "Running"
    assert status["errors"] == [
        "faulty: function faulty needs the app setting NOT_THERE, which is not set",
    ]


def test_functions_are_listed_with_their_bindings(host: FunctionsHost) -> None:
    listed = host.get("/admin/functions", key=host.master_key).json()

    by_name = {function["name"]: function for function in listed}
    assert set(by_name) == {"watch", "raising", "returning", "faulty", "hello"}
    assert by_name["watch"]["config"]["bindings"][0]["schedule"] == "0 0 0 1 1 *"
    assert [name for name, function in by_name.items() if function["isDisabled"]] == ["faulty"]


def test_a_run_by_hand_is_accepted_and_happens(host: FunctionsHost, app: SampleApp) -> None:
    before = len(app.records())

    answer = host.post("/admin/functions/watch", key=host.master_key, json={"input": ""})

    assert answer.status_code == 202
    assert app.wait_for(before + 1)[-1] == {"past_due": False, "schedule": {"AdjustForDST": True}}


def test_a_run_that_is_waited_for_tells_its_outcome(host: FunctionsHost) -> None:
    good, bad = host.run("watch"), host.run("raising")

    assert good.succeeded
    assert good.error is None
    assert good.invocation_id in host.log_text()
    assert not bad.succeeded
    assert bad.error == "RuntimeError: out of luck"


def test_a_timer_that_returns_a_value_fails_as_in_azure(host: FunctionsHost) -> None:
    ended = host.run("returning")

    assert not ended.succeeded
    assert "non-None value" in str(ended.error)


@pytest.mark.parametrize("function", ["nothing", "hello", "faulty"])
def test_what_cannot_be_run_by_hand_is_404(host: FunctionsHost, function: str) -> None:
    with pytest.raises(requests.HTTPError, match="404"):
        host.run(function)


@pytest.mark.parametrize("body", ["{", "[]", '{"input": 1}'])
def test_a_faulty_body_is_400_and_runs_nothing(
    host: FunctionsHost,
    app: SampleApp,
    body: str,
) -> None:
    before = app.records()

    answer = host.post("/admin/functions/watch", key=host.master_key, data=body)

    assert answer.status_code == 400
    assert app.records() == before
