"""What goes wrong with jobs: failing, throttled, too long, cancelled, unreadable."""

import json
from datetime import timedelta
from itertools import pairwise

import pytest

from local_stack.ml_service.job_pacing import AfterPolls, AfterTime
from tests.integration.retraining.conftest import MakeApp
from tests.integration.retraining.retraining_app import OURS

HTML = "<html><head><title>502</title></head><body><h1>Bad gateway</h1></body></html>"


def test_a_failed_jobs_text_is_shown_in_full(make_app: MakeApp) -> None:
    with make_app(csv=b"no,rows\n1\n") as app:
        job_id = app.begun()
        app.tick()
        shown = app.shown(job_id)
        listed, status = app.listed(), app.status()

    assert shown["state"] == "failed"
    assert shown["details"].startswith("Module: ")
    assert "Error 1000: AFx Library library exception" in shown["details"]
    assert shown["ended_at"] is not None
    assert [(one["id"], one["state"], one["error"]) for one in listed] == [
        (job_id, "failed", "job_failed")
    ]
    assert status["jobs"] == {"failed": 1}


def test_a_failure_with_a_longer_text_than_is_read_is_seen_on_the_wire(make_app: MakeApp) -> None:
    body = json.dumps({"StatusCode": "Failed", "Results": None, "Details": "Module: x " * 9000})
    with make_app() as app:
        job_id = app.begun()
        app.service.script("GET", "/jobs/", status=200, body=body)
        app.tick()
        shown = app.shown(job_id)

    assert shown["state"] == "failed"
    assert shown["details"].startswith("Module: x Module: x")
    assert 60_000 < len(shown["details"]) < 65_000


def test_numbers_for_states_are_read_as_well_as_names(make_app: MakeApp) -> None:
    with make_app(numeric_status=True) as app:
        job_id = app.begun()
        app.tick()

        assert app.shown(job_id)["state"] == "finished"


def test_a_refused_job_has_failed_with_what_the_service_said(make_app: MakeApp) -> None:
    with make_app() as app:
        app.configure(outputs='outputs.nothing = "{container}/digits/{{run}}.ilearner"')
        job_id = app.begun()
        shown = app.shown(job_id)

    assert shown["state"] == "failed"
    assert "Invalid output override name: nothing." in shown["error"]


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "120"}], ids=["without", "with"])
def test_a_throttled_submit_is_tried_again_with_and_without_retry_after(
    make_app: MakeApp, headers: dict[str, str]
) -> None:
    body = {"error": {"code": "ServiceUnavailable", "message": "Busy.", "details": []}}
    with make_app() as app:
        app.service.script("POST", "/jobs", status=503, headers=headers, body=json.dumps(body))
        job_id = app.begun()
        throttled = app.job(job_id)
        app.tick(seconds=40)
        soon = app.job(job_id)
        app.tick(seconds=90)
        app.tick()
        job = app.job(job_id)
        submits = [one for one in app.received("POST") if one.path.endswith("/jobs")]

    assert throttled.state == "created"
    assert throttled.error is not None
    assert throttled.error.message == "Busy."
    assert soon.state == ("created" if headers else "running")
    assert job.state == "finished"
    assert len(submits) == 2


@pytest.mark.parametrize("step", ["start", "status"])
def test_an_answer_of_a_proxy_in_html_is_no_end_of_a_job(make_app: MakeApp, step: str) -> None:
    method, path = {"start": ("POST", "/start"), "status": ("GET", "/jobs/")}[step]
    with make_app() as app:
        app.service.script(method, path, status=502, body=HTML)
        job_id = app.begun()
        for _ in range(4):
            app.tick()
        job = app.job(job_id)

    assert job.state == "finished"


def test_a_start_whose_answer_was_lost_is_not_sent_to_a_job_that_runs(make_app: MakeApp) -> None:
    with make_app() as app:
        app.service.script("POST", "/start", drop=True, apply="before")
        job_id = app.begun()
        unsure = app.job(job_id)
        app.tick()
        job = app.job(job_id)
        starts = app.received("POST", "/start")

    assert unsure.state == "submitted"
    assert job.state == "finished"
    assert len(starts) == 1


def test_a_start_that_never_arrived_is_sent_again_after_a_look(make_app: MakeApp) -> None:
    with make_app() as app:
        app.service.script("POST", "/start", drop=True)
        job_id = app.begun()
        app.tick()
        app.tick()
        job = app.job(job_id)
        calls = [one.method for one in app.service.requests if "/jobs/" in one.path]

    assert job.state == "finished"
    assert calls[:3] == ["POST", "GET", "POST"]


def test_an_unknown_status_ends_no_job_and_is_said(make_app: MakeApp) -> None:
    with make_app() as app:
        app.service.script("GET", "/jobs/", status=200, body='{"StatusCode": "Paused"}')
        job_id = app.begun()
        app.tick()
        puzzled = app.shown(job_id)
        app.tick()
        job = app.job(job_id)

    assert puzzled["state"] == "running"
    assert puzzled["service_status"] == "Paused"
    assert puzzled["error"].startswith("unknown_status: ")
    assert job.state == "finished"


