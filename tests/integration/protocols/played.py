"""A table of the page on protocols at work: the app, and what the table leads to."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local_stack.azurite import Azurite
from tests.integration.app.running_app import RunningApp
from tests.integration.ml_service.wire import DrivenClock
from tests.integration.protocols.model_server import KEY

SETTINGS = {
    "KUBERNETES_TOKEN": KEY,
    "MLSERVER_KEY": KEY,
    "TRITON_KEY": KEY,
    "TORCHSERVE_KEY": KEY,
}
PATIENCE = timedelta(seconds=30)  # at its first load, MLServer imports LightGBM


def flat(number: int) -> str:
    """Name the blob of a model where all are in one folder."""
    return f"census/{number}.ilearner"


class Played:
    """An app with one endpoint, `census`.

    Attributes:
        app: The app.
        clock: The app's; where it begins in the past, tokens that are signed hours later are good
            by the real clock too.
        models: What the server can load, by what it then answers.
    """

    def __init__(  # noqa: PLR0913 - each says one thing of it
        self,
        azurite: Azurite,
        container: str,
        folder: Path,
        text: str,
        models: Mapping[int, bytes],
        *,
        blob: Callable[[int], str] = flat,
        begins: timedelta = timedelta(hours=-23),
    ) -> None:
        self.clock = DrivenClock(datetime.now(UTC) + begins)
        self.app = RunningApp(
            azurite, container, folder, {}, keys=SETTINGS, now=self.clock, limit=PATIENCE
        )
        (folder / "endpoints.toml").write_text(text, "utf-8")
        self.models, self._blob = models, blob

    def land(self, number: int, *, loads: bool = True) -> dict[str, Any]:
        """Have a model land that answers its number, or one that cannot be loaded.

        Gives the document that the endpoint has three minutes later.
        """
        content = self.models[number] if loads else b'{"nothing": "in it"}'
        self.app.land(self._blob(number), content)
        return self.wait(3)

    def wait(self, minutes: int) -> dict[str, Any]:
        """Let minutes pass, with a tick in each; gives the document that the endpoint has then."""
        for _ in range(minutes):
            self.clock.advance(minutes=1)
            self.app.tick()
        return self.app.document("census")


type MakePlayed = Callable[..., Played]
