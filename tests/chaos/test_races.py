"""Fifty models at once, three processes that share nothing but storage: the newest wins.

Each run has an endpoint of its own, and its events come in a random order, with random delays, to
random processes, whose clocks are up to 18 seconds apart. Time stands still while they come, but
that at late endpoints it leaps once, so that claims run out while their PATCHes are on their way.
Then it goes on in random steps, with the timer firing in all processes at once, until nothing is
on its way any more. Where a late endpoint answers, it does so only when all the others are done. A
tenth of the runs goes over Azurite; the others over storage in the memory of a process of its own,
which is many times as quick.
"""

from collections.abc import Sequence
from itertools import batched
from pathlib import Path

import pytest

from local_stack.azurite import Azurite
from tests.chaos.conftest import Figures
from tests.chaos.race import Race
from tests.chaos.race_run import MODELS, Ended, Kind, Run
from tests.chaos.race_storage import InMemory, in_azurite
from tests.chaos.shared_storage import shared_storage

# How many of ten runs are of a kind, at least one.
_KINDS: dict[Kind, int] = {
    "at once": 2,
    "while they land": 3,
    "late": 3,
    "answered late": 1,
    "duplicates": 1,
}
# An endpoint that answers at all does so within its callers' patience, with much to spare; a
# late one never does, so there is no use in much patience.
_PATIENCE: dict[Kind, float] = {"late": 1.0}
_MUCH = 300.0
_IN_AZURITE, _FEW_IN_AZURITE = 100, 4
_IN_MEMORY, _FEW_IN_MEMORY = 900, 20
_IN_A_HEAT = 10


@pytest.mark.timeout(5400)
def test_over_azurite_the_last_patch_applied_is_the_newest_models(
    azurite: Azurite, tmp_path: Path, figures: Figures, *, full: bool
) -> None:
    """Invariants 1 and 3; race rules 1, 2, 3 and 5."""
    with in_azurite(azurite) as storage, Race(storage, tmp_path) as race:
        ended = raced(race, _IN_AZURITE if full else _FEW_IN_AZURITE)

    judge(ended, figures)


@pytest.mark.timeout(5400)
def test_over_shared_memory_the_last_patch_applied_is_the_newest_models(
    tmp_path: Path, figures: Figures, *, full: bool
) -> None:
    """Invariants 1 and 3; race rules 1, 2, 3 and 5."""
    with shared_storage() as address, Race(InMemory(address), tmp_path) as race:
        ended = raced(race, _IN_MEMORY if full else _FEW_IN_MEMORY)

    judge(ended, figures)


def raced(race: Race, many: int) -> list[Ended]:
    """Race so many runs, some of each kind."""
    ended: list[Ended] = []
    for kind, part in _KINDS.items():
        count = max(1, many * part // 10)
        runs = [Run(f"{kind.replace(' ', '-')}-{seed}", kind, seed) for seed in range(count)]
        for heat in batched(runs, _IN_A_HEAT, strict=False):
            ended += race.heat(heat, _PATIENCE.get(kind, _MUCH))
    return ended


def judge(ended: Sequence[Ended], figures: Figures) -> None:
    """Print the figures, and let no run have ended on an older model."""
    older = [one for one in ended if not one.is_newest]
    repeated = [one for one in ended if one.run.kind == "duplicates" and one.received != 1]
    figures(
        runs=len(ended),
        events=sum(len(one.run.events) for one in ended),
        patches=sum(one.received for one in ended),
        most_patches_in_a_run=max(one.received for one in ended),
        events_that_came_again=sum(one.came_again for one in ended),
        applied_late=sum(one.held for one in ended),
        runs_that_ended_on_an_older_model=len(older),
        duplicates_that_made_more_than_one_patch=len(repeated),
    )
    assert older == []
    assert repeated == []
    # A late one may cost its own retry, and the repeat of what serves.
    assert [one for one in ended if one.received > MODELS + 2 * one.held] == []
