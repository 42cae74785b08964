"""What the batch client makes of every answer that the documents, or a proxy, may give."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from protocols.batch import AlreadyStarted, BatchJob, BatchRequest, Submitted
from protocols.blob_reference import BlobReference
from protocols.protocol import Accepted, Refused, Unsettled
from protocols.studio_batch import StudioBatch
from protocols.wire import ANSWER_LIMIT, HttpAnswer, NoAnswerError, Wire
from settings.secret import Secret
from tests.fakes.training_service import classic_service

KEY = "k3y-of-the-training-service"
SIGNATURE = "c2lnbmF0dXJl%3D"
JOBS_URL = "https://studio.invalid/workspaces/w/services/e/jobs"
SERVICE = classic_service(JOBS_URL, KEY)
BLOB = BlobReference("https://m.invalid/", "training/data.csv", Secret(f"?sp=r&sig={SIGNATURE}"))
REQUEST = BatchRequest(
    id="census_20260302T060000Z",
    inputs={"input1": BLOB},
    outputs={},
    parameters={"URI": "Straße"},
)
HTML = (
    b"<html><head><title>504</title><style>p {}</style></head><body>Gateway &amp; time-out</body>"
)


class ScriptedWire(Wire):
    """Gives one answer and keeps what was sent."""

    def __init__(self, answer: HttpAnswer | NoAnswerError) -> None:
        super().__init__()
        self._answer = answer
        self.sent: list[tuple[str, str, bytes | None]] = []

    def send(self, method: str, url: str, *, key: Secret, body: bytes | None = None) -> HttpAnswer:
        """See `Wire`."""
        assert key.reveal() == KEY
        self.sent.append((method, url, body))
        if isinstance(self._answer, NoAnswerError):
            raise self._answer
        return self._answer


def says(status: int, body: object = b"", headers: Mapping[str, str] | None = None) -> ScriptedWire:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ScriptedWire(HttpAnswer(status, headers or {}, content))


def looked(document: object) -> BatchJob | Refused | Unsettled:
    return StudioBatch(says(200, document)).look(SERVICE, "j")


def error(code: str, message: str, *details: dict[str, str]) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "details": list(details)}}


def test_a_submit_is_sent_in_utf_8_with_references_and_no_connection_string() -> None:
    wire = says(200, "539d0bc2fde945b6ac986b851d0000f0")
    answer = StudioBatch(wire).submit(SERVICE, REQUEST)
    [(method, url, body)] = wire.sent

    assert answer == Submitted("539d0bc2fde945b6ac986b851d0000f0")
    assert (method, url) == ("POST", f"{JOBS_URL}?api-version=2.0")
    assert body is not None
    assert "Straße".encode() in body
    assert json.loads(body) == {
        "Inputs": {
            "input1": {
                "BaseLocation": "https://m.invalid/",
                "RelativeLocation": "training/data.csv",
                "SasBlobToken": f"?sp=r&sig={SIGNATURE}",
            }
        },
        "GlobalParameters": {"URI": "Straße"},
    }


@pytest.mark.parametrize("url", ["", "/", "?api-version=2.0", "/?api-version=2.0"])
def test_the_jobs_address_may_be_copied_from_any_sample(url: str) -> None:
    wire = says(204)
    service = classic_service(JOBS_URL + url, KEY)
    StudioBatch(wire).start(service, "j")

    assert wire.sent == [("POST", f"{JOBS_URL}/j/start?api-version=2.0", b"")]


@pytest.mark.parametrize("body", [HTML, b"", b'""', b'{"Id": 1}', b"17", b'"../../x"'])
def test_a_submit_without_a_readable_id_is_tried_again(body: bytes) -> None:
    answer = StudioBatch(says(200, body)).submit(SERVICE, REQUEST)

    assert isinstance(answer, Unsettled)
    assert answer.code == "unreadable_job_id"


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (0, "not_started"),
        (1, "running"),
        (2, "failed"),
        (3, "cancelled"),
        (4, "finished"),
        ("0", "not_started"),
        ("4", "finished"),
        ("NotStarted", "not_started"),
        ("Running", "running"),
        ("Failed", "failed"),
        ("Cancelled", "cancelled"),
        ("Finished", "finished"),
        ("finished", "finished"),
        (5, "unknown"),
        (-1, "unknown"),
        ("Canceled", "unknown"),
        ("Paused", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
        (True, "unknown"),
        (1.0, "unknown"),
        ({}, "unknown"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("key", ["StatusCode", "Status Code"])
def test_a_status_is_read_as_a_number_or_a_name_and_else_unknown(
    key: str, said: object, status: str
) -> None:
    job = looked({key: said, "Results": None, "Details": None})

    assert isinstance(job, BatchJob)
    assert job.status == status
    assert job.results == {}


def test_results_are_references_whose_parts_concatenate_to_an_address() -> None:
    found = {
        "ConnectionString": None,
        "RelativeLocation": "/c/output%202.ilearner",
        "BaseLocation": "https://a.blob.core.windows.net",
        "SasBlobToken": "sv=2013-08-15&se=2015-04-05T05%3A44%3A55Z&sig=x",
    }
    job = looked({"StatusCode": 4, "Results": {"output2": found, "odd": None}})

    assert isinstance(job, BatchJob)
    assert list(job.results) == ["output2"]
    assert job.results["output2"].url().reveal() == (
        "https://a.blob.core.windows.net/c/output%202.ilearner"
        "?sv=2013-08-15&se=2015-04-05T05%3A44%3A55Z&sig=x"
    )


def test_a_failures_text_is_kept_in_full_without_secrets() -> None:
    text = f"Module: Reader; {'x' * 5000} https://m/c/b?sp=r&sig={SIGNATURE} Bearer {KEY}"
    job = looked({"StatusCode": "Failed", "Results": None, "Details": text})

    assert isinstance(job, BatchJob)
    assert job.details is not None
    assert len(job.details) > 5000
    assert SIGNATURE not in job.details
    assert KEY not in job.details


def cut(document: object) -> BatchJob | Refused | Unsettled:
    """Look at a job of whose description only as much is read as of any answer."""
    return StudioBatch(says(200, json.dumps(document).encode()[:ANSWER_LIMIT])).look(SERVICE, "j")


@pytest.mark.parametrize("key", ["StatusCode", "Status Code"])
@pytest.mark.parametrize("said", [2, "Failed"])
def test_a_failure_whose_log_is_longer_than_what_is_read_is_seen_all_the_same(
    key: str, said: object
) -> None:
    job = cut({key: said, "Results": None, "Details": "x \n" * 50_000})

    assert isinstance(job, BatchJob)
    assert (job.status, job.said) == ("failed", str(said))
    assert job.details is not None
    assert job.details.startswith("x \nx \n")
    assert job.details.endswith("(cut here: of an answer 64 KiB are read)")
    assert len(job.details) > 45_000


def test_no_half_of_a_secret_stands_where_a_failures_text_is_cut() -> None:
    begins = json.dumps({"StatusCode": "Failed", "Details": ""}).removesuffix('"}')
    text = "x" * (ANSWER_LIMIT - len(begins) - len(KEY) // 2)
    job = cut({"StatusCode": "Failed", "Details": f"{text}{KEY}{'x' * 100}"})

    assert isinstance(job, BatchJob)
    assert job.details is not None
    assert KEY[:4] not in job.details


def test_a_finished_job_is_read_only_if_its_results_are_whole() -> None:
    found = {"output2": {"BaseLocation": "https://m/", "RelativeLocation": "c/a.ilearner"}}
    many = {f"output{number}": found["output2"] for number in range(2000)}
    long = "x" * 70_000

    whole = cut({"StatusCode": "Finished", "Results": found, "Details": long})
    broken = cut({"StatusCode": "Finished", "Results": many, "Details": None})
    untold = cut({"Details": long, "StatusCode": "Finished"})

    assert isinstance(whole, BatchJob)
    assert list(whole.results) == ["output2"]
    assert isinstance(broken, Unsettled)
    assert isinstance(untold, Unsettled)


def test_a_job_that_is_no_json_object_is_looked_at_again() -> None:
    for body in (HTML, b"[]", b""):
        answer = StudioBatch(says(200, body)).look(SERVICE, "j")

        assert isinstance(answer, Unsettled)


def test_the_documented_error_shape_is_read_with_its_details() -> None:
    cause = {"code": "InvalidInputNames", "message": "Invalid service input name(s): x."}
    wire = says(400, error("BadArgument", "Invalid argument provided.", cause))
    answer = StudioBatch(wire).submit(SERVICE, REQUEST)

    assert answer == Refused(
        "http_400",
        "Invalid argument provided. Invalid service input name(s): x.",
        about_model=True,
        causes=("BadArgument", "InvalidInputNames"),
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"code": "X", "message": "No.", "details": None}}, "No."),
        ({"Error": {"Code": "UserError", "Message": "No.", "Details": []}}, "No."),
        ({"error": {"code": "X", "details": [{"message": "Why."}, "odd"]}}, "Why."),
        ({"Message": "No."}, "No."),
        ("No.", '"No."'),
        (b"No.", "No."),
        (HTML, "504 Gateway & time-out"),
        (b"", ""),
        ([], "[]"),
    ],
)
def test_every_shape_of_an_error_gives_its_message(body: object, message: str) -> None:
    answer = StudioBatch(says(403, body)).look(SERVICE, "j")

    assert isinstance(answer, Refused)
    assert answer.message == message


def test_a_job_that_cannot_be_started_was_started() -> None:
    cause = {"code": "CannotStartJob", "message": "The job cannot be started: Running state."}
    wire = says(400, error("InvalidOperation", "Invalid in the current context.", cause))

    assert StudioBatch(wire).start(SERVICE, "j") == AlreadyStarted()


@pytest.mark.parametrize("status", [200, 202, 204])
def test_any_success_starts_and_cancels(status: int) -> None:
    assert StudioBatch(says(status)).start(SERVICE, "j") == Accepted()
    assert StudioBatch(says(status)).cancel(SERVICE, "j") == Accepted()


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"retry-after": "120"}, timedelta(minutes=2)),
        ({"retry-after": "99999999"}, timedelta(hours=1)),
        ({"retry-after": "soon"}, None),
        (
            {
                "retry-after": "Mon, 02 Mar 2026 06:05:00 GMT",
                "date": "Mon, 02 Mar 2026 06:00:00 GMT",
            },
            timedelta(minutes=5),
        ),
    ],
)
def test_throttling_is_waited_out(headers: dict[str, str], wait: timedelta | None) -> None:
    cause = {"code": "RequestThrottled", "message": "Request was throttled."}
    body = error("ServiceUnavailable", "Service is temporarily unavailable.", cause)
    answer = StudioBatch(says(503, body, headers)).submit(SERVICE, REQUEST)

    assert isinstance(answer, Unsettled)
    assert (answer.code, answer.retry_after) == ("http_503", wait)


def test_no_answer_to_a_start_says_that_it_may_have_arrived() -> None:
    wire = ScriptedWire(NoAnswerError("no answer within 60 s", sent=True))

    assert StudioBatch(wire).start(SERVICE, "j") == Unsettled(
        "no_answer", "no answer within 60 s", maybe_applied=True
    )


def test_an_error_that_repeats_what_was_sent_tells_no_secret() -> None:
    body = f"bad: https://m.invalid/training/data.csv?sp=r&sig={SIGNATURE} and {KEY}".encode()
    answer = StudioBatch(says(400, body)).submit(SERVICE, REQUEST)

    assert isinstance(answer, Refused)
    assert SIGNATURE not in answer.message
    assert KEY not in answer.message


def test_a_plan_masks_every_token() -> None:
    plan = StudioBatch(says(200)).submit_plan(SERVICE, REQUEST)

    assert SIGNATURE not in json.dumps(plan)
    assert KEY not in json.dumps(plan)


def test_a_plan_masks_secrets_in_the_parameters_too_and_the_submit_sends_them() -> None:
    sas = f"https://a.invalid/c/x.csv?sv=1&sig={SIGNATURE}"
    connection = f"AccountName=a;AccountKey={SIGNATURE};EndpointSuffix=b"
    parameters = {"URI": sas, "Database": connection, "Key": f"is {KEY}", "Rows": 7, "Fast": True}
    request = msgspec.structs.replace(REQUEST, parameters=parameters)
    wire = says(200, "job")

    plan = json.dumps(StudioBatch(wire).submit_plan(SERVICE, request))
    StudioBatch(wire).submit(SERVICE, request)

    assert SIGNATURE not in plan
    assert KEY not in plan
    assert '"Rows": 7, "Fast": true' in plan
    [(_, _, body)] = wire.sent
    assert json.loads(body or b"")["GlobalParameters"] == parameters
