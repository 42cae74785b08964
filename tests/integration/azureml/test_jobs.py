"""A command job is really run: its inputs are fetched, its outputs are put."""

import json
from datetime import timedelta
from typing import Any

import psutil
import pytest
import requests

from local_stack.azureml.pacing import AfterLooks, AfterTime, AsItGoes
from tests.integration.azureml.wire import VERSION, Caller, MakeCaller

JOB = "/jobs/digits_1"
COMMAND = (
    "python train.py --data ${{inputs.data}} --model ${{outputs.model}} --answer ${{inputs.answer}}"
)


def training(caller: Caller, answer: str = "7") -> dict[str, Any]:
    """A job that learns from a blob and writes another."""
    caller.land("rows/latest.csv", b"1,2,3")
    return caller.job(
        COMMAND,
        inputs={
            "data": {"jobInputType": "uri_file", "uri": caller.uri("rows/latest.csv")},
            "answer": {"jobInputType": "literal", "value": answer},
        },
        outputs={"model": {"jobOutputType": "custom_model", "uri": caller.uri("new/model.json")}},
    )


def ended(caller: Caller, path: str = JOB) -> str:
    """Look at a job until it is over; gives its status."""
    while (status := _status(caller, path)) not in {"Completed", "Failed", "Canceled"}:
        caller.clock.advance(seconds=1)
    return status


def _trainings() -> list[psutil.Process]:
    """What runs of the jobs that this process has begun."""
    return [one for one in psutil.Process().children() if "train.py" in one.cmdline()]


def _status(caller: Caller, path: str = JOB) -> str:
    return str(caller.ask("GET", path).json()["properties"]["status"])


def test_a_job_learns_from_its_input_and_leaves_its_output(caller: Caller) -> None:
    put = caller.ask("PUT", JOB, training(caller))

    assert put.status_code == 201
    assert put.json()["name"] == "digits_1"
    assert ended(caller) == "Completed"
    assert json.loads(caller.get("new/model.json")) == {"answer": "7", "learnt": "1,2,3"}


def _names(answer: requests.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()["value"]]


def test_the_same_job_put_again_is_not_run_again(caller: Caller) -> None:
    body = training(caller)
    caller.ask("PUT", JOB, body)
    ended(caller)
    caller.land("new/model.json", {"answer": "mine"})

    again = caller.ask("PUT", JOB, body)

    assert (again.status_code, again.json()["properties"]["status"]) == (200, "Completed")
    assert json.loads(caller.get("new/model.json")) == {"answer": "mine"}


def test_another_job_under_its_id_is_refused_and_runs_nothing(caller: Caller) -> None:
    caller.ask("PUT", JOB, training(caller))

    refused = caller.ask("PUT", JOB, training(caller, "8"))

    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (400, "UserError")
    assert "job's inputs cannot be changed" in error["message"]
    inner = error["additionalInfo"][0]["info"]["value"]
    assert inner["innerError"]["code"] == "JobPropertyImmutable"
    assert ended(caller) == "Completed"
    assert json.loads(caller.get("new/model.json"))["answer"] == "7"


def test_jobs_are_listed_all_or_those_of_a_tag(caller: Caller) -> None:
    assert caller.ask("GET", "/jobs").json() == {"value": []}
    caller.ask("PUT", JOB, training(caller))
    caller.ask("PUT", "/jobs/digits_2", caller.job(tags={"owner": "me"}))

    assert _names(caller.ask("GET", "/jobs")) == ["digits_2", "digits_1"]
    assert _names(caller.ask("GET", f"/jobs?api-version={VERSION}&tag=owner")) == ["digits_2"]
    assert _names(caller.ask("GET", f"/jobs?api-version={VERSION}&tag=other")) == []
    asked = caller.ask("GET", f"/jobs?api-version={VERSION}&jobType=Command")
    assert asked.status_code == 501


def test_a_command_that_fails_fails_the_job(caller: Caller) -> None:
    caller.ask("PUT", JOB, training(caller, "fail"))

    assert ended(caller) == "Failed"


