"""Endpoints that echo keys and tokens, storage that quotes signatures: nothing of it gets out.

Attacks invariants 6 (no key and no signature in a log, a record, an answer, an exception) and 7
(nothing is sent to a host that is not configured), with everything logged that there is to log.
"""

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from azure.storage.blob import BlobServiceClient

from local_stack.azurite import Azurite
from tests.chaos.conftest import Figures
from tests.chaos.hostile.hostile_server import hostile_server
from tests.chaos.secrets.echoes import Echoes, echoing
from tests.chaos.secrets.search import found
from tests.chaos.storage.faulty_storage import Call, Fault, faulty_storage
from tests.integration.app.endpoints_toml import endpoints_toml

ROOT: Final = Path(__file__).parents[3]
_KEYS: Final = {
    "KEY": "kEy+of/the+endp0int/0123456789abcdef==",
    "TRAINING_KEY": "tr4ining+key/of+the/service/98765432==",
    "WORKSPACE_TOKEN": "w0rkspace+token/of+the/0wner/13579bdf==",
}
_MAC: Final = re.compile(r"^SharedKey [^:]+:(.+)$")
_EVERY: Final = 61  # a prime: the faults fall on other calls at each endpoint

pytestmark = pytest.mark.timeout(1000)  # the day is one fixture of all tests


class Quoting:
    """Has storage fail at some calls, and quote what it was sent as the real one does.

    Attributes:
        secrets: The signatures that it quoted.
    """

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}

    def __call__(self, call: Call) -> Fault | None:
        """Give what happens to this call."""
        source = call.headers.get("x-ms-copy-source", "")
        if signature := re.search(r"sig=([^&]+)", source):
            self.secrets[signature[1]] = "signature of a copy's source"
        if call.number % _EVERY and not (source and call.number % 3 == 0):
            return None
        return (self._quoting(403, call, source), Fault(409), self._quoting(400, call, source))[
            call.number // _EVERY % 3
        ]

    def _quoting(self, status: int, call: Call, source: str) -> Fault:
        mac = _MAC.match(call.headers.get("Authorization", ""))
        if mac is not None:
            self.secrets[mac[1]] = "signature of a request"
        quoted = mac[1] if mac else ""
        said = f"The MAC signature found in the HTTP request '{quoted}' is not the same as any"
        said += f" computed signature. Server used: {source} {call.headers.get('Authorization')}"
        body = f"<?xml version='1.0'?><Error><Code>Odd</Code><Message>{said}</Message></Error>"
        return Fault(status, body=body.replace("&", "&amp;").encode())


@dataclass
class Day:
    """All that a day of the app left where somebody may read it.

    Attributes:
        places: The lines of each place.
        secrets: What must not be in them, and what it is.
        sockets: Whom the process asked for.
        configured: Whom it may ask for.
        requests: How many requests endpoints and storage received.
        told: Other figures.
    """

    places: dict[str, list[str]]
    secrets: dict[str, str]
    sockets: set[str]
    configured: set[str]
    requests: int
    told: dict[str, Any] = field(repr=False)


@pytest.fixture(scope="module")
def day(
    azurite: Azurite, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Day]:
    """Live through a day of the app, in a process of its own."""
    names = echoing(full=bool(request.config.getoption("full")))
    folder, container = tmp_path_factory.mktemp("secrets"), f"secrets-{uuid.uuid4().hex[:8]}"
    echoes, quoting = Echoes(), Quoting()
    with (
        BlobServiceClient.from_connection_string(azurite.connection_string) as storage,
        hostile_server(echoes, lambda _: None) as endpoint,
        faulty_storage(azurite, quoting) as proxy,
    ):
        storage.create_container(container).upload_blob("data.csv", b"a,b")
        environ = _configured(folder, container, names, endpoint.url, proxy.connection_string)
        ended = _lived(environ, folder)
        told = json.loads(ended.stdout)
        places = {
            "log": ended.stderr.splitlines(),
            "answers": told["answers"],
            "tracebacks": [line for one in told["raised"] for line in one.splitlines()],
            "blobs": [*_everything_in(storage, f"{container}-state"), *_kept(storage)],
        }
        yield Day(
            places=places,
            secrets=_all_secrets(azurite, echoes, quoting),
            sockets=set(told["sockets"]),
            configured={urlsplit(one).netloc for one in (endpoint.url, proxy.url)},
            requests=len(endpoint.requests) + len(proxy.calls),
            told={"struck": len(proxy.struck), "endpoints": len(names)},
        )


