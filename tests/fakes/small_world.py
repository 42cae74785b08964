"""The whole app on fakes, with a clock that tests drive."""

from collections.abc import Callable
from datetime import datetime, timedelta

from patch_endpoint.record import Deployment, Record
from patch_endpoint.records import Records
from patch_endpoint.sas import Signer
from patch_endpoint.trained_model import TrainedModel
from protocols.azureml_online.service_keys import read_azureml_service_keys
from protocols.classic_keys import read_classic_keys, read_classic_service_keys
from protocols.protocol import ScoringProtocol
from protocols.studio_management import StudioManagement
from protocols.wire import Wire
from retrain_trigger.engine import Engine, assembled
from retrain_trigger.landed import model_landed
from retrain_trigger.sweep import sweep
from retrain_trigger.watch import watch
from settings.app_settings import read_settings
from state.agenda import parse_entry
from state.endpoints_source import EndpointsSource
from state.store import StateStore
from tests.fakes.calls import Calls
from tests.fakes.driven_clock import DrivenClock
from tests.fakes.endpoints_folder import KEY, KEY_SETTING, EndpointsFolder, table
from tests.fakes.keeper import MemoryKeeper
from tests.fakes.model_catalog import MODEL_BLOBS, MemoryModelCatalog
from tests.fakes.scoring_endpoint import MemoryScoring
from tests.fakes.state_store import MemoryStateStore
from tests.fakes.token_source import MemoryTokenSource
from tests.fakes.training_service import MemoryTraining

NAME = "census"
_TICK = timedelta(minutes=1)
_STORAGE = "UseDevelopmentStorage=true"


def _no_pause(seconds: float) -> None:
    del seconds


class SmallWorld:
    """The app, its storage, its endpoints.

    Args:
        tables: The tables of the endpoints file; left out: one endpoint, `census`.
        lifetime: Of tokens.
        renew_before: Of tokens.
        pause: What waits between two tries to write a record.
    """

    def __init__(
        self,
        *tables: str,
        lifetime: timedelta = timedelta(hours=24),
        renew_before: timedelta = timedelta(hours=6),
        pause: Callable[[float], None] = _no_pause,
    ) -> None:
        self.clock, self.calls = DrivenClock(), Calls()
        self.folder = EndpointsFolder(tables or [table(NAME)])
        self.store = MemoryStateStore(self.clock, self.calls)
        self.catalog = MemoryModelCatalog(self.clock, self.calls)
        self.keeper = MemoryKeeper(self.catalog, self.calls, self.clock)
        self.scoring = MemoryScoring(self.clock, self.calls, self.catalog, self.keeper)
        self.tokens = MemoryTokenSource(self.calls)
        self.training = MemoryTraining(self.clock, self.calls, self.catalog)
        self._lifetime, self._renew_before, self._pause = lifetime, renew_before, pause
        self.engine = self._built()

    def restart(self) -> None:
        """Start the app anew, with nothing in memory."""
        self.engine = self._built()
        self.calls.restart()

    def land(self, name: str, content: bytes | None = None) -> TrainedModel:
        """Have a model land, and the event reach the app."""
        model = self.catalog.put(name, content)
        model_landed(self.engine, name)
        return model

    def go_live(self, *names: str) -> None:
        """Have models land, and each go live before the next."""
        for name in names:
            self.clock.advance(minutes=1)
            self.land(name)
            self.run(minutes=3)
            assert self.desired().state == "live"

    def tick(self) -> int:
        """Let a minute pass, and `watch` run."""
        self.clock.advance(minutes=1)
        return watch(self.engine)

    def sweep(self) -> int:
        """Have `sweep` run."""
        return sweep(self.engine)

    def run(self, **span: float) -> int:
        """Let time pass with a tick at every minute, and count the ticks that found something.

        Minutes at which nothing is due are skipped: what an idle tick does has tests of its own.
        """
        end = self.clock.instant + timedelta(**span)
        ticks = 0
        while (due := self.next_due()) is not None:
            late = (due - self.clock.instant).total_seconds()
            minutes = max(1, -(-late // _TICK.total_seconds()))
            if self.clock.instant + minutes * _TICK > end:
                break
            self.clock.instant += minutes * _TICK
            watch(self.engine)
            ticks += 1
        self.clock.instant = max(end, self.clock.instant)
        return ticks

    def next_due(self) -> datetime | None:
        """Say when the first agenda entry is due."""
        names = self.store.names("agenda/")
        return parse_entry(names[0]).due if names else None

    def record(self, endpoint: str = NAME) -> Record:
        """Read an endpoint's record; this is the test looking."""
        looking = Records(Window(self.store, self.clock, Calls()))
        return looking.read(endpoint).record

    def desired(self, endpoint: str = NAME) -> Deployment:
        """Give what is desired at an endpoint, where something is."""
        desired = self.record(endpoint).desired
        if desired is None:
            raise AssertionError(f"nothing is desired at {endpoint}")
        return desired

    def sent(self, endpoint: str = NAME) -> list[str]:
        """Give the names of the models that were PATCHed, in their order."""
        return [one.blob.partition("/")[2] for one in self.scoring.sent_to(endpoint)]

    def state_store(self) -> StateStore:
        """Give the store that the app works with."""
        return self.store

    def _built(self) -> Engine:
        environ = {
            "ModelStorage": _STORAGE,
            "AzureWebJobsStorage": _STORAGE,
            KEY_SETTING: KEY,
            "MODEL_BLOBS": MODEL_BLOBS,
        }
        protocols: dict[str, ScoringProtocol] = {"studio-classic": self.scoring}
        endpoints = EndpointsSource(
            self.folder,
            "endpoints.toml",
            environ=environ,
            protocols=dict.fromkeys(protocols, read_classic_keys),
            trainings={
                "studio-classic": read_classic_service_keys,
                "azureml-online": read_azureml_service_keys,
            },
            now=self.clock,
        )
        base = "https://models.blob.invalid/"
        return assembled(
            settings=read_settings(environ),
            endpoints=endpoints,
            store=self.state_store(),
            catalog=self.catalog,
            signer=Signer(base, self.tokens, self._lifetime, self._renew_before),
            keeper=self.keeper,
            protocols=protocols,
            batches=dict.fromkeys(("studio-classic", "azureml-online"), self.training),
            management=StudioManagement(Wire()),
            now=self.clock,
            pause=self._pause,
        )


class Window(MemoryStateStore):
    """A look at another store's blobs, which counts as no call."""

    def __init__(self, store: MemoryStateStore, now: DrivenClock, calls: Calls) -> None:
        super().__init__(now, calls)
        self._blobs = store._blobs  # noqa: SLF001 - it is the same store, looked at
