"""The running app under attack: our functions host, real storage, the local ML service."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import msgspec
from azure.storage.blob import BlobServiceClient

from local_stack.azurite import Azurite
from local_stack.functions_host import FunctionsHost
from local_stack.ml_service import MlService, dataset, sample_studio
from local_stack.ml_service.job_pacing import AfterTime
from local_stack.ml_service.training import train
from tests.integration.app.running_app import app_settings

ROOT = Path(__file__).parents[3]
NAMES = ("digits", "waits", "empty", "keyless", "refusing", "added", "default")
_TRAINING = "digits-training"
_NEVER = "0 0 0 1 1 *"


@dataclass(frozen=True)
class Site:
    """The app on a functions host, and what is around it.

    Attributes:
        host: The functions host.
        service: What it PATCHes, and what trains.
        secrets: Every key and token that the app was given.
    """

    host: FunctionsHost
    service: MlService
    secrets: tuple[str, ...] = field(repr=False)


@contextmanager
def site(azurite: Azurite, container: str, folder: Path) -> Iterator[Site]:
    """Start the app with endpoints of every kind, a model for most, and a job that runs."""
    studio = msgspec.structs.replace(
        sample_studio(azurite.connection_string),
        takes_effect_after=timedelta(),
        job_pacing=AfterTime(timedelta(hours=9)),
    )
    with MlService.start(studio) as service:
        keys = _keys(service)
        environ = app_settings(azurite, container, folder, _endpoints(service, container))
        with (folder / "endpoints.toml").open("a", encoding="utf-8") as file:
            file.write(_training_service(service))
        _fill(azurite, container)
        with FunctionsHost.start(ROOT, environ=environ | keys | _quiet()) as host:
            assert host.post("/api/endpoints/digits/retrain").status_code == 202
            yield Site(host, service, (*keys.values(), azurite.account_key, host.key))


def _keys(service: MlService) -> dict[str, str]:
    return {
        "KEY": service.key("digits"),
        "TRAINING_KEY": service.key(_TRAINING),
        "WRONG_KEY": "no-key-of-this-endpoint",
        "WORKSPACE_TOKEN": service.studio.workspace_token,
    }


def _quiet() -> dict[str, str]:
    return {
        "SWEEP_SCHEDULE": _NEVER,
        "AzureWebJobs.watch.Disabled": "true",
        "AzureWebJobs.model_landed.Disabled": "true",
    }


def _endpoints(service: MlService, container: str) -> dict[str, dict[str, object]]:
    url = service.patch_url("digits")
    endpoints: dict[str, dict[str, object]] = {
        name: {
            "patch_url": url,
            "api_key": "%KEY%",
            "models": f"{name}/**",
            "workspace_token": "%WORKSPACE_TOKEN%",
        }
        for name in NAMES
    }
    for name in ("added", "default"):
        endpoints[name]["patch_url"] = url.removesuffix("digits") + name
    endpoints["waits"]["auto_deploy"] = False
    endpoints["keyless"]["api_key"] = "%KEY_THAT_NOBODY_SET%"
    endpoints["refusing"]["api_key"] = "%WRONG_KEY%"
    inputs = {"input1": f"{container}/training/digits.csv"}
    endpoints["digits"]["retrain"] = {"service": "digits", "inputs": inputs}
    return endpoints


def _training_service(service: MlService) -> str:
    url = service.jobs_url(_TRAINING)
    return f'\n[training_services.digits]\njobs_url = "{url}"\napi_key = "%TRAINING_KEY%"\n'


def _fill(azurite: Azurite, container: str) -> None:
    model, rows = train(dataset.rows("little")), dataset.rows("little").to_csv()
    with BlobServiceClient.from_connection_string(azurite.connection_string) as storage:
        client = storage.create_container(container)
        client.upload_blob("training/digits.csv", rows)
        for name in NAMES:
            if name != "empty":
                client.upload_blob(f"{name}/a.ilearner", model)
                client.upload_blob(f"{name}/b ü.ilearner", model)
