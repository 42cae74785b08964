"""What goes wrong: the process dies, storage and the endpoint fail, answers are lost or late."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from protocols.protocol import Refused, Unsettled
from retrain_trigger.watch import watch
from state.storage_errors import ConflictError, StorageError, UnavailableError
from tests.chaos.machine.landings import NAMES, Landings
from tests.chaos.machine.people import People
from tests.fakes.scoring_endpoint import Reaction
from tests.fakes.small_world import NAME

DOWN = Unsettled("http_503", "down", maybe_applied=True)
NO_ANSWER = Unsettled("no_answer", "reset", maybe_applied=True)
BUSY = Unsettled("http_429", "slow down", retry_after=timedelta(minutes=20))
WRONG_KEY = Refused("http_401", "the key is not this endpoint's")
CALLS = st.sampled_from(
    [
        "state.read", "state.write", "state.put", "state.delete", "state.list",
        "models.head", "models.list", "token.sign", "kept.keep",
    ]
)  # fmt: skip
RACES = st.sampled_from(
    ["state.read", "state.write", "models.head", "endpoint.patch", "endpoint.get"]
)
OCCASIONS = st.none() | st.just("tick") | NAMES
_ALWAYS = 10**9


class Troubles(Landings, People):
    """Faults of each kind. They last until they are used up or mended."""

    def go_on(self, occasion: str | None) -> None:
        """Give what was prepared an occasion, or leave it to what comes next."""
        if occasion == "tick":
            self.ticks(timedelta(minutes=2))
        elif occasion is not None:
            self.land_and_tell(name=occasion, after=1)

    @rule(number=st.integers(1, 14), after=st.booleans(), occasion=OCCASIONS)
    def crash_soon(self, number: int, occasion: str | None, *, after: bool) -> None:
        """The process will die at a call soon, before or after its effect."""
        self.world.calls.crash_at(number, after=after)
        self.go_on(occasion)

    @rule(
        what=CALLS,
        fault=st.sampled_from(["unavailable", "unavailable after it was done", "conflict"]),
        times=st.integers(1, 3),
        occasion=OCCASIONS,
    )
    def storage_fails(self, what: str, fault: str, times: int, occasion: str | None) -> None:
        """The next calls of a kind fail; what they did may have been done all the same."""
        is_write = what.startswith("state.") and what not in {"state.read", "state.list"}
        lost = fault != "unavailable" and is_write
        is_conflict = fault == "conflict" and what == "state.write"
        error: StorageError = UnavailableError(what, 503)
        if is_conflict:
            error = ConflictError(what, 412)

        def strike() -> None:
            self.expected.trouble(self.world.clock.instant, patches=2)  # which may be hours later
            raise error

        self.world.calls.script(what, strike, after=lost, times=times)
        self._count()
        self.go_on(occasion)

    @rule(down=st.booleans())
    def storage_goes_down(self, *, down: bool) -> None:
        """All of the app's storage fails from now on, or works again."""
        if down == self.storage_is_down:
            return
        self.storage_is_down = down
        self.expected.trouble(self.world.clock.instant, patches=2)
        if not down:
            self.world.calls.heal()
            return
        self._count()
        for what in ("read", "write", "put", "delete", "list"):
            error = UnavailableError(what, 503)
            self.world.calls.fail(f"state.{what}", error, times=_ALWAYS)

    @rule(answer=st.sampled_from([None, None, DOWN, NO_ANSWER, WRONG_KEY]))
    def endpoint_goes_down(self, answer: Unsettled | Refused | None) -> None:
        """The endpoint answers so from now on, and takes nothing; or it is well again."""
        self.world.scoring.down = answer
        if answer is not None:
            self._count()

    @rule(
        answer=st.sampled_from([NO_ANSWER, NO_ANSWER, DOWN, BUSY, WRONG_KEY]),
        late=st.none() | st.integers(0, 4 * 60),
        occasion=OCCASIONS,
    )
    def endpoint_answers_once(
        self, answer: Unsettled | Refused, late: int | None, occasion: str | None
    ) -> None:
        """The next PATCH has this answer; one without an answer may be applied, and late."""
        applied = timedelta(seconds=late) if late is not None and answer is NO_ANSWER else None
        self.world.scoring.react(NAME, Reaction(answer, applied))
        self._count()
        self.go_on(occasion)

    @rule(answer=st.sampled_from([True, DOWN, WRONG_KEY]))
    def smoke_test_cannot_be_made(self, *, answer: bool | Unsettled | Refused) -> None:
        """The scoring call fails, which says nothing of the model; or it works again."""
        self.world.scoring.smoke_test_says = answer

    @rule(name=NAMES, stuck=st.booleans(), for_long=st.booleans())
    def one_model_is_stuck(self, name: str, *, stuck: bool, for_long: bool) -> None:
        """The endpoint fails for what has this name alone, or no more."""
        self.world.scoring.stuck.discard(name)
        if stuck:
            self.world.scoring.stuck.add(name)
            self._count()
        if stuck and for_long:
            self.land_and_tell(name=name, after=1)
            self.ticks(timedelta(hours=4))

    @rule(faulty=st.booleans())
    def file_gets_a_fault(self, *, faulty: bool) -> None:
        """A person breaks the endpoint's table, or mends it."""
        self.world.has_fault = faulty
        self.world.rewrite_file()
        self.expected.trouble(self.world.clock.instant, patches=1)

    @rule(well=st.booleans())
    def training_service_goes_down(self, *, well: bool) -> None:
        """The training service cannot be asked, or can again."""
        self.world.training.down = None if well else DOWN
        if not well:
            self._count()

    @rule(
        what=RACES,
        after=st.booleans(),
        event=st.sampled_from(["land", "event", "tick", "redeploy", "slow", "suspended", "crash"]),
        name=NAMES,
        occasion=OCCASIONS,
    )
    def meanwhile(
        self, what: str, event: str, name: str, occasion: str | None, *, after: bool
    ) -> None:
        """In the midst of a call of a kind, another instance of the app does something."""
        other = self.world.another_instance()

        def land() -> None:
            self.world.clock.instant += timedelta(seconds=1)
            self.put(name)
            self.deliver(name, other)

        def slow() -> None:
            self.world.clock.instant += timedelta(seconds=40)
            self.attempt(lambda: watch(other))

        def suspended() -> None:
            self.world.clock.instant += timedelta(seconds=400)
            self.expected.trouble(self.world.clock.instant, patches=2)
            self.attempt(lambda: watch(other))
            land()
            self.expected.overtaken_at = self.world.clock.instant

        events: dict[str, Callable[[], object]] = {
            "land": land,
            "event": lambda: self.deliver(name, other),
            "tick": lambda: self.attempt(lambda: watch(other)),
            "redeploy": lambda: self.redeploy(name),
            "slow": slow,
            "suspended": suspended,
            "crash": lambda: self.world.calls.crash_at(1, after=after),
        }
        self.world.calls.script(what, events[event], after=after)
        self._count("races")
        self.go_on(occasion)

    def _count(self, what: str = "faults") -> None:
        self.tally.add(what)
        self.troubled_at = self.world.clock.instant
