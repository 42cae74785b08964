"""A server that takes a model by HTTP: MLServer, by the table that our page offers for it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import unquote, urlsplit

from local_stack.azurite import Azurite
from tests.integration.mlserver.front import Front
from tests.integration.mlserver.real_mlserver import ROW
from tests.integration.protocols.known_servers import MLServer
from tests.integration.protocols.model_server import KEY
from tests.integration.protocols.page import offered
from tests.integration.scenarios.rig import expiry_of


class HttpRig:
    """See `Rig`. What is asked is MLServer itself, or a server of ours that answers alike."""

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
        return expiry_of(urlsplit(self._sources()[-1]["url"]).query)

    def _sources(self) -> list[dict[str, str]]:
        sent = [one for one in self._server.received if one.path == "/source"]
        return [one.json() for one in sent]


def _blob(url: str) -> str:
    return unquote(urlsplit(url).path.rpartition("/")[2])
