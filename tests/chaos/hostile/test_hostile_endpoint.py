"""Endpoints that misbehave in every way there is, at every exchange that there is.

Attacks invariants 2 (nothing is lost: live in the end, or refused with a reason), 7 (a key goes
where it was configured) and 10 (a fault stays where it is), race rules 2 and 6 (what is unknown,
pauses), and the bounds of an exchange: its limit in all, 64 KiB of an answer read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from local_stack.azurite import Azurite
from retrain_trigger.side_by_side import AT_ONCE
from tests.chaos.conftest import Figures
from tests.chaos.hostile.bounds import Cost, measured
from tests.chaos.hostile.fleet import Fleet, Good, Siege
from tests.chaos.hostile.hostile_server import HostileServer, hostile_server
from tests.chaos.hostile.misbehaviours import Attack, attacks

_FEW: Final = (
    "silence",
    "status-line-byte-by-byte",
    "body-byte-by-byte",
    "100-mb",
    "gzip-bomb",
    "deep-json",
    "broken-json",
    "closed-before-the-answer",
    "closed-in-the-body",
    "processing-then-nothing",
    "307",
    "429-in-1e309",
    "503",
)
_LIMIT: Final = timedelta(seconds=2)
_SLACK: Final = 10.0  # seconds that a slow machine may add; without a limit all would hang for 90
_MEMORY: Final = 32 * 1024 * 1024  # for AT_ONCE exchanges together, and all that storage needs
_FILES: Final = 4 * AT_ONCE  # what a pool keeps for the next call; this server has both ends
_BEHAVES: Final = "behaves"


@dataclass
class Besieged:
    """A fleet under attack, and who serves it.

    Attributes:
        fleet: The fleet.
        server: All its endpoints.
        elsewhere: Where redirects lead.
        attacks: Who misbehaves, and how.
    """

    fleet: Fleet
    server: HostileServer
    elsewhere: HostileServer
    attacks: Mapping[str, Attack]

    def unlike(self, states: Mapping[str, str], end: str, no: str | None = None) -> dict[str, str]:
        """Give the states that are not *end*, or *no* where the answer was a plain no."""

        def expected(name: str) -> str:
            return no if no and name in self.attacks and self.attacks[name].refuses else end

        return {name: state for name, state in states.items() if state != expected(name)}


@pytest.fixture
def besieged(
    azurite: Azurite, container_name: str, tmp_path: Path, place: str, *, full: bool
) -> Iterator[Besieged]:
    """A fleet attacked at the place that the test is about; short: by few, but for the PATCH."""
    with hostile_server(Good(), lambda _: None) as elsewhere:
        found = attacks(elsewhere.url)
        chosen = found if full or place == "patch" else {name: found[name] for name in _FEW}
        answers = Good(ends=place != "cancel")
        with hostile_server(answers, Siege(chosen, place, answers=answers)) as server:
            names = [*chosen, _BEHAVES]
            fleet = Fleet(azurite, container_name, tmp_path, server, names, limit=_LIMIT)
            assert fleet.app.app.engine.endpoints.faults() == ()
            yield Besieged(fleet, server, elsewhere, chosen)


@pytest.mark.parametrize("place", ["description", "patch", "score"])
def test_a_model_is_live_once_its_endpoint_behaves_or_refused_with_a_reason(
    besieged: Besieged, place: str, figures: Figures
) -> None:
    fleet = besieged.fleet
    with measured() as cost:
        fleet.land("first")
        fleet.tick(0.7)
        # Whoever else misbehaves. On a slow machine it may need a further tick itself.
        well = fleet.settle(lambda: {_BEHAVES: fleet.states()[_BEHAVES]}, "live")
        assert well == {_BEHAVES: "live"}

    states = fleet.settle(fleet.states, "live", "refused")
    no = None if place == "score" else "refused"
    assert besieged.unlike(states, "live", no) == {}
    refused = [name for name, state in states.items() if state == "refused"]
    assert [name for name in refused if not fleet.error(name).startswith("http_")] == []
    if refused:  # nor is that the end: the next model is tried again
        fleet.land("second")
        assert set(fleet.settle(fleet.states, "live").values()) == {"live"}
    _assert_bounded(besieged, cost)
    _tell(figures, besieged, cost, live=list(states.values()).count("live"), refused=len(refused))


@pytest.mark.parametrize("place", ["submit", "start", "look"])
def test_a_job_is_finished_once_its_service_behaves_or_failed_with_a_reason(
    besieged: Besieged, place: str, figures: Figures
) -> None:
    fleet = besieged.fleet
    with measured() as cost:
        fleet.retrain()
        fleet.tick(1)

    states = fleet.settle(fleet.job_states, "finished", "failed")
    assert besieged.unlike(states, "finished", None if place == "look" else "failed") == {}
    failed = [fleet.job(name) for name, state in states.items() if state == "failed"]
    assert [job for job in failed if job.error is None or job.error.code[:5] != "http_"] == []
    finished = [name for name, state in states.items() if state == "finished"]
    ends = fleet.settle(fleet.states, "live", "none")
    assert {name: ends[name] for name in finished if ends[name] != "live"} == {}
    _assert_bounded(besieged, cost)
    _tell(figures, besieged, cost, finished=len(finished), failed=len(failed))


@pytest.mark.parametrize("place", ["cancel"])
def test_a_job_is_cancelled_once_its_service_behaves(
    besieged: Besieged, place: str, figures: Figures
) -> None:
    fleet = besieged.fleet
    fleet.retrain()
    with measured() as cost:
        fleet.cancel()

    states = fleet.settle(fleet.job_states, "cancelled")
    assert besieged.unlike(states, "cancelled") == {}
    _assert_bounded(besieged, cost)
    _tell(figures, besieged, cost, place=place, cancelled=len(states))


def _assert_bounded(besieged: Besieged, cost: Cost) -> None:
    """Every attack happened, and took no more than it may."""
    server = besieged.server
    assert +server.attacks == dict.fromkeys(besieged.attacks, 1)
    assert server.longest < _LIMIT.total_seconds() + _SLACK
    assert server.most_at_once <= AT_ONCE
    assert cost.peak < _MEMORY
    assert cost.threads <= 0
    assert cost.files <= _FILES
    assert besieged.elsewhere.requests == []


def _tell(figures: Figures, besieged: Besieged, cost: Cost, **more: object) -> None:
    figures(
        attacks=len(besieged.attacks),
        longest_exchange=f"{besieged.server.longest:.2f}s of {_LIMIT.total_seconds():g}s",
        most_connections=besieged.server.most_at_once,
        peak_memory=f"{cost.peak / 1024 / 1024:.1f}MiB",
        files_left=cost.files,
        threads_left=cost.threads,
        **more,
    )
