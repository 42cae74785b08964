"""One endpoint's life in random order; and whenever faults stop, it converges."""

import sys
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests.chaos.machine.landings import NAMES
from tests.chaos.machine.troubles import Troubles
from tests.chaos.machine.verdict import Verdict
from tests.fakes.small_world import NAME

_A_TICK = timedelta(minutes=1)


class EndpointMachine(Troubles):
    """All that can happen to an endpoint, and time."""

    @initialize(has_smoke_test=st.booleans())
    def prove(self, *, has_smoke_test: bool) -> None:
        """A model is proven by a scoring call, or by the location that the endpoint tells."""
        self.world.has_smoke_test = has_smoke_test
        self.world.rewrite_file()

    @rule(minutes=st.sampled_from([1, 2, 5, 30, 240]))
    def time_passes(self, minutes: int) -> None:
        """The timers run."""
        self.ticks(timedelta(minutes=minutes))

    @rule(
        names=st.lists(NAMES, min_size=1, max_size=3),
        pause=st.sampled_from([0, 20, 70, 600]),
        swept=st.booleans(),
    )
    def business_as_usual(self, names: list[str], pause: int, *, swept: bool) -> None:
        """Models land one after the other, and the timers run."""
        for name in names:
            self.land_and_tell(name=name, after=0)
            self.ticks(timedelta(seconds=pause))
        if swept:
            self.sweeps()

    @rule(seconds=st.sampled_from([1, 20, 45, 100, 300, 3600, 30 * 3600]))
    def timers_stand_still(self, seconds: int) -> None:
        """Time passes and no timer runs, as in an outage of the host."""
        self.silence(timedelta(seconds=seconds))

    @rule()
    def sweep(self) -> None:
        """The sweep runs."""
        self.sweeps()

    @rule(unless=st.integers(0, 3))
    def faults_stop(self, unless: int) -> None:
        """Now and then faults stop; whether landed models wait stays as it is."""
        if unless:
            return
        self._heal()
        self._settle()

    def teardown(self) -> None:
        """However it went: once faults stop and landed models need not wait, the newest wins."""
        if sys.exc_info()[0] is not None:
            return
        self._heal()
        self._settle()
        self.switch_auto_deploy(on=True)
        self.release()
        self._settle()
        self.world.clock.instant += timedelta(seconds=1)
        self.put("census/last.ilearner")
        self._settle()
        assert self.world.desired().model.name == "census/last.ilearner"
        assert self.world.scoring.serves(NAME) == "experimentoutput/census/last.ilearner"

    def _heal(self) -> None:
        world = self.world
        world.restart()
        world.calls.heal()
        world.scoring.heal()
        world.training.heal()
        self.storage_is_down = world.has_fault = False
        world.rewrite_file()
        self.tally.add("settlings")

    def _settle(self) -> None:
        """Let the timers run for hours, then until whatever a crash has left behind is due."""
        for _ in range(6):
            self.sweeps()
            self.ticks(timedelta(minutes=30))
        self._judge(after_hours=False)
        left_behind = self.world.left_behind_until() - self.world.clock.instant
        left_behind = -(-left_behind // _A_TICK) * _A_TICK  # a tick runs at the end
        # A job's result is renewed by its service's token; what is due still later is a fault.
        outlived = min(left_behind, self.world.training.lifetime)
        self.ticks(max(2 * self.expected.lifetime, outlived))
        self._judge(after_hours=True)

    def _judge(self, *, after_hours: bool) -> None:
        self.note_results()
        elapsed = self.world.clock.instant - self.began_at
        renewals = elapsed // self.expected.soonest_renewal + 1
        verdict = Verdict(self.world, self.expected)
        self.expected.violations += verdict.problems(renewals)
        if after_hours:
            self.expected.violations += verdict.leftovers()
        self.nothing_was_violated()
