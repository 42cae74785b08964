"""The app with a training service and an endpoint, on real storage and a clock that tests drive."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import azure.functions as func
from azure.storage.blob import BlobServiceClient

from http_api.routes import Routes
from local_stack.azurite import Azurite
from local_stack.http_service.journal import ReceivedRequest
from local_stack.ml_service import MlService
from patch_endpoint.record import Record
from protocols.identity import Identity
from retrain_trigger.engine import App
from retrain_trigger.job import Job
from retrain_trigger.landed import model_landed
from retrain_trigger.sweep import sweep
from retrain_trigger.watch import watch
from tests.integration.ml_service.wire import DrivenClock

TRAINING = "digits-training"
OURS = 'outputs.output2 = "{container}/digits/{{run}}.ilearner"'


@dataclass
class RetrainingApp:
    """The app and what it speaks to.

    Attributes:
        azurite: Storage.
        container: Where models land; the training data lies there too.
        service: The local ML service, with its endpoint `digits`.
        clock: What all but storage go by.
        folder: Where the endpoints file is.
        more: App settings beside the usual.
        identity: What reads Key Vault.
    """

    azurite: Azurite
    container: str
    service: MlService
    clock: DrivenClock
    folder: Path
    more: Mapping[str, str]
    identity: Identity | None = None

    def __post_init__(self) -> None:
        """Make the container, and an endpoints file without a schedule."""
        with self._blobs() as blobs:
            blobs.create_container(self.container)
        self.configure()
        self.restart()

    def restart(self) -> None:
        """Start the app anew, with nothing in memory."""
        self.app = App(self.settings(), self.folder, now=self.clock, identity=self.identity)
        self.routes = Routes(lambda: self.app)

    def configure(  # noqa: PLR0913 - each says one thing of the file
        self,
        *,
        outputs: str = "",
        schedule: str = "",
        timeout: str = "12h",
        output: str = "",
        keys: str = "",
        training_key: str = "TRAINING_KEY",
        name: str = "digits",
    ) -> None:
        """Write the endpoints file: one endpoint, retrained by the sample training service."""
        text = f"""
[endpoints.{name}]
patch_url = "{self.service.patch_url("digits").removesuffix("digits")}{name}"
api_key = "%KEY%"
{keys}
[endpoints.{name}.retrain]
service = "digits"
inputs.input1 = "{self.container}/training/digits.csv"
{outputs.format(container=self.container)}
{f'schedule = "{schedule}"' if schedule else ""}
[training_services.digits]
jobs_url = "{self.service.jobs_url(TRAINING)}"
api_key = "%{training_key}%"
timeout = "{timeout}"
{f'output = "{output}"' if output else ""}
"""
        (self.folder / "endpoints.toml").write_text(text, "utf-8")

    def put(self, name: str, content: bytes) -> None:
        """Write a blob."""
        with self._blobs() as blobs:
            blobs.get_blob_client(self.container, name).upload_blob(content, overwrite=True)

    def names(self, prefix: str) -> list[str]:
        """Name the blobs whose names begin with *prefix*."""
        with self._blobs() as blobs:
            client = blobs.get_container_client(self.container)
            return sorted(client.list_blob_names(name_starts_with=prefix))

    def tick(self, **later: float) -> int:
        """Let time pass, a minute unless it is said, and `watch` run."""
        self.clock.advance(**(later or {"minutes": 1}))
        return watch(self.app.engine)

    def sweep(self) -> int:
        """Have `sweep` run."""
        return sweep(self.app.engine)

    def announce(self, name: str) -> None:
        """What the blob trigger does."""
        model_landed(self.app.engine, name)

    def retrain(self, query: str = "", body: object = None) -> func.HttpResponse:
        """A person has the endpoint retrained."""
        return self.routes.retrain(self._request("POST", "/endpoints/digits/retrain", query, body))

    def rollback(self) -> func.HttpResponse:
        """A person goes back to the model before."""
        return self.routes.rollback(self._request("POST", "/endpoints/digits/rollback"))

    def create(self, endpoint: str = "digits") -> func.HttpResponse:
        """A person has an endpoint added."""
        path = f"/endpoints/{endpoint}/create"
        return self.routes.create_endpoint(self._request("POST", path))

    def cancel(self, job_id: str) -> func.HttpResponse:
        """A person has a job cancelled."""
        return self.routes.cancel_job(self._request("POST", f"/jobs/{job_id}/cancel"))

    def shown(self, job_id: str) -> Any:
        """The document of a job, as GET answers it."""
        answer = self.routes.get_job(self._request("GET", f"/jobs/{job_id}"))
        assert answer.status_code == 200, answer.get_body()
        return json.loads(answer.get_body())

    def listed(self) -> list[Any]:
        """The jobs as the list shows them."""
        answer = self.routes.list_jobs(self._request("GET", "/jobs"))
        value: list[Any] = json.loads(answer.get_body())["value"]
        return value

    def status(self) -> Any:
        """What the app says of itself."""
        return json.loads(self.routes.status(self._request("GET", "/status")).get_body())

    def begun(self) -> str:
        """Have the endpoint retrained, and give the job's id."""
        answer = self.retrain()
        assert answer.status_code == 202, answer.get_body()
        job_id: str = json.loads(answer.get_body())["id"]
        return job_id

    def job(self, job_id: str) -> Job:
        """Read a job's record."""
        stored = self.app.engine.jobs.records.read(job_id)
        assert stored is not None
        return stored.job

    def record(self, name: str = "digits") -> Record:
        """Read the endpoint's record."""
        return self.app.engine.records.read(name).record

    def received(self, method: str, path_part: str = "") -> list[ReceivedRequest]:
        """Give the requests that the service got."""
        return [
            one for one in self.service.requests if one.method == method and path_part in one.path
        ]

    def patched(self) -> list[dict[str, str]]:
        """Give the locations that were PATCHed, in their order."""
        bodies: list[Any] = [one.body for one in self.received("PATCH")]
        return [body["Resources"][0]["Location"] for body in bodies]

    def _request(
        self, method: str, path: str, query: str = "", body: object = None
    ) -> func.HttpRequest:
        parts = path.strip("/").split("/")
        kind = {"endpoints": "endpoint", "jobs": "job"}.get(parts[0], "")
        return func.HttpRequest(
            method,
            f"http://127.0.0.1/api{path}{query}",
            route_params={kind: parts[1]} if len(parts) > 1 else {},
            params=dict(part.split("=", 1) for part in query.lstrip("?").split("&") if part),
            body=b"" if body is None else json.dumps(body).encode(),
        )

    def settings(self) -> dict[str, str]:
        """Give the app settings."""
        return {
            **self.azurite.environ("AzureWebJobsStorage"),
            **self.azurite.environ("ModelStorage"),
            "STATE_CONTAINER": f"{self.container}-state",
            "MODEL_BLOBS": f"{self.container}/{{name}}.ilearner",
            "ENDPOINTS_FILE": str(self.folder / "endpoints.toml"),
            "KEY": self.service.key("digits"),
            "TRAINING_KEY": self.service.key(TRAINING),
            "OTHER_KEY": "n0-key-0f-anybody",
            "WORKSPACE_TOKEN": self.service.studio.workspace_token,
            **self.more,
        }

    def _blobs(self) -> BlobServiceClient:
        return BlobServiceClient.from_connection_string(self.azurite.connection_string)
