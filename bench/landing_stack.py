"""The local stack with two hosts, the app's and the bare script's: both find the same blobs."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
from azure.storage.blob import BlobServiceClient

from bench.site import CONTAINER, RESOURCE, settings_of
from local_stack.azurite import Azurite
from local_stack.functions_host import FunctionsHost
from local_stack.ml_service import Endpoint, MlService, Studio, WebService

BARE = "bare"
"""The endpoint that the bare script PATCHes."""
TICK = timedelta(seconds=5)
_ROOT = Path(__file__).parents[1]
_BARE_APP = Path(__file__).parent / "bare_app"
_OFTEN = f"*/{TICK.seconds} * * * * *"
_NEVER = "0 0 0 1 1 *"
_POLL = timedelta(seconds=1)


class LandingStack(msgspec.Struct, frozen=True):
    """The two hosts, the app's and the bare script's, and what they work on."""

    azurite: Azurite
    service: MlService
    app: FunctionsHost


@contextmanager
def landing_stack(names: Sequence[str]) -> Iterator[LandingStack]:
    """Run it with these endpoints until the block ends."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        Azurite.start() as azurite,
        MlService.start(_studio([*names, BARE], azurite)) as service,
    ):
        file = Path(folder, "endpoints.toml")
        file.write_text("".join(_table(name, service) for name in names), "utf-8")
        environ = settings_of(azurite, file) | {
            "FUNCTIONS_WORKER_RUNTIME": "python",
            "WATCH_SCHEDULE": _OFTEN,
            "SWEEP_SCHEDULE": _NEVER,
            **{_setting(name): service.key(name) for name in names},
        }
        by_hand = environ | {
            "AzureFunctionsWebHost__hostid": BARE,
            "BARE_PATCH_URL": service.patch_url(BARE),
            "BENCH_KEY": service.key(BARE),
        }
        storage = BlobServiceClient.from_connection_string(azurite.connection_string)
        storage.create_container(CONTAINER)
        with (
            FunctionsHost.start(_ROOT, environ=environ, poll_interval=_POLL) as app,
            FunctionsHost.start(_BARE_APP, environ=by_hand, poll_interval=_POLL),
        ):
            yield LandingStack(azurite, service, app)


def _studio(names: Sequence[str], azurite: Azurite) -> Studio:
    endpoints = tuple(Endpoint(name=name) for name in names)
    service = WebService(
        name="bench",
        kind="predictive",
        resources=(RESOURCE,),
        endpoints=(Endpoint(name="default", default=True), *endpoints),
    )
    return Studio(services=(service,), storage=azurite.connection_string)


def _table(name: str, service: MlService) -> str:
    return f"""
[endpoints.{name}]
patch_url = "{service.patch_url(name)}"
api_key = "%{_setting(name)}%"
resource = "{RESOURCE}"
models = "{name}/*.ilearner"
"""


def _setting(name: str) -> str:
    return f"KEY_{name.upper()}"
