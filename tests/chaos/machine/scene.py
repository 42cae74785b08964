"""What every machine about an endpoint starts from: a world, what is expected of it, and time."""

from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis.stateful import invariant

from patch_endpoint.trained_model import TrainedModel
from retrain_trigger.engine import Engine
from retrain_trigger.landed import model_landed
from retrain_trigger.sweep import sweep
from state.store import StateStore
from tests.chaos.machine.expectation import Expectation
from tests.chaos.machine.tally import Tally
from tests.chaos.machine.trial import Trial
from tests.chaos.machine.troubled_world import TroubledWorld
from tests.chaos.machine.watched_scoring import Patched, version_of
from tests.fakes.small_world import NAME

LIFETIMES = [(24 * 60, 6 * 60), (60, 15), (10, 3)]
"""Of tokens, and how long before their end they are renewed; in minutes."""
_IN_EFFECT_AFTER = timedelta(minutes=1)
"""Until then an endpoint may score with what it had before, by the same name at times."""
_ALL_RIGHT_AGAIN_AFTER = timedelta(minutes=80)
"""A back-off is 15 minutes at most, and an hour where the endpoint asked for it."""


class Scene(Trial):
    """A world and what is expected of it.

    Args:
        tally: Counts over all examples.
        store: Makes the store of the app's state; it may give None for memory.
        lifetime: Of tokens and of their last part, in minutes.
    """

    def __init__(
        self, tally: Tally, store: Callable[[], StateStore | None], lifetime: tuple[int, int]
    ) -> None:
        alive, before = (timedelta(minutes=minutes) for minutes in lifetime)
        self.expected = Expectation(alive, (alive - before) * 0.9)
        super().__init__(TroubledWorld(self._patched, store(), alive, before), tally)
        self.began_at = self.troubled_at = self.world.clock.instant
        self.storage_is_down = False

    def deliver(self, name: str, engine: Engine | None = None) -> bool:
        """Have the event of the model *name* reach the app; say whether it was handled."""
        before = self.world.catalog.found(name)
        handled = self.attempt(lambda: model_landed(engine or self.world.engine, name))
        if handled and before is not None and self.world.catalog.found(name) is before:
            self.expected.told(before, self.world.record())
        return handled

    def put(
        self,
        name: str,
        content: bytes | None = None,
        *,
        is_good: bool = True,
        is_wrong: bool = False,
    ) -> TrainedModel:
        """Have bytes land under *name*; no event yet."""
        world = self.world
        world.scoring.no_models.discard(name)
        if not is_good:
            world.scoring.no_models.add(name)
        model = world.catalog.put(name, content)
        if is_wrong:
            world.scoring.wrong.add(version_of(model))
        self.expected.landed(model, is_good=is_good and model.size > 0, is_wrong=is_wrong)
        self.tally.add("landings")
        return model

    def sweeps(self) -> None:
        """Have `sweep` run; whatever landed is known to the app after it."""
        self.attempt(lambda: sweep(self.world.engine))
        self.tally.add("sweeps")

    @property
    def is_troubled(self) -> bool:
        """Whether anything is wrong that may keep a token from being renewed."""
        world = self.world
        return (
            self.storage_is_down
            or world.has_fault
            or world.calls.is_scripted
            or not world.scoring.is_in_order
            or not world.training.is_in_order
        )

    def silence(self, span: timedelta) -> None:
        """Let time pass, and no timer runs."""
        self.world.clock.instant += span
        self.troubled_at = self.world.clock.instant

    @invariant()
    def nothing_was_violated(self) -> None:
        """Say what did not hold."""
        self.tally.add("steps")
        self.expected.judge_record(self.world.record())
        assert not self.expected.violations, "; ".join(self.expected.violations)

    def before_tick(self) -> None:
        """Invariant 4: what serves has a token that is valid, as long as the timer runs."""
        now, world = self.world.clock.instant, self.world
        served, serving = world.scoring.in_effect(NAME), world.record().serving
        is_stuck = serving is not None and serving.model.name in world.scoring.stuck
        if self.is_troubled or is_stuck:
            self.troubled_at = now
        if served is None or serving is None or serving.blob != served.blob:
            return
        if now - serving.since < _IN_EFFECT_AFTER:
            return
        if now - self.troubled_at < _ALL_RIGHT_AGAIN_AFTER or not self._is_there(served.blob):
            return
        if datetime.fromisoformat(served.token_expiry or "") <= now:
            self.expected.violations.append(f"the token of {served.blob} expired, at {now}")

    def _is_there(self, blob: str) -> bool:
        """Whether what serves can be sent once more."""
        serving = self.world.record().serving
        if serving is None or serving.model.name in self.world.scoring.stuck:
            return False
        if serving.model.from_job is not None:
            return serving.model.from_job.job_id in self.world.training.jobs
        found = self.world.catalog.found(serving.model.name)
        is_same = found is not None and found.has_bytes_of(serving.model)
        return is_same or blob.partition("/")[2] in self.world.keeper.kept

    def restarted(self) -> None:
        """See `Trial`: one PATCH more, and one more if it was not known to be taken."""
        self.expected.trouble(self.world.clock.instant, patches=2)
        self.troubled_at = self.world.clock.instant

    def looked(self) -> None:
        """See `Trial`: what the endpoint's hold is now, and how long its history."""
        record = self.world.record()
        self.expected.saw(record)
        self.expected.now_waits(waits=record.held is not None or not self.world.auto_deploy)

    def _patched(self, patched: Patched) -> None:
        self.tally.add("patches")
        self.expected.patched(patched)
