"""One scheduled retrain's way into service, with storage that fails at one call of it."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import msgspec
from azure.storage.blob import BlobServiceClient

from retrain_trigger.job import Job
from tests.chaos.hostile.fleet import PLACES, Good
from tests.chaos.hostile.hostile_server import HostileServer, Request, http_answer
from tests.chaos.storage.deployment import FaultyDeployment, MakeClient

_OUTPUT: Final = "output1"


class Trains(Good):
    """A training service that writes the model where it was asked to, past all faults."""

    def __init__(self, storage: BlobServiceClient) -> None:
        super().__init__()
        self._storage = storage
        self._asked: dict[str, dict[str, str]] = {}
        self._started: set[str] = set()

    def __call__(self, request: Request) -> bytes:
        """Give the answer to this request."""
        asked = (request.method, request.path)
        if asked == PLACES["submit"]:
            body: Any = json.loads(request.raw.partition(b"\r\n\r\n")[2])
            self._asked[request.name] = body["Outputs"][_OUTPUT]
        if asked == PLACES["start"]:
            location = unquote(self._asked[request.name]["RelativeLocation"])
            container, _, blob = location.partition("/")
            client = self._storage.get_blob_client(container, blob)
            client.upload_blob(b"trained", overwrite=True)
            self._started.add(request.name)
        if asked == PLACES["look"]:
            job: dict[str, Any] = {"StatusCode": "NotStarted"}
            if request.name in self._started:
                job = {"StatusCode": "Finished", "Results": {_OUTPUT: self._asked[request.name]}}
            return http_answer("200 OK", json.dumps(job).encode())
        return super().__call__(request)


class FaultyRetrain(FaultyDeployment):
    """The app on storage that fails, with one endpoint and a retrain due within three minutes."""

    def __init__(  # noqa: PLR0913 - as above it
        self,
        storage: BlobServiceClient,
        name: str,
        folder: Path,
        endpoint: HostileServer,
        *,
        connection_string: str,
        client_of: MakeClient | None = None,
    ) -> None:
        super().__init__(
            storage,
            name,
            folder,
            endpoint,
            connection_string=connection_string,
            client_of=client_of,
        )
        due = self.clock.instant + timedelta(minutes=3)
        with (folder / "endpoints.toml").open("a", encoding="utf-8") as file:
            file.write(
                f'\n[endpoints."{name}".retrain]\nservice = "training"\n'
                f'schedule = "0 {due.minute} {due.hour} * * *"\n'
                f'outputs.{_OUTPUT} = "{name}/trained/{{run}}.ilearner"\n'
                f'[training_services.training]\njobs_url = "{endpoint.url}/{name}/jobs"\n'
                f'api_key = "%KEY%"\noutput = "{_OUTPUT}"\n'
            )

    def jobs(self) -> list[Job]:
        """Read the jobs' records past all faults, and without mending any."""
        container = self._storage.get_container_client(f"{self.name}-state")
        blobs = [container.get_blob_client(name) for name in container.list_blob_names()]
        found = [blob for blob in blobs if blob.blob_name.startswith("jobs/")]
        return [msgspec.json.decode(one.download_blob().readall(), type=Job) for one in found]

    def starts(self) -> int:
        """How often the training service was told to start a job."""
        return self._endpoint.requests_of(self.name).count(PLACES["start"])

    def state(self) -> str:
        """What the job is in while it has not ended well, then what its model is in."""
        states = [job.state for job in self.jobs()]
        return super().state() if states == ["finished"] else f"jobs {states}"
