"""The life of an endpoint's retraining jobs in random order: none runs twice, none is forgotten."""

import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from urllib.parse import unquote

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from patch_endpoint.history import HISTORY_KEPT
from protocols.batch import JobStatus
from protocols.protocol import Refused, Unsettled
from retrain_trigger.engine import Engine
from retrain_trigger.job import ENDED, Job, State
from retrain_trigger.job_transitions import TRANSITIONS
from retrain_trigger.jobs import JobEndedError, JobRunsError
from retrain_trigger.request import Request, RetrainImpossibleError
from retrain_trigger.sweep import sweep
from retrain_trigger.watch import watch
from state.storage_errors import ConflictError, StorageError, UnavailableError
from tests.chaos.machine import troubled_training
from tests.chaos.machine.expectation import known_to
from tests.chaos.machine.tally import Tally
from tests.chaos.machine.trial import Trial
from tests.chaos.machine.troubled_world import AT_ONCE, TroubledWorld

_EVERY_HALF_HOUR = "0 */30 * * * *"
_ANSWERS = [
    None,
    Unsettled("http_503", "down"),
    Unsettled("http_429", "slow down", retry_after=timedelta(minutes=20)),
    Refused("http_401", "the key is not this service's"),
]
_LONG_ENOUGH = 20
"""After so many minutes whatever was put off by a fault has been tried again."""
_CALLS = ["state.read", "state.write", "state.put", "state.delete", "state.list", "token.sign"]
_SAID = {"end_unconfirmed"}
"""What a record says of a job that has ended here and may run there."""
_RACES = ["state.read", "state.write", "state.put", "training.submit", "training.start"]
_REQUESTS: list[troubled_training.Request] = ["submit", "start", "look", "cancel"]
_OUTCOMES: list[JobStatus] = ["finished", "finished", "running", "failed", "cancelled", "unknown"]


