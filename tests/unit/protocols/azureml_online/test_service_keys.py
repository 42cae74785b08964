"""What may stand in the table of a workspace that trains, and which fault is named."""

import re
from typing import Any

import pytest

from protocols.azureml_online.jobs import AzuremlJobs
from protocols.azureml_online.service_keys import (
    AzuremlServiceKeys,
    azureml_service_keys,
    read_azureml_service_keys,
)
from protocols.azureml_online.workspace import read_workspace
from protocols.classic_keys import read_classic_keys
from protocols.wire import Wire
from retrain_trigger.submission import misplaced
from settings.endpoints_file import parse_endpoints
from settings.fault import Fault
from settings.model_blobs import parse_model_blobs
from settings.retraining import read_training_service
from settings.secret import Secret
from tests.fakes.identity import MemoryIdentity
from tests.fakes.training_service import classic_service
from tests.fakes.workspace_service import (
    DATASTORES,
    JOB,
    SPOKEN,
    WORKSPACE,
    service_table,
    workspace_service,
)
from tests.unit.docs.markdown import ROOT, blocks, code, section, table

PAGE = (ROOT / "docs" / "protocols.md").read_text("utf-8")
ID = WORKSPACE.removeprefix("https://management.azure.com")


def nested(levels: int) -> object:
    """As dotted keys make it, of which there may be any number."""
    value: object = 1
    for _ in range(levels):
        value = {"a": value}
    return value


def faults_of(**changes: object) -> list[Fault]:
    table = service_table(**changes)
    read_training_service(table, Secret, {SPOKEN: read_azureml_service_keys})
    return table.faults


def test_a_workspace_that_trains_is_read() -> None:
    service = workspace_service(output="model", timeout="3h")

    assert (service.protocol, service.output) == (SPOKEN, "model")
    assert service.keys == AzuremlServiceKeys(
        workspace=read_workspace(WORKSPACE), datastores=DATASTORES, job=JOB
    )


@pytest.mark.parametrize(
    ("key", "said", "sent"),
    [
        ("environmentId", "azureml:train:3", f"{ID}/environments/train/versions/3"),
        ("codeId", "azureml:src:1", f"{ID}/codes/src/versions/1"),
        ("componentId", "azureml:fit:2", f"{ID}/components/fit/versions/2"),
        ("codeId", f"{ID}/codes/src/versions/1", f"{ID}/codes/src/versions/1"),
        ("componentId", "azureml://registries/r/components/c/versions/1", None),
        ("computeId", f"{ID}/computes/cpu", None),
    ],
)
def test_an_asset_of_the_workspace_may_be_named_in_short(
    key: str, said: str, sent: str | None
) -> None:
    service = workspace_service(job={"jobType": "Command", key: said})

    assert azureml_service_keys(service).job[key] == (sent or said)


@pytest.mark.parametrize(
    ("changes", "key", "what"),
    [
        ({"workspace": None}, "workspace", "is missing"),
        ({"workspace": "https://evil.invalid/"}, "workspace", "must be at one of"),
        ({"datastores": None}, "datastores", "is missing"),
        ({"datastores": {}}, "datastores", "of one container at least"),
        ({"datastores": {"Training": "a"}}, "datastores", "Training is no name of a container"),
        ({"datastores": {"training": "a-b"}}, "datastores", "letters, digits and _"),
        ({"datastores": {"training": 1}}, "datastores", "Expected `str`"),
        ({"job": None}, "job", "is missing"),
        ({"job": {}}, "job", 'jobType = "Command"'),
        ({"job": {"jobType": 1}}, "job", "must be a text"),
        ({"job": "python train.py"}, "job", "Expected `object`"),
        ({"job": {**JOB, "status": "Running"}}, "job", "must not hold status"),
        ({"job": {**JOB, "inputs": {"rows": 1}}}, "job", "Expected `object`"),
        ({"job": {**JOB, "outputs": []}}, "job", "Expected `object`"),
        ({"job": {**JOB, "codeId": "src"}}, "job", 'codeId must be "azureml:<name>:<version>"'),
        ({"job": {**JOB, "environmentId": 3}}, "job", "environmentId must be a text"),
        ({"job": {**JOB, "jobs": nested(64)}}, "job", "is nested too deeply"),
        ({"job": {**JOB, "jobs": nested(5000)}}, "job", "is nested too deeply"),
        ({"api_key": "%KEY%"}, "api_key", "is no key of this table"),
        ({"jobs_url": "https://a.example"}, "jobs_url", "is no key of this table"),
    ],
)
def test_a_fault_names_its_key(changes: dict[str, Any], key: str, what: str) -> None:
    [fault] = faults_of(**changes)

    assert fault.where == f"training_services.census.{key}"
    assert what in fault.what


def test_another_protocols_service_is_none() -> None:
    with pytest.raises(TypeError, match="studio-classic is no workspace"):
        azureml_service_keys(classic_service("https://a.example/jobs", "k"))


def test_the_page_names_every_key_and_each_must_be_there() -> None:
    heading = "`[training_services.<name>]` of `azureml-online`"
    rows = table(section(PAGE, heading), "key")

    said = {code(row["key"])[0]: row["default"] for row in rows}
    assert said == dict.fromkeys(AzuremlServiceKeys.__struct_fields__, "required")
    missing = faults_of(workspace=None, datastores=None, job=None)
    assert {one.where for one in missing} == {f"training_services.census.{key}" for key in said}


def test_the_example_on_the_page_has_no_fault_and_a_job_can_be_made_of_it() -> None:
    (example,) = [one for one in blocks(PAGE, "toml") if "[training_services" in one]
    read = parse_endpoints(
        re.sub("<([a-z]+)>", r"\1", example),
        environ={},
        read_relative=lambda _: b"",
        protocols={"studio-classic": read_classic_keys},
        trainings={SPOKEN: read_azureml_service_keys},
    )
    service, census = read.training_services["census"], read.by_name["census"]
    assert [one for one in read.faults if one.where.startswith("training_services")] == []
    assert census.retrain is not None

    protocol = AzuremlJobs(Wire(), MemoryIdentity())
    models = parse_model_blobs("models/{name}.pkl")
    assert protocol.unfit(service, census.retrain) is None
    abilities = protocol.abilities(service)
    assert misplaced(census.retrain.outputs, service, models, abilities) is None
    named = set(re.findall(r"inputs\.(\w+)", str(azureml_service_keys(service).job["command"])))
    assert named == census.retrain.inputs.keys() | census.retrain.parameters.keys()