@pytest.mark.parametrize(
    "command",
    ["python nothing.py", "sh train.sh", "python train.py --data ${{inputs.data}}"],
    ids=["no script", "no python", "no input"],
)
def test_a_command_that_cannot_be_run_fails_the_job(caller: Caller, command: str) -> None:
    assert caller.ask("PUT", JOB, caller.job(command)).status_code == 201

    assert ended(caller) == "Failed"


def test_an_input_that_is_not_there_fails_the_job(caller: Caller) -> None:
    body = training(caller)
    body["properties"]["inputs"]["data"]["uri"] = caller.uri("rows/missing.csv")
    caller.ask("PUT", JOB, body)

    assert ended(caller) == "Failed"


def test_a_job_is_queued_then_runs_then_is_completed(make_caller: MakeCaller) -> None:
    with make_caller(pacing=AfterTime(timedelta(minutes=5))) as caller:
        put = caller.ask("PUT", JOB, training(caller))
        assert put.json()["properties"]["status"] in {"Queued", "Running"}

        assert _status(caller) in {"Queued", "Running"}
        caller.clock.advance(minutes=5)
        assert _status(caller) == "Completed"


def test_a_job_that_is_cancelled_ends_as_canceled(make_caller: MakeCaller) -> None:
    with make_caller(pacing=AsItGoes()) as caller:
        caller.ask("PUT", JOB, caller.job("python train.py --sleep 60"))
        while not (processes := _trainings()):
            assert _status(caller) in {"Queued", "Running"}

        cancelled = caller.ask("POST", f"{JOB}/cancel")

        assert cancelled.status_code == 202
        _, alive = psutil.wait_procs(processes, timeout=30)
        assert alive == []
        assert ended(caller) == "Canceled"
        assert caller.ask("GET", cancelled.headers["Location"]).status_code == 204
        assert caller.ask("POST", f"{JOB}/cancel").status_code == 200


def test_until_it_is_over_a_cancel_is_only_requested(make_caller: MakeCaller) -> None:
    with make_caller(pacing=AfterLooks(2)) as caller:
        caller.ask("PUT", JOB, caller.job("python train.py --sleep 60"))
        caller.ask("POST", f"{JOB}/cancel")

        assert [_status(caller) for _ in range(3)] == [
            "CancelRequested",
            "CancelRequested",
            "Canceled",
        ]


def test_a_job_over_its_limit_is_canceled(make_caller: MakeCaller) -> None:
    with make_caller(pacing=AsItGoes()) as caller:
        limits = {"jobLimitsType": "Command", "timeout": "PT1H"}
        caller.ask("PUT", JOB, caller.job("python train.py --sleep 60", limits=limits))
        assert _status(caller) in {"Queued", "Running"}

        caller.clock.advance(minutes=61)

        assert _status(caller) == "Canceled"


def test_a_job_fails_as_it_is_told_to(caller: Caller) -> None:
    caller.plane.fate("UserError", name="digits_1")

    caller.ask("PUT", JOB, training(caller))

    assert ended(caller) == "Failed"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"jobType": "Sweep"}, 501),
        ({"componentId": "x"}, 501),
        ({"outputs": {"model": {"jobOutputType": "custom_model", "assetName": "census"}}}, 501),
        ({"inputs": {"data": {"jobInputType": "uri_folder", "uri": "x"}}}, 501),
        ({"outputs": {"model": {"jobOutputType": "uri_file"}}}, 400),
        ({"inputs": {"data": {"jobInputType": "uri_file", "uri": "https://x"}}}, 400),
        ({"codeId": None}, 400),
        ({"environmentId": "x"}, 400),
        ({"commands": "x"}, 400),
    ],
)
def test_what_the_contract_does_not_have_is_refused_and_what_is_not_built_says_so(
    caller: Caller, changes: dict[str, object], status: int
) -> None:
    body = caller.job()
    body["properties"] |= changes

    assert caller.ask("PUT", JOB, body).status_code == status
    assert caller.ask("GET", JOB).status_code == 404


def test_a_job_that_nobody_put_is_not_found(caller: Caller) -> None:
    assert caller.ask("GET", JOB).status_code == 404
    assert caller.ask("POST", f"{JOB}/cancel").status_code == 404
