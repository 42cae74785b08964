"""A deployment is a process: it comes up, is scored, is replaced, and goes."""

import json
from collections.abc import Iterator
from datetime import timedelta

import psutil
import pytest

from local_stack.azureml.pacing import AfterLooks, AfterTime
from tests.integration.azureml.wire import DEPLOYMENTS, ENDPOINT, VERSION, Caller, MakeCaller


def test_a_deployment_is_scored_by_its_name_before_it_has_traffic(caller: Caller) -> None:
    caller.deploy("blue")

    answer = caller.score("blue", body={"pixels": [1, 2]})

    assert answer.json() == {"said": "blue", "heard": {"pixels": [1, 2]}, "greeting": None}
    assert answer.headers["azureml-model-deployment"] == "blue"
    assert caller.score().status_code == 404


def test_a_deployment_is_a_process_that_ends_when_it_is_deleted(caller: Caller) -> None:
    caller.deploy("blue")
    (pid,) = caller.plane.processes("census").values()
    process = psutil.Process(pid)

    deleted = caller.ask("DELETE", f"{DEPLOYMENTS}/blue")
    while caller.ask("GET", deleted.headers["Location"]).status_code == 202:
        caller.clock.advance(seconds=1)

    assert (deleted.status_code, deleted.headers["Retry-After"]) == (202, "1")
    assert not process.is_running()
    assert caller.ask("GET", f"{DEPLOYMENTS}/blue").status_code == 404
    assert caller.ask("DELETE", f"{DEPLOYMENTS}/blue").status_code == 204


def test_all_processes_end_with_the_service(make_caller: MakeCaller) -> None:
    with make_caller() as caller:
        caller.deploy("blue")
        caller.deploy("green")
        processes = [psutil.Process(pid) for pid in caller.plane.processes("census").values()]
        assert len(processes) == 2

    assert not any(process.is_running() for process in processes)


def test_the_put_is_answered_at_once_with_an_address_to_look_at(make_caller: MakeCaller) -> None:
    with make_caller(pacing=AfterLooks(2)) as caller:
        put = caller.put_deployment("blue", caller.register("1"))

        status = put.headers["Azure-AsyncOperation"]
        assert put.status_code == 201
        assert put.json()["properties"]["provisioningState"] == "Creating"
        assert put.json()["properties"]["properties"]["AzureAsyncOperationUri"] == status
        seen = [caller.ask("GET", status).json()["status"] for _ in range(3)]
        assert seen == ["InProgress", "InProgress", "Succeeded"]
        assert caller.state(f"{DEPLOYMENTS}/blue") == "Succeeded"


def test_a_deployment_may_take_a_time_by_the_clock(make_caller: MakeCaller) -> None:
    with make_caller(pacing=AfterTime(timedelta(minutes=8))) as caller:
        caller.put_deployment("blue", caller.register("1"))

        caller.clock.advance(minutes=7)
        assert caller.state(f"{DEPLOYMENTS}/blue") == "Creating"
        caller.clock.advance(minutes=1)
        assert caller.state(f"{DEPLOYMENTS}/blue") == "Succeeded"


def test_what_failed_long_ago_shows_it_no_sooner(caller: Caller) -> None:
    caller.plane.fate("OutOfQuota", pacing=AfterTime(timedelta(minutes=8)))
    caller.put_deployment("blue", caller.register("1"))

    caller.clock.advance(minutes=7)
    assert caller.state(f"{DEPLOYMENTS}/blue") == "Creating"
    caller.clock.advance(minutes=1)
    assert caller.state(f"{DEPLOYMENTS}/blue") == "Failed"


def test_a_script_whose_init_raises_fails_the_deployment(caller: Caller) -> None:
    put = caller.put_deployment("blue", caller.register("1", {"nothing": 1}))

    assert caller.settled(f"{DEPLOYMENTS}/blue") == "Failed"
    error = caller.ask("GET", put.headers["Azure-AsyncOperation"]).json()["error"]
    assert error["code"] == "ResourceNotReady"
    assert caller.score("blue").status_code == 404
    assert "KeyError" in _log(caller)


def test_a_model_that_is_gone_fails_the_deployment(caller: Caller) -> None:
    uri = caller.uri("never-landed.json")
    body = {"properties": {"modelUri": uri, "modelType": "custom_model"}}
    model = caller.ask("PUT", "/models/census/versions/9", body).json()["id"]
    put = caller.put_deployment("blue", model)

    assert caller.settled(f"{DEPLOYMENTS}/blue") == "Failed"
    error = caller.ask("GET", put.headers["Azure-AsyncOperation"]).json()["error"]
    assert error["code"] == "BadArgument"
    assert "BlobNotFound" in error["message"]


def test_a_deployment_reads_its_blob_as_it_was_when_it_was_made(caller: Caller) -> None:
    caller.deploy("blue", {"answer": "first"})
    caller.land("blue.json", {"answer": "second"})

    assert caller.says("blue") == "first"


