"""Endpoints: their traffic, their keys, and what a PUT leaves of them."""

from collections import Counter
from datetime import timedelta

import msgspec
import pytest

from local_stack.azureml import Endpoint
from local_stack.azureml.pacing import AfterLooks, AfterTime
from tests.integration.azureml.wire import DEPLOYMENTS, ENDPOINT, LOCATION, Caller, MakeCaller

SCORING = "https://ml.azure.com/.default"


def test_requests_go_by_the_map_of_traffic(caller: Caller) -> None:
    caller.deploy("blue")
    caller.deploy("green")
    caller.give_traffic(blue=90, green=10)

    assert Counter(caller.says() for _ in range(20)) == {"blue": 18, "green": 2}
    assert caller.says("green") == "green"


def test_traffic_moves_when_the_operation_is_over_and_not_before(make_caller: MakeCaller) -> None:
    with make_caller(pacing=AfterTime(timedelta(seconds=30))) as caller:
        caller.deploy("blue")
        caller.deploy("green")
        caller.give_traffic(blue=100)

        put = caller.put_traffic({"green": 100})
        assert put.json()["properties"]["provisioningState"] == "Updating"
        assert caller.says() == "blue"
        caller.clock.advance(seconds=30)

        assert caller.says() == "green"


@pytest.mark.parametrize(
    ("traffic", "said"),
    [
        ({"blue": 90}, "sum to either 0 or 100"),
        ({"blue": 60, "green": 60}, "sum to either 0 or 100"),
        ({"blue": 50, "red": 50}, "not found: red"),
        ({"green": 100}, "is Failed"),
        ({"blue": 101}, "could not be deserialized"),
        ({"blue": "100"}, "could not be deserialized"),
    ],
)
def test_a_map_of_traffic_that_cannot_be_is_refused(
    caller: Caller, traffic: dict[str, int], said: str
) -> None:
    caller.deploy("blue")
    caller.give_traffic(blue=100)
    caller.plane.fate("OutOfQuota")
    caller.put_deployment("green", caller.register("2"))
    caller.settled(f"{DEPLOYMENTS}/green")

    answer = caller.put_traffic(traffic)

    assert answer.status_code == 400
    assert said in answer.text
    assert caller.plane.traffic("census") == {"blue": 100}


def test_a_put_without_traffic_takes_all_traffic_away(caller: Caller) -> None:
    caller.deploy("blue")
    caller.give_traffic(blue=100)

    body = {"location": LOCATION, "properties": {"authMode": "Key"}}
    assert caller.ask("PUT", ENDPOINT, body).status_code == 200

    assert caller.settled(ENDPOINT) == "Succeeded"
    assert caller.score().status_code == 404
    assert caller.says("blue") == "blue"


def test_what_is_read_can_be_put_back_and_nothing_changes(caller: Caller) -> None:
    caller.deploy("blue")
    caller.give_traffic(blue=100)
    caller.ask("PATCH", ENDPOINT, {"tags": {"owner": "somebody"}})
    caller.settled(ENDPOINT)
    before = caller.ask("GET", ENDPOINT).json()

    assert caller.ask("PUT", ENDPOINT, before).status_code == 200
    caller.settled(ENDPOINT)

    after = caller.ask("GET", ENDPOINT).json()
    for document in (before, after):  # these two tell of the last operation
        del document["systemData"], document["properties"]["properties"]["AzureAsyncOperationUri"]
    assert after == before
    assert after["tags"] == {"owner": "somebody"}


def test_two_puts_of_an_endpoint_that_overlap_conflict(make_caller: MakeCaller) -> None:
    with make_caller(pacing=AfterLooks(3)) as caller:
        assert caller.put_traffic({}).status_code == 200

        again = caller.put_traffic({})

        assert (again.status_code, again.json()["error"]["code"]) == (409, "Conflict")


def test_properties_may_be_added_and_not_altered(caller: Caller) -> None:
    def put(properties: dict[str, str]) -> int:
        body = {
            "location": LOCATION,
            "properties": {"authMode": "Key", "properties": properties},
        }
        status = caller.ask("PUT", ENDPOINT, body).status_code
        caller.settled(ENDPOINT)
        return status

    assert put({"team": "a"}) == 200
    assert put({"team": "b"}) == 400
    assert put({"floor": "2"}) == 200
    kept = caller.ask("GET", ENDPOINT).json()["properties"]["properties"]
    assert {"team": "a", "floor": "2"}.items() <= kept.items()


