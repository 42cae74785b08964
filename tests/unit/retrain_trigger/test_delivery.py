"""Which output of a job is the model."""

from datetime import UTC, datetime, timedelta

import pytest

from patch_endpoint.record import Problem
from protocols.blob_reference import BlobReference
from retrain_trigger.delivery import model_output
from retrain_trigger.job import Job, Output
from settings.model_blobs import parse_model_blobs
from settings.retraining import TrainingService
from settings.secret import Secret

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


def service(output: str | None) -> TrainingService:
    return TrainingService(
        jobs_url="https://m.invalid/jobs",
        api_key=Secret("k"),
        output=output,
        timeout=timedelta(hours=1),
    )


@pytest.mark.parametrize("names", [("output1", "output2"), ("output2", "output1")])
def test_the_one_ilearner_is_the_model_wherever_it_stands(names: tuple[str, str]) -> None:
    blobs = {"output1": "c/scores.csv", "output2": "c/a%20b.ilearner"}
    results = {name: at(blobs[name]) for name in names}

    found = model_output(job(), results, service(None), MODELS)

    assert found == Output("output2", "c/a b.ilearner", is_ours=False)


def test_an_output_of_ours_is_a_model_by_its_pattern_though_the_service_tells_nothing() -> None:
    found = model_output(job(o="models/census.onnx"), {}, service(None), MODELS)

    assert found == Output("o", "models/census.onnx", is_ours=True)


def test_the_configured_output_wins() -> None:
    results = {"a": at("c/a.ilearner"), "b": at("c/b.ilearner")}

    assert model_output(job(), results, service("b"), MODELS) == Output(
        "b", "c/b.ilearner", is_ours=False
    )


def test_several_models_ask_for_a_choice() -> None:
    results = {"a": at("c/a.ilearner"), "b": at("c/b.ilearner")}

    assert model_output(job(), results, service(None), MODELS) == Problem(
        "several_model_outputs", "set `output` of the training service to one of the job's: a, b"
    )


def test_no_model_is_said() -> None:
    assert model_output(job(), {"a": at("c/a.csv")}, service(None), MODELS) == Problem(
        "no_model_output", "the job has no output that is a model; its outputs: a"
    )


def test_a_model_where_no_model_is_looked_for_is_said() -> None:
    found = model_output(job(o="elsewhere/x.onnx"), {}, service("o"), MODELS)

    assert isinstance(found, Problem)
    assert found.code == "model_misplaced"
