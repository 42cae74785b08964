"""Which output of a job is the model, and whether the job wrote it."""

from datetime import UTC, datetime, timedelta

import pytest

from patch_endpoint.record import Problem
from protocols.blob_reference import BlobReference
from retrain_trigger.delivery import model_output
from retrain_trigger.job import Job, Output
from settings.model_blobs import parse_model_blobs
from settings.secret import Secret
from state.storage_errors import UnavailableError
from tests.unit.retrain_trigger.test_jobs import LATEST, begin, jobs_of, of_either_kind, world
from tests.unit.retrain_trigger.test_jobs import OURS as RUN

MODELS = parse_model_blobs("models/{name}.onnx")


def job(**outputs: str) -> Job:
    return Job(
        id="census_20260302T060000Z",
        endpoint="census",
        service="census",
        cause="person",
        created_at=datetime(2026, 3, 2, 6, 0, tzinfo=UTC),
        timeout=timedelta(hours=1),
        outputs=outputs,
    )


def at(blob: str) -> BlobReference:
    return BlobReference("https://m.invalid/", blob, Secret("?sig=x"))


def found_in(
    job: Job,
    results: dict[str, BlobReference],
    *,
    named: str | None = None,
    suffix: str | None = ".ilearner",
) -> Output | Problem:
    return model_output(job, results, MODELS, named=named, suffix=suffix)


@pytest.mark.parametrize("names", [("output1", "output2"), ("output2", "output1")])
def test_the_one_ilearner_is_the_model_wherever_it_stands(names: tuple[str, str]) -> None:
    blobs = {"output1": "c/scores.csv", "output2": "c/a%20b.ilearner"}
    results = {name: at(blobs[name]) for name in names}

    found = found_in(job(), results)

    assert found == Output("output2", "c/a b.ilearner", is_ours=False)


def test_an_output_of_ours_is_a_model_by_its_pattern_though_the_service_tells_nothing() -> None:
    found = found_in(job(o="models/census.onnx"), {})

    assert found == Output("o", "models/census.onnx", is_ours=True)


def test_the_configured_output_wins() -> None:
    results = {"a": at("c/a.ilearner"), "b": at("c/b.ilearner")}

    assert found_in(job(), results, named="b") == Output("b", "c/b.ilearner", is_ours=False)


def test_several_models_ask_for_a_choice() -> None:
    results = {"a": at("c/a.ilearner"), "b": at("c/b.ilearner")}

    assert found_in(job(), results) == Problem(
        "several_model_outputs", "set `output` of the training service to one of the job's: a, b"
    )


def test_no_model_is_said() -> None:
    assert found_in(job(), {"a": at("c/a.csv")}) == Problem(
        "no_model_output", "the job has no output that is a model; its outputs: a"
    )


def test_a_model_where_no_model_is_looked_for_is_said() -> None:
    found = found_in(job(o="elsewhere/x.onnx"), {}, named="o")

    assert isinstance(found, Problem)
    assert found.code == "model_misplaced"


@of_either_kind
@pytest.mark.parametrize("outputs", [RUN, LATEST], ids=["a name of its own", "one name"])
def test_a_model_that_its_service_says_it_wrote_and_did_not_is_missing(
    outputs: str, service: str
) -> None:
    small = world(outputs, service=service)
    small.training.writes = False
    begin(small)
    small.run(minutes=5)

    [job] = jobs_of(small)
    assert job.state == "failed"
    assert job.error is not None
    assert job.error.code == "model_missing"
    assert "there is no such blob" in job.error.message


@of_either_kind
def test_what_was_there_before_the_job_is_not_taken_for_its_model(service: str) -> None:
    small = world(LATEST, service=service)
    small.catalog.put("census/latest.ilearner")
    small.training.writes = False
    begin(small)
    small.run(minutes=5)

    [job] = jobs_of(small)
    assert job.state == "failed"
    assert job.error is not None
    assert job.error.message.endswith("it is as it was before the job")
    assert small.sent() == []


@of_either_kind
def test_a_model_written_over_another_under_its_name_is_delivered(service: str) -> None:
    small = world(LATEST, service=service)
    for _ in range(2):
        begin(small)
        small.run(minutes=5)

    assert [job.state for job in jobs_of(small)] == ["finished", "finished"]
    assert small.sent() == ["census/latest.ilearner"] * 2


@of_either_kind
def test_storage_that_cannot_be_looked_at_delays_a_job_that_overwrites(service: str) -> None:
    small = world(LATEST, service=service)
    small.calls.fail("models.head", UnavailableError("look", code="down"))
    waits = begin(small)
    small.run(minutes=5)

    assert waits.error is not None
    assert (waits.state, waits.error.code) == ("created", "storage_unavailable")
    assert [job.state for job in jobs_of(small)] == ["finished"]


def test_a_job_whose_output_bears_its_id_costs_no_look_before_it_begins() -> None:
    small = world(RUN)
    begin(small)

    assert small.calls.count("models.") == 0