def test_a_patch_takes_tags_and_identity_and_nothing_else(caller: Caller) -> None:
    assert caller.ask("PATCH", ENDPOINT, {"tags": {"a": "b"}}).status_code == 202
    assert caller.settled(ENDPOINT) == "Succeeded"
    answer = caller.ask("PATCH", ENDPOINT, {"properties": {"traffic": {}}})

    assert answer.status_code == 400
    assert "unknown field `properties`" in answer.text


def test_an_endpoint_can_be_made(caller: Caller) -> None:
    path = "/onlineEndpoints/another"
    keys = {"primaryKey": "one", "secondaryKey": "two"}
    body = {"location": LOCATION, "properties": {"authMode": "Key", "keys": keys}}

    made = caller.ask("PUT", path, body)

    assert made.status_code == 201
    assert "Azure-AsyncOperation" in made.headers
    assert caller.settled(path) == "Succeeded"
    assert "keys" not in caller.ask("GET", path).json()["properties"]
    assert caller.ask("POST", f"{path}/listKeys").json() == keys
    listed = caller.ask("GET", "/onlineEndpoints").json()["value"]
    assert [one["name"] for one in listed] == ["census", "another"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"properties": {"authMode": "Key"}}, 400, "InvalidRequestContent"),
        ({"location": LOCATION}, 400, "InvalidRequestContent"),
        ({"location": LOCATION, "properties": {}}, 400, "InvalidRequestContent"),
        ({"location": LOCATION, "properties": {"authMode": "key"}}, 400, "InvalidRequestContent"),
        ({"location": "mars", "properties": {"authMode": "Key"}}, 409, "InvalidResourceLocation"),
        (
            {"location": LOCATION, "properties": {"authMode": "Key", "mirrorTraffic": {"a": 10}}},
            501,
            "NotImplemented",
        ),
    ],
)
def test_an_endpoint_that_cannot_be_is_refused(
    caller: Caller, body: dict[str, object], status: int, code: str
) -> None:
    answer = caller.ask("PUT", "/onlineEndpoints/another", body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert caller.ask("GET", "/onlineEndpoints/another").status_code == 404


def test_either_key_scores_and_no_other(caller: Caller) -> None:
    caller.deploy("blue")
    keys = caller.ask("POST", f"{ENDPOINT}/listKeys").json()

    for key in (keys["primaryKey"], keys["secondaryKey"]):
        assert caller.score("blue", key=key).status_code == 200
    for key in ("", "x", keys["primaryKey"][:-1]):
        assert caller.score("blue", key=key).status_code == 401


def test_an_endpoint_may_give_tokens_of_its_own(make_caller: MakeCaller) -> None:
    with make_caller(endpoints=(Endpoint(name="census", auth_mode="AMLToken"),)) as caller:
        caller.deploy("blue")

        given = caller.ask("POST", f"{ENDPOINT}/token").json()

        assert caller.ask("POST", f"{ENDPOINT}/listKeys").status_code == 400
        assert given["expiryTimeUtc"] > given["refreshAfterTimeUtc"] > caller.clock().timestamp()
        assert caller.score("blue", key=given["accessToken"]).status_code == 200
        assert caller.score("blue", key=caller.plane.key("census")).status_code == 401
        caller.clock.advance(hours=12)
        assert caller.score("blue", key=given["accessToken"]).status_code == 401


def test_an_endpoint_may_take_tokens_of_an_identity(make_caller: MakeCaller) -> None:
    with make_caller(endpoints=(Endpoint(name="census", auth_mode="AADToken"),)) as caller:
        caller.deploy("blue")
        ours, other = caller.bearer(SCORING), caller.bearer()

        assert caller.ask("POST", f"{ENDPOINT}/token").status_code == 400
        assert caller.score("blue", key=ours["Authorization"].split()[1]).status_code == 200
        assert caller.score("blue", key=other["Authorization"].split()[1]).status_code == 401


def test_a_model_that_fails_at_a_request_is_a_424_with_the_models_own_status(
    caller: Caller,
) -> None:
    caller.deploy("blue", {"answer": "raise"})

    answer = caller.score("blue")

    assert answer.status_code == 424
    assert answer.headers["ms-azureml-model-error-statuscode"] == "500"


def test_a_model_that_takes_too_long_is_a_408(caller: Caller) -> None:
    model = {"answer": 1, "slow": 2}
    caller.deploy("blue", model, requestSettings={"requestTimeout": "PT0.2S"})

    assert caller.score("blue").status_code == 408


def test_a_name_that_no_deployment_has_is_a_404(caller: Caller) -> None:
    caller.deploy("blue")
    caller.give_traffic(blue=100)

    assert caller.score("green").status_code == 404


def test_the_seed_of_an_endpoint_is_held_to_the_rules_of_names() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"name": "a"}, Endpoint)
