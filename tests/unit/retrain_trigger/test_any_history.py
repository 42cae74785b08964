"""Whatever happens in whatever order, the newest model ends live and was sent last."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.protocol import Unsettled
from retrain_trigger.landed import model_landed
from state.storage_errors import ConflictError, StorageError, UnavailableError
from tests.fakes.calls import CrashError
from tests.fakes.scoring_endpoint import Reaction
from tests.fakes.small_world import SmallWorld

DOWN = Unsettled("http_503", "down", maybe_applied=True)
NO_ANSWER = Unsettled("no_answer", "reset", maybe_applied=True)
BUSY = Unsettled("http_429", "slow down", retry_after=timedelta(minutes=20))
NAMES = st.sampled_from(["census/a.ilearner", "census/b.ilearner", "census/c.ilearner"])
WRITES = st.sampled_from(["state.write", "state.put", "state.delete", "state.read", "models.head"])


class Step:
    """What can happen; each takes the world on by one."""

    @staticmethod
    def land(world: SmallWorld, name: str) -> None:
        """A model lands and its event comes."""
        world.land(name)

    @staticmethod
    def land_silently(world: SmallWorld, name: str) -> None:
        """A model lands and its event never comes."""
        world.catalog.put(name)

    @staticmethod
    def repeat_event(world: SmallWorld, name: str) -> None:
        """The event of a model comes again."""
        if world.catalog.has(name):
            model_landed(world.engine, name)

    @staticmethod
    def tick(world: SmallWorld, minutes: int) -> None:
        """Time passes with a tick each minute."""
        world.run(minutes=minutes)

    @staticmethod
    def sleep(world: SmallWorld, seconds: int) -> None:
        """Time passes and no timer runs."""
        world.clock.advance(seconds=seconds)

    @staticmethod
    def go_down(world: SmallWorld, *, down: bool) -> None:
        """The endpoint fails from now on, or no more."""
        world.scoring.down = DOWN if down else None

    @staticmethod
    def lose_answer(world: SmallWorld, minutes: int) -> None:
        """The next PATCH has no answer and is applied late."""
        world.scoring.react("census", Reaction(NO_ANSWER, timedelta(minutes=minutes)))

    @staticmethod
    def be_busy(world: SmallWorld) -> None:
        """The next PATCH is put off."""
        world.scoring.react("census", BUSY)

    @staticmethod
    def crash(world: SmallWorld, number: int, *, after: bool) -> None:
        """The process will die at a call soon."""
        world.calls.crash_at(number, after=after)

    @staticmethod
    def fail(world: SmallWorld, what: str) -> None:
        """The next call of a kind fails."""
        world.calls.fail(what, UnavailableError(what))

    @staticmethod
    def lose_write(world: SmallWorld) -> None:
        """The next write of a record takes effect and says that it did not."""
        world.calls.fail("state.write", ConflictError("write", 412), lost_answer=True)


STEPS = st.one_of(
    st.tuples(st.just("land"), st.fixed_dictionaries({"name": NAMES})),
    st.tuples(st.just("land"), st.fixed_dictionaries({"name": NAMES})),
    st.tuples(st.just("land_silently"), st.fixed_dictionaries({"name": NAMES})),
    st.tuples(st.just("repeat_event"), st.fixed_dictionaries({"name": NAMES})),
    st.tuples(st.just("tick"), st.fixed_dictionaries({"minutes": st.integers(1, 30)})),
    st.tuples(st.just("sleep"), st.fixed_dictionaries({"seconds": st.integers(0, 200)})),
    st.tuples(st.just("go_down"), st.fixed_dictionaries({"down": st.booleans()})),
    st.tuples(st.just("lose_answer"), st.fixed_dictionaries({"minutes": st.integers(0, 4)})),
    st.tuples(st.just("be_busy"), st.just({})),
    st.tuples(
        st.just("crash"),
        st.fixed_dictionaries({"number": st.integers(1, 15), "after": st.booleans()}),
    ),
    st.tuples(st.just("fail"), st.fixed_dictionaries({"what": WRITES})),
    st.tuples(st.just("lose_write"), st.just({})),
)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(history=st.lists(STEPS, min_size=3, max_size=15), one_more=st.booleans())
def test_after_any_history_the_newest_model_is_live_and_was_sent_last(
    history: list[tuple[str, dict[str, object]]], *, one_more: bool
) -> None:
    world = SmallWorld()
    for name, arguments in history:
        try:
            getattr(Step, name)(world, **arguments)
        except CrashError:
            world.restart()
        except StorageError:
            pass  # the host tells the event again, or the sweep finds it
    world.clock.advance(seconds=1)
    if one_more or not world.catalog.newest():
        world.catalog.put("census/last.ilearner")
    _heal(world)

    model = world.catalog.newest()
    assert model is not None
    newest = model.name
    assert (world.desired().model, world.desired().state) == (model, "live")
    assert world.scoring.serves("census") == f"experimentoutput/{newest}"
    assert world.sent()[-1] == newest
    assert world.record().attempt is None
    assert world.store.names("agenda/") == sorted(world.record().agenda)
    assert len(world.store.names("agenda/")) <= 2


def _heal(world: SmallWorld) -> None:
    """End all that goes wrong, and let the timers run for three hours."""
    world.restart()
    world.calls.heal()
    world.scoring.heal()
    for _ in range(18):
        world.sweep()
        world.run(minutes=10)
    # A leftover of a crash may be as far ahead as a renewal.
    world.run(days=2)
