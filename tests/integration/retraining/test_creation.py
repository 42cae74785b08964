"""Adding the scoring endpoint to its predictive web service."""

import json

from tests.integration.retraining.conftest import MakeApp

TOKEN = 'workspace_token = "%WORKSPACE_TOKEN%"'
CREATE = 'create = { description = "Ziffern", throttle_level = "High", max_concurrent_calls = 20 }'


def test_an_endpoint_is_added_once_and_its_resource_found(make_app: MakeApp) -> None:
    with make_app() as app:
        app.configure(name="digits2", keys=f"{TOKEN}\n{CREATE}")
        first, second = app.create("digits2"), app.create("digits2")
        put = app.received("PUT")

    assert (first.status_code, second.status_code) == (201, 200)
    assert json.loads(first.get_body()) == {
        "name": "digits2",
        "created": True,
        "resource": "Digits Model [trained model]",
        "resources": ["Digits Model [trained model]"],
        "fault": None,
    }
    assert [one.body for one in put] == [
        {"Description": "Ziffern", "ThrottleLevel": "High", "MaxConcurrentCalls": 20}
    ]


def test_the_default_endpoint_is_refused_by_name(make_app: MakeApp) -> None:
    with make_app() as app:
        app.configure(name="default", keys=TOKEN)
        answer = app.create("default")

        assert answer.status_code == 409
        assert b"default endpoint" in answer.get_body()
        assert app.received("PUT") == []


def test_an_endpoint_of_a_training_service_is_refused_before_it_is_added(
    make_app: MakeApp,
) -> None:
    with make_app() as app:
        app.configure(keys=TOKEN)
        file = app.folder / "endpoints.toml"
        training = app.service.patch_url("digits-training").removesuffix("default") + "digits"
        text = file.read_text("utf-8").replace(app.service.patch_url("digits"), training)
        file.write_text(text, "utf-8")
        answer = app.create()

        assert answer.status_code == 409
        assert b"training experiment" in answer.get_body()
        assert app.received("PUT") == []


def test_without_a_workspace_token_it_is_said_what_is_missing(make_app: MakeApp) -> None:
    with make_app() as app:
        answer = app.create()

    assert answer.status_code == 422
    assert b"endpoints.digits.workspace_token is missing" in answer.get_body()
