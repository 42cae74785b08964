"""What the doctor says of training services, and of endpoints that none could retrain."""

import pytest

from doctor.finding import Finding
from doctor.training import retraining, training_service
from protocols.azureml_online.jobs import AzuremlJobs
from protocols.studio_batch import StudioBatch
from protocols.wire import HttpAnswer, NoAnswerError
from tests.fakes.azureml_workspace import fault, says
from tests.fakes.identity import MemoryIdentity
from tests.fakes.training_service import classic_service
from tests.fakes.wire import CannedWire
from tests.fakes.workspace_service import workspace_service
from tests.unit.retrain_trigger.test_jobs import AT_ONCE, OURS, SERVICE, world


def of_workspace(answer: HttpAnswer | NoAnswerError) -> Finding:
    protocol = AzuremlJobs(CannedWire([answer]), MemoryIdentity())
    return training_service("census", workspace_service(), protocol)


def of_classic(answer: HttpAnswer | NoAnswerError) -> Finding:
    service = classic_service("https://studio.invalid/jobs", "k")
    return training_service("census", service, StudioBatch(CannedWire([answer])))


def test_a_workspace_that_lets_the_app_in_is_well_and_no_job_is_begun() -> None:
    found = of_workspace(says(200, {"value": []}))

    assert (found.where, found.state, found.what) == ("census", "ok", "it answers and lets us in")


@pytest.mark.parametrize(
    ("answer", "what", "fix"),
    [
        (fault(403, "AuthorizationFailed"), "workspace_forbidden", "AzureML Data Scientist"),
        (fault(404, "ResourceNotFound"), "http_404", "nothing is at this address"),
        (fault(503, "Busy"), "http_503", "jobs wait until it answers"),
        (NoAnswerError("late", sent=True), "no_answer", "check the address"),
    ],
)
def test_a_workspace_that_does_not_is_a_fault_at_its_address(
    answer: HttpAnswer | NoAnswerError, what: str, fix: str
) -> None:
    found = of_workspace(answer)

    assert (found.where, found.state) == ("training_services.census.workspace", "fault")
    assert what in found.what
    assert fix in found.fix


@pytest.mark.parametrize(
    ("answer", "where", "state"),
    [
        (says(404), "census", "ok"),
        (says(400), "census", "ok"),
        (says(401), "training_services.census.api_key", "fault"),
        (says(403), "training_services.census.api_key", "fault"),
        (says(503), "training_services.census.jobs_url", "fault"),
        (says(200), "training_services.census.jobs_url", "fault"),
    ],
)
def test_a_web_service_that_knows_no_such_job_let_us_in(
    answer: HttpAnswer, where: str, state: str
) -> None:
    found = of_classic(answer)

    assert (found.where, found.state) == (where, state)


@pytest.mark.parametrize(
    ("outputs", "service", "what"),
    [
        (OURS, SERVICE, None),
        ("", SERVICE, None),
        (OURS, AT_ONCE, None),
        ("", AT_ONCE, "outputs has none among MODEL_BLOBS"),
        ('outputs.model = "other/a.ilearner"', SERVICE, "which is not among MODEL_BLOBS"),
    ],
)
def test_an_endpoint_that_could_not_be_retrained_is_named(
    outputs: str, service: str, what: str | None
) -> None:
    engine = world(outputs, service=service).engine

    found = list(retraining(engine, engine.endpoints.current()))

    assert [one.where for one in found] == (["endpoints.census.retrain"] if what else [])
    assert all(what and what in one.what and one.fix for one in found)
