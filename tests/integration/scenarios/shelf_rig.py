"""An endpoint of the protocol that was written as an exercise."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from local_stack.azurite import Azurite
from tests.integration.protocols.model_server import KEY
from tests.integration.scenarios.shelf import ShelfServer


class ShelfRig:
    """See `Rig`."""

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
