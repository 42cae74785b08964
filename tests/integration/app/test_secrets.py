"""No key, no signature and no account key gets out, whatever happens and however much is logged."""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import msgspec
import pytest
from azure.storage.blob import BlobServiceClient

from local_stack.azurite import Azurite
from local_stack.functions_host import FunctionsHost
from local_stack.identity import ManagedIdentity
from local_stack.ml_service import MlService, sample_studio
from tests.integration.app.app_process import LONGEST, land_in_a_process
from tests.integration.app.conftest import KEY
from tests.integration.app.raw_server import raw_server, says
from tests.integration.app.running_app import QUIET, app_settings, state_container
from tests.integration.functions_host.sample_app import eventually

ROOT = Path(__file__).parents[3]
MODELS = "secrets-models"
SIGNATURE = re.compile(r"(?i)\bsig(?:=|%3d)(?!<SECRET>|%3CSECRET|\*|redacted)[A-Za-z0-9+/%]{6,}")


@dataclass
class Run:
    """All that a run left where somebody may read it."""

    log: str
    state: str
    answers: str
    secrets: dict[str, str]


@pytest.fixture(scope="module")
def run(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory, model: bytes) -> Run:
    """Landings, refusals, echoes, an outage, redeploys, timers, over the functions host."""
    studio = msgspec.structs.replace(
        sample_studio(azurite.connection_string), takes_effect_after=timedelta()
    )
    with MlService.start(studio) as service:
        keys = {"patch_url": service.patch_url("digits"), "api_key": "%KEY%"}
        endpoints: dict[str, dict[str, object]] = {
            "good": {**keys, "models": "good/**"},
            "bad-key": {**keys, "api_key": "%WRONG%", "models": "bad/**"},
            "faulty": {**keys, "api_key": "literal-key-in-the-file", "models": "faulty/**"},
        }
        folder = tmp_path_factory.mktemp("secrets")
        secrets = {
            "endpoint key": service.key("digits"),
            "wrong key": "wr0ng-key-0123456789abcdef",
            "account key": azurite.account_key,
            "literal key": "literal-key-in-the-file",
        }
        environ = app_settings(azurite, MODELS, folder, endpoints)
        environ |= {
            "KEY": secrets["endpoint key"],
            "WRONG": secrets["wrong key"],
            **QUIET,
        }
        with (
            BlobServiceClient.from_connection_string(azurite.connection_string) as storage,
            FunctionsHost.start(
                ROOT, environ=environ, poll_interval=timedelta(seconds=0.2)
            ) as host,
        ):
            container = storage.create_container(MODELS)
            echo = f"Bearer {secrets['endpoint key']} https://x/y?sv=1&sig=c2VjcmV0c2ln&se=2"
            service.script("PATCH", status=503, body=echo)
            for folder_name in ("good", "bad", "faulty"):
                container.upload_blob(f"{folder_name}/a.ilearner", model)
            container.upload_blob("good/b.ilearner", b"no model")
            eventually(lambda: host.log_text().count("function.succeeded") >= 4)
            answers = [host.run(timer).error or "" for timer in ("watch", "sweep")]
            for path in ("", "?dry_run=true"):
                answers += [
                    host.post(f"/api/endpoints/{name}/redeploy{path}").text for name in endpoints
                ]
            reason = f"because sig=c2VjcmV0c2ln and AccountKey={azurite.account_key};"
            told = {"model": "good/a.ilearner", "reason": reason}
            answers.append(host.post("/api/endpoints/good/redeploy", json=told).text)
            answers += [
                host.get(f"/api/{path}").text
                for path in (
                    "endpoints",
                    "status",
                    "health",
                    *(f"endpoints/{n}" for n in endpoints),
                )
            ]
            secrets["function key"] = host.key
            log = host.log_text()
        state = _everything_in(azurite, state_container(MODELS))
    return Run(log, state, "\n".join(answers), secrets)


def test_the_run_was_one_that_could_have_told(run: Run) -> None:
    assert "patch.accepted" in run.log
    assert "patch.refused" in run.log
    assert "patch.unsettled" in run.log
    assert "bad-key" in run.state
    assert '"token_expires_at"' in run.answers
    assert "<SECRET>" in run.answers


@pytest.mark.parametrize("place", ["log", "state", "answers"])
def test_no_secret_is_in(run: Run, place: str) -> None:
    text: str = getattr(run, place)

    assert [name for name, secret in run.secrets.items() if secret in text] == []
    assert SIGNATURE.findall(text) == []


@pytest.mark.timeout(2 * LONGEST.total_seconds() + 120)
def test_no_secret_is_logged_when_the_app_and_its_libraries_log_everything(
    azurite: Azurite,
    azurite_oauth: Azurite,
    identity: ManagedIdentity,
    container_name: str,
    tmp_path: Path,
) -> None:
    for storage in (azurite, azurite_oauth):
        with BlobServiceClient.from_connection_string(
            storage.connection_string,
            connection_verify=str(storage.ca_file) if storage.ca_file else True,
        ) as service:
            service.create_container(container_name).upload_blob("a.ilearner", b"model")
        echo = f"Bearer {KEY} and https://x/y?sv=1&sig=c2VjcmV0c2ln&se=2".encode()
        with raw_server(says("400 Bad Request", echo)) as server:
            keys = {"patch_url": server.url, "api_key": "%KEY%", "resource": "R"}
            environ = app_settings(storage, container_name, tmp_path, {"digits": keys})
            ended = land_in_a_process(environ | identity.environ | {"KEY": KEY}, "a.ilearner")

        assert server.methods() == ["PATCH"], ended.log
        assert "DEBUG:urllib3" in ended.log
        assert "patch.refused" in ended.log
        hidden = (KEY, storage.account_key, *_signatures_in(server.requests[0]))
        assert [secret for secret in hidden if secret in ended.log] == []
        assert SIGNATURE.findall(ended.log) == []


def _signatures_in(patch: bytes) -> tuple[str, str]:
    """What signs the token that was sent, as it is and as it stands there; / may be its first."""
    body = json.loads(patch.partition(b"\r\n\r\n")[2])
    token: str = body["Resources"][0]["Location"]["SasBlobToken"]
    as_it_stands = token.rpartition("sig=")[2].partition("&")[0]
    return unquote(as_it_stands), as_it_stands


def _everything_in(azurite: Azurite, container: str) -> str:
    """Names, metadata and contents of all blobs of a container."""
    with BlobServiceClient.from_connection_string(azurite.connection_string) as storage:
        client = storage.get_container_client(container)
        return "\n".join(
            f"{blob.name} {blob.metadata} {client.download_blob(blob.name).readall().decode()}"
            for blob in client.list_blobs(include=["metadata"])
        )
