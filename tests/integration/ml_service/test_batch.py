"""The batch API: jobs that really train, and write where they are told."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from local_stack.azurite import Azurite
from local_stack.ml_service import dataset
from local_stack.ml_service.job_pacing import AfterPolls, AfterTime, AtOnce
from local_stack.ml_service.model_file import load
from local_stack.ml_service.table import Table
from tests.integration.ml_service.wire import Caller, MakeCaller, Storage

TEST = dataset.rows("test")


def read(reference: dict[str, str]) -> requests.Response:
    url = reference["BaseLocation"] + reference["RelativeLocation"] + reference["SasBlobToken"]
    return requests.get(url, timeout=30)


def submitted(caller: Caller, body: object) -> str:
    answer = caller.job("POST", body=body)
    assert answer.status_code == 200, answer.text
    job: str = answer.json()
    return job


def finished(caller: Caller, body: object) -> dict[str, Any]:
    job = submitted(caller, body)
    assert caller.job("POST", f"/{job}/start").status_code == 204
    answer: dict[str, Any] = caller.job("GET", f"/{job}").json()
    return answer


@pytest.fixture
def training_input(storage: Storage) -> dict[str, Any]:
    storage.put("train.csv", dataset.rows("train").to_csv())
    return {"Inputs": {"input1": storage.reference("train.csv")}}


def test_a_job_trains_a_model_that_an_endpoint_then_serves(
    make_caller: MakeCaller, training_input: dict[str, Any]
) -> None:
    with make_caller(job_pacing=AtOnce()) as caller:
        job = submitted(caller, training_input)
        waiting = caller.job("GET", f"/{job}").json()
        started = caller.job("POST", f"/{job}/start")
        status = caller.job("GET", f"/{job}").json()
        patched = caller.patch(without_key(status["Results"]["output2"]))
        caller.clock.advance(seconds=30)
        accuracy = caller.accuracy(TEST)

    assert len(job) == 32
    assert waiting == {"StatusCode": "NotStarted", "Results": None, "Details": None}
    assert (started.status_code, started.content) == (204, b"")
    assert (status["StatusCode"], status["Details"]) == ("Finished", None)
    assert patched.status_code == 200
    assert accuracy > 0.95


def without_key(reference: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in reference.items() if name != "ConnectionString"}


def test_outputs_go_to_experimentoutput_under_a_random_name_unless_overridden(
    make_caller: MakeCaller, training_input: dict[str, Any]
) -> None:
    with make_caller(job_pacing=AtOnce()) as caller:
        results = finished(caller, training_input)["Results"]

    container, folder, name = results["output2"]["RelativeLocation"].split("/")
    assert (container, name) == ("experimentoutput", f"{folder}.ilearner")
    token = parse_qs(results["output2"]["SasBlobToken"].removeprefix("?"))
    assert (token["sr"], token["sp"]) == (["c"], ["rl"])
    assert load(BytesIO(read(results["output2"]).content)).trained_rows == 1400
    evaluation = Table.from_csv(read(results["output1"]).content)
    assert evaluation.columns == ("Accuracy", "Rows trained", "Rows held out")
    assert 0.9 < float(evaluation.rows[0][0]) < 1
    assert evaluation.rows[0][1:] == ("1120", "280")


def test_inputs_and_outputs_may_come_as_connection_strings(
    make_caller: MakeCaller, azurite: Azurite, storage: Storage
) -> None:
    storage.put("train é.csv", dataset.rows("little").to_csv())
    named = {"ConnectionString": azurite.connection_string, "SasBlobToken": None}
    body = {
        "Inputs": {"input1": named | {"RelativeLocation": f"/{storage.container}/train é.csv"}},
        "Outputs": {"output2": named | {"RelativeLocation": f"{storage.container}/out/é.ilearner"}},
    }
    with make_caller(job_pacing=AtOnce()) as caller:
        status = finished(caller, body)

    reference = status["Results"]["output2"]
    token = parse_qs(reference["SasBlobToken"].removeprefix("?"))
    assert (token["sr"], token["sp"]) == (["b"], ["r"])
    assert read(reference).content == storage.get("out/é.ilearner")
    assert load(BytesIO(storage.get("out/é.ilearner"))).trained_rows == 30
    assert azurite.account_key not in str(status)


def test_an_output_may_come_with_a_token_that_creates_and_writes_it(
    make_caller: MakeCaller, storage: Storage, training_input: dict[str, Any]
) -> None:
    given = storage.reference("out.ilearner", permission="cw")
    body = training_input | {"Outputs": {"output2": given}}
    with make_caller(job_pacing=AtOnce()) as caller:
        status = finished(caller, body)

    assert without_key(status["Results"]["output2"]) == given
    assert load(BytesIO(storage.get("out.ilearner"))).classes == tuple("0123456789")


def test_a_look_at_a_finished_job_signs_a_fresh_token_each_time(
    make_caller: MakeCaller, training_input: dict[str, Any]
) -> None:
    """24 hours from the look, and begun five minutes before it, as in the documents' tokens."""
    with make_caller(job_pacing=AtOnce()) as caller:
        job = submitted(caller, training_input)
        caller.job("POST", f"/{job}/start")
        first = caller.job("GET", f"/{job}").json()["Results"]["output2"]
        now = caller.clock.instant.replace(microsecond=0)
        caller.clock.advance(hours=3)
        second = caller.job("GET", f"/{job}").json()["Results"]["output2"]

    assert validity(first) == (now - timedelta(minutes=5), now + timedelta(hours=24))
    assert validity(second)[1] == now + timedelta(hours=27)


