"""A retraining job from a person's word to a model in service, wherever its output lies."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

from tests.integration.retraining.conftest import MakeApp
from tests.integration.retraining.retraining_app import OURS, RetrainingApp


def settled(app: RetrainingApp) -> None:
    """Tick until the endpoint has confirmed its model, or it is late."""
    for _ in range(6):
        app.tick()
        desired = app.record().desired
        if desired is not None and desired.state == "live":
            return


def token_of(location: dict[str, str]) -> dict[str, list[str]]:
    return parse_qs(location["SasBlobToken"].removeprefix("?"))


def test_a_job_whose_output_is_ours_goes_live_by_one_patch_though_trigger_and_poller_see_it(
    make_app: MakeApp,
) -> None:
    with make_app() as app:
        app.configure(outputs=OURS, keys='models = "digits/**"')
        job_id = app.begun()
        app.tick()
        app.announce(f"digits/{job_id}.ilearner")
        settled(app)
        job, record, patched = app.job(job_id), app.record(), app.patched()

    assert job.state == "finished"
    assert job.output is not None
    assert (job.output.name, job.output.is_ours) == ("output2", True)
    assert [one["RelativeLocation"] for one in patched] == [
        f"{app.container}/digits/{job_id}.ilearner"
    ]
    assert record.serving is not None
    assert (record.serving.model.name, record.serving.confirmed_by) == (
        f"digits/{job_id}.ilearner",
        "location",
    )


def test_an_endpoint_without_models_takes_its_own_jobs_output_alone(make_app: MakeApp) -> None:
    with make_app() as app:
        app.configure(outputs=OURS)
        app.put("digits/other.ilearner", b"not for it")
        app.announce("digits/other.ilearner")
        job_id = app.begun()
        app.tick()
        settled(app)

        assert [one["RelativeLocation"] for one in app.patched()] == [
            f"{app.container}/digits/{job_id}.ilearner"
        ]


def test_inputs_and_outputs_travel_with_a_token_each_for_the_jobs_time(make_app: MakeApp) -> None:
    with make_app() as app:
        app.configure(outputs=OURS, timeout="3h")
        app.begun()
        now = app.clock()
        submitted: Any = app.received("POST", "/jobs")[0].body

    given, written = submitted["Inputs"]["input1"], submitted["Outputs"]["output2"]
    expiry = f"{now.replace(microsecond=0) + timedelta(hours=3):%Y-%m-%dT%H:%M:%SZ}"
    assert [token_of(one)["sp"] for one in (given, written)] == [["r"], ["cw"]]
    assert [token_of(one)["sr"] for one in (given, written)] == [["b"], ["b"]]
    assert [token_of(one)["se"] for one in (given, written)] == [[expiry], [expiry]]
    assert "ConnectionString" not in json.dumps(submitted)


def test_a_job_whose_output_its_service_keeps_goes_live_with_the_results_token(
    make_app: MakeApp,
) -> None:
    with make_app() as app:
        job_id = app.begun()
        app.tick()
        settled(app)
        job, record, patched = app.job(job_id), app.record(), app.patched()
        looks = app.received("GET", f"/jobs/{job.job_id}")

    assert job.state == "finished"
    assert job.output is not None
    assert not job.output.is_ours
    assert [f"{one['RelativeLocation']}" for one in patched] == [job.output.blob]
    assert job.output.blob.startswith("experimentoutput/")
    assert token_of(patched[0])["sp"] == ["rl"]
    assert record.serving is not None
    assert record.serving.confirmed_by == "location"
    assert record.desired is not None
    assert record.desired.instant == job.trained_at
    # The look that saw it finished gave the token too.
    assert len(looks) == 1


def test_a_result_token_that_expired_is_read_anew_by_the_jobs_id(make_app: MakeApp) -> None:
    with make_app(sas_lifetime=timedelta(seconds=60)) as app:
        app.service.script("PATCH", times=1, status=503, headers={"Retry-After": "300"})
        job_id = app.begun()
        app.tick()
        first = app.patched()
        app.tick(minutes=6)
        job, patched = app.job(job_id), app.patched()
        looks = app.received("GET", f"/jobs/{job.job_id}")

    assert len(first) == 1
    assert len(patched) == 2
    assert token_of(patched[1])["se"] > token_of(patched[0])["se"]
    assert patched[1]["RelativeLocation"] == patched[0]["RelativeLocation"]
    assert len(looks) == 2


def test_what_a_job_left_is_renewed_by_its_id_before_its_token_expires(make_app: MakeApp) -> None:
    # Short lives: the service back-dates its tokens by 5 minutes, and storage has its own clock.
    with make_app(sas_lifetime=timedelta(minutes=2)) as app:
        app.begun()
        for _ in range(12):
            app.tick(seconds=20)
            record = app.record()
            assert record.serving is not None
            assert record.serving.token_expires_at > app.clock()
        patched = app.patched()

    expiries = [token_of(one)["se"] for one in patched]
    assert len(patched) == 3
    assert expiries == sorted(expiries)
    assert len({one["RelativeLocation"] for one in patched}) == 1


def test_no_token_of_a_result_is_in_any_record(make_app: MakeApp) -> None:
    with make_app() as app:
        job_id = app.begun()
        app.tick()
        settled(app)
        shown = json.dumps(app.shown(job_id))
        kept = repr(app.job(job_id)) + repr(app.record())

    assert "sig=" not in shown + kept


def test_a_rollback_to_what_an_earlier_job_left_sends_it_with_a_fresh_token(
    make_app: MakeApp,
) -> None:
    with make_app() as app:
        app.begun()
        app.tick()
        settled(app)
        app.begun()
        app.tick()
        settled(app)
        answer = app.rollback()
        first, second, third = app.patched()

    assert answer.status_code == 202, answer.get_body()
    assert third["RelativeLocation"] == first["RelativeLocation"] != second["RelativeLocation"]
    assert token_of(third)["se"] > token_of(first)["se"]
