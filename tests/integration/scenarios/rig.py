"""What a scenario needs of each protocol: an endpoint on a real socket, and models for it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import requests

from local_stack.azurite import Azurite
from local_stack.ml_service import MlService, sample_studio
from tests.integration.ml_service.wire import DrivenClock
from tests.integration.mlserver.front import Front
from tests.integration.mlserver.real_mlserver import ROW
from tests.integration.protocols.known_servers import MLServer
from tests.integration.protocols.model_server import KEY
from tests.integration.protocols.page import offered
from tests.integration.scenarios.shelf import ShelfServer

SMOKE = Path(__file__).parents[3] / "local_stack" / "smoke" / "digits.json"


class Rig(Protocol):
    """One endpoint of one protocol.

    Attributes:
        settings: The app settings that its table names.
        smoke: The body of its smoke test.
        rejects_as: The state in which a model ends that fails its smoke test.
        reads_by_token: Whether it is given tokens.
    """

    settings: dict[str, str]
    smoke: bytes
    rejects_as: str
    reads_by_token: bool

    def table(self, name: str) -> str:
        """Write the endpoint's table; its smoke test is in a file of its name."""

    def model(self, *, good: bool = True) -> bytes:
        """Give a model that passes the smoke test, or one that fails it."""

    def serves(self) -> str | None:
        """Say which model it scores with; None: none of ours."""

    def told(self) -> list[str]:
        """Name the models that it was told to serve, in their order."""

    def fail(self, times: int) -> None:
        """Answer 503 to so many requests that would have a model served."""

    def token_expires_at(self) -> datetime | None:
        """Say when the token expires that it was given last."""


class ClassicRig:
    """Studio (classic): the local ML service."""

    rejects_as = "rolled_back"
    reads_by_token = True

    def __init__(self, service: MlService, good: bytes, bad: bytes) -> None:
        self._service, self._good, self._bad = service, good, bad
        self.settings = {"CLASSIC_KEY": service.key("digits")}
        self.smoke = SMOKE.read_bytes()

    @classmethod
    @contextmanager
    def start(
        cls, azurite: Azurite, clock: DrivenClock, models: tuple[bytes, bytes]
    ) -> Iterator["ClassicRig"]:
        """Serve until the block ends."""
        with MlService.start(sample_studio(azurite.connection_string), now=clock) as service:
            yield cls(service, *models)

    def table(self, name: str) -> str:
        """See `Rig`."""
        return f"""
[endpoints.{name}]
patch_url = "{self._service.patch_url("digits")}"
api_key = "%CLASSIC_KEY%"
models = "*"
[endpoints.{name}.smoke_test]
score_url = "{self._service.score_url("digits")}"
request = "{name}.json"
expect = "Results.output1.value.Values[0][0] == '7'"
"""

    def model(self, *, good: bool = True) -> bytes:
        """See `Rig`."""
        return self._good if good else self._bad

    def serves(self) -> str | None:
        """See `Rig`."""
        document = requests.get(
            self._service.patch_url("digits"),
            headers={"Authorization": f"Bearer {self.settings['CLASSIC_KEY']}"},
            timeout=10,
        ).json()
        return _name(document["Resources"][0]["Location"]["RelativeLocation"])

    def told(self) -> list[str]:
        """See `Rig`."""
        return [_name(one["RelativeLocation"]) for one in self._locations()]

    def fail(self, times: int) -> None:
        """See `Rig`."""
        self._service.script("PATCH", times=times, status=503)

    def token_expires_at(self) -> datetime | None:
        """See `Rig`."""
        return _expiry(self._locations()[-1]["SasBlobToken"])

    def _locations(self) -> list[dict[str, str]]:
        sent = [one for one in self._service.requests if one.method == "PATCH"]
        bodies = [one.body for one in sent if isinstance(one.body, dict)]
        return [body["Resources"][0]["Location"] for body in bodies]


