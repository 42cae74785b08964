"""The app in this process, on real storage, with a clock that a test may drive."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import azure.functions as func
from azure.storage.blob import BlobServiceClient

from http_api.routes import Routes
from local_stack.azurite import Azurite
from protocols.identity import Identity
from protocols.wire import REQUEST_LIMIT, Wire
from retrain_trigger.engine import App
from retrain_trigger.landed import model_landed
from retrain_trigger.watch import watch
from tests.integration.app.endpoints_toml import endpoints_toml

_DAILY = f"0 0 {(datetime.now(UTC).hour + 12) % 24} * * *"
QUIET = {
    "WATCH_SCHEDULE": _DAILY,
    "SWEEP_SCHEDULE": _DAILY,
    "SAS_LIFETIME": "6d",
    "SAS_RENEW_BEFORE": "2d",
}
"""No timer ticks by itself for hours. `watch` renews, so rarer ticks would be a fault."""

QUICK = timedelta(seconds=2)
"""The limit of an exchange for tests of endpoints that never end."""


class RunningApp:
    """The app and its storage; the containers are the test's own.

    Attributes:
        environ: The app settings.
        container: Where models land.
        app: The app.
        routes: Its HTTP functions.
    """

    def __init__(  # noqa: PLR0913 - each says one thing of an app
        self,
        azurite: Azurite,
        container: str,
        folder: Path,
        endpoints: Mapping[str, Mapping[str, object]],
        *,
        keys: Mapping[str, str],
        now: Callable[[], datetime] | None = None,
        limit: timedelta = REQUEST_LIMIT,
        authorities: Path | None = None,
        identity: Identity | None = None,
        wire: Wire | None = None,
    ) -> None:
        self.azurite, self.container = azurite, container
        self.environ = app_settings(azurite, container, folder, endpoints) | dict(keys)
        with self._service() as service:
            service.create_container(container)
        wire_of_all = wire or Wire(limit, authorities)
        self._make: Callable[[], App] = lambda: App(
            self.environ, folder, now=now, wire=wire_of_all, identity=identity
        )
        self.restart()

    def restart(self) -> None:
        """Start the app anew, with nothing in memory."""
        self.app = self._make()
        self.routes = Routes(lambda: self.app)

    def put(self, name: str, content: bytes) -> None:
        """Write a model over whatever is there."""
        with self._service() as service:
            service.get_blob_client(self.container, name).upload_blob(content, overwrite=True)

    def delete(self, name: str) -> None:
        """Delete a model."""
        with self._service() as service:
            service.get_blob_client(self.container, name).delete_blob()

    def land(self, name: str, content: bytes = b"model") -> None:
        """Write a model and announce it."""
        self.put(name, content)
        self.announce(name)

    def announce(self, name: str) -> None:
        """What the blob trigger does."""
        model_landed(self.app.engine, name)

    def tick(self) -> int:
        """What the timer `watch` does."""
        return watch(self.app.engine)

    def document(self, endpoint: str = "digits") -> dict[str, Any]:
        """The document of an endpoint, as GET answers it."""
        answer = self.routes.get_endpoint(request("GET", endpoint))
        assert answer.status_code == 200, answer.get_body()
        document: dict[str, Any] = json.loads(answer.get_body())
        return document

    def desired(self, endpoint: str = "digits") -> dict[str, Any]:
        """What an endpoint should serve."""
        desired: dict[str, Any] = self.document(endpoint)["desired"]
        return desired

    def redeploy(self, body: object = None, endpoint: str = "digits") -> func.HttpResponse:
        """What a person does."""
        return self.routes.redeploy(request("POST", endpoint, body))

    def _service(self) -> BlobServiceClient:
        return BlobServiceClient.from_connection_string(self.azurite.connection_string)


def app_settings(
    azurite: Azurite, container: str, folder: Path, endpoints: Mapping[str, Mapping[str, object]]
) -> dict[str, str]:
    """Write an endpoints file and give the app settings that lead to it."""
    file = folder / "endpoints.toml"
    file.write_text(endpoints_toml(endpoints), "utf-8")
    return {
        **azurite.environ("AzureWebJobsStorage"),
        **azurite.environ("ModelStorage"),
        **azurite.environ("StateStorage"),
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "STATE_CONTAINER": state_container(container),
        "MODEL_BLOBS": f"{container}/{{name}}.ilearner",
        "ENDPOINTS_FILE": str(file),
    }


def state_container(container: str) -> str:
    """The container of a test's records."""
    return f"{container}-state"


def request(method: str, endpoint: str, body: object = None, query: str = "") -> func.HttpRequest:
    """A request as the worker hands it to an HTTP function."""
    return func.HttpRequest(
        method,
        f"http://127.0.0.1/api/endpoints/{endpoint}{query}",
        route_params={"endpoint": endpoint},
        params=dict(part.split("=", 1) for part in query.lstrip("?").split("&") if part),
        body=b"" if body is None else json.dumps(body).encode(),
    )
