"""Retraining by jobs of a workspace of Azure Machine Learning, which really train."""

import json
from datetime import timedelta
from typing import Any

import pytest

from local_stack.azureml.pacing import AfterLooks, AsItGoes
from settings.secret import Secret
from tests.fakes.calls import CrashError
from tests.integration.retraining.conftest import MakeWorkspaceApp
from tests.integration.retraining.test_whole_jobs import settled
from tests.integration.retraining.workspace_app import WorkspaceApp
from tests.integration.scenarios.play import MortalWire


class OneToken:
    """See `Identity`: as azure-identity, which keeps a token for its life."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def token(self, scope: str) -> Secret:
        """See `Identity`."""
        assert scope == "https://management.azure.com/.default"
        return self._token


def finished(app: WorkspaceApp, job_id: str) -> str:
    """Tick until a job has ended; gives its state."""
    for _ in range(12):
        job = app.job(job_id)
        if job.has_ended:
            return job.state
        app.tick()
    raise AssertionError(f"not ended: {app.job(job_id)}")


def test_a_job_trains_and_its_model_goes_live_by_one_patch_though_trigger_and_poller_see_it(
    make_workspace_app: MakeWorkspaceApp,
) -> None:
    with make_workspace_app() as app:
        app.configure(keys='models = "digits/**"')
        job_id = app.begun()
        app.tick()
        app.announce(f"digits/{job_id}.ilearner")
        settled(app)
        job, record, patched = app.job(job_id), app.record(), app.patched()

        assert app.begun_there() == [job_id]
    assert (job.state, job.job_id, job.status) == ("finished", job_id, "Completed")
    assert [one["RelativeLocation"] for one in patched] == [
        f"{app.container}/digits/{job_id}.ilearner"
    ]
    assert record.serving is not None
    assert record.serving.confirmed_by == "location"


def test_what_is_put_names_datastores_and_holds_no_token(
    make_workspace_app: MakeWorkspaceApp,
) -> None:
    with make_workspace_app() as app:
        job_id = app.begun()
        [put] = app.asked("PUT")

    body: Any = put.body
    sent = body["properties"]
    assert sent["inputs"]["rows"]["uri"].endswith("/datastores/models/paths/training/digits.csv")
    assert sent["inputs"]["Sleep"] == {"jobInputType": "literal", "value": "0"}
    assert sent["outputs"]["model"]["uri"].endswith(f"/paths/digits/{job_id}.ilearner")
    assert "sig=" not in json.dumps(body)


def test_a_schedule_begins_a_job_that_its_occurrence_names(
    make_workspace_app: MakeWorkspaceApp,
) -> None:
    with make_workspace_app() as app:
        due = app.clock() + timedelta(minutes=5)
        app.configure(schedule=f"0 {due.minute} {due.hour} * * *")  # no second one while it trains
        app.tick(minutes=1)
        app.tick(minutes=10)
        [listed] = app.listed()

        assert finished(app, listed["id"]) == "finished"
        assert app.begun_there() == [listed["id"]]
        assert app.job(listed["id"]).cause == "schedule"


def test_a_submission_whose_answer_was_lost_is_found_and_not_made_again(
    make_workspace_app: MakeWorkspaceApp,
) -> None:
    with make_workspace_app() as app:
        app.plane.script("PUT", "/jobs/", drop=True, apply="before")
        job_id = app.begun()
        unsure = app.job(job_id)

        assert finished(app, job_id) == "finished"
        assert (unsure.state, unsure.job_id) == ("submitted", job_id)
        assert len(app.asked("PUT")) == 1
        assert app.begun_there() == [job_id]


def test_a_submission_that_never_arrived_is_made_after_a_look(
    make_workspace_app: MakeWorkspaceApp,
) -> None:
    with make_workspace_app() as app:
        app.plane.script("PUT", "/jobs/", drop=True)
        job_id = app.begun()

        assert finished(app, job_id) == "finished"
        calls = [one.method for one in app.plane.requests if "/jobs/" in one.path]
        assert calls[:3] == ["PUT", "GET", "PUT"]
        assert app.begun_there() == [job_id]


def test_a_job_that_is_there_otherwise_described_is_taken_for_the_one_that_was_submitted(
    make_workspace_app: MakeWorkspaceApp,
) -> None:
    """The table was changed between the lost answer and the next try."""
    with make_workspace_app() as app:
        app.plane.script("PUT", "/jobs/", drop=True, apply="before")
        job_id = app.begun()
        app.configure(parameters="{ Sleep = 0.1 }")
        app.plane.script("GET", "/jobs/", status=404, body='{"error": {"code": "NotFound"}}')

        assert finished(app, job_id) == "finished"
        statuses = [one.status for one in app.plane.exchanges if one.method == "PUT"]
        assert statuses == [201, 400]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_process_that_dies_at_the_submission_runs_the_job_once(
    make_workspace_app: MakeWorkspaceApp, *, after: bool
) -> None:
    with make_workspace_app() as app:
        app.restart_with(MortalWire(1, after=after))
        with pytest.raises(CrashError):
            app.retrain()
        app.restart()
        [listed] = app.listed()

        assert finished(app, listed["id"]) == "finished"
        assert app.begun_there() == [listed["id"]]


def test_a_job_that_cannot_train_has_failed(make_workspace_app: MakeWorkspaceApp) -> None:
    with make_workspace_app(csv=b"no,rows\n1\n") as app:
        job_id = app.begun()
        app.tick()
        shown = app.shown(job_id)

    assert (shown["state"], shown["service_status"]) == ("failed", "Failed")
    assert shown["error"].startswith("job_failed: ")
    assert shown["ended_at"] is not None


def test_a_job_that_the_workspace_refuses_has_failed_with_what_it_said(
    make_workspace_app: MakeWorkspaceApp,
) -> None:
    with make_workspace_app() as app:
        app.configure(datastore="nowhere")
        job_id = app.begun()
        shown = app.shown(job_id)

        assert shown["state"] == "failed"
        assert shown["error"].startswith("http_400: ")
        assert "is no path in a datastore" in shown["error"]
        assert app.begun_there() == []


def test_a_workspace_that_does_not_let_the_app_in_is_said_with_the_role(
    make_workspace_app: MakeWorkspaceApp,
) -> None:
    denied = json.dumps({"error": {"code": "AuthorizationFailed", "message": "No."}})
    with make_workspace_app() as app:
        app.plane.script("*", "/jobs/", status=403, body=denied, times=2)
        job_id = app.begun()
        shown = app.shown(job_id)

    assert shown["state"] == "failed"
    assert shown["error"].startswith("workspace_forbidden: ")
    assert "AzureML Data Scientist" in shown["error"]


def test_a_throttled_submission_is_tried_again(make_workspace_app: MakeWorkspaceApp) -> None:
    with make_workspace_app() as app:
        headers = {"Retry-After": "120"}
        app.plane.script("PUT", "/jobs/", status=429, headers=headers)
        job_id = app.begun()
        app.tick(seconds=60)
        soon = app.job(job_id)

        assert soon.error is not None
        assert (soon.state, soon.error.code) == ("submitted", "http_429")
        assert finished(app, job_id) == "finished"


def test_a_status_that_no_document_names_ends_no_job_and_is_said(
    make_workspace_app: MakeWorkspaceApp,
) -> None:
    body = json.dumps({"properties": {"status": "Dreaming"}})
    with make_workspace_app() as app:
        job_id = app.begun()
        app.plane.script("GET", "/jobs/", status=200, body=body)
        app.tick()
        puzzled = app.shown(job_id)

        assert (puzzled["state"], puzzled["service_status"]) == ("running", "Dreaming")
        assert puzzled["error"].startswith("unknown_status: ")
        assert finished(app, job_id) == "finished"


@pytest.mark.parametrize("status", ["NotResponding", "Unknown", "Paused"])
def test_a_job_that_does_not_respond_runs(
    make_workspace_app: MakeWorkspaceApp, status: str
) -> None:
    body = json.dumps({"properties": {"status": status}})
    with make_workspace_app() as app:
        job_id = app.begun()
        app.plane.script("GET", "/jobs/", status=200, body=body)
        app.tick()
        shown = app.shown(job_id)

        assert (shown["state"], shown["error"]) == ("running", None)
        assert finished(app, job_id) == "finished"


def test_a_job_that_takes_too_long_is_cancelled_there(
    make_workspace_app: MakeWorkspaceApp,
) -> None:
    with make_workspace_app(pacing=AsItGoes()) as app:
        app.configure(timeout="10m", parameters="{ Sleep = 600 }")
        job_id = app.begun()
        app.tick(minutes=11)

        assert finished(app, job_id) == "timed_out"
        assert app.shown(job_id)["service_status"] == "Canceled"
        assert len(app.asked("POST", "/cancel")) >= 1


def test_a_person_cancels_a_job_which_the_workspace_takes_its_time_for(
    make_workspace_app: MakeWorkspaceApp,
) -> None:
    with make_workspace_app(pacing=AfterLooks(2)) as app:
        app.configure(parameters="{ Sleep = 600 }")
        job_id = app.begun()
        answer = app.cancel(job_id)

        assert answer.status_code == 202
        assert app.job(job_id).status == "CancelRequested"
        assert finished(app, job_id) == "cancelled"


def test_a_cancel_that_comes_too_late_leaves_the_model(
    make_workspace_app: MakeWorkspaceApp,
) -> None:
    with make_workspace_app() as app:
        job_id = app.begun()
        engine = app.app.engine
        service = engine.endpoints.current().training_services["digits"]
        engine.batches[service.protocol].look(
            service, job_id
        )  # waits for the end, and tells nobody
        app.plane.script("GET", "/jobs/", status=503)
        app.cancel(job_id)

        assert finished(app, job_id) == "finished"
        assert len(app.patched()) == 1


def test_a_dry_run_says_what_would_be_put_and_begins_nothing(
    make_workspace_app: MakeWorkspaceApp,
) -> None:
    with make_workspace_app() as app:
        plan = json.loads(app.retrain("?dry_run=true").get_body())

        request = plan["request"]
        assert (plan["decision"], request["method"]) == ("submit", "PUT")
        assert request["url"].startswith(f"{app.plane.workspace_url}/jobs/digits_")
        assert request["headers"] == {"Authorization": "Bearer <SECRET>"}
        assert request["body"]["properties"]["outputs"]["model"]["jobOutputType"] == "uri_file"
        assert app.listed() == []
        assert app.plane.requests == []


@pytest.mark.parametrize(
    ("outputs", "what"),
    [
        ("", b"outputs has none among MODEL_BLOBS"),
        ('outputs.model = "elsewhere/{{run}}.ilearner"', b"outputs has none among MODEL_BLOBS"),
        (
            'outputs.model = "{container}/{{run}}.ilearner"\noutputs.log = "logs/{{run}}"',
            b"outputs.log: `datastores` of its service names none for the container logs",
        ),
    ],
)
def test_a_job_that_could_only_be_in_vain_is_refused_before_anything_runs(
    make_workspace_app: MakeWorkspaceApp, outputs: str, what: bytes
) -> None:
    with make_workspace_app() as app:
        app.configure(outputs=outputs)
        answer = app.retrain()

        assert answer.status_code == 422
        assert what in answer.get_body()
        assert app.plane.requests == []


def test_no_token_of_the_app_is_in_any_record_or_answer(
    make_workspace_app: MakeWorkspaceApp,
) -> None:
    with make_workspace_app() as app:
        assert app.identity is not None
        token = app.identity.token("https://management.azure.com/.default")
        app.identity = OneToken(token)
        app.restart()
        body = json.dumps({"properties": {"status": f"who are you with {token.reveal()}?"}})
        job_id = app.begun()
        app.plane.script("GET", "/jobs/", status=200, body=body)
        app.tick()
        shown = json.dumps(app.shown(job_id)) + repr(app.job(job_id))

    assert token.reveal() not in shown
    assert "who are you with <SECRET>?" in shown


def test_a_workspace_that_is_silent_holds_up_its_own_jobs_alone(
    make_workspace_app: MakeWorkspaceApp,
) -> None:
    with make_workspace_app() as app:
        job_id = app.begun()
        app.plane.script("GET", "/jobs/", drop=True, times=2)
        app.tick()
        waits = app.job(job_id)

        assert waits.error is not None
        assert (waits.state, waits.error.code) == ("running", "no_answer")
        assert waits.look_at is not None
        assert waits.look_at - app.clock() <= timedelta(seconds=30)
        assert finished(app, job_id) == "finished"
