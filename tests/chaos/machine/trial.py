"""What every machine has: an app that may die of what it is told to do, and time."""

import random
from collections.abc import Callable
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from retrain_trigger.watch import watch
from state.storage_errors import StorageError
from tests.chaos.machine.tally import Tally
from tests.chaos.machine.troubled_world import TroubledWorld
from tests.fakes.calls import CrashError

_MINUTE = timedelta(minutes=1)


class Trial(RuleBasedStateMachine):
    """A world in which things happen, and go wrong.

    Args:
        world: Which.
        tally: Counts over all examples.
    """

    def __init__(self, world: TroubledWorld, tally: Tally) -> None:
        super().__init__()
        self.world, self.tally = world, tally
        self._depth = 0
        tally.add("examples")

    @initialize(seed=st.integers(0, 2**32 - 1))
    def draw_ids(self, seed: int) -> None:
        """Whatever is random in the app is so by this example alone, so it plays again alike."""
        random.seed(seed)

    def attempt(self, do: Callable[[], object]) -> bool:
        """Have the app do something, in which it may die; say whether it was done."""
        self._depth += 1
        try:
            do()
        except CrashError:
            if self._depth > 1:
                raise
            self.tally.add("crashes")
            self.world.restart()
            self.restarted()
            return False
        except StorageError:
            self.tally.add("storage_errors")
            return False
        finally:
            self._depth -= 1
            self.looked()
        return True

    def ticks(self, span: timedelta) -> None:
        """Let time pass with a tick at every minute; those at which nothing is due are skipped."""
        world, end = self.world, self.world.clock.instant + span
        while (due := world.next_due()) is not None:
            late = -(-(due - world.clock.instant) // _MINUTE)
            if world.clock.instant + max(1, late) * _MINUTE > end:
                break
            world.clock.instant += max(1, late) * _MINUTE
            self.tick()
        world.clock.instant = max(end, world.clock.instant)  # it may have passed in a call's midst
        self.before_tick()

    def tick(self) -> None:
        """Have `watch` run once."""
        self.before_tick()
        self.attempt(lambda: watch(self.world.engine))
        self.tally.add("ticks")

    def restarted(self) -> None:
        """Take note that the process died and lives again."""

    def looked(self) -> None:
        """Take note of what the app has just come to."""

    def before_tick(self) -> None:
        """Look at the world as it is when a tick begins."""