def validity(reference: dict[str, str]) -> tuple[datetime, datetime]:
    token = parse_qs(reference["SasBlobToken"].removeprefix("?"))
    start, end = (
        datetime.strptime(token[name][0], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        for name in ("st", "se")
    )
    return start, end


def test_how_long_those_tokens_live_is_a_setting(
    make_caller: MakeCaller, training_input: dict[str, Any]
) -> None:
    lifetime = timedelta(minutes=90)
    with make_caller(job_pacing=AtOnce(), sas_lifetime=lifetime) as caller:
        reference = finished(caller, training_input)["Results"]["output2"]

    assert validity(reference)[1] - validity(reference)[0] == timedelta(minutes=95)


def test_a_paced_job_runs_for_as_many_looks_or_as_long_as_it_is_told(
    make_caller: MakeCaller, training_input: dict[str, Any]
) -> None:
    with make_caller(job_pacing=AfterPolls(polls=2)) as caller:
        job = submitted(caller, training_input)
        caller.job("POST", f"/{job}/start")
        looks = [caller.job("GET", f"/{job}").json()["StatusCode"] for _ in range(4)]
    with make_caller(job_pacing=AfterTime(time=timedelta(hours=1))) as caller:
        job = submitted(caller, training_input)
        caller.job("POST", f"/{job}/start")
        caller.clock.advance(minutes=59)
        before = caller.job("GET", f"/{job}").json()["StatusCode"]
        caller.clock.advance(minutes=1)
        after = caller.job("GET", f"/{job}").json()["StatusCode"]

    assert looks == ["Running", "Running", "Finished", "Finished"]
    assert (before, after) == ("Running", "Finished")


def test_states_are_sent_as_numbers_when_told_so(
    make_caller: MakeCaller, training_input: dict[str, Any]
) -> None:
    with make_caller(job_pacing=AtOnce(), numeric_status=True) as caller:
        job = submitted(caller, training_input)
        before = caller.job("GET", f"/{job}").json()["StatusCode"]
        caller.job("POST", f"/{job}/start")
        after = caller.job("GET", f"/{job}").json()["StatusCode"]

    assert (before, after) == (0, 4)


def test_a_job_is_started_once(make_caller: MakeCaller, training_input: dict[str, Any]) -> None:
    with make_caller(job_pacing=AtOnce()) as caller:
        job = submitted(caller, training_input)
        caller.job("POST", f"/{job}/start")
        again = caller.job("POST", f"/{job}/start")
        caller.job("GET", f"/{job}")
        too_late = caller.job("POST", f"/{job}/start")

    assert again.json()["error"] == {
        "code": "InvalidOperation",
        "message": "The request is invalid in the current context.",
        "details": [
            {
                "code": "CannotStartJob",
                "message": "The job cannot be started because it is in Running state.",
            }
        ],
    }
    assert "in Finished state" in too_late.text


def test_a_cancelled_job_stays_cancelled_and_a_finished_one_finished(
    make_caller: MakeCaller, training_input: dict[str, Any]
) -> None:
    with make_caller(job_pacing=AfterTime(time=timedelta(hours=1))) as caller:
        job = submitted(caller, training_input)
        url = f"{caller.service.jobs_url('digits-training')}/{job}"
        headers = caller.headers("digits-training")
        cancelled = requests.delete(url, headers=headers, timeout=30)  # as the samples: no version
        start = caller.job("POST", f"/{job}/start")
        status = caller.job("GET", f"/{job}").json()
        other = submitted(caller, training_input)
        caller.job("POST", f"/{other}/start")
        caller.clock.advance(hours=1)
        caller.job("GET", f"/{other}")
        caller.job("DELETE", f"/{other}")
        ended = caller.job("GET", f"/{other}").json()

    assert (cancelled.status_code, start.status_code) == (204, 400)
    assert status == {"StatusCode": "Cancelled", "Results": None, "Details": None}
    assert ended["StatusCode"] == "Finished"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a,b\n1,2,3\n4,5\n", "All rows must have same number of elements"),
        (b"a,b\n", "no rows"),
        (b"\xff\xfe", "not CSV"),
        (b"a,b\nx,1\n2,0\n", "not a number"),
        (b"a,b\n1,1\n2,1\n", "at least two classes"),
        (b"b\n1\n2\n", "no column to learn from"),
    ],
)
def test_rows_that_cannot_be_trained_on_fail_the_job_and_details_say_why(
    make_caller: MakeCaller, storage: Storage, content: bytes, sentence: str
) -> None:
    storage.put("bad.csv", content)
    with make_caller(job_pacing=AtOnce()) as caller:
        status = finished(caller, {"Inputs": {"input1": storage.reference("bad.csv")}})

    assert (status["StatusCode"], status["Results"]) == ("Failed", None)
    assert status["Details"].startswith("Module: ")
    assert sentence in status["Details"]


