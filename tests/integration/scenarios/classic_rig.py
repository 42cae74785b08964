"""An endpoint of Studio (classic), in the local ML service."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

import requests

from local_stack.azurite import Azurite
from local_stack.ml_service import MlService, sample_studio
from tests.integration.ml_service.wire import DrivenClock
from tests.integration.scenarios.rig import expiry_of

SMOKE = Path(__file__).parents[3] / "local_stack" / "smoke" / "digits.json"


class ClassicRig:
    """See `Rig`."""

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
        return expiry_of(self._locations()[-1]["SasBlobToken"])

    def _locations(self) -> list[dict[str, str]]:
        sent = [one for one in self._service.requests if one.method == "PATCH"]
        bodies = [one.body for one in sent if isinstance(one.body, dict)]
        return [body["Resources"][0]["Location"] for body in bodies]


def _name(location: str) -> str:
    return unquote(location).partition("/")[2]
