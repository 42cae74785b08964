"""Jobs that start by their submission: their id is ours, and on record before it is known there."""

from contextlib import suppress
from datetime import timedelta

import pytest

from patch_endpoint.attempt import LATE_FOR
from protocols.batch import BatchRequest
from protocols.blob_reference import BlobReference
from protocols.protocol import Refused, Unsettled
from retrain_trigger.job import Job
from retrain_trigger.request import Request, RetrainImpossibleError
from settings.secret import Secret
from tests.fakes.calls import CrashError
from tests.fakes.small_world import SmallWorld
from tests.fakes.training_service import TrainingJob
from tests.unit.retrain_trigger.test_jobs import (
    AT_ONCE,
    LATEST,
    OURS,
    begin,
    jobs_of,
    retrained,
    world,
)

NO_ANSWER = Unsettled("no_answer", "late", maybe_applied=True)
ILL = Unsettled("http_503", "ill", maybe_applied=True)


def latest(small: SmallWorld) -> Job:
    return jobs_of(small)[-1]


def arrived(small: SmallWorld, job: Job) -> TrainingJob:
    """Have a submission arrive that was not answered."""
    outputs = {
        name: BlobReference("https://m.invalid/", blob, Secret(""))
        for name, blob in job.outputs.items()
    }
    request = BatchRequest(id=job.id, inputs={}, outputs=outputs, parameters={})
    small.training.jobs[job.id] = TrainingJob(job.id, request, "running", starts=1)
    return small.training.jobs[job.id]


def test_its_id_is_on_record_before_its_service_has_the_job() -> None:
    small = world(service=AT_ONCE)
    seen: list[Job] = []
    small.calls.script("training.submit", lambda: seen.append(latest(small)))
    job = begin(small)

    [before] = seen
    assert (before.state, before.job_id) == ("submitted", job.id)
    assert (job.state, job.job_id) == ("running", job.id)
    assert small.calls.count("token.sign") == 0


def test_nothing_is_signed_for_it() -> None:
    small = world(service=AT_ONCE)
    begin(small)
    [there] = small.training.jobs.values()

    blobs = [*there.request.inputs.values(), *there.request.outputs.values()]
    assert len(blobs) == 2
    assert {blob.sas_token.reveal() for blob in blobs} == {""}


def test_a_submission_without_an_answer_is_not_made_again_for_a_job_that_is_there() -> None:
    small = world(service=AT_ONCE)
    small.training.says["submit"] = [NO_ANSWER]
    job = begin(small)
    arrived(small, job)
    small.run(minutes=5)

    assert small.calls.count("training.submit") == 1
    assert latest(small).state == "finished"


def test_a_submission_without_an_answer_is_made_again_if_its_service_has_no_such_job() -> None:
    small = world(service=AT_ONCE)
    small.training.says["submit"] = [NO_ANSWER, Unsettled("http_503", "busy")]
    job = begin(small)
    assert (job.state, job.started_at) == ("submitted", None)
    small.run(minutes=2)
    small.training.says.clear()
    small.run(minutes=10)

    assert [one.starts for one in small.training.started] == [1]
    assert latest(small).state == "finished"


def test_what_a_job_overwrote_before_its_submission_was_recorded_is_its_model() -> None:
    """Looked at after the crash, the model would be what was there before the job."""
    small = world(LATEST, service=AT_ONCE)
    small.catalog.put("census/latest.ilearner")
    small.calls.script("training.submit", lambda: small.calls.crash_at(1, after=False), after=True)
    with suppress(CrashError):
        begin(small)
    small.restart()
    [there] = small.training.jobs.values()
    small.catalog.put("census/latest.ilearner", b"another")
    there.status = "finished"
    small.run(minutes=5)

    assert latest(small).state == "finished"
    assert small.sent() == ["census/latest.ilearner"]