def test_storage_refusing_the_input_or_the_output_fails_the_job_without_telling_the_token(
    make_caller: MakeCaller, storage: Storage, training_input: dict[str, Any]
) -> None:
    expired = storage.reference("train.csv", lifetime=timedelta(minutes=-1))
    read_only = storage.reference("out.ilearner", permission="r")
    with make_caller(job_pacing=AtOnce()) as caller:
        unread = finished(caller, {"Inputs": {"input1": expired}})
        unwritten = finished(caller, training_input | {"Outputs": {"output2": read_only}})

    assert unread["StatusCode"] == unwritten["StatusCode"] == "Failed"
    assert "Reader" in unread["Details"]
    assert "output2 could not be written: AuthorizationPermissionMismatch" in unwritten["Details"]
    assert "sig=" not in unread["Details"] + unwritten["Details"]


def test_the_column_to_predict_is_a_global_parameter(
    make_caller: MakeCaller, storage: Storage
) -> None:
    storage.put("rows.csv", b"colour,size\nred,1\nred,2\nblue,8\nblue,9\n")
    body = {
        "Inputs": {"input1": storage.reference("rows.csv")},
        "GlobalParameters": {"Label": "colour"},
    }
    with make_caller(job_pacing=AtOnce()) as caller:
        reference = finished(caller, body)["Results"]["output2"]
        unknown = finished(caller, body | {"GlobalParameters": {"Label": "weight"}})

    model = load(BytesIO(read(reference).content))
    assert (model.columns, model.classes) == (("size",), ("blue", "red"))
    assert [one.label for one in model.score(["size"], [["1"], ["9"]])] == ["red", "blue"]
    assert '"weight" not found' in unknown["Details"]


