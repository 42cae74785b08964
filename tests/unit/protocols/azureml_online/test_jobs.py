"""What is asked of a workspace to have a job run, and what each of its answers means."""

import json
from typing import Any

import pytest

from protocols.azureml_online.jobs import AzuremlJobs
from protocols.batch import AlreadyStarted, BatchJob, BatchRequest, Submitted
from protocols.blob_reference import BlobReference, relative_location
from protocols.protocol import Accepted, Refused, Unsettled
from protocols.wire import ANSWER_LIMIT, HttpAnswer, NoAnswerError
from settings.retraining import Retrain
from settings.secret import Secret
from tests.fakes.identity import MemoryIdentity
from tests.fakes.wire import CannedWire
from tests.fakes.workspace_service import JOB, WORKSPACE, workspace_service

ID = "census_20260302T060000Z"
SERVICE = workspace_service()
TOKEN = "token-of-the-app-for-https://management.azure.com/.default"
STORE = (
    "azureml://subscriptions/s-1/resourceGroups/rg.two/workspaces/ws_3/datastores/{}/paths/{}"
).format
IMMUTABLE = {
    "code": "UserError",
    "message": "A job with this name already exists.",
    "innererror": {"code": "Immutable", "innererror": {"code": "JobPropertyImmutable"}},
}


def at(container: str, name: str) -> BlobReference:
    return BlobReference("https://m.invalid/", relative_location(container, name), Secret(""))


REQUEST = BatchRequest(
    id=ID,
    inputs={"rows": at("training", "census/latest rows.csv")},
    outputs={"model": at("models", f"census/{ID}.onnx")},
    parameters={"Rows": 10000, "Rate": 0.5, "Fast": True, "Name": "Straße"},
)


def says(status: int, document: object = None) -> HttpAnswer:
    return HttpAnswer(status, {}, b"" if document is None else json.dumps(document).encode())


def fault(status: int, error: object = None) -> HttpAnswer:
    return says(status, {"error": error or {"code": "UserError", "message": "no"}})


def job(**properties: object) -> HttpAnswer:
    return says(200, {"name": ID, "properties": {"jobType": "Command", **properties}})


def cut(answer: HttpAnswer) -> HttpAnswer:
    return HttpAnswer(answer.status, {}, answer.body[:ANSWER_LIMIT])


def jobs(*answers: HttpAnswer | NoAnswerError) -> tuple[AzuremlJobs, CannedWire]:
    wire = CannedWire(answers)
    return AzuremlJobs(wire, MemoryIdentity()), wire


def looked(answer: HttpAnswer) -> BatchJob:
    protocol, _ = jobs(answer)
    found = protocol.look(SERVICE, ID)
    assert isinstance(found, BatchJob)
    return found


def retrain(**changes: Any) -> Retrain:
    said: dict[str, Any] = {
        "service": "census",
        "schedule": None,
        "inputs": {"rows": "training/a.csv"},
        "outputs": {"model": "models/{run}.onnx"},
        "parameters": {},
    }
    return Retrain(**(said | changes))


def test_a_job_is_put_under_our_id_with_addresses_that_hold_no_token() -> None:
    protocol, wire = jobs(says(201, {"name": ID}))

    answer = protocol.submit(SERVICE, REQUEST)

    assert answer == Submitted(ID)
    [sent] = wire.requests
    assert (sent.method, sent.url, sent.key) == (
        "PUT",
        f"{WORKSPACE}/jobs/{ID}?api-version=2025-12-01",
        TOKEN,
    )
    assert json.loads(sent.body or b"") == {
        "properties": {
            **JOB,
            "inputs": {
                "rows": {
                    "jobInputType": "uri_file",
                    "uri": STORE("training_data", "census/latest rows.csv"),
                },
                "Rows": {"jobInputType": "literal", "value": "10000"},
                "Rate": {"jobInputType": "literal", "value": "0.5"},
                "Fast": {"jobInputType": "literal", "value": "True"},
                "Name": {"jobInputType": "literal", "value": "Straße"},
            },
            "outputs": {
                "model": {
                    "jobOutputType": "uri_file",
                    "uri": STORE("redeployer_models", f"census/{ID}.onnx"),
                }
            },
        }
    }


