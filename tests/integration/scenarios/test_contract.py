"""What the app asks of a workspace, held to Microsoft's own models of the contract."""

import pytest

from local_stack.azureml.installed import IS_INSTALLED, NOT_INSTALLED
from tests.integration.azureml.contract import checks_of, faults_of
from tests.integration.scenarios.azureml_rig import AzuremlRig
from tests.integration.scenarios.play import Play

pytestmark = [
    pytest.mark.real_server,
    pytest.mark.skipif(not IS_INSTALLED, reason=NOT_INSTALLED),
]


def test_all_that_the_app_asks_and_all_that_it_is_answered_is_of_the_contract(
    play_azureml: Play, azureml: AzuremlRig
) -> None:
    for number in (1, 2):
        play_azureml.land(number)
        play_azureml.settle()
    play_azureml.land(3, good=False)
    play_azureml.settle()
    play_azureml.roll_back()
    play_azureml.settle()
    play_azureml.clock.advance(hours=24)
    for _ in range(12):
        play_azureml.tick()

    checks = checks_of(azureml.plane.exchanges)

    assert {one.method for one in azureml.plane.requests} >= {"GET", "PUT", "POST", "DELETE"}
    assert {one.model for one in checks if one.sent} == {
        "ModelVersion",
        "OnlineDeployment",
        "OnlineEndpoint",
    }
    assert {one.model for one in checks if not one.sent} == {
        "EndpointAuthKeys",
        "ErrorResponse",
        "ModelVersion",
        "OnlineDeployment",
        "OnlineEndpoint",
    }
    assert faults_of(checks) == []
