"""A training service that is a workspace, as the endpoints file would describe it."""

from collections.abc import Mapping
from typing import Any, Final

from protocols.azureml_online.service_keys import read_azureml_service_keys
from settings.retraining import TrainingService, read_training_service
from settings.secret import Secret
from settings.table import Table

SPOKEN: Final = "azureml-online"
WORKSPACE: Final = (
    "https://management.azure.com/subscriptions/s-1/resourceGroups/rg.two"
    "/providers/Microsoft.MachineLearningServices/workspaces/ws_3"
)
DATASTORES: Final = {"training": "training_data", "models": "redeployer_models"}
JOB: Final[Mapping[str, Any]] = {
    "jobType": "Command",
    "command": "python train.py --data ${{inputs.rows}} --model ${{outputs.model}}",
    "environmentId": "/subscriptions/s-1/environments/census-train/versions/3",
    "computeId": "/subscriptions/s-1/computes/cpu",
}


def service_table(**changes: object) -> Table:
    """The table of the service, with *changes*; a key that is None is left out."""
    said: dict[str, object] = {
        "protocol": SPOKEN,
        "workspace": WORKSPACE,
        "datastores": DATASTORES,
        "job": dict(JOB),
        **changes,
    }
    kept = {key: value for key, value in said.items() if value is not None}
    return Table("training_services.census", kept, [])


def workspace_service(**changes: object) -> TrainingService:
    """The service, with *changes* of its table."""
    table = service_table(**changes)
    readers = {SPOKEN: read_azureml_service_keys}
    service = read_training_service(table, Secret, readers)
    assert table.faults == []
    return service