def test_what_the_table_says_of_inputs_and_outputs_stays_but_for_where_they_are() -> None:
    said = {
        "inputs": {
            "rows": {"mode": "Download", "uri": "azureml://elsewhere"},
            "base": {"jobInputType": "uri_folder", "uri": "azureml:base:1"},
        },
        "outputs": {"model": {"jobOutputType": "custom_model", "mode": "Upload"}},
    }
    protocol, wire = jobs(says(201, {}))

    protocol.submit(workspace_service(job={**JOB, **said}), REQUEST)

    sent = json.loads(wire.requests[0].body or b"")["properties"]
    uri = STORE("training_data", "census/latest rows.csv")
    assert sent["inputs"]["rows"] == {"jobInputType": "uri_file", "mode": "Download", "uri": uri}
    assert sent["inputs"]["base"] == said["inputs"]["base"]
    assert sent["outputs"]["model"]["jobOutputType"] == "custom_model"
    assert sent["outputs"]["model"]["mode"] == "Upload"
    assert sent["outputs"]["model"]["uri"].endswith(f"{ID}.onnx")


def test_the_same_submission_again_is_an_update_and_no_second_job() -> None:
    protocol, wire = jobs(job(status="Running"))

    assert protocol.submit(SERVICE, REQUEST) == Submitted(ID)
    assert [one.method for one in wire.requests] == ["PUT"]


@pytest.mark.parametrize("status", [400, 404, 405, 422])
def test_a_submission_that_is_refused_of_a_job_that_is_there_was_made_before(status: int) -> None:
    protocol, wire = jobs(fault(status, IMMUTABLE), job(status="Running"))

    assert protocol.submit(SERVICE, REQUEST) == Submitted(ID)
    assert [one.method for one in wire.requests] == ["PUT", "GET"]
    assert len({one.url for one in wire.requests}) == 1


def test_a_submission_that_is_refused_of_a_job_that_is_not_there_is_refused() -> None:
    unknown = {"code": "ValidationError", "message": "no such compute"}
    protocol, _ = jobs(fault(400, unknown), fault(404))

    answer = protocol.submit(SERVICE, REQUEST)

    assert answer == Refused("http_400", "no such compute", causes=("ValidationError",))


def test_whether_a_refused_job_is_there_is_asked_again_if_the_workspace_cannot_say() -> None:
    protocol, _ = jobs(fault(400), fault(503))

    answer = protocol.submit(SERVICE, REQUEST)

    assert isinstance(answer, Unsettled)
    assert answer.code == "http_503"


@pytest.mark.parametrize("status", [409, 412, 423, 429, 500, 503])
def test_what_stands_in_the_way_of_a_submission_for_now_is_no_refusal(status: int) -> None:
    protocol, wire = jobs(fault(status))

    answer = protocol.submit(SERVICE, REQUEST)

    assert isinstance(answer, Unsettled)
    assert [one.method for one in wire.requests] == ["PUT"]


def test_who_is_not_let_in_is_told_the_role() -> None:
    protocol, _ = jobs(fault(403))

    answer = protocol.submit(SERVICE, REQUEST)

    assert isinstance(answer, Refused)
    assert answer.code == "workspace_forbidden"
    assert "AzureML Data Scientist" in answer.message


def test_no_answer_says_that_the_job_may_run() -> None:
    protocol, _ = jobs(NoAnswerError("late", sent=True))

    answer = protocol.submit(SERVICE, REQUEST)

    assert answer == Unsettled("no_answer", "late", maybe_applied=True)