def test_a_job_that_takes_too_long_is_cancelled_and_says_so(make_app: MakeApp) -> None:
    with make_app(job_pacing=AfterTime(timedelta(hours=9))) as app:
        app.configure(timeout="10m")
        job_id = app.begun()
        for _ in range(9):
            app.tick()
        before = app.job(job_id)
        for _ in range(2):
            app.tick()
        shown = app.shown(job_id)
        cancelled = app.received("DELETE")

    assert before.state == "running"
    assert shown["state"] == "timed_out"
    assert "0:10:00 were over" in shown["error"]
    assert len(cancelled) == 1


def test_a_cancel_at_timeout_that_is_throttled_is_tried_again(make_app: MakeApp) -> None:
    with make_app(job_pacing=AfterTime(timedelta(hours=9))) as app:
        app.configure(timeout="2m")
        app.service.script("DELETE", status=503)
        job_id = app.begun()
        for _ in range(2):
            app.tick()
        meanwhile = app.job(job_id)
        for _ in range(3):
            app.tick()

        assert meanwhile.state == "timing_out"
        assert app.job(job_id).state == "timed_out"


def test_polling_backs_off_with_the_age_of_the_job(make_app: MakeApp) -> None:
    with make_app(job_pacing=AfterTime(timedelta(hours=9))) as app:
        app.begun()
        for _ in range(120):
            app.tick()
        looks = [one.instant for one in app.received("GET", "/jobs/")]

    pauses = [later - earlier for earlier, later in pairwise(looks)]
    assert pauses[0] == timedelta(minutes=1)
    assert max(pauses) == pauses[-1] == timedelta(minutes=5)
    assert pauses == sorted(pauses)


def test_a_person_cancels_a_job_and_a_new_one_may_begin(make_app: MakeApp) -> None:
    with make_app(job_pacing=AfterTime(timedelta(hours=9))) as app:
        job_id = app.begun()
        answer = app.cancel(job_id)
        again = app.cancel(job_id)
        another = app.retrain()
        shown = app.shown(job_id)

    assert (answer.status_code, again.status_code, another.status_code) == (200, 409, 202)
    assert (shown["state"], shown["cancelled_by"]) == ("cancelled", "holder of a function key")


def test_one_job_at_a_time_and_the_second_asker_learns_of_the_first(make_app: MakeApp) -> None:
    with make_app(job_pacing=AfterPolls(1)) as app:
        first = app.retrain()
        second = app.retrain()
        dry = app.retrain("?dry_run=true")
        submits = [one for one in app.received("POST") if one.path.endswith("/jobs")]
        app.tick()
        app.tick()
        third = app.retrain()

    assert (first.status_code, second.status_code, third.status_code) == (202, 409, 202)
    assert second.headers["Location"] == first.headers["Location"]
    assert json.loads(dry.get_body())["reason"] == "job_runs"
    assert len(submits) == 1


def test_a_dry_run_says_what_would_be_sent_and_begins_nothing(make_app: MakeApp) -> None:
    with make_app() as app:
        app.configure(outputs=OURS)
        answer = app.retrain("?dry_run=true")
        plan = json.loads(answer.get_body())

        assert answer.status_code == 200
        assert plan["decision"] == "submit"
        assert plan["request"]["body"]["Inputs"]["input1"]["SasBlobToken"] == "?sig=<SECRET>"
        assert app.listed() == []
        assert app.service.requests == []


def test_a_service_without_its_key_fails_no_job_before_it_is_mended(make_app: MakeApp) -> None:
    with make_app(job_pacing=AfterPolls(1)) as app:
        job_id = app.begun()
        app.configure(training_key="OTHER_KEY")
        app.tick()
        locked_out = app.job(job_id)
        app.configure()
        for _ in range(4):
            app.tick()

        assert locked_out.state == "running"
        assert locked_out.error is not None
        assert locked_out.error.code == "http_401"
        assert app.job(job_id).state == "finished"


def test_two_outputs_of_which_none_is_named_the_model_fail_with_what_to_set(
    make_app: MakeApp,
) -> None:
    with make_app() as app:
        app.configure(output="output3")
        job_id = app.begun()
        app.tick()
        shown = app.shown(job_id)

    assert shown["state"] == "failed"
    assert shown["error"] == (
        "no_model_output: the job has no output output3; its outputs: output1, output2"
    )


def test_an_output_where_no_model_is_looked_for_is_refused_before_anything_runs(
    make_app: MakeApp,
) -> None:
    with make_app() as app:
        app.configure(outputs='outputs.output2 = "elsewhere/{{run}}.ilearner"')
        answer = app.retrain()

        assert answer.status_code == 422
        assert b"not among MODEL_BLOBS" in answer.get_body()
        assert app.service.requests == []
