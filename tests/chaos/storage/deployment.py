"""One model's way into service, with storage that fails at one call of it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from azure.storage.blob import BlobServiceClient

from patch_endpoint.record import Record
from patch_endpoint.records import Records
from protocols.wire import Wire
from retrain_trigger.engine import App
from retrain_trigger.landed import model_landed
from retrain_trigger.sweep import sweep
from retrain_trigger.watch import watch
from settings.connection import Connection
from state.storage_errors import StorageError
from state.store import BlobStateStore
from tests.chaos.hostile.hostile_server import HostileServer
from tests.chaos.storage.single_tries import SingleTries
from tests.integration.app.endpoints_toml import endpoints_toml
from tests.integration.ml_service.wire import DrivenClock

KEY: Final = "k3y-of-the-deployment-0123456789"
MODEL: Final = "model.ilearner"
type MakeClient = Callable[[Connection], BlobServiceClient]
DELIVERIES: Final = 5
"""How often the host brings an event whose function raised."""


class FaultyDeployment:
    """The app on storage that fails, with one endpoint and one model that lands.

    Args:
        storage: Its client, past all faults.
        name: The endpoint.
        folder: Where the app is.
        endpoint: Who serves it.
        connection_string: By which the app reaches storage.
        client_of: Makes the app's clients; None: as in service, but that every fault reaches it.

    Attributes:
        name: The endpoint.
        raised: What came out of the app's functions, by the function's name.
        unrecorded: Whether each `model_landed` that raised had left nothing on record.
    """

    def __init__(  # noqa: PLR0913 - each says one thing
        self,
        storage: BlobServiceClient,
        name: str,
        folder: Path,
        endpoint: HostileServer,
        *,
        connection_string: str,
        client_of: MakeClient | None = None,
    ) -> None:
        self.name, self.clock = name, DrivenClock()
        self.raised: list[tuple[str, Exception]] = []
        self.unrecorded: list[bool] = []
        self._storage, self._endpoint = storage, endpoint
        environ = _settings(folder, name, endpoint.url, connection_string)
        wire, storage_of = Wire(timedelta(seconds=30)), client_of or SingleTries()
        self._app = App(environ, folder, now=self.clock, wire=wire, storage=storage_of)
        storage.create_container(name)

    def put(self, content: bytes = b"model") -> None:
        """Write the model; nobody is told."""
        self._storage.get_blob_client(self.name, MODEL).upload_blob(content, overwrite=True)

    def land(self) -> None:
        """Write the model, and announce it as often as the host does."""
        self.put()
        for _ in range(DELIVERIES):
            if self.announce():
                return
            self.unrecorded.append(self.record().desired is None)

    def announce(self) -> bool:
        """Bring the event once, and say whether that went well."""
        before = len(self.raised)
        self._run("model_landed", lambda: model_landed(self._app.engine, MODEL))
        return len(self.raised) == before

    def tick(self, **later: float) -> None:
        """Let time pass, and `watch` run."""
        self.clock.advance(**later)
        self._run("watch", lambda: watch(self._app.engine))

    def sweep(self) -> None:
        """Have `sweep` run."""
        self._run("sweep", lambda: sweep(self._app.engine))

    def record(self) -> Record:
        """Read the record past all faults."""
        state = BlobStateStore(self._storage.get_container_client(f"{self.name}-state"))
        return Records(state).read(self.name).record

    def state(self) -> str:
        """What the model is in."""
        desired = self.record().desired
        return desired.state if desired else "none"

    def patches(self) -> int:
        """How many PATCHes the endpoint received."""
        return self._endpoint.methods(self.name).count("PATCH")

    def starts(self) -> int:
        """How many jobs were started; nothing trains here."""
        return 0

    def settle(self) -> str:
        """Let an hour pass if it must be, with a sweep each ten minutes, and give the state."""
        for minute in range(60):
            if self.state() == "live":
                break
            self.tick(minutes=1)
            if minute % 10 == 9:
                self.sweep()
        return self.state()

    def _run(self, function: str, run: Callable[[], object]) -> None:
        try:
            run()
        except StorageError as error:
            self.raised.append((function, error))


def _settings(folder: Path, name: str, url: str, connection_string: str) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "smoke.json").write_text("{}")
    smoke_test = {"score_url": f"{url}/{name}/score", "request": "smoke.json", "expect": "right"}
    endpoint = {
        "patch_url": f"{url}/{name}/endpoint",
        "api_key": "%KEY%",
        "smoke_test": smoke_test,
    }
    (folder / "endpoints.toml").write_text(endpoints_toml({name: endpoint}), "utf-8")
    return {
        "AzureWebJobsStorage": connection_string,
        "ModelStorage": connection_string,
        "STATE_CONTAINER": f"{name}-state",
        "MODEL_BLOBS": f"{name}/{{name}}.ilearner",
        "ENDPOINTS_FILE": str(folder / "endpoints.toml"),
        "KEY": KEY,
    }