@pytest.mark.parametrize("late", [timedelta(seconds=20), LATE_FOR - timedelta(seconds=90)])
def test_one_that_was_cancelled_before_it_arrived_is_cancelled_once_it_does(
    late: timedelta,
) -> None:
    small = world(service=AT_ONCE)
    small.training.ends_as = "running"
    small.training.says["submit"] = [ILL]
    job = begin(small)
    for _ in range(3):
        small.engine.jobs.cancel(job.id, "ada")
    small.run(seconds=late.total_seconds())
    waits = latest(small)
    there = arrived(small, job)
    small.run(minutes=20)

    assert waits.state == "cancelling"
    assert (latest(small).state, there.status) == ("cancelled", "cancelled")


def test_one_that_was_cancelled_and_never_arrives_is_waited_for_no_longer_than_it_may_take() -> (
    None
):
    small = world(service=AT_ONCE)
    small.training.says["submit"] = [ILL]
    job = begin(small)
    for _ in range(3):
        small.engine.jobs.cancel(job.id, "ada")
    small.run(minutes=20)
    ended = latest(small)

    assert ended.state == "cancelled"
    assert ended.ended_at is not None
    assert ended.ending_since is not None
    assert ended.ended_at - ended.ending_since >= LATE_FOR
    assert small.training.jobs == {}


def test_one_that_is_cancelled_before_anything_is_sent_ends_at_once() -> None:
    small = world(service=AT_ONCE)
    endpoint = small.engine.endpoints.current().by_name["census"]
    job = small.engine.jobs.begin(endpoint, Request(by="ada"), drive=False)
    small.engine.jobs.cancel(job.id, "ada")

    assert latest(small).state == "cancelled"
    assert small.training.jobs == {}


def test_one_whose_submission_is_refused_has_failed() -> None:
    small = world(service=AT_ONCE)
    small.training.says["submit"] = [Refused("http_400", "no such compute")]
    job = begin(small)

    assert job.state == "failed"
    assert job.error is not None
    assert job.error.message == "no such compute"


def test_one_whose_retrain_table_is_gone_by_then_has_failed_only_if_it_is_not_there() -> None:
    small = world(service=AT_ONCE)
    small.training.says["submit"] = [NO_ANSWER]
    there = begin(small)
    small.folder.rewrite(retrained().split("[endpoints.census.retrain]")[0], AT_ONCE)
    arrived(small, there)
    small.run(minutes=2)
    assert latest(small).state == "finished"

    other = world(service=AT_ONCE)
    other.training.says["submit"] = [NO_ANSWER]
    begin(other)
    other.folder.rewrite(retrained().split("[endpoints.census.retrain]")[0], AT_ONCE)
    other.run(minutes=2)
    ended = latest(other)
    assert ended.error is not None
    assert (ended.state, ended.error.code) == ("failed", "not_configured")


@pytest.mark.parametrize(
    ("outputs", "service", "what"),
    [
        ("", AT_ONCE, "outputs has none among MODEL_BLOBS"),
        ('outputs.a = "training/{{run}}.onnx"', AT_ONCE, "outputs has none among MODEL_BLOBS"),
        (OURS, f'{AT_ONCE}output = "o"', "outputs has no o, and its service keeps none"),
        (
            f"{OURS}\n{OURS.replace('output2', 'output1')}",
            AT_ONCE,
            "set `output` of the training service: among MODEL_BLOBS are output1, output2",
        ),
        (
            'outputs.output2 = "training/a.onnx"',
            f'{AT_ONCE}output = "output2"',
            "outputs.output2 goes to training/a.onnx, which is not among MODEL_BLOBS",
        ),
    ],
)
def test_a_job_that_could_leave_no_model_is_not_begun(
    outputs: str, service: str, what: str
) -> None:
    small = world(outputs, service=service)

    with pytest.raises(RetrainImpossibleError, match="retrain: ") as error:
        begin(small)

    assert what in str(error.value)
    assert jobs_of(small) == []
    assert small.training.jobs == {}
