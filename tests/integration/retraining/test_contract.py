"""The jobs that the app asks a workspace for, held to Microsoft's own models of the contract."""

import pytest

from local_stack.azureml.installed import IS_INSTALLED, NOT_INSTALLED
from tests.integration.azureml.contract import checks_of, faults_of
from tests.integration.retraining.conftest import MakeWorkspaceApp
from tests.integration.retraining.test_workspace_jobs import finished

pytestmark = [
    pytest.mark.real_server,
    pytest.mark.skipif(not IS_INSTALLED, reason=NOT_INSTALLED),
]


def test_all_that_the_app_asks_and_all_that_it_is_answered_is_of_the_contract(
    make_workspace_app: MakeWorkspaceApp,
) -> None:
    with make_workspace_app() as app:
        engine = app.app.engine
        service = engine.endpoints.current().training_services["digits"]
        engine.batches[service.protocol].reach(service)
        finished(app, app.begun())
        app.plane.script("PUT", "/jobs/", drop=True)  # so that it is looked for where it is not
        job_id = app.begun()
        app.cancel(job_id)
        finished(app, job_id)
        checks = checks_of(app.plane.exchanges)
        asked = {(one.method, one.path.rpartition("/workspaces/")[2]) for one in app.asked("POST")}

    assert asked == {("POST", f"digits/jobs/{job_id}/cancel")}
    assert {one.model for one in checks if one.sent} == {"JobBase"}
    assert {one.model for one in checks if not one.sent} == {"JobBase", "ErrorResponse"}
    assert faults_of(checks) == []
