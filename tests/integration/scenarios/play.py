"""The app at work with endpoints of any protocols, and what a scenario does to it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, override

import tenacity

from local_stack.azurite import Azurite
from protocols.table import PROTOCOLS
from protocols.wire import HttpAnswer, Wire
from retrain_trigger.engine import App
from tests.fakes.calls import CrashError
from tests.integration.app.running_app import RunningApp, request
from tests.integration.ml_service.wire import DrivenClock
from tests.integration.scenarios.rig import Rig
from tests.integration.scenarios.shelf import NAME as SHELF_NAME
from tests.integration.scenarios.shelf import SHELF

SETTLED = frozenset({"live", "refused", "waiting"})
_TICKS = 25


class MortalWire(Wire):
    """A wire in whose use the process dies: at the request of this number that is no GET."""

    def __init__(self, dies_at: int | None = None, *, after: bool = False) -> None:
        super().__init__()
        self._uses: list[str] = []  # shared with the wires that the app makes of this one
        self._dies_at, self._after = dies_at, after

    @property
    def used(self) -> int:
        """How many requests there were that are no GET."""
        return len(self._uses)

    @override
    def send_as(self, method: str, url: str, **more: Any) -> HttpAnswer:
        self._uses += [url] if method != "GET" else []
        is_last = method != "GET" and self.used == self._dies_at
        if is_last and not self._after:
            raise CrashError
        answer = super().send_as(method, url, **more)
        if is_last:
            raise CrashError
        return answer


class Play:
    """An app whose endpoints are rigs, by name."""

    def __init__(
        self,
        rigs: Mapping[str, Rig],
        azurite: Azurite,
        container: str,
        folder: Path,
        clock: DrivenClock,
    ) -> None:
        self.rigs, self.clock, self._folder = rigs, clock, folder
        settings = {key: value for rig in rigs.values() for key, value in rig.settings.items()}
        self.app = RunningApp(azurite, container, folder, {}, keys=settings, now=clock)
        (folder / "endpoints.toml").write_text(
            "\n".join(rig.table(name) for name, rig in rigs.items()), "utf-8"
        )
        for name, rig in rigs.items():
            (folder / f"{name}.json").write_bytes(rig.smoke)
        self.start()

    def start(self, wire: Wire | None = None) -> None:
        """Start the app, with nothing in memory."""
        kinds = {**PROTOCOLS, SHELF_NAME: SHELF}  # the one line of a table
        tokens = (getattr(rig, "tokens", None) for rig in self.rigs.values())
        self.app.app = App(
            self.app.environ,
            self._folder,
            now=self.clock,
            wire=wire or Wire(),
            identity=next((one for one in tokens if one), None),
            protocols=kinds,
        )

    @property
    def rig(self) -> Rig:
        """The one endpoint's."""
        (rig,) = self.rigs.values()
        return rig

    def land(self, number: int, *, good: bool = True) -> str:
        """Have a model land and be announced; gives its name."""
        name = self.put(number, good=good)
        self.app.announce(name)
        return name

    def put(self, number: int, *, good: bool = True) -> str:
        """Have a model land, unannounced; of two in one second the greater number is newer."""
        name = f"{number}.ilearner"
        self.app.put(name, self.rig.model(good=good))
        return name

    @tenacity.retry(
        stop=tenacity.stop_after_delay(10),
        wait=tenacity.wait_fixed(0.2),
        retry=tenacity.retry_if_exception_type(AssertionError),
    )
    def land_and_wait(self, number: int) -> None:
        """Have a model land that has to wait; in the second of a person's word, the person wins."""
        name = self.land(number)
        waiting = self.app.document("census")["waiting"]
        assert waiting is not None
        assert waiting["model"]["name"] == name

    def settle(self, endpoint: str = "census") -> dict[str, Any]:
        """Let minutes pass until the fate of what is desired is clear; gives the document."""
        for _ in range(_TICKS):
            document = self.app.document(endpoint)
            if document["desired"]["state"] in SETTLED:
                return document
            self.tick()
        raise AssertionError(f"not settled in {_TICKS} minutes: {self.app.document(endpoint)}")

    def tick(self) -> None:
        """Let a minute pass, and `watch` run."""
        self.clock.advance(minutes=1)
        self.app.tick()

    def roll_back(self, endpoint: str = "census") -> dict[str, Any]:
        """Have a person go back to what was live before."""
        answer = self.app.routes.rollback(request("POST", endpoint, {"reason": "a scenario"}))
        assert answer.status_code in {200, 202}, answer.get_body()
        document: dict[str, Any] = json.loads(answer.get_body())
        return document

    def survive(self, name: str) -> None:
        """Announce a model and let it settle; where the process dies of it, start the app again."""
        try:
            self.app.announce(name)
            self.settle()
        except CrashError:
            self.start()