def test_a_put_of_one_that_is_there_takes_its_place_once_it_is_ready(
    make_caller: MakeCaller,
) -> None:
    with make_caller(pacing=AfterLooks(1)) as caller:
        caller.deploy("blue", {"answer": "before"})
        caller.give_traffic(blue=100)
        (before,) = caller.plane.processes("census").values()
        process = psutil.Process(before)

        put = caller.put_deployment("blue", caller.register("2", {"answer": "after"}))

        assert put.status_code == 200
        assert put.json()["properties"]["provisioningState"] == "Updating"
        assert caller.says() == "before"
        assert caller.settled(f"{DEPLOYMENTS}/blue") == "Succeeded"
        assert caller.says() == "after"
        process.wait(15)


def test_a_replacement_that_fails_leaves_what_serves(caller: Caller) -> None:
    caller.deploy("blue", {"answer": "before"})

    caller.put_deployment("blue", caller.register("2", {"no": "answer"}))

    assert caller.settled(f"{DEPLOYMENTS}/blue") == "Failed"
    assert caller.says("blue") == "before"


@pytest.mark.parametrize("code", ["OutOfQuota", "ImageBuildFailure", "InternalServerError"])
def test_a_creation_fails_as_it_is_told_to(caller: Caller, code: str) -> None:
    caller.plane.fate(code)
    put = caller.put_deployment("blue", caller.register("1"))

    assert caller.settled(f"{DEPLOYMENTS}/blue") == "Failed"
    assert caller.ask("GET", put.headers["Azure-AsyncOperation"]).json()["error"]["code"] == code
    assert caller.plane.processes("census") == {}


def test_a_creation_is_cancelled_as_it_is_told_to(caller: Caller) -> None:
    caller.plane.fate("OperationCanceled")
    put = caller.put_deployment("blue", caller.register("1"))

    assert caller.settled(f"{DEPLOYMENTS}/blue") == "Canceled"
    status = caller.ask("GET", put.headers["Azure-AsyncOperation"]).json()
    assert (status["status"], status["error"]["code"]) == ("Canceled", "OperationCanceled")


def test_a_fate_strikes_once_and_the_name_it_is_for(caller: Caller) -> None:
    caller.plane.fate("OutOfQuota", name="green")
    caller.deploy("blue")
    caller.put_deployment("green", caller.register("2"))
    assert caller.settled(f"{DEPLOYMENTS}/green") == "Failed"

    caller.deploy("green")

    assert caller.says("green") == "green"


def test_one_creation_may_be_slower_than_the_others(caller: Caller) -> None:
    caller.plane.fate(name="blue", pacing=AfterTime(timedelta(hours=3)))
    caller.put_deployment("blue", caller.register("1"))
    caller.deploy("green")

    assert caller.state(f"{DEPLOYMENTS}/blue") == "Creating"
    caller.clock.advance(hours=3)
    assert caller.state(f"{DEPLOYMENTS}/blue") == "Succeeded"


def test_two_puts_that_overlap_conflict(make_caller: MakeCaller) -> None:
    with make_caller(pacing=AfterLooks(5)) as caller:
        model = caller.register("1")
        caller.put_deployment("blue", model)

        again = caller.put_deployment("blue", model)

        assert again.status_code == 409
        assert again.json()["error"]["code"] == "Conflict"
        assert again.json()["error"]["details"][0]["code"] == "OperationCanceled"
        assert caller.put_deployment("green", model).status_code == 201


def test_the_later_put_may_cancel_the_earlier(make_caller: MakeCaller) -> None:
    with make_caller(pacing=AfterLooks(5), overlapping="cancels") as caller:
        first = caller.put_deployment("blue", caller.register("1", {"answer": "first"}))
        caller.put_deployment("blue", caller.register("2", {"answer": "second"}))

        earlier = caller.ask("GET", first.headers["Azure-AsyncOperation"]).json()
        assert (earlier["status"], earlier["error"]["code"]) == ("Canceled", "OperationCanceled")
        assert caller.settled(f"{DEPLOYMENTS}/blue") == "Succeeded"
        assert caller.says("blue") == "second"
        (pid,) = caller.plane.processes("census").values()
        others = [one for one in _servers() if one.pid != pid]
        _, alive = psutil.wait_procs(others, timeout=30)
        assert alive == []


def test_a_deployment_with_traffic_cannot_be_deleted(caller: Caller) -> None:
    caller.deploy("blue")
    caller.give_traffic(blue=100)

    refused = caller.ask("DELETE", f"{DEPLOYMENTS}/blue")

    assert refused.status_code == 400
    assert "has traffic" in refused.text
    assert caller.says() == "blue"
    caller.give_traffic()
    assert caller.ask("DELETE", f"{DEPLOYMENTS}/blue").status_code == 202


def test_a_patch_takes_tags_and_instances_and_nothing_else(caller: Caller) -> None:
    caller.deploy("blue")
    path = f"{DEPLOYMENTS}/blue"

    patched = caller.ask("PATCH", path, {"tags": {"approved": "yes"}, "sku": {"capacity": 3}})

    assert patched.status_code == 202
    assert caller.settled(path) == "Succeeded"
    document = caller.ask("GET", path).json()
    assert caller.ask("GET", patched.headers["Location"]).json() == document
    assert document["tags"] == {"made-by": "a test", "approved": "yes"}
    assert document["sku"] == {"name": "Default", "tier": "Standard", "capacity": 3}
    assert caller.ask("PATCH", path, {"properties": {"model": "x"}}).status_code == 400