class HttpRig:
    """A server that takes a model by HTTP: MLServer, by the table that our page offers for it."""

    rejects_as = "rolled_back"
    reads_by_token = True

    def __init__(self, server: MLServer | Front, good: bytes, bad: bytes) -> None:
        self._server, self._good, self._bad = server, good, bad
        self.settings = {"MLSERVER_KEY": KEY}
        self.smoke = json.dumps({"inputs": [ROW]}).encode()

    @classmethod
    @contextmanager
    def start(cls, azurite: Azurite) -> Iterator["HttpRig"]:
        """Serve by a server of ours that takes the same requests, until the block ends."""
        good, bad = (json.dumps({"answer": answer}).encode() for answer in (7, 1))
        with MLServer.start(azurite.connection_string) as server:
            yield cls(server, good, bad)

    def table(self, name: str) -> str:
        """See `Rig`: the table as it stands, and a smoke test."""
        text = offered("MLServer").replace("https://mlserver.example", self._server.url)
        text = text.replace("endpoints.census", f"endpoints.{name}")
        text = text.replace('models = "census/**"', 'models = "*"')
        return f"""{text}
[endpoints.{name}.smoke_test]
score_url = "{self._server.url}/v2/models/census/infer"
headers = {{ Authorization = "Bearer %MLSERVER_KEY%" }}
request = "{name}.json"
expect = "outputs[0].data[0] == `7`"
"""

    def model(self, *, good: bool = True) -> bytes:
        """See `Rig`."""
        return self._good if good else self._bad

    def serves(self) -> str | None:
        """See `Rig`: as the version says that comes with a score."""
        names = {one["version"]: _blob(one["url"]) for one in self._sources()}
        return names.get(self._server.version or "")

    def told(self) -> list[str]:
        """See `Rig`."""
        return [_blob(one["url"]) for one in self._sources()]

    def fail(self, times: int) -> None:
        """See `Rig`."""
        self._server.failures = times

    def token_expires_at(self) -> datetime | None:
        """See `Rig`."""
        return _expiry(urlsplit(self._sources()[-1]["url"]).query)

    def _sources(self) -> list[dict[str, str]]:
        sent = [one for one in self._server.received if one.path == "/source"]
        return [one.json() for one in sent]


class ShelfRig:
    """The protocol that was written as an exercise."""

    rejects_as = "refused"
    reads_by_token = False

    def __init__(self, server: ShelfServer) -> None:
        self.server = server
        self.settings = {"SHELF_KEY": KEY}
        self.smoke = b"{}"

    @classmethod
    @contextmanager
    def start(cls, azurite: Azurite) -> Iterator["ShelfRig"]:
        """Serve until the block ends."""
        with ShelfServer.start(azurite.connection_string) as server:
            yield cls(server)

    def table(self, name: str) -> str:
        """See `Rig`."""
        return f"""
[endpoints.{name}]
protocol = "shelf"
url = "{self.server.url}"
key = "%SHELF_KEY%"
models = "*"
[endpoints.{name}.smoke_test]
score_url = "{self.server.url}/score"
request = "{name}.json"
expect = "said == `7`"
"""

    def model(self, *, good: bool = True) -> bytes:
        """See `Rig`."""
        return json.dumps({"answer": 7 if good else 1}).encode()

    def serves(self) -> str | None:
        """See `Rig`."""
        name: str | None = self.server.serves()
        return name

    def told(self) -> list[str]:
        """See `Rig`."""
        sent = [one for one in self.server.received if one.method == "PUT"]
        return [one.json()["name"] for one in sent if one.path.startswith("/slots/")]

    def fail(self, times: int) -> None:
        """See `Rig`."""
        self.server.failures = times

    def token_expires_at(self) -> datetime | None:
        """See `Rig`."""
        return None


def _name(location: str) -> str:
    return unquote(location).partition("/")[2]


def _blob(url: str) -> str:
    return unquote(urlsplit(url).path.rpartition("/")[2])


def _expiry(token: str) -> datetime:
    return datetime.fromisoformat(parse_qs(token.removeprefix("?"))["se"][0])
