"""Random histories against the whole app: invariants 1 to 4, race rules 1 to 7 and 9.

A machine of hypothesis plays landings, persons, time, crashes and faults of each kind in random
order; a small model of its own says what must hold after every step and once faults stop.
"""

import random
import secrets
import uuid
from collections.abc import Callable

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from local_stack.azurite import Azurite
from retrain_trigger import side_by_side
from settings.connection import Connection
from settings.secret import Secret
from state.clients import blob_service
from state.store import BlobStateStore
from tests.chaos.conftest import Figures
from tests.chaos.machine.endpoint_machine import EndpointMachine
from tests.chaos.machine.histories import HISTORIES, JOB_HISTORIES
from tests.chaos.machine.job_machine import JobMachine
from tests.chaos.machine.scene import LIFETIMES
from tests.chaos.machine.tally import Tally

SHORT = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
FULL = settings(SHORT, max_examples=160, stateful_step_count=70, print_blob=True)
FIXED_SEED = 4
MINUTES = 3000

type Machine = Callable[[], RuleBasedStateMachine]


@pytest.fixture(autouse=True)
def examples_play_again_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have ids, which order what falls due at once, and threads be the same each time.

    What goes wrong can only then be played again, and be made smaller.
    """

    def drawn() -> uuid.UUID:
        return uuid.UUID(int=random.getrandbits(128), version=4)

    monkeypatch.setattr(uuid, "uuid4", drawn)
    monkeypatch.setattr(side_by_side, "AT_ONCE", 1)


class Play:
    """Plays a machine again and again, and notes what it went through.

    Args:
        form: How many examples, of how many steps.
        seed: Of all that is random.
        figures: Notes the figures.
    """

    def __init__(self, form: settings, seed: int, figures: Figures) -> None:
        self._form, self._seed, self._figures = form, seed, figures
        self.tally = Tally()

    def run(self, machine: Machine, examples: int | None = None, apart: int = 0) -> None:
        """Play *machine*, each *apart* otherwise; the violation that is left is the smallest."""
        form = settings(self._form, max_examples=examples) if examples else self._form
        factory = hypothesis.seed(self._seed + apart)(machine)
        survived = False
        try:
            run_state_machine_as_test(factory, settings=form)  # type: ignore[arg-type]
            survived = True
        finally:
            counts = self.tally.figures()
            self._figures(seed=self._seed, **counts, violations=int(not survived))


@pytest.fixture
def play(request: pytest.FixtureRequest, figures: Figures, *, full: bool) -> Play:
    """Short: always the same. Full: as `--hypothesis-seed` says, else a seed that is printed."""
    given = request.config.getoption("--hypothesis-seed", default=None)
    if given is not None and str(given).isdigit():
        return Play(FULL if full else SHORT, int(given), figures)
    return Play(FULL, secrets.randbits(32), figures) if full else Play(SHORT, FIXED_SEED, figures)


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("lifetime", [LIFETIMES[0], LIFETIMES[2]], ids=lambda one: f"{one[0]} min")
def test_a_history_that_a_guard_is_for_ends_well(history: str, lifetime: tuple[int, int]) -> None:
    """Invariants 1 to 4, race rules 1 to 6; each history goes wrong without its guard."""
    machine = EndpointMachine(Tally(), lambda: None, lifetime)
    HISTORIES[history](machine)
    machine.nothing_was_violated()
    machine.teardown()


@pytest.mark.parametrize("history", JOB_HISTORIES)
@pytest.mark.parametrize("at_once", [False, True], ids=["started apart", "by its submission"])
def test_a_history_of_jobs_that_a_guard_is_for_ends_well(history: str, *, at_once: bool) -> None:
    """Rule 8; each history goes wrong without its guard."""
    machine = JobMachine(Tally(), at_once=at_once)
    JOB_HISTORIES[history](machine)
    machine.each_job_runs_once_and_one_at_a_time()
    machine.what_has_ended_runs_nowhere()
    machine.teardown()


@pytest.mark.timeout(MINUTES)
@pytest.mark.parametrize("lifetime", LIFETIMES, ids=lambda one: f"{one[0]} min")
def test_an_endpoint_whatever_happens_converges_to_its_newest_model(
    lifetime: tuple[int, int], play: Play
) -> None:
    """Invariants 1 to 4, with tokens that live for a day, an hour, ten minutes."""
    play.run(lambda: EndpointMachine(play.tally, lambda: None, lifetime), apart=lifetime[0])


@pytest.mark.timeout(MINUTES)
def test_an_endpoint_converges_on_real_storage_too(
    play: Play, azurite: Azurite, *, full: bool
) -> None:
    """Invariants 1 to 4; the state is in Azurite: conditions and listings are a storage's own."""
    connection = Connection("StateStorage", connection_string=Secret(azurite.connection_string))
    with blob_service(connection) as service:

        def store() -> BlobStateStore:
            return BlobStateStore(service.get_container_client(f"machine-{secrets.token_hex(16)}"))

        play.run(lambda: EndpointMachine(play.tally, store, LIFETIMES[0]), 15 if full else 2)


@pytest.mark.timeout(MINUTES)
@pytest.mark.parametrize("at_once", [False, True], ids=["started apart", "by its submission"])
def test_no_job_runs_twice_and_none_is_forgotten(play: Play, *, at_once: bool) -> None:
    """Rule 8, whatever dies or fails between any two calls."""
    play.run(lambda: JobMachine(play.tally, at_once=at_once))
