"""A client of the local workspace's wire, and storage that its models are in."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from azure.storage.blob import BlobServiceClient

from local_stack.azureml import Code, ControlPlane, Datastore, Endpoint, Environment, Workspace
from local_stack.azureml.pacing import AfterLooks
from local_stack.azurite import Azurite
from tests.integration.key_vault.msi_tokens import MsiTokens
from tests.integration.ml_service.wire import DrivenClock

SCRIPTS = Path(__file__).parent / "entry_script"
LOCATION = "westeurope"
VERSION = "2025-12-01"


@dataclass
class Caller:
    """Who knows the workspace, its storage and an identity that may do all.

    Attributes:
        plane: The workspace.
        clock: Its clock.
        azurite: Where models are.
        container: The container of the datastore `models`.
    """

    plane: ControlPlane
    clock: DrivenClock
    azurite: Azurite
    container: str
    tokens: MsiTokens

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        version: str | None = VERSION,
        headers: dict[str, str] | None = None,
    ) -> requests.Response:
        """Ask the control plane; the path is the workspace's, or an address of an answer."""
        url = path if path.startswith("http") else f"{self.plane.workspace_url}{path}"
        query = {} if version is None or "api-version" in url else {"api-version": version}
        return requests.request(
            method,
            url,
            params=query,
            json=body,
            headers=self.bearer() if headers is None else headers,
            timeout=60,
            allow_redirects=False,
        )

    def bearer(self, scope: str = "https://management.azure.com/.default") -> dict[str, str]:
        """A token of the identity."""
        return {"Authorization": f"Bearer {self.tokens.token(scope).reveal()}"}

    def land(self, blob: str, model: object) -> None:
        """Put a model into the container."""
        content = model if isinstance(model, bytes) else json.dumps(model).encode()
        with BlobServiceClient.from_connection_string(self.azurite.connection_string) as service:
            service.get_blob_client(self.container, blob).upload_blob(content, overwrite=True)

    def uri(self, blob: str, datastore: str = "models") -> str:
        """Where a blob is, as the workspace calls it."""
        workspace = self.plane.workspace
        return (
            f"azureml://subscriptions/{workspace.subscription_id}"
            f"/resourceGroups/{workspace.resource_group}/workspaces/{workspace.name}"
            f"/datastores/{datastore}/paths/{blob}"
        )

    def register(self, version: str, model: object = None, **properties: object) -> str:
        """Land a model and register it; gives the id of the version."""
        blob = f"{version}.json"
        self.land(blob, {"answer": version} if model is None else model)
        put = {"modelType": "custom_model", "modelUri": self.uri(blob), **properties}
        answer = self.ask("PUT", f"/models/census/versions/{version}", {"properties": put})
        assert answer.status_code in {200, 201}, answer.text
        return str(answer.json()["id"])

    def deployment(self, model: str, /, **properties: object) -> dict[str, Any]:
        """The body of a deployment."""
        workspace = self.plane.workspace_url.removeprefix(self.plane.url)
        return {
            "location": LOCATION,
            "sku": {"name": "Default", "capacity": 1},
            "tags": {"made-by": "a test"},
            "properties": {
                "endpointComputeType": "Managed",
                "instanceType": "Standard_DS3_v2",
                "model": model,
                "environmentId": f"{workspace}/environments/scoring/versions/1",
                "codeConfiguration": {
                    "codeId": f"{workspace}/codes/scoring/versions/1",
                    "scoringScript": "score.py",
                },
                **properties,
            },
        }

    def job(self, command: str = "python train.py", **properties: object) -> dict[str, Any]:
        """The body of a command job."""
        workspace = self.plane.workspace_url.removeprefix(self.plane.url)
        asset = f"{workspace}/{{}}/scoring/versions/1"
        return {
            "properties": {
                "jobType": "Command",
                "command": command,
                "environmentId": asset.format("environments"),
                "codeId": asset.format("codes"),
                **properties,
            }
        }

    def get(self, blob: str) -> bytes:
        """A blob's bytes."""
        with BlobServiceClient.from_connection_string(self.azurite.connection_string) as service:
            return service.get_blob_client(self.container, blob).download_blob().readall()

    def put_deployment(self, name: str, model: str, /, **properties: object) -> requests.Response:
        """PUT a deployment of the endpoint `census`."""
        return self.ask("PUT", f"{DEPLOYMENTS}/{name}", self.deployment(model, **properties))

    def deploy(self, name: str, model: object = None, **properties: object) -> None:
        """Have a deployment stand whose model says the deployment's name."""
        answer = self.put_deployment(name, self.register(name, model), **properties)
        assert answer.status_code in {200, 201}, answer.text
        assert self.settled(f"{DEPLOYMENTS}/{name}") == "Succeeded"

    def settled(self, path: str) -> str:
        """Look at a resource until its operation is over; gives its state."""
        while (state := self.state(path)) in {"Creating", "Updating", "Deleting", "Scaling"}:
            self.clock.advance(seconds=1)
        return state

    def state(self, path: str) -> str:
        """Look once; gives the state."""
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["properties"]["provisioningState"])

    def give_traffic(self, **traffic: int) -> None:
        """Have a map of traffic in effect."""
        answer = self.put_traffic(traffic)
        assert answer.status_code == 200, answer.text
        assert self.settled(ENDPOINT) == "Succeeded"

    def put_traffic(self, traffic: dict[str, int]) -> requests.Response:
        """PUT the endpoint with a map of traffic, and all else as it is."""
        document = self.ask("GET", ENDPOINT).json()
        document["properties"]["traffic"] = traffic
        return self.ask("PUT", ENDPOINT, document)

    def score(
        self, deployment: str | None = None, *, key: str | None = None, body: object = None
    ) -> requests.Response:
        """Score, by traffic or at one deployment."""
        bearer = key if key is not None else self.plane.key("census")
        headers = {"Authorization": f"Bearer {bearer}"}
        if deployment is not None:
            headers["azureml-model-deployment"] = deployment
        sent = {"input": 1} if body is None else body
        return requests.post(self.plane.score_url("census"), json=sent, headers=headers, timeout=60)

    def says(self, deployment: str | None = None) -> object:
        """What the endpoint, or one of its deployments, says."""
        answer = self.score(deployment)
        assert answer.status_code == 200, answer.text
        return answer.json()["said"]


ENDPOINT = "/onlineEndpoints/census"
DEPLOYMENTS = f"{ENDPOINT}/deployments"

type MakeCaller = Callable[..., AbstractContextManager[Caller]]


def workspace_of(azurite: Azurite, container: str, environment: Environment) -> Workspace:
    """A workspace with one endpoint, and everything that a deployment needs but a model."""
    return Workspace(
        location=LOCATION,
        datastores=(
            Datastore(
                name="models", container=container, connection_string=azurite.connection_string
            ),
        ),
        codes=(Code(name="scoring", folder=SCRIPTS),),
        environments=(environment,),
        endpoints=(Endpoint(name="census"),),
        pacing=AfterLooks(1),
    )
