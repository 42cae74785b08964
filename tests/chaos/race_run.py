"""One run of a race: its models, its events, and what became of them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from tests.chaos.late_endpoint import Manners
from tests.chaos.orders import Announce, Order, Put

PROCESSES: Final = 3
MODELS: Final = 50
_LONGEST_DELAYS = (0.02, 0.1, 0.5)

type Kind = Literal["at once", "while they land", "late", "answered late", "duplicates"]
type Told = tuple[int, Order]
"""An order for the process of that number."""


@dataclass(frozen=True)
class Run:
    """Fifty models for one endpoint, or fifty times the event of one.

    Attributes:
        endpoint: Its name, which no other run has.
        kind: What is peculiar about it.
        seed: Of its orders and delays.
    """

    endpoint: str
    kind: Kind
    seed: int

    @property
    def names(self) -> list[str]:
        """The models."""
        many = 1 if self.kind == "duplicates" else MODELS
        return [f"{self.endpoint}/{number:02}.ilearner" for number in range(many)]

    @property
    def manners(self) -> Manners:
        """How its endpoint behaves."""
        if self.kind == "answered late":
            return Manners(chance=0.5, answers=True, most_held=1, seed=self.seed)
        return Manners(chance=0.5 if self.kind == "late" else 0.0, seed=self.seed)

    @property
    def _lands(self) -> bool:
        """Whether its models land while the race goes on."""
        return self.kind in {"while they land", "late", "answered late"}

    @cached_property
    def events(self) -> Sequence[Told]:
        """The events, each in some process after some delay."""
        chance = random.Random(self.seed)  # noqa: S311 - an order, no secret
        lands = self._lands
        names = self.names * (1 if lands else 1 + (self.kind == "duplicates") * (MODELS - 1))
        chance.shuffle(names)
        longest = chance.choice(_LONGEST_DELAYS)

        def told(name: str) -> Told:
            first, then = (chance.uniform(0, longest) for _ in range(2))
            return chance.randrange(PROCESSES), Put(name, first, then) if lands else Announce(
                name, first
            )

        return [told(name) for name in names]

    @property
    def before(self) -> list[list[Told]]:
        """What is there before: of many models the first serves, the others are not known yet."""
        if self._lands:
            return []
        first, *others = self.names
        serving = Put(first, announced_after=0.0 if others else None)
        chance = random.Random(-self.seed)  # noqa: S311 - an order, no secret
        chance.shuffle(others)
        written: list[Told] = [
            (number % PROCESSES, Put(name)) for number, name in enumerate(others)
        ]
        return [[(0, serving)], written]


@dataclass(frozen=True)
class Ended:
    """What became of a run.

    Attributes:
        run: Which.
        newest: The newest model in storage.
        applied: What the endpoint applied, oldest first.
        received: How many PATCHes it was sent.
        held: How many of these it applied late.
        came_again: How many events came again, because the app raised at them.
        desired: What the record says is desired.
        state: How far that is.
    """

    run: Run
    newest: str
    applied: tuple[str, ...]
    received: int
    held: int
    came_again: int
    desired: str | None
    state: str | None

    @property
    def is_newest(self) -> bool:
        """Say whether the endpoint and the record ended on the newest model."""
        last = self.applied[-1] if self.applied else None
        return last == self.desired == self.newest and self.state in {"patched", "live"}