def test_the_day_was_one_that_could_have_told(day: Day, figures: Figures) -> None:
    log = "\n".join(day.places["log"])
    assert "DEBUG:urllib3" in log
    assert "patch.refused" in log
    assert "patch.unsettled" in log
    assert "patch.accepted" in log
    assert "cause=sas_expiring" in log
    assert "cause=rollback" in log
    assert "job.finished" in log
    assert "job.failed" in log
    assert len([what for what in day.secrets.values() if what.startswith("signature in")]) >= 6
    assert "signature of a request" in day.secrets.values()
    assert day.places["tracebacks"] != []
    figures(
        endpoints=day.told["endpoints"],
        requests=day.requests,
        storage_faults=day.told["struck"],
        log_lines=len(day.places["log"]),
        answers=len(day.places["answers"]),
        traceback_lines=len(day.places["tracebacks"]),
        blobs=len(day.places["blobs"]),
        secrets_looked_for=len(day.secrets),
    )


@pytest.mark.parametrize("place", ["log", "answers", "tracebacks", "blobs"])
def test_no_secret_is_in(day: Day, place: str, figures: Figures) -> None:
    finds = found(day.places[place], day.secrets)

    assert [(what, line[:1500]) for what, line in finds[:5]] == []
    figures(lines=len(day.places[place]), found=len(finds))


def test_nobody_is_asked_who_is_not_configured(day: Day, figures: Figures) -> None:
    assert day.sockets - day.configured == set()
    figures(addresses=len(day.sockets), not_configured=0)


def _lived(environ: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.secrets.program"],
        input=json.dumps({"environ": environ, "folder": str(folder)}),
        env={},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def _configured(
    folder: Path, container: str, names: list[str], url: str, connection_string: str
) -> dict[str, str]:
    """Write the endpoints file, and give the settings that lead to it."""
    (folder / "smoke.json").write_text("{}")
    endpoints = {name: _endpoint(name, url, container) for name in names}
    owned = {"patch_url": f"{url}/later--raw/endpoints/new", "workspace_token": "%WORKSPACE_TOKEN%"}
    endpoints["new"] = endpoints[names[0]] | owned | {"create": {"description": "new"}}
    services = [
        f'[training_services."{name}"]\njobs_url = "{url}/{name}/jobs"\n'
        'api_key = "%TRAINING_KEY%"\noutput = "output1"\n'
        for name in names
    ]
    text = "\n".join([endpoints_toml(endpoints), *services])
    (folder / "endpoints.toml").write_text(text, "utf-8")
    return {
        "AzureWebJobsStorage": connection_string,
        "ModelStorage": connection_string,
        "STATE_CONTAINER": f"{container}-state",
        "MODEL_BLOBS": f"{container}/{{name}}.ilearner",
        "ENDPOINTS_FILE": str(folder / "endpoints.toml"),
        **_KEYS,
    }


def _endpoint(name: str, url: str, container: str) -> dict[str, object]:
    score_url = f"{url}/{name}/score"
    return {
        "patch_url": f"{url}/{name}/endpoint",
        "api_key": "%KEY%",
        "models": "*.ilearner",
        "smoke_test": {"score_url": score_url, "request": "smoke.json", "expect": "right"},
        "retrain": {
            "service": name,
            "inputs": {"input1": f"{container}/data.csv"},
            "outputs": {"output2": f"{container}/{name}/{{run}}.ilearner"},
        },
    }


def _all_secrets(azurite: Azurite, echoes: Echoes, quoting: Quoting) -> dict[str, str]:
    keys = {key: name for name, key in _KEYS.items()} | {azurite.account_key: "account key"}
    return keys | echoes.secrets | quoting.secrets


def _everything_in(storage: BlobServiceClient, container: str) -> Iterator[str]:
    """Names, metadata and contents of all blobs of a container."""
    client = storage.get_container_client(container)
    for blob in client.list_blobs(include=["metadata"]):
        content = client.download_blob(blob.name).readall().decode()
        yield f"{blob.name} {blob.metadata} {content}"


def _kept(storage: BlobServiceClient) -> Iterator[str]:
    client = storage.get_container_client("retrain-kept")
    yield from (f"{blob.name} {blob.metadata}" for blob in client.list_blobs(include=["metadata"]))
