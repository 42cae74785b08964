"""The limit of an exchange as it is in service, 60 seconds, where an endpoint never ends.

All at once: every way to hang, at every exchange that there is, each held to the minute.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from local_stack.azurite import Azurite
from protocols.wire import REQUEST_LIMIT
from retrain_trigger.side_by_side import AT_ONCE
from tests.chaos.conftest import Figures
from tests.chaos.hostile.bounds import measured
from tests.chaos.hostile.fleet import PLACES, Fleet, Good, Siege
from tests.chaos.hostile.hostile_server import HostileServer, hostile_server
from tests.chaos.hostile.misbehaviours import HANGING

_SLACK: Final = 15.0
_MEMORY: Final = 64 * 1024 * 1024


@pytest.mark.timeout(600)
def test_an_endpoint_that_never_ends_is_left_after_a_minute(
    azurite: Azurite, container_name: str, tmp_path: Path, figures: Figures, *, full: bool
) -> None:
    if not full:
        pytest.skip("takes minutes: see `make chaos`; the short form turns the limit down")

    def besiege(place: str) -> HostileServer:
        folder = tmp_path / place
        folder.mkdir()
        answers = Good(ends=place != "cancel")
        with hostile_server(answers, Siege(HANGING, place, answers=answers)) as server:
            container = f"{container_name}-{place}"
            fleet = Fleet(azurite, container, folder, server, [*HANGING], limit=REQUEST_LIMIT)
            assert set(_gone_through(fleet, place).values()) <= {"live", "finished", "cancelled"}
            return server

    with measured() as cost, ThreadPoolExecutor(len(PLACES)) as pool:
        servers = list(pool.map(besiege, PLACES))

    hung = sum(sum(server.attacks.values()) for server in servers)
    longest = max(server.longest for server in servers)
    assert hung == len(PLACES) * len(HANGING)
    assert REQUEST_LIMIT.total_seconds() - 1 < longest < REQUEST_LIMIT.total_seconds() + _SLACK
    assert max(server.most_at_once for server in servers) <= AT_ONCE
    assert cost.peak < _MEMORY
    assert cost.threads <= 0
    figures(
        exchanges_that_hang=hung,
        longest_exchange=f"{longest:.2f}s of {REQUEST_LIMIT.total_seconds():g}s",
        peak_memory=f"{cost.peak / 1024 / 1024:.1f}MiB",
    )


def _gone_through(fleet: Fleet, place: str) -> dict[str, str]:
    """Have the place met, and all go on to their end."""
    states: Callable[[], dict[str, str]] = fleet.job_states
    if place in {"description", "patch", "score"}:
        fleet.land("model")
        states = fleet.states
    else:
        fleet.retrain()
    if place == "cancel":
        fleet.cancel()
    return fleet.settle(states, "live", "finished", "cancelled")
