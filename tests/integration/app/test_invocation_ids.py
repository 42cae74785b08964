"""Each line of the app belongs to its invocation: on Microsoft's own worker, under load."""

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

from azure.storage.blob import BlobServiceClient

from local_stack.azurite import Azurite
from local_stack.functions_host import FunctionsHost
from local_stack.ml_service import MlService, sample_studio
from tests.integration.app.running_app import QUIET, app_settings
from tests.integration.functions_host.sample_app import eventually

ROOT = Path(__file__).parents[3]
ENDPOINTS, MODELS = 3, 4
NAMES = [f"m{number}.ilearner" for number in range(MODELS)]
# What the worker forwards beside the message: the function and the invocation's id.
ORIGIN = r"\[model_landed (?P<id>[0-9a-f-]{36})\]"
LANDED = re.compile(rf"{ORIGIN} model\.landed model=(?P<model>\S+)")
ASKED = re.compile(rf"{ORIGIN} deployment\.\w+ .*?asked=(?P<model>\S+)")


def test_lines_of_invocations_at_the_same_time_are_told_apart(
    azurite: Azurite, container_name: str, tmp_path: Path, model: bytes
) -> None:
    """Several models land at once, each for several endpoints, which are worked on in threads."""
    with (
        MlService.start(sample_studio(azurite.connection_string)) as service,
        BlobServiceClient.from_connection_string(azurite.connection_string) as storage,
    ):
        keys = {"patch_url": service.patch_url("digits"), "api_key": "%KEY%", "models": "**"}
        endpoints = {f"e{number}": keys for number in range(ENDPOINTS)}
        environ = app_settings(azurite, container_name, tmp_path, endpoints) | {
            "KEY": service.key("digits"),
            **QUIET,
        }
        container = storage.create_container(container_name)
        for name in NAMES:
            container.upload_blob(name, model)
        poll = timedelta(seconds=0.2)
        with FunctionsHost.start(ROOT, environ=environ, poll_interval=poll) as host:
            eventually(lambda: _landed(host) == MODELS)
            log = host.log_text()

    landed = {found["id"]: found["model"] for found in LANDED.finditer(log)}
    asked = Counter((found["id"], found["model"]) for found in ASKED.finditer(log))
    assert sorted(landed.values()) == NAMES
    assert asked == dict.fromkeys(landed.items(), ENDPOINTS)
    ours = [line for line in log.splitlines() if re.search(r" (deployment|patch|model)\.", line)]
    assert [line for line in ours if not re.search(ORIGIN, line)] == []


def _landed(host: FunctionsHost) -> int:
    return len(re.findall(r"\[model_landed \S+\] function\.succeeded", host.log_text()))