def test_a_submitted_job_needs_no_start_and_none_is_sent() -> None:
    protocol, wire = jobs(says(200))

    assert protocol.start(SERVICE, ID) == AlreadyStarted()
    assert wire.requests == []


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("NotStarted", "running"),
        ("Starting", "running"),
        ("Provisioning", "running"),
        ("Preparing", "running"),
        ("Queued", "running"),
        ("Running", "running"),
        ("Finalizing", "running"),
        ("CancelRequested", "running"),
        ("NotResponding", "running"),
        ("Paused", "running"),
        ("Unknown", "running"),
        ("Completed", "finished"),
        ("completed", "finished"),
        ("Failed", "failed"),
        ("Canceled", "cancelled"),
        ("Cancelled", "unknown"),
        ("Finished", "unknown"),
        ("Scheduled", "unknown"),
        ("", "unknown"),
        (4, "unknown"),
        (None, "unknown"),
        (True, "unknown"),
        ({}, "unknown"),
    ],
    ids=repr,
)
def test_three_statuses_are_an_end_and_one_that_nobody_names_is_unknown(
    said: object, status: str
) -> None:
    found = looked(job(status=said))

    assert (found.status, found.said, found.results) == (status, str(said), {})


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"properties": None},
        {"properties": []},
        {"properties": {"jobType": "Command"}},
        {"properties": {"jobs": "x" * ANSWER_LIMIT, "status": "Completed"}},
    ],
    ids=["nothing", "null", "a list", "no status", "too long before it"],
)
def test_a_job_that_does_not_say_its_status_is_looked_at_again(document: object) -> None:
    protocol, _ = jobs(cut(says(200, document)))

    answer = protocol.look(SERVICE, ID)

    assert isinstance(answer, Unsettled)
    assert answer.code == "unreadable_job"


def test_a_job_whose_description_is_longer_than_what_is_read_is_followed_all_the_same() -> None:
    services = {"Studio": {"endpoint": "https://ml.example/runs/1"}}
    long = job(status="Failed", services=services, jobs={"step": "x" * ANSWER_LIMIT})

    found = looked(cut(long))

    assert (found.status, found.said) == ("failed", "Failed")
    assert found.details is not None
    assert "ml.example/runs/1" in found.details


def test_an_answer_that_is_no_json_says_nothing_of_a_job() -> None:
    protocol, _ = jobs(HttpAnswer(200, {}, b"<html>" + b"x" * ANSWER_LIMIT))

    answer = protocol.look(SERVICE, ID)

    assert isinstance(answer, Unsettled)
    assert answer.code == "unreadable_answer"


def test_a_job_that_is_not_there_is_refused_as_such() -> None:
    protocol, _ = jobs(fault(404))

    answer = protocol.look(SERVICE, ID)

    assert isinstance(answer, Refused)
    assert answer.code == "http_404"


@pytest.mark.parametrize(
    ("properties", "details"),
    [
        ({"error": {"code": "UserError", "message": "a" * 5000}}, "a" * 5000),
        ({"error": "out of memory"}, "out of memory"),
        ({"services": {"Studio": {"endpoint": "https://ml.example/runs/1"}}}, "ml.example/runs/1"),
        ({"services": {"Studio": None}}, None),
        ({}, None),
    ],
)
def test_a_failures_text_is_given_as_it_is_or_where_people_read_it(
    properties: dict[str, object], details: str | None
) -> None:
    found = looked(job(status="Failed", **properties))

    assert found.status == "failed"
    assert found.details == details or (details and details in (found.details or ""))


def test_what_is_no_failure_has_no_text() -> None:
    services = {"Studio": {"endpoint": "https://ml.example/runs/1"}}

    assert looked(job(status="Completed", services=services)).details is None


class ChangingIdentity(MemoryIdentity):
    """Gives another token each time."""

    def token(self, scope: str) -> Secret:
        """See `Identity`."""
        super().token(scope)
        return Secret(f"token-number-{len(self.asked)}")