def test_an_endpoint_has_twenty_deployments_at_most(make_caller: MakeCaller) -> None:
    """None is ever looked at, and the quota says no to all, so no process is started."""
    with make_caller(pacing=AfterLooks(99)) as caller:
        model = caller.register("1")
        for number in range(20):
            caller.plane.fate("OutOfQuota")
            assert caller.put_deployment(f"m-{number}", model).status_code == 201

        assert caller.put_deployment("m-20", model).status_code == 400
        listed = caller.ask("GET", DEPLOYMENTS).json()["value"]
        assert [one["name"] for one in listed] == [f"m-{number}" for number in range(20)]
        pages = list(_pages(caller, f"{DEPLOYMENTS}?api-version={VERSION}&$top=7"))
        assert [len(page) for page in pages] == [7, 7, 6]
        assert [one for page in pages for one in page] == [one["name"] for one in listed]
        assert caller.ask("GET", f"{DEPLOYMENTS}?api-version={VERSION}&$top=0").status_code == 400


def _pages(caller: Caller, address: str) -> Iterator[list[str]]:
    while address:
        answer = caller.ask("GET", address).json()
        yield [one["name"] for one in answer["value"]]
        address = answer.get("nextLink", "")


@pytest.mark.parametrize("name", ["ab", "a" * 33, "1blue", "blue-", "blue--green", "bl_ue"])
def test_a_name_is_three_to_thirty_two_letters_digits_and_single_hyphens(
    caller: Caller, name: str
) -> None:
    assert caller.put_deployment(name, caller.register("1")).status_code == 400


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"instanceTipe": "Standard_DS3_v2"}, 400),
        ({"model": "azureml:census:1"}, 400),
        ({"environmentId": "/subscriptions/other/environments/scoring/versions/1"}, 400),
        ({"codeConfiguration": {"scoringScript": "score.py"}}, 400),
        ({"endpointComputeType": "Kubernetes"}, 501),
        ({"codeConfiguration": None}, 501),
        ({"scaleSettings": {"scaleType": "TargetUtilization"}}, 501),
        ({"requestSettings": {"requestTimeout": "5 s"}}, 400),
        ({"environmentVariables": {"A": 1}}, 400),
    ],
)
def test_what_the_contract_does_not_have_is_refused_and_what_is_not_built_says_so(
    caller: Caller, changes: dict[str, object], status: int
) -> None:
    answer = caller.put_deployment("blue", caller.register("1"), **changes)

    assert answer.status_code == status, answer.text
    assert caller.ask("GET", f"{DEPLOYMENTS}/blue").status_code == 404


def test_the_instance_type_is_for_ever(caller: Caller) -> None:
    caller.deploy("blue")

    changed = caller.put_deployment("blue", caller.register("2"), instanceType="Standard_F4s_v2")

    assert changed.status_code == 400


def test_environment_variables_reach_the_script(caller: Caller) -> None:
    caller.deploy("blue", environmentVariables={"GREETING": "hello"})

    assert caller.score("blue").json()["greeting"] == "hello"


def test_a_lost_answer_is_to_a_request_that_was_carried_out(caller: Caller) -> None:
    caller.plane.script("PUT", "/deployments/", drop=True, apply="before")
    model = caller.register("1")

    with pytest.raises(OSError, match="Connection"):
        caller.put_deployment("blue", model)

    assert caller.settled(f"{DEPLOYMENTS}/blue") == "Succeeded"


def test_a_scripted_status_stands_in_the_answers_place(caller: Caller) -> None:
    caller.plane.script("GET", ENDPOINT, status=429, headers={"Retry-After": "7"})

    assert caller.ask("GET", ENDPOINT).headers["Retry-After"] == "7"
    assert caller.ask("GET", ENDPOINT).status_code == 200


def test_a_deployment_of_another_endpoint_or_of_none_is_not_found(caller: Caller) -> None:
    assert caller.ask("GET", f"{DEPLOYMENTS}/blue").status_code == 404
    missing = caller.ask("PUT", "/onlineEndpoints/other/deployments/blue", {"location": "x"})
    assert missing.status_code == 400
    body = caller.deployment(caller.register("1"))
    assert caller.ask("PUT", "/onlineEndpoints/other/deployments/blue", body).status_code == 404


def _servers() -> list[psutil.Process]:
    """The scoring servers that this process has started, and not ended."""
    return [
        one
        for one in psutil.Process().children()
        if "local_stack.inference_server" in one.cmdline()
    ]


def _log(caller: Caller) -> str:
    answer = caller.ask("POST", f"{DEPLOYMENTS}/blue/getLogs", {"tail": 50})
    assert answer.status_code == 200, answer.text
    content: str = json.loads(answer.content)["content"]
    return content