def test_the_older_single_input_is_taken_and_not_beside_inputs(
    make_caller: MakeCaller, training_input: dict[str, Any]
) -> None:
    single = {"Input": training_input["Inputs"]["input1"]}
    with make_caller(job_pacing=AtOnce()) as caller:
        status = finished(caller, single)
        both = caller.job("POST", body=single | training_input)

    assert status["StatusCode"] == "Finished"
    assert both.json()["error"]["details"][0]["code"] == "DuplicateInputInBatchCall"


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"Inputs": None}, "BatchJobInputsNotSpecified"),
        ({"Inputs": {"input9": {"RelativeLocation": "c/b.csv"}}}, "InvalidInputNames"),
        ({"Inputs": {"input1": {"RelativeLocation": "c/b.csv"}}}, "MissingInputBlobInformation"),
        (
            {"Inputs": {"input1": {"RelativeLocation": "c/b", "ConnectionString": "x"}}},
            "InvalidBlobExtension",
        ),
        (
            {"Inputs": {"input1": {"RelativeLocation": "c/b.csv", "ConnectionString": "x"}}},
            "InvalidBlobConnectionString",
        ),
        ({"Outputs": {"output9": {}}}, "InvalidOutputOverrideName"),
        ({"Outputs": {"output2": {}}}, "MissingInputBlobInformation"),
        ({"GlobalParameters": {"label": "x"}}, "UnexpectedParameter"),
        ({"GolbalParameters": {}}, "RequestBodyInvalid"),
    ],
)
def test_a_faulty_submit_gets_the_documented_400(
    caller: Caller, training_input: dict[str, Any], change: dict[str, Any], detail: str
) -> None:
    answer = caller.job("POST", body=training_input | change)

    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["code"] == detail


def test_a_model_output_must_end_in_ilearner_with_the_captured_sentence(
    caller: Caller, storage: Storage, training_input: dict[str, Any]
) -> None:
    given = storage.reference("input", permission="cw")

    answer = caller.job("POST", body=training_input | {"Outputs": {"output1": given}})

    [cause] = answer.json()["error"]["details"]
    assert cause["message"] == (
        f"The blob reference: {storage.container}/input has an invalid or missing file extension. "
        'Supported file extensions for this output type are: ".csv".'
    )


def test_a_connection_string_elsewhere_is_never_used(
    caller: Caller, training_input: dict[str, Any]
) -> None:
    elsewhere = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VjcmV0"
    given = {"ConnectionString": elsewhere, "RelativeLocation": "c/b.ilearner"}

    answer = caller.job("POST", body=training_input | {"Outputs": {"output2": given}})

    assert answer.json()["error"]["details"][0]["code"] == "InvalidBlobConnectionString"
    assert "c2VjcmV0" not in answer.text


def test_an_unknown_job_and_another_services_key_are_refused(caller: Caller) -> None:
    unknown = caller.job("GET", f"/{'0' * 32}")
    url = caller.service.jobs_url("digits-training") + "?api-version=2.0"
    wrong_key = requests.post(url, json={}, headers=caller.headers("digits"), timeout=30)

    assert unknown.json()["error"]["details"][0]["code"] == "MissingJobId"
    assert wrong_key.status_code == 401
    assert wrong_key.json()["error"]["details"][0]["code"] == "ScoreRequestUnauthorized"


def test_a_predictive_service_takes_no_jobs(caller: Caller) -> None:
    url = caller.service.jobs_url("digits") + "?api-version=2.0"

    answer = requests.post(url, json={}, headers=caller.headers("digits"), timeout=30)

    assert answer.status_code == 501
