"""Everything around the app where it is killed: storage, the ML service, proxies between."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import msgspec
import requests
from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient

from local_stack.azurite import Azurite
from local_stack.ml_service import MlService, dataset, sample_studio
from local_stack.ml_service.job_pacing import AtOnce
from patch_endpoint.kept import CONTAINER as KEPT
from patch_endpoint.record import Record
from patch_endpoint.records import Records
from retrain_trigger.job import Job
from state.store import BlobStateStore
from tests.chaos.counting_proxy import counting_proxy
from tests.chaos.places import Places

TRAINING: Final = "digits-training"
HOURLY: Final = "0 0 * * * *"
_ENDPOINTS = """
[endpoints.digits]
patch_url = "{patch_url}"
api_key = "%KEY%"
models = "**/*.ilearner"

[endpoints.digits.retrain]
service = "digits"
inputs.input1 = "{container}/training/digits.csv"
outputs.output2 = "{container}/digits/{{run}}.ilearner"
{schedule}

[training_services.digits]
jobs_url = "{jobs_url}"
api_key = "%TRAINING_KEY%"
"""


@dataclass
class CrashBench:
    """What is around one process that is killed once.

    Attributes:
        storage: Storage, past the proxy through which the app reaches it.
        service: The ML service, which the app reaches through another.
        container: Where models land.
        environ: The app settings, by which the app goes through the proxies.
        places: Where it is killed.
    """

    storage: BlobServiceClient
    service: MlService
    container: str
    environ: dict[str, str]
    places: Places

    def put(self, name: str, content: bytes) -> None:
        """Write a blob, without anybody noticing."""
        self.storage.get_blob_client(self.container, name).upload_blob(content, overwrite=True)

    def serves(self) -> str | None:
        """Name the blob that the endpoint itself says it serves."""
        answer = requests.get(
            self.service.patch_url("digits"),
            headers={"Authorization": f"Bearer {self.service.key('digits')}"},
            timeout=30,
        )
        location: str = answer.json()["Resources"][0]["Location"]["RelativeLocation"]
        return unquote(location).removeprefix(f"{self.container}/")

    def patched(self) -> list[str]:
        """Name the models that the ML service was told of, oldest first."""
        bodies: list[Any] = [one.body for one in self.service.requests if one.method == "PATCH"]
        told = [unquote(body["Resources"][0]["Location"]["RelativeLocation"]) for body in bodies]
        return [location.removeprefix(f"{self.container}/") for location in told]

    def starts(self) -> int:
        """Count how often the ML service was told to start a job, be it one that runs."""
        return sum(one.path.endswith("/start") for one in self.service.requests)

    def record(self) -> Record:
        """Read the endpoint's record."""
        return Records(self._store).read("digits").record

    def jobs(self) -> list[Job]:
        """Read the jobs' records."""
        found = [self._store.read(one.name).content for one in self._store.listed("jobs/")]
        return [msgspec.json.decode(content or b"", type=Job) for content in found]

    def agenda(self) -> list[str]:
        """Name what is on the agenda."""
        return [one.name for one in self._store.listed("agenda/")]

    @property
    def _store(self) -> BlobStateStore:
        return BlobStateStore(self.storage.get_container_client(f"{self.container}-state"))


@contextmanager
def crash_bench(
    azurite: Azurite, container: str, folder: Path, places: Places, *, schedule: str | None
) -> Iterator[CrashBench]:
    """Have everything ready but the app, until the block ends; by *schedule* it retrains."""
    studio = msgspec.structs.replace(
        sample_studio(azurite.connection_string),
        takes_effect_after=timedelta(),
        job_pacing=AtOnce(),
    )
    blobs = _origin(azurite.blob_service_uri)
    with (
        MlService.start(studio) as service,
        counting_proxy(blobs, lambda: places) as storage,
        counting_proxy(service.url, lambda: places) as ml,
        BlobServiceClient.from_connection_string(azurite.connection_string) as client,
    ):
        file = folder / "endpoints.toml"
        text = _ENDPOINTS.format(
            patch_url=service.patch_url("digits").replace(service.url, ml),
            jobs_url=service.jobs_url(TRAINING).replace(service.url, ml),
            container=container,
            schedule=f'schedule = "{schedule}"' if schedule else "",
        )
        file.write_text(text, "utf-8")
        connection = azurite.connection_string.replace(blobs, storage)
        environ = {
            **azurite.environ("AzureWebJobsStorage"),
            "ModelStorage": connection,
            "StateStorage": connection,
            "FUNCTIONS_WORKER_RUNTIME": "python",
            "STATE_CONTAINER": f"{container}-state",
            "MODEL_BLOBS": f"{container}/{{name}}.ilearner",
            "ENDPOINTS_FILE": str(file),
            "KEY": service.key("digits"),
            "TRAINING_KEY": service.key(TRAINING),
        }
        client.create_container(container)
        # One for all plays: who makes it first would make calls that the others do not.
        with suppress(ResourceExistsError):
            client.create_container(KEPT)
        bench = CrashBench(client, service, container, environ, places)
        bench.put("training/digits.csv", dataset.rows("little").to_csv())
        yield bench


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