def test_the_token_that_was_sent_goes_on_no_record_though_there_is_another_now() -> None:
    wire = CannedWire([job(status="Failed", error="what is token-number-1?")])

    found = AzuremlJobs(wire, ChangingIdentity()).look(SERVICE, ID)

    assert wire.requests[0].key == "token-number-1"
    assert isinstance(found, BatchJob)
    assert found.details == "what is <SECRET>?"


def test_a_token_that_is_echoed_goes_on_no_record() -> None:
    found = looked(job(status="Failed", error=f"what is {TOKEN}? and sig=c2ln&x"))
    puzzled = looked(job(status=f"Held for {TOKEN}"))

    assert found.details == "what is <SECRET>? and sig=<SECRET>&x"
    assert puzzled.said == "Held for <SECRET>"


@pytest.mark.parametrize("status", [200, 202])
def test_a_cancel_is_a_post_without_a_body(status: int) -> None:
    protocol, wire = jobs(says(status))

    assert protocol.cancel(SERVICE, ID) == Accepted()
    [sent] = wire.requests
    assert (sent.method, sent.body) == ("POST", None)
    assert sent.url == f"{WORKSPACE}/jobs/{ID}/cancel?api-version=2025-12-01"


def test_a_cancel_that_comes_too_late_is_refused() -> None:
    protocol, _ = jobs(fault(400, {"code": "UserError", "message": "it is finalizing"}))

    answer = protocol.cancel(SERVICE, ID)

    assert isinstance(answer, Refused)
    assert answer.message == "it is finalizing"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (says(200, {"value": []}), None),
        (fault(403), "workspace_forbidden"),
        (fault(404), "http_404"),
        (fault(503), "http_503"),
    ],
)
def test_the_doctor_asks_for_jobs_that_there_are_not(answer: HttpAnswer, code: str | None) -> None:
    protocol, wire = jobs(answer)

    found = protocol.reach(SERVICE)

    assert getattr(found, "code", None) == code
    assert isinstance(found, Accepted) == (code is None)
    assert [one.method for one in wire.requests] == ["GET"]
    assert wire.requests[0].url.startswith(f"{WORKSPACE}/jobs?api-version=2025-12-01&tag=")


def test_a_plan_is_what_would_be_put_with_every_secret_masked() -> None:
    url = "https://a.invalid/x?sv=1&sig=c2ln"
    parameters: dict[str, str | int | float | bool] = {"Url": url, "Rows": 7}
    request = BatchRequest(id=ID, inputs={}, outputs=REQUEST.outputs, parameters=parameters)
    service = workspace_service(job={**JOB, "environmentVariables": {"C": "AccountKey=c2ln;x"}})
    protocol, wire = jobs(says(201))

    plan = protocol.submit_plan(service, request)
    protocol.submit(service, request)

    assert (plan["method"], plan["url"]) == ("PUT", wire.requests[0].url)
    assert plan["headers"] == {"Authorization": "Bearer <SECRET>"}
    assert "c2ln" not in json.dumps(plan)
    sent = json.loads(wire.requests[0].body or b"")["properties"]["inputs"]
    assert sent["Url"]["value"] == url


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"inputs": {"rows": "other/a.csv"}}, "inputs.rows: `datastores` of its service"),
        ({"outputs": {"model": "other/a.onnx"}}, "outputs.model: `datastores` of its service"),
        ({"parameters": {"rows": 1}}, "parameters.rows is an input and a parameter"),
    ],
)
def test_what_no_job_could_be_made_of_is_said_before_one_begins(
    changes: dict[str, Any], what: str
) -> None:
    protocol, wire = jobs(says(201))

    assert what in (protocol.unfit(SERVICE, retrain(**changes)) or "")
    assert protocol.unfit(SERVICE, retrain()) is None
    assert wire.requests == []
