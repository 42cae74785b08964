"""The functions host is killed with SIGKILL before and after every step, and nothing is lost.

As `test_crashes.py`, but the whole of it: the worker library runs the functions, the blob trigger
announces the models, the timers fire by the real clock, a person asks over HTTP. Many plays go on
side by side, each with a host of its own, because most of their time is waiting: an attempt that a
crash left behind is taken over a minute and a half after its claim.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from local_stack.azurite import Azurite
from tests.chaos.conftest import Figures
from tests.chaos.crash_bench import CrashBench
from tests.chaos.crash_outcome import Outcome, Verdict, every_place, listed
from tests.chaos.crash_scenes import NEWER, OLDER, is_live, is_settled
from tests.chaos.host_scenes import HostScene, deployment, host_play, job
from tests.chaos.places import Place

_SIDE_BY_SIDE = 12
# Two places that leave no claim behind which would have to run out. The short form waits until the
# PATCH is accepted, the full one for its proof.
_NOWHERE: Place = (0, "before")
_FEW: list[Place] = [(1, "after"), (3, "before")]
# What goes on side by side in a host calls now in this order, now in that.
_UNREACHED_AT_MOST = 8


@pytest.mark.timeout(3600)
def test_a_host_killed_at_any_step_of_a_deployment_loses_no_model(
    hosts: "Hosts", figures: Figures
) -> None:
    """Invariants 1, 2 and 3; race rules 1, 3 and 6."""
    verdict = hosts.verdict(deployment, NEWER.__eq__)

    figures(**verdict.figures())
    assert verdict.calm.patched[-1] == NEWER
    assert verdict.lost == [], listed(verdict.lost)
    assert max(verdict.repeats) <= 1


@pytest.mark.timeout(3600)
def test_a_host_killed_at_any_step_of_a_job_runs_it_once_and_loses_no_model(
    hosts: "Hosts", figures: Figures
) -> None:
    """Invariants 2 and 3; race rule 8."""
    verdict = hosts.verdict(job, lambda name: name.startswith("digits/"))

    figures(**verdict.figures_of_jobs())
    assert verdict.forgotten == [], listed(verdict.forgotten)
    assert verdict.run_twice == [], listed(verdict.run_twice)
    assert verdict.lost == [], listed(verdict.lost)
    assert max(verdict.repeats) <= 1


@dataclass(frozen=True)
class Hosts:
    """Plays scenes on functions hosts, many side by side."""

    azurite: Azurite
    folder: Path
    models: tuple[bytes, bytes]
    full: bool

    def verdict(self, scene: HostScene, is_newest: Callable[[str], bool]) -> Verdict:
        """Play *scene* with a crash at every place, or at few."""

        def is_over(bench: CrashBench) -> bool:
            is_served = _is_on_its_way_no_more(bench)
            if not self.full or not is_served:
                return is_served
            # What a crash left uncopied is copied minutes later: `test_crashes.py` waits for it.
            return is_live(bench) if bench.places.crashed.is_set() else is_settled(bench)

        def outcome(place: Place) -> Outcome:
            with host_play(self.azurite, self.folder, self.models, is_over, place) as play:
                scene(play)
                calls[place] = play.bench.places.made
                return Outcome.of(play.bench)

        calls: dict[Place, list[str]] = {}
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            calming = pool.submit(outcome, _NOWHERE)
            if self.full:
                calming.result()
            places = list(every_place(calls[_NOWHERE])) if self.full else _FEW
            reached = [one for one in pool.map(outcome, places) if one.call is not None]
            calm = calming.result()
        assert len(reached) >= len(places) - _UNREACHED_AT_MOST
        ends = frozenset({"live"} if self.full else {"patched", "live"})
        return Verdict(calm, reached, is_newest, ends)


@pytest.fixture
def hosts(azurite: Azurite, tmp_path: Path, models: tuple[bytes, bytes], *, full: bool) -> Hosts:
    return Hosts(azurite, tmp_path, models, full)


def _is_on_its_way_no_more(bench: CrashBench) -> bool:
    """Say whether a newer model is served, as far as a 2xx tells, and no job is on its way."""
    record = bench.record()
    return (
        record.desired is not None
        and record.desired.model.name != OLDER
        and record.desired.state in {"patched", "live"}
        and record.attempt is None
        and all(one.has_ended for one in bench.jobs())
    )
