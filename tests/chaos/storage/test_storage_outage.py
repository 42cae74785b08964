"""Storage that is stopped and started again while a model is on its way; an event that never comes.

Attacks invariant 2: an outage at any moment delays a model, and a missed event loses none.
"""

import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest
from azure.storage.blob import BlobServiceClient

from local_stack.azurite import Azurite
from tests.chaos.conftest import Figures
from tests.chaos.hostile.fleet import Good
from tests.chaos.hostile.hostile_server import Request, hostile_server
from tests.chaos.storage.deployment import FaultyDeployment

_MOMENTS: Final = ("before-landing", "during-the-patch", "during-the-smoke-test", "before-a-tick")


class Outage:
    """Stops an Azurite that keeps its data, and starts it again."""

    def __init__(self, folder: Path) -> None:
        self.azurite = Azurite.start(location=folder)
        self._lock = threading.Lock()
        self._is_over = True

    def begin(self) -> None:
        """Stop it, as its machine would be shut down."""
        with self._lock:
            if self._is_over:
                process = psutil.Process(self.azurite.pid)
                process.terminate()
                process.wait(20)
            self._is_over = False

    def end(self) -> None:
        """Start it again, at the same address."""
        self.azurite.restart()
        self._is_over = True


@pytest.fixture(scope="module")
def outage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outage]:
    outage = Outage(tmp_path_factory.mktemp("azurite"))
    yield outage
    outage.azurite.stop()


@pytest.mark.parametrize("moment", _MOMENTS)
def test_a_model_is_live_after_storage_was_away(
    outage: Outage, tmp_path: Path, moment: str, figures: Figures
) -> None:
    struck: list[Callable[[], None]] = [outage.begin]

    def answer(request: Request) -> bytes:
        during = {"PATCH": "during-the-patch", "POST": "during-the-smoke-test"}
        if during.get(request.method) == moment and struck:
            struck.pop()()
        return good(request)

    good = Good()
    connection_string = outage.azurite.connection_string
    with (
        hostile_server(answer, lambda _: None) as endpoint,
        BlobServiceClient.from_connection_string(connection_string) as storage,
    ):
        name = f"outage-{uuid.uuid4().hex[:8]}"
        deployment = FaultyDeployment(
            storage, name, tmp_path / name, endpoint, connection_string=connection_string
        )
        deployment.put()
        _go(deployment, outage, moment)
        outage.end()
        raised = [function for function, _ in deployment.raised]

        assert deployment.settle() == "live"
    assert deployment.patches() <= 2
    # The one event that found storage away told its host so; a tick told its own.
    assert raised == {
        "before-landing": ["model_landed"],
        "during-the-smoke-test": ["watch"],
        "before-a-tick": ["watch"],
    }.get(moment, [])
    figures(survivors=1, lost=0, patches=deployment.patches())


def _go(deployment: FaultyDeployment, outage: Outage, moment: str) -> None:
    """Go as far as the moment, and beyond it while storage is away."""
    if moment == "before-landing":
        outage.begin()
    deployment.announce()
    if moment == "before-a-tick":
        outage.begin()
    if moment in {"before-a-tick", "during-the-smoke-test"}:
        deployment.tick(seconds=40)


def test_a_model_that_no_event_announced_is_found_by_the_sweep(
    azurite: Azurite, tmp_path: Path, figures: Figures
) -> None:
    with (
        hostile_server(Good(), lambda _: None) as endpoint,
        BlobServiceClient.from_connection_string(azurite.connection_string) as storage,
    ):
        name = f"missed-{uuid.uuid4().hex[:8]}"
        deployment = FaultyDeployment(
            storage, name, tmp_path / name, endpoint, connection_string=azurite.connection_string
        )
        deployment.put()
        deployment.tick(minutes=9)
        assert deployment.state() == "none"
        deployment.sweep()
        assert deployment.settle() == "live"

        deployment.put(b"another")  # and again nobody is told
        deployment.sweep()
        deployment.sweep()
        assert deployment.settle() == "live"

    assert deployment.patches() == 2
    figures(missed_events=2, found_by_the_sweep=2, lost=0)
