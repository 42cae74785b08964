"""The whole app on fakes, on a state store of choice, with an endpoints file that changes."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from patch_endpoint.record import Record
from patch_endpoint.records import Records
from retrain_trigger.engine import Engine
from settings.scoring_endpoint import ScoringEndpoint
from state.agenda import parse_entry
from state.store import Listed, Read, StateStore
from tests.chaos.machine.troubled_training import TroubledTraining
from tests.chaos.machine.watched_scoring import Patched, WatchedScoring
from tests.fakes.calls import Calls
from tests.fakes.endpoints_folder import KEY_SETTING, table
from tests.fakes.small_world import NAME, SmallWorld, Window

_SERVICE = f"""
[training_services.training]
jobs_url = "https://training.invalid/workspaces/w/services/s/jobs"
api_key = "%{KEY_SETTING}%"
"""
AT_ONCE = """
[training_services.training]
protocol = "azureml-online"
workspace = "https://management.azure.com/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
datastores = { experimentoutput = "models" }
job = { jobType = "Command", command = "python train.py" }
"""
_OUTPUTS = f'outputs.output2 = "experimentoutput/{NAME}/{{run}}.ilearner"'
_SMOKE_TEST = f"""
[endpoints.{NAME}.smoke_test]
score_url = "https://studio.invalid/execute"
request = "smoke.json"
expect = "answer"
"""


class TroubledStore:
    """Any state store, whose calls go wrong as `Calls` says and whose clock is the world's."""

    def __init__(self, inner: StateStore, now: Callable[[], datetime], calls: Calls) -> None:
        self._inner, self._now, self._calls = inner, now, calls

    def read(self, name: str) -> Read:
        """See `StateStore`."""
        with self._calls.making("state.read", name):
            found = self._inner.read(name)
        return replace(found, date=self._now().replace(microsecond=0))

    def write(
        self, name: str, content: bytes, *, etag: str | None, metadata: Mapping[str, str]
    ) -> str:
        """See `StateStore`."""
        with self._calls.making("state.write", name):
            return self._inner.write(name, content, etag=etag, metadata=metadata)

    def put(self, name: str, content: bytes = b"") -> None:
        """See `StateStore`."""
        with self._calls.making("state.put", name):
            self._inner.put(name, content)

    def delete(self, name: str) -> None:
        """See `StateStore`."""
        with self._calls.making("state.delete", name):
            self._inner.delete(name)

    def listed(self, prefix: str, *, after: str = "") -> Iterator[Listed]:
        """See `StateStore`."""
        with self._calls.making("state.list", prefix):
            found = self._inner.listed(prefix, after=after)
        yield from found


class TroubledWorld(SmallWorld):
    """See `SmallWorld`.

    Args:
        tell: Is told of each PATCH that arrives.
        store: Holds the app's state; left out: memory.
        lifetime: Of tokens.
        renew_before: Of tokens.

    Attributes:
        auto_deploy: As the endpoints file has it.
        has_fault: Whether the endpoint's table has one.
        results_elsewhere: Whether jobs leave their models in their service's own storage.
        schedule: Of retrains; empty: only when asked.
        service: The table of the training service.
        has_smoke_test: Whether a scoring call proves a model, or the location.
    """

    def __init__(
        self,
        tell: Callable[[Patched], None],
        store: StateStore | None,
        lifetime: timedelta,
        renew_before: timedelta,
    ) -> None:
        self._given = store
        super().__init__(lifetime=lifetime, renew_before=renew_before)
        self._looking: StateStore = store or Window(self.store, self.clock, Calls())
        self.scoring: WatchedScoring = WatchedScoring(
            self.clock, self.calls, self.catalog, self.keeper, tell
        )
        self.training: TroubledTraining = TroubledTraining(self.clock, self.calls, self.catalog)
        self.auto_deploy, self.has_fault = True, False
        self.results_elsewhere, self.has_smoke_test = False, False
        self.schedule, self.service = "", _SERVICE
        self.rewrite_file()
        self.engine = self._built()

    def rewrite_file(self) -> None:
        """Save the endpoints file as it is meant to be now."""
        outputs = "" if self.results_elsewhere else _OUTPUTS
        smoke_test = _SMOKE_TEST if self.has_smoke_test else ""
        schedule = f'schedule = "{self.schedule}"' if self.schedule else ""
        retrain = f'[endpoints.{NAME}.retrain]\nservice = "training"\n{outputs}\n{schedule}\n'
        more = f"auto_deploy = {str(self.auto_deploy).lower()}\n{smoke_test}{retrain}"
        key = "%NO_SUCH_SETTING%" if self.has_fault else f"%{KEY_SETTING}%"
        self.folder.rewrite(table(NAME, key=key, more=more), self.service)

    def another_instance(self) -> Engine:
        """Give a second instance of the app, which shares nothing but storage."""
        return self._built()

    def endpoint(self) -> ScoringEndpoint:
        """Give the endpoint as the file has it."""
        return self.engine.endpoints.current().by_name[NAME]

    def record(self, endpoint: str = NAME) -> Record:
        """Read an endpoint's record; this is the test looking."""
        return Records(self._looking).read(endpoint).record

    def names(self, prefix: str) -> list[str]:
        """Say what is in the state store; this is the test looking."""
        return [one.name for one in self._looking.listed(prefix)]

    def content(self, name: str) -> bytes:
        """Show a blob of the state store; this is the test looking."""
        return self._looking.read(name).content or b""

    def next_due(self) -> datetime | None:
        """Say when the first agenda entry is due."""
        first = next(iter(self._looking.listed("agenda/")), None)
        return parse_entry(first.name).due if first else None

    def left_behind_until(self) -> datetime:
        """Say when the last agenda entry that no record names is due; now, where there is none."""
        named = self.record().agenda
        orphans = [one for one in self.names("agenda/") if one not in named]
        return max((parse_entry(one).due for one in orphans), default=self.clock.instant)

    def state_store(self) -> StateStore:
        """Give the store that the app works with."""
        return TroubledStore(self._given, self.clock, self.calls) if self._given else self.store
