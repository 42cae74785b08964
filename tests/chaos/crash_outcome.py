"""What became of an endpoint whose app was killed, and the verdict over many of these."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.chaos.crash_bench import CrashBench
from tests.chaos.places import Place


@dataclass(frozen=True)
class Outcome:
    """How a play ended.

    Attributes:
        place: Where the process was killed.
        call: What it called there; None: it made no such call.
        served: The blob that the endpoint itself names.
        desired: The blob that its record names.
        state: How far that is.
        error: What stands in the way, if anything.
        patched: The models that were PATCHed.
        starts: How often the training service was told to start a job.
        jobs: The states of the jobs on record.
        entries: How many agenda entries are left.
    """

    place: Place
    call: str | None
    served: str | None
    desired: str | None
    state: str | None
    error: str | None
    patched: tuple[str, ...]
    starts: int
    jobs: tuple[str, ...]
    entries: int

    @classmethod
    def of(cls, bench: CrashBench) -> "Outcome":
        """Look at what there is now."""
        record, places = bench.record(), bench.places
        desired = record.desired
        return cls(
            place=(places.crash_at, places.when),
            call=places.made[places.crash_at - 1] if places.crashed.is_set() else None,
            served=bench.serves(),
            desired=desired.model.name if desired else None,
            state=desired.state if desired else None,
            error=desired.error.message if desired and desired.error else None,
            patched=tuple(bench.patched()),
            starts=bench.starts(),
            jobs=tuple(one.state for one in bench.jobs()),
            entries=len(bench.agenda()),
        )


@dataclass(frozen=True)
class Verdict:
    """What is said of many outcomes.

    Attributes:
        calm: What a play without a crash comes to.
        outcomes: Those with one.
        is_newest: Whether a model of this name is the newest there.
        ends: The states that a deployment may end in.
    """

    calm: Outcome
    outcomes: Sequence[Outcome]
    is_newest: Callable[[str], bool]
    ends: frozenset[str] = frozenset({"live"})

    @property
    def lost(self) -> list[Outcome]:
        """Those whose newest model is not what the endpoint serves, was last told and is to."""
        return [one for one in self.outcomes if not self._has_newest(one)]

    @property
    def repeats(self) -> list[int]:
        """How many more PATCHes each took than without a crash."""
        return [len(one.patched) - len(self.calm.patched) for one in self.outcomes]

    @property
    def forgotten(self) -> list[Outcome]:
        """Those whose job never ran, or did not end well."""
        return [one for one in self.outcomes if one.starts == 0 or one.jobs != ("finished",)]

    @property
    def run_twice(self) -> list[Outcome]:
        """Those in which a second job was started, or the same once more."""
        return [one for one in self.outcomes if one.starts > 1]

    def figures(self) -> dict[str, int]:
        """What is printed."""
        return {
            "places_tried": len(self.outcomes),
            "models_lost": len(self.lost),
            "crashes_that_repeated_a_patch": sum(more > 0 for more in self.repeats),
            "most_patches_repeated": max(self.repeats),
        }

    def figures_of_jobs(self) -> dict[str, int]:
        """What is printed of jobs."""
        twice = {"jobs_run_twice": len(self.run_twice), "jobs_forgotten": len(self.forgotten)}
        return self.figures() | twice

    def _has_newest(self, one: Outcome) -> bool:
        told = one.patched[-1] if one.patched else None
        if not one.served == one.desired == told or one.state not in self.ends:
            return False
        return one.served is not None and self.is_newest(one.served)


def every_place(calls: Sequence[str]) -> Iterator[Place]:
    """Before and after each call."""
    for number in range(1, len(calls) + 1):
        yield number, "before"
        yield number, "after"


def few_places(calls: Sequence[str], few: int) -> Iterator[Place]:
    """The places where a crash costs most, and *few* others or a little more."""
    for number, call in enumerate(calls, start=1):
        if call.startswith("PATCH ") or call.endswith("/start"):
            yield number, "after"
        elif number % (len(calls) // few) == 0:
            yield number, "before"


def listed(outcomes: Sequence[Outcome]) -> str:
    """Show outcomes in full, one a line."""
    return "\n".join(["", *map(str, outcomes)])
