"""A workspace of Azure Machine Learning trains a model and serves it; it is no `.ilearner`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from local_stack.azurite import Azurite
from tests.integration.app.running_app import request
from tests.integration.ml_service.wire import DrivenClock
from tests.integration.scenarios.azureml_rig import AzuremlRig
from tests.integration.scenarios.play import Play

COMMAND = (
    "python train.py --data ${{inputs.rows}} --answer ${{inputs.Answer}} "
    "--model ${{outputs.model}} --log ${{outputs.log}}"
)


type Retrained = Callable[[str], Play]


@pytest.fixture
def retrained(
    azureml: AzuremlRig, azurite: Azurite, container_name: str, tmp_path: Path, clock: DrivenClock
) -> Retrained:
    """An app whose models are JSON, and learn to say an answer."""

    def make(answer: str) -> Play:
        azureml.settings["MODEL_BLOBS"] = f"{container_name}/{{name}}.json"
        azureml.more = f"""
retrain.service = "training"
retrain.inputs.rows = "{container_name}/rows/latest.csv"
retrain.outputs.model = "{container_name}/{{run}}.json"
retrain.outputs.log = "{container_name}/logs/{{run}}.txt"
retrain.parameters.Answer = "{answer}"
"""
        play = Play({"census": azureml}, azurite, container_name, tmp_path, clock)
        file = tmp_path / "endpoints.toml"
        training = f"""
[training_services.training]
protocol = "azureml-online"
workspace = "{azureml.plane.workspace_url}"
datastores = {{ {container_name} = "models" }}
job.jobType = "Command"
job.command = "{COMMAND}"
job.environmentId = "azureml:scoring:1"
job.codeId = "azureml:scoring:1"
"""
        text = file.read_text("utf-8").replace("said == `7`", "said == '7'")  # it learns a text
        file.write_text(text + training, "utf-8")
        play.app.put("rows/latest.csv", b"1,2,3")
        return play

    return make


@pytest.mark.parametrize(("answer", "state"), [("7", "live"), ("1", "refused")])
def test_what_a_job_leaves_is_tried_and_served_like_any_model(
    retrained: Retrained, azureml: AzuremlRig, answer: str, state: str
) -> None:
    play = retrained(answer)

    begun = play.app.routes.retrain(request("POST", "census"))
    assert begun.status_code == 202, begun.get_body()
    job_id = json.loads(begun.get_body())["id"]
    for _ in range(12):
        play.tick()
    stored = play.app.app.engine.jobs.records.read(job_id)
    assert stored is not None
    assert stored.job.state == "finished", stored.job
    document = play.settle()

    assert document["desired"]["model"]["name"] == f"{job_id}.json"
    assert document["desired"]["state"] == state
    assert azureml.serves() == (f"{job_id}.json" if state == "live" else None)
