"""The app with an endpoint that a workspace of Azure Machine Learning retrains."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, override

from local_stack.azureml import Code, ControlPlane, Datastore, Environment, Workspace
from local_stack.azureml.pacing import AfterLooks, Pacing
from local_stack.azurite import Azurite
from local_stack.http_service.journal import ReceivedRequest
from protocols.wire import Wire
from retrain_trigger.engine import App
from tests.integration.ml_service.wire import DrivenClock
from tests.integration.retraining.retraining_app import RetrainingApp

_SCRIPT = Path(__file__).parent / "training_script"
MODEL = 'outputs.model = "{container}/digits/{{run}}.ilearner"'


@dataclass
class WorkspaceApp(RetrainingApp):
    """See `RetrainingApp`: its endpoint is one of Studio (classic), its jobs run in a workspace.

    Attributes:
        plane: The workspace.
    """

    plane: ControlPlane = field(kw_only=True)

    @override
    def configure(
        self,
        *,
        outputs: str = MODEL,
        schedule: str = "",
        timeout: str = "12h",
        keys: str = "",
        parameters: str = "{ Sleep = 0 }",
        datastore: str = "models",
        **others: Any,
    ) -> None:
        """Write the endpoints file: one endpoint, retrained by jobs of the workspace."""
        del others
        workspace, data = self.plane.workspace_url, f"{self.container}/training/digits.csv"
        text = f"""
[endpoints.digits]
patch_url = "{self.service.patch_url("digits")}"
api_key = "%KEY%"
{keys}
[endpoints.digits.retrain]
service = "digits"
inputs.rows = "{data}"
parameters = {parameters}
{outputs.format(container=self.container)}
{f'schedule = "{schedule}"' if schedule else ""}
[training_services.digits]
protocol = "azureml-online"
workspace = "{workspace}"
datastores = {{ {self.container} = "{datastore}" }}
timeout = "{timeout}"
[training_services.digits.job]
jobType = "Command"
command = "python train.py --rows ${{{{inputs.rows}}}} --model ${{{{outputs.model}}}} --sleep ${{{{inputs.Sleep}}}}"
environmentId = "azureml:training:1"
codeId = "azureml:training:1"
"""  # noqa: E501 - one command
        (self.folder / "endpoints.toml").write_text(text, "utf-8")

    def restart_with(self, wire: Wire) -> None:
        """Start the app anew, with *wire* to reach what is outside."""
        settings = self.settings()
        self.app = App(settings, self.folder, now=self.clock, wire=wire, identity=self.identity)

    def asked(self, method: str, path_part: str = "/jobs/") -> list[ReceivedRequest]:
        """Give the requests that the workspace got."""
        received = self.plane.requests
        return [one for one in received if one.method == method and path_part in one.path]

    def begun_there(self) -> list[str]:
        """Name the jobs that the workspace began: what it answered with 201."""
        exchanges = [one for one in self.plane.exchanges if one.method == "PUT"]
        return [one.path.rpartition("/")[2] for one in exchanges if one.status == 201]


@contextmanager
def workspace_plane(
    azurite: Azurite, container: str, clock: DrivenClock, pacing: Pacing | None = None
) -> Iterator[ControlPlane]:
    """A workspace that can train, until the block ends."""
    workspace = Workspace(
        datastores=(
            Datastore(
                name="models", container=container, connection_string=azurite.connection_string
            ),
        ),
        codes=(Code(name="training", folder=_SCRIPT),),
        environments=(Environment(name="training", python=Path(sys.executable), server="light"),),
        pacing=pacing or AfterLooks(0),
    )
    with ControlPlane.start(workspace, now=clock) as plane:
        yield plane