class JobMachine(Trial):
    """Jobs that are begun, cancelled, followed, lost; and time.

    Args:
        tally: Counts over all examples.
        at_once: Whether a job is started by its submission, under our id.
    """

    def __init__(self, tally: Tally, *, at_once: bool = False) -> None:
        alive, before = timedelta(hours=24), timedelta(hours=6)
        super().__init__(TroubledWorld(lambda _: None, None, alive, before), tally)
        self.world.schedule = _EVERY_HALF_HOUR
        self.world.service = AT_ONCE if at_once else self.world.service
        self.world.rewrite_file()
        self._seen: dict[str, Job] = {}
        self._begun: set[str] = set()
        self._is_forgetful = False

    def looked(self) -> None:
        """See `Trial`: a full history has dropped models that never were live."""
        self._is_forgetful |= len(known_to(self.world.record())) >= HISTORY_KEPT

    @rule(drive=st.booleans())
    def begin(self, *, drive: bool) -> None:
        """A person has the endpoint retrained."""

        def ask() -> None:
            jobs, endpoint = self.world.engine.jobs, self.world.endpoint()
            self._begun.add(jobs.begin(endpoint, Request(by="somebody"), drive=drive).id)

        with suppress(JobRunsError, RetrainImpossibleError):
            self.attempt(ask)

    @rule()
    def cancel(self) -> None:
        """A person has the last job cancelled."""
        ids = sorted(self._jobs())
        if ids:
            with suppress(JobEndedError):
                self.attempt(lambda: self.world.engine.jobs.cancel(ids[-1], "somebody"))

    @rule(minutes=st.sampled_from([1, 1, 3, 29, 90]))
    def time_passes(self, minutes: int) -> None:
        """The timers run, and every one of their ticks."""
        since = self.world.clock.instant
        for _ in range(minutes):
            self.world.clock.instant += timedelta(minutes=1)
            self.tick()
        if minutes >= _LONG_ENOUGH:
            self._judge_time(since)

    @rule(seconds=st.sampled_from([10, 60, 1000, 13 * 3600]))
    def timers_stand_still(self, seconds: int) -> None:
        """Time passes and no timer runs."""
        self.world.clock.instant += timedelta(seconds=seconds)

    @rule()
    def sweep(self) -> None:
        """The sweep runs."""
        self.attempt(lambda: sweep(self.world.engine))

    @rule(outcome=st.sampled_from(_OUTCOMES))
    def jobs_end_as(self, outcome: JobStatus) -> None:
        """What is started comes to this from now on."""
        self.world.training.ends_as = outcome

    @rule(answer=st.sampled_from(_ANSWERS))
    def service_answers(self, answer: Unsettled | Refused | None) -> None:
        """The training service does nothing and says so, or is well again."""
        self.world.training.down = answer
        self.tally.add("faults", int(answer is not None))

    @rule(request=st.sampled_from(_REQUESTS))
    def answer_is_lost(self, request: troubled_training.Request) -> None:
        """The service will do what it is asked, and its answer is lost."""
        self.world.training.lost.append(request)
        self.tally.add("faults")

    @rule(number=st.integers(1, 14), after=st.booleans())
    def crash_soon(self, number: int, *, after: bool) -> None:
        """The process will die at a call soon, before or after its effect."""
        self.world.calls.crash_at(number, after=after)

    @rule(what=st.sampled_from(_CALLS), lost=st.booleans(), conflict=st.booleans())
    def storage_fails(self, what: str, *, lost: bool, conflict: bool) -> None:
        """A call to storage fails; what it did may have been done all the same."""
        is_write = what in {"state.write", "state.put", "state.delete"}
        error: StorageError = UnavailableError(what, 503)
        if conflict and what == "state.write":
            error, lost = ConflictError(what, 412), True
        self.world.calls.fail(what, error, lost_answer=lost and is_write)
        self.tally.add("faults")

    @rule(
        what=st.sampled_from(_RACES),
        event=st.sampled_from(["tick", "drive", "begin", "cancel", "crash"]),
        after=st.booleans(),
    )
    def meanwhile(self, what: str, event: str, *, after: bool) -> None:
        """In the midst of a call, another instance of the app does something."""
        other = self.world.another_instance()
        events: dict[str, Callable[[], object]] = {
            "tick": lambda: self.attempt(lambda: watch(other)),
            "drive": lambda: self.attempt(lambda: self._drive(other)),
            "begin": lambda: self.begin(drive=True),
            "cancel": self.cancel,
            "crash": lambda: self.world.calls.crash_at(1, after=after),
        }
        self.world.calls.script(what, events[event], after=after)
        self.tally.add("races")

    @invariant()
    def each_job_runs_once_and_one_at_a_time(self) -> None:
        """No job is started twice; one that ended stays as it is; none goes back, none is lost."""
        self.tally.add("steps")
        jobs, before = self._jobs(), self._seen
        started = self._started()
        assert not [one for one, number in started.items() if number > 1], started
        assert len([one for one in jobs.values() if not one.has_ended]) <= 1
        assert not (self._begun | set(before)) - set(jobs), "a job was forgotten"
        for name, job in before.items():
            assert jobs[name].state in _REACHABLE[job.state], (name, job.state, jobs[name].state)
            assert not job.has_ended or jobs[name].ended_at == job.ended_at
            assert job.trained_at in {None, jobs[name].trained_at}
        self._seen = jobs

    @invariant()
    def what_has_ended_runs_nowhere(self) -> None:
        """A job that its service runs yet has not ended here, unless that is said of it."""
        there = self.world.training.jobs
        running = {name for name, one in there.items() if one.starts and one.status == "running"}
        ended = [one for one in self._jobs().values() if one.has_ended and one.job_id in running]
        forgotten = [one for one in ended if one.error is None or one.error.code not in _SAID]
        assert not forgotten, forgotten

    def teardown(self) -> None:
        """Once faults stop each job ends, and the models of those that finished are known."""
        if sys.exc_info()[0] is not None:
            return
        world = self.world
        world.restart()
        world.calls.heal()
        world.training.heal()
        world.training.ends_as = "finished"
        self.time_passes(3 * 60)
        self._judge_schedule()
        world.schedule = ""
        world.rewrite_file()
        self.sweep()
        self.ticks(timedelta(hours=14))
        self.each_job_runs_once_and_one_at_a_time()
        self._judge()

    def _drive(self, engine: Engine) -> None:
        """Drive every job, whether it is due or not."""
        for job_id in self._jobs():
            engine.jobs.drive(job_id)

    def _judge_time(self, since: datetime) -> None:
        """Say that no job outlives its time, as long as the timers run and can do their work."""
        world = self.world
        if world.calls.is_scripted or not world.training.is_in_order:
            return
        late = [one.id for one in self._jobs().values() if one.deadline < since and _runs(one)]
        assert not late, f"their time is up: {late}"

    def _judge_schedule(self) -> None:
        """The schedule goes on, and whatever was begun an hour ago has come to its end."""
        latest = self.world.clock.instant - timedelta(hours=1)
        jobs = self._jobs().values()
        assert any(one.created_at > latest for one in jobs), "the schedule has stopped"
        asleep = [one.id for one in jobs if not one.has_ended and one.created_at < latest]
        assert not asleep, f"nothing wakes them: {asleep}"

    def _judge(self) -> None:
        jobs = self._jobs()
        self.tally.add("jobs", len(jobs))
        self.tally.add("jobs_run", sum(self._started().values()))
        assert all(one.has_ended for one in jobs.values()), "a job never ends"
        assert not [name for name in self.world.names("agenda/") if "/job/" in name]
        finished = [one for one in jobs.values() if one.state == "finished"]
        for job in sorted(finished, key=lambda one: one.created_at)[-10:]:
            assert self._is_forgetful or self._is_known(job), f"{job.id}: no one knows"
        if finished:
            assert self.world.desired().state == "live"

    def _is_known(self, job: Job) -> bool:
        """Whether the record tells of its model, or of one of the same second that wins the tie."""
        name = job.outputs["output2"].partition("/")[2]
        model = self.world.catalog.found(name)
        known = [one.model for one in known_to(self.world.record())]
        return model is not None and any(
            one.last_modified == model.last_modified and one.name >= name for one in known
        )

    def _jobs(self) -> dict[str, Job]:
        contents = [self.world.content(name) for name in self.world.names("jobs/")]
        jobs = [msgspec.json.decode(content, type=Job) for content in contents]
        return {job.id: job for job in jobs}

    def _started(self) -> Counter[str]:
        """Count what ran for each of our jobs; its output's name tells whose it was."""
        started: Counter[str] = Counter()
        for job in self.world.training.started:
            output = job.request.outputs["output2"]
            started[unquote(output.relative_location)] += job.starts
        return started


def _runs(job: Job) -> bool:
    return job.state in {"created", "submitted", "running"}


def _reachable(state: State) -> set[State]:
    found: set[State] = {state}
    while more := {new for (old, _), new in TRANSITIONS.items() if old in found} - found:
        found |= more
    return found


_REACHABLE = {state: _reachable(state) for state in (*{old for old, _ in TRANSITIONS}, *ENDED)}
