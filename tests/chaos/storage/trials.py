"""Deployments that each meet with one fault, and what came of them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from azure.storage.blob import BlobServiceClient

from local_stack.azurite import Azurite
from state.clients import blob_service
from tests.chaos.hostile.hostile_server import HostileServer
from tests.chaos.storage.deployment import FaultyDeployment
from tests.chaos.storage.faulty_storage import KINDS, Call, Fault, FaultyStorage, faulty_storage
from tests.chaos.storage.single_tries import SingleTries

_AT_ONCE: Final = 12
_WATCH_MAY_RAISE_AT: Final = (
    "GET list agenda/",
    "PUT heartbeats/watch.json",
    "PUT container",  # which the first heartbeat makes
    # What other instances' ticks have left and seen to, before a scheduled retrain begins.
    "GET heartbeats/watch.json",
    "GET schedules/unbegun.json",
)


@dataclass(frozen=True)
class Case:
    """One fault and what came of it.

    Attributes:
        number: Which call met with it.
        kind: In which way.
        call: What the call was; None: it never came.
        at_once: What the model was in before any more time passed than without a fault.
        state: What the model is in at the end.
        patches: How many PATCHes there were.
        starts: How many jobs were started.
        odd: What came out of the app and should not have.
        raised: What came out of it at all.
    """

    number: int
    kind: str
    call: str | None
    at_once: str
    state: str
    patches: int
    starts: int
    odd: tuple[str, ...]
    raised: tuple[str, ...]


@dataclass(frozen=True)
class Trials[Way: FaultyDeployment]:
    """What all deployments, or retrains, of one test share.

    Attributes:
        azurite: Storage.
        storage: Its client, past all faults.
        endpoint: Who is PATCHed, and trains.
        folder: Where the endpoints files are; its name tells this test's containers apart.
        make: What has one more of them.
        goes: What befalls one, but for the fault.
        is_patient: Whether the app's client tries again by itself, as it does in service.
    """

    azurite: Azurite
    storage: BlobServiceClient
    endpoint: HostileServer
    folder: Path
    make: Callable[..., Way]
    goes: Callable[[Way], None]
    is_patient: bool = False

    def without_fault(self) -> tuple[list[Call], int]:
        """Give the calls of a deployment that nothing befalls, and its PATCHes."""
        with faulty_storage(self.azurite) as proxy:
            deployment = self._gone(proxy, "good")
            assert (deployment.state(), deployment.raised) == ("live", [])
            return proxy.calls, deployment.patches()

    def each(self, faults: Sequence[tuple[int, str]]) -> list[Case]:
        """Try every fault, given as the number of a call and a kind, several at once."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self._try, faults))

    def _try(self, chosen: tuple[int, str]) -> Case:
        number, kind = chosen

        def plan(call: Call) -> Fault | None:
            return KINDS[kind] if call.number == number else None

        hangs_at = number if KINDS[kind].hangs else None
        with faulty_storage(self.azurite, plan) as proxy:
            deployment = self._gone(proxy, f"{number}-{kind}", hangs_at)
            call = proxy.struck[0].what if proxy.struck else None
            recording = next((one.number for one in proxy.calls if _is_record(one)), None)
            unheard = KINDS[kind].is_done and number == recording
            return Case(
                number=number,
                kind=kind,
                call=call,
                at_once=deployment.state(),
                state=deployment.settle(),
                patches=deployment.patches(),
                starts=deployment.starts(),
                odd=tuple(_odd(deployment, call, unheard=unheard)),
                raised=tuple(function for function, _ in deployment.raised),
            )

    def _gone(self, proxy: FaultyStorage, name: str, hangs_at: int | None = None) -> Way:
        deployment = self.make(
            self.storage,
            f"{self.folder.name}-{name}",
            self.folder / name,
            self.endpoint,
            connection_string=proxy.connection_string,
            client_of=blob_service if self.is_patient else SingleTries(hangs_at),
        )
        self.goes(deployment)
        return deployment


def _is_record(call: Call) -> bool:
    return call.what.startswith("PUT endpoints/")


def _odd(deployment: FaultyDeployment, call: str | None, *, unheard: bool) -> list[str]:
    """Name what came out of the app and should not have.

    Where the write that records the model was done, and its answer is lost for good, nobody can
    know that it was done.
    """
    odd = [
        f"{function}: {error}"
        for function, error in deployment.raised
        if function == "watch" and call not in _WATCH_MAY_RAISE_AT
    ]
    if not all(deployment.unrecorded) and not unheard:
        odd.append("model_landed raised though it had recorded the model")
    return odd
