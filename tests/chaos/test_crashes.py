"""The app is killed with SIGKILL before and after every call that it makes, and nothing is lost.

The calls are counted by proxies outside the app, before storage and before the ML service; what the
ML service itself fetches and writes for the app passes the same proxies, so the app also dies while
its PATCH or its job is at work. The app is a bare process here, whose clock goes on when it is
told to, so waiting costs no time; `test_host_crashes.py` does the same to the functions host, by
the real clock.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from local_stack.azurite import Azurite
from tests.chaos.conftest import Figures
from tests.chaos.crash_outcome import Outcome, Verdict, every_place, few_places, listed
from tests.chaos.crash_scenes import NEWER, OLDER, Scene, deployment, first_deployment, job, played
from tests.chaos.places import Place

_SIDE_BY_SIDE = 4
_FEW = 4
# What trains in the background calls now a little sooner, now a little later.
_UNREACHED_AT_MOST = 4


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("scene", [first_deployment, deployment], ids=lambda scene: scene.__name__)
def test_a_process_killed_at_any_call_of_a_deployment_loses_no_model(
    scene: Scene, crashing: "Crashing", figures: Figures
) -> None:
    """Invariants 1, 2 and 3; race rules 1, 3 and 6: a crash costs one more PATCH at most."""
    newest = OLDER if scene is first_deployment else NEWER

    verdict = crashing.verdict(scene, newest.__eq__)

    figures(**verdict.figures())
    assert verdict.calm.patched[-1] == newest
    assert verdict.lost == [], listed(verdict.lost)
    assert max(verdict.repeats) <= 1
    assert [one for one in verdict.outcomes if one.entries > 3] == []


@pytest.mark.timeout(1800)
def test_a_process_killed_at_any_call_of_a_job_runs_it_once_and_loses_no_model(
    crashing: "Crashing", figures: Figures
) -> None:
    """Invariants 2 and 3; race rule 8: a scheduled job is begun, run and delivered, once."""
    verdict = crashing.verdict(job, lambda name: name.startswith("digits/"))

    figures(**verdict.figures_of_jobs())
    assert verdict.forgotten == [], listed(verdict.forgotten)
    assert verdict.run_twice == [], listed(verdict.run_twice)
    assert verdict.lost == [], listed(verdict.lost)
    assert max(verdict.repeats) <= 1
    assert [one for one in verdict.outcomes if one.entries > 3] == []


@dataclass(frozen=True)
class Crashing:
    """Plays scenes again and again, each time with storage, services and a process of its own."""

    azurite: Azurite
    folder: Path
    models: tuple[bytes, bytes]
    full: bool

    def verdict(self, scene: Scene, is_newest: Callable[[str], bool]) -> Verdict:
        """Play *scene* with a crash at every place, or at few of them, spread over all."""

        def outcome(place: Place) -> Outcome:
            with played(scene, self.azurite, self.folder, self.models, place) as play:
                return Outcome.of(play.bench)

        with played(scene, self.azurite, self.folder, self.models) as play:
            calm, calls = Outcome.of(play.bench), play.bench.places.made
        places = list(every_place(calls) if self.full else few_places(calls, _FEW))
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            reached = [one for one in pool.map(outcome, places) if one.call is not None]
        assert len(reached) >= len(places) - _UNREACHED_AT_MOST
        return Verdict(calm, reached, is_newest)


@pytest.fixture
def crashing(
    azurite: Azurite, tmp_path: Path, models: tuple[bytes, bytes], *, full: bool
) -> Crashing:
    return Crashing(azurite, tmp_path, models, full)
