"""An online endpoint of a local Azure ML workspace, whose deployments are processes that score."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import requests

from local_stack.azureml import Code, ControlPlane, Datastore, Endpoint, Environment, Workspace
from local_stack.azureml.pacing import AfterLooks
from local_stack.azurite import Azurite
from local_stack.identity import ManagedIdentity
from patch_endpoint.kept import CONTAINER as KEPT
from tests.integration.azureml.wire import SCRIPTS
from tests.integration.key_vault.msi_tokens import MsiTokens
from tests.integration.ml_service.wire import DrivenClock

_ARM = "https://management.azure.com/.default"


class AzuremlRig:
    """See `Rig`.

    Attributes:
        plane: The workspace.
        tokens: The app's identity.
        online_endpoint: The endpoint's name in the workspace.
        more: Further lines of the endpoint's table.
    """

    rejects_as = "refused"
    reads_by_token = False

    def __init__(self, plane: ControlPlane, tokens: MsiTokens, container: str) -> None:
        self.plane, self.tokens, self._container = plane, tokens, container
        self.settings: dict[str, str] = {}
        self.online_endpoint = "census"
        self.smoke = json.dumps({"input": 1}).encode()
        self.more = 'traffic_steps = [10, 100]\nstep_after = "1m"'

    @classmethod
    @contextmanager
    def start(
        cls,
        azurite: Azurite,
        clock: DrivenClock,
        container: str,
        identity: ManagedIdentity,
        scoring: Environment,
    ) -> Iterator["AzuremlRig"]:
        """Serve until the block ends; what scores is what the environment `scoring` has."""
        stores = {"models": container, "kept": KEPT}
        workspace = Workspace(
            datastores=tuple(
                Datastore(name=name, container=one, connection_string=azurite.connection_string)
                for name, one in stores.items()
            ),
            codes=(Code(name="scoring", folder=SCRIPTS),),
            environments=(scoring,),
            endpoints=(Endpoint(name="census"),),
            pacing=AfterLooks(1),
        )
        with ControlPlane.start(workspace, now=clock) as plane:
            yield cls(plane, MsiTokens(identity), container)

    def table(self, name: str) -> str:
        """See `Rig`."""
        return f"""
[endpoints.{name}]
protocol = "azureml-online"
models = "*"
workspace = "{self.plane.workspace_url}"
online_endpoint = "{self.online_endpoint}"
datastores = {{ {self._container} = "models", {KEPT} = "kept" }}
{self.more}
[endpoints.{name}.deployment]
instance_type = "Standard_DS3_v2"
environment = "azureml:scoring:1"
code = "azureml:scoring:1"
scoring_script = "score.py"
[endpoints.{name}.smoke_test]
score_url = "{self.plane.score_url("census")}"
request = "{name}.json"
expect = "said == `7`"
"""

    def model(self, *, good: bool = True) -> bytes:
        """See `Rig`."""
        return json.dumps({"answer": 7 if good else 1}).encode()

    def serves(self) -> str | None:
        """See `Rig`: what has all traffic, in effect."""
        traffic = self.plane.traffic("census")
        name = next((one for one, share in traffic.items() if share == 100), None)
        return None if name is None else self.deployments()[name]["redeployer-model"]

    def told(self) -> list[str]:
        """See `Rig`: what was to be deployed."""
        sent = [one.body for one in self.plane.requests if _deploys(one.method, one.path)]
        return [body["tags"]["redeployer-model"] for body in sent if isinstance(body, dict)]

    def fail(self, times: int) -> None:
        """See `Rig`."""
        self.plane.script("PUT", "/deployments/", times=times, status=503)

    def token_expires_at(self) -> datetime | None:
        """See `Rig`."""
        return None

    def deployments(self) -> dict[str, dict[str, str]]:
        """Name the deployments there are, without those that are being deleted, and their tags."""
        listed = self.ask("GET", "/deployments")["value"]
        stand = [one for one in listed if one["properties"]["provisioningState"] != "Deleting"]
        return {one["name"]: one["tags"] for one in stand}

    def ask(self, method: str, path: str = "", body: object = None) -> Any:
        """Ask about the endpoint, or change it, as a person does."""
        answer = requests.request(
            method,
            f"{self.plane.workspace_url}/onlineEndpoints/census{path}",
            params={"api-version": "2025-12-01"},
            headers={"Authorization": f"Bearer {self.tokens.token(_ARM).reveal()}"},
            json=body,
            timeout=10,
        )
        assert answer.ok, answer.text
        return answer.json() if answer.content else None


def _deploys(method: str, path: str) -> bool:
    return method == "PUT" and "/deployments/" in path
