"""The app on a functions host with real storage and a real ML service, as one thing to hold."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
from azure.storage.blob import BlobServiceClient, ContainerClient
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from local_stack.azurite import Azurite
from local_stack.functions_host import FunctionsHost
from local_stack.ml_service import MlService, sample_studio

ROOT = Path(__file__).parents[2]
PATIENCE = timedelta(seconds=30)
OFTEN = "*/2 * * * * *"
NEVER = "0 0 0 1 1 *"
_ENDPOINT = """
[endpoints.digits]
patch_url = "{url}"
api_key = "%DIGITS_API_KEY%"
"""


@dataclass(frozen=True)
class Deployment:
    """What is around the app; hosts are started and ended on it.

    Attributes:
        azurite: Storage.
        service: The ML service.
        container: Where models land.
        environ: The app settings.
    """

    azurite: Azurite
    service: MlService
    container: str
    environ: dict[str, str]

    def host(self, **settings: str) -> FunctionsHost:
        """Start a functions host with these settings on top."""
        environ = self.environ | settings
        return FunctionsHost.start(ROOT, environ=environ, poll_interval=timedelta(seconds=0.2))

    @contextmanager
    def models(self) -> Iterator[ContainerClient]:
        """The container that models land in."""
        with storage_of(self.azurite) as storage:
            yield storage.get_container_client(self.container)

    def put(self, name: str, content: bytes) -> None:
        """Have a model land."""
        with self.models() as models:
            models.upload_blob(name, content, overwrite=True)

    def patches(self) -> list[str]:
        """The blobs that the ML service was told of, oldest first."""
        bodies: list[Any] = [one.body for one in self.service.requests if one.method == "PATCH"]
        return [body["Resources"][0]["Location"]["RelativeLocation"] for body in bodies]


@contextmanager
def deployment(azurite: Azurite, container: str, folder: Path) -> Iterator[Deployment]:
    """Everything but the host, until the block ends."""
    studio = sample_studio(azurite.connection_string)
    studio = msgspec.structs.replace(studio, takes_effect_after=timedelta())
    with MlService.start(studio, ca_file=azurite.ca_file) as service:
        file = folder / "endpoints.toml"
        file.write_text(_ENDPOINT.format(url=service.patch_url("digits")), "utf-8")
        environ = {
            **azurite.environ("AzureWebJobsStorage"),
            **azurite.environ("ModelStorage"),
            **azurite.environ("StateStorage"),
            "FUNCTIONS_WORKER_RUNTIME": "python",
            "STATE_CONTAINER": f"{container}-state",
            "MODEL_BLOBS": f"{container}/{{name}}.ilearner",
            "ENDPOINTS_FILE": str(file),
            "WATCH_SCHEDULE": OFTEN,
            "SWEEP_SCHEDULE": NEVER,
            "DIGITS_API_KEY": service.key("digits"),
        }
        with storage_of(azurite) as storage:
            storage.create_container(container)
        yield Deployment(azurite, service, container, environ)


def storage_of(azurite: Azurite) -> BlobServiceClient:
    """A client with the account key."""
    return BlobServiceClient.from_connection_string(
        azurite.connection_string,
        connection_verify=str(azurite.ca_file) if azurite.ca_file else True,
    )


def document(host: FunctionsHost) -> dict[str, Any]:
    """The document of the endpoint."""
    answer = host.get("/api/endpoints/digits")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def state_of(host: FunctionsHost) -> str | None:
    """How far the desired model is; None: none is desired."""
    desired = document(host)["desired"]
    return str(desired["state"]) if desired else None


def wait_for_event(host: FunctionsHost, event: str, patience: timedelta = PATIENCE) -> None:
    """Wait until the host's log tells of an event."""
    told = re.compile(rf"\b{re.escape(event)}\b")
    wait_until(lambda: told.search(host.log_text()) is not None, patience, host.log_text)


def wait_until(
    look: Callable[[], bool], patience: timedelta = PATIENCE, evidence: Callable[[], str] = str
) -> None:
    """Look until it is so; else fail with the evidence."""
    retrying = Retrying(
        retry=retry_if_result(lambda answer: not answer),
        stop=stop_after_delay(patience.total_seconds()),
        wait=wait_fixed(0.1),
        retry_error_callback=lambda _: False,
    )
    assert retrying(look), evidence()[-4000:]
