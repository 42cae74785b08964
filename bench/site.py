"""Storage, an endpoint server and the app between them, as one thing to measure."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from azure.storage.blob import BlobServiceClient, ContainerClient

from bench.service import Service, running_service
from bench.storage_calls import StorageCalls
from local_stack.azurite import Azurite
from local_stack.azurite.account import StorageAccount
from retrain_trigger.engine import App

CONTAINER = "experimentoutput"
STATE = "retrain-state"
RESOURCE = "Model [trained model]"
KEY_SETTING = "BENCH_KEY"
KEY = "a key of this benchmark"
_DEFAULTS = """
[defaults]
patch_url = "{patch_url}"
api_key = "%BENCH_KEY%"
resource = "{resource}"
models = "{{endpoint}}/**/*.ilearner"
"""


class Clock:
    """The time now, moved on at will."""

    def __init__(self) -> None:
        self._moved = timedelta()

    def __call__(self) -> datetime:
        """Give the time."""
        return datetime.now(UTC) + self._moved

    def move(self, by: timedelta) -> None:
        """Have it be later."""
        self._moved += by


class Site(msgspec.Struct, frozen=True):
    """What is around an app.

    Attributes:
        azurite: Storage.
        service: Endpoints and training service.
        environ: The app settings.
        folder: Where the endpoints file is.
    """

    azurite: Azurite
    service: Service
    environ: Mapping[str, str]
    folder: Path

    def app(self, calls: StorageCalls | None = None, clock: Clock | None = None) -> App:
        """Make an app, as one worker process has it."""
        calls, clock = calls or StorageCalls(), clock or Clock()
        return App(self.environ, self.folder, now=clock, storage=calls.client)

    def storage(self) -> BlobServiceClient:
        """Make a client of our own."""
        return BlobServiceClient.from_connection_string(self.azurite.connection_string)

    def models(self) -> ContainerClient:
        """The container of the models."""
        return self.storage().get_container_client(CONTAINER)

    @property
    def state(self) -> ContainerClient:
        """The container of the records."""
        return self.storage().get_container_client(STATE)

    def has_endpoints(self, names: Sequence[str], more: str = "", extra: str = "") -> None:
        """Write the endpoints file anew: see `write_endpoints`."""
        write_endpoints(self.folder, self.service, names, more, extra)


def write_endpoints(
    folder: Path, service: Service, names: Sequence[str], more: str = "", extra: str = ""
) -> Path:
    """Write an endpoints file; *more* goes to the defaults, *extra* to the end."""
    head = _DEFAULTS.format(patch_url=service.patch_url("{endpoint}"), resource=RESOURCE)
    file = folder / "endpoints.toml"
    tables = "".join(f"[endpoints.{name}]\n" for name in names)
    file.write_text(f"{head}{more}\n{tables}\n{extra}", "utf-8")
    return file


@contextmanager
def site(
    names: Sequence[str],
    *,
    more: str = "",
    delay: timedelta = timedelta(),
    location: Path | None = None,
) -> Iterator[Site]:
    """Start storage and a server with these endpoints; they end with the block.

    Args:
        names: The endpoints.
        more: Further defaults of the endpoints file.
        delay: How long the server takes to answer.
        location: Where storage keeps its data; in memory if left out.
    """
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as kept,
        Azurite.start(location=location) as azurite,
        running_service(delay) as service,
    ):
        folder = Path(kept)
        file = write_endpoints(folder, service, names, more)
        made = Site(azurite, service, settings_of(azurite, file), folder)
        made.models().create_container()
        yield made


def settings_of(storage: Azurite | StorageAccount, endpoints_file: Path) -> dict[str, str]:
    """The app settings."""
    connect = storage.environ if isinstance(storage, Azurite) else storage.key_settings
    return {
        **connect("AzureWebJobsStorage"),
        **connect("ModelStorage"),
        "STATE_CONTAINER": STATE,
        "MODEL_BLOBS": f"{CONTAINER}/{{name}}.ilearner",
        "ENDPOINTS_FILE": str(endpoints_file),
        "WATCH_SCHEDULE": "0 * * * * *",
        "SWEEP_SCHEDULE": "15 */10 * * * *",
        KEY_SETTING: KEY,
    }


def names_of(count: int) -> list[str]:
    """Give *count* endpoint names."""
    return [f"e{number:06}" for number in range(count)]
