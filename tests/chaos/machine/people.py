"""What persons do: redeploy, roll back, release, retrain, change the endpoints file."""

from collections.abc import Callable
from contextlib import suppress

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import rule

from patch_endpoint.claim import Step
from patch_endpoint.history import last_that_was_live
from patch_endpoint.steps import (
    ModelGoneError,
    NothingToGoBackToError,
    redeploying,
    releasing,
    rolling_back,
)
from retrain_trigger.job import Job
from retrain_trigger.jobs import JobRunsError
from retrain_trigger.request import Request, RetrainImpossibleError
from tests.chaos.machine.expectation import Word, is_word_of, known_to
from tests.chaos.machine.landings import NAMES
from tests.chaos.machine.scene import Scene
from tests.chaos.machine.watched_scoring import version_of
from tests.fakes.model_catalog import ELSEWHERE


class People(Scene):
    """Persons who take over. Each word has a name of its own, so that it is found again."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._spoken = 0

    @rule(name=NAMES)
    def redeploy(self, name: str) -> None:
        """A person wants a model, whatever landed."""
        found = self.world.catalog.found(name)
        if found is not None:
            self.expected.asked.add(version_of(found))
        else:  # a copy that is kept of that name
            copies = [one.model for one in self.world.record().kept if one.model.name == name]
            self.expected.asked |= {version_of(one) for one in copies}
        self.expected.asking.append(name)
        try:
            self._say(lambda by: redeploying(name, by, None))
        finally:
            self.expected.asking.remove(name)

    @rule(hold=st.booleans())
    def roll_back(self, *, hold: bool) -> None:
        """A person wants the model that served before."""
        target = last_that_was_live(self.world.record())
        if target is not None:
            self.expected.asked.add(version_of(target.model))
        self._say(lambda by: rolling_back(by, None, hold=hold))

    @rule()
    def release(self) -> None:
        """A person lets the newest win; that is a word also where `auto_deploy` is off."""
        self.expected.asked |= set(self.expected.landings)
        self._spoken += 1
        by = f"person-{self._spoken}"
        self.expected.is_releasing = True
        self.attempt(lambda: self._take(releasing(by, None)))
        self.expected.is_releasing = False
        self._note(by, was_answered=False)  # where nothing waits, no word of it is on record

    @rule(on=st.booleans())
    def switch_auto_deploy(self, *, on: bool) -> None:
        """A person has models wait for a word, or no more."""
        self.world.auto_deploy = on
        self.world.rewrite_file()
        self.looked()

    @rule(elsewhere=st.booleans(), drive=st.booleans())
    def retrain(self, *, elsewhere: bool, drive: bool) -> None:
        """A person has the endpoint retrained; its job finishes at the first look."""
        self.world.results_elsewhere = elsewhere
        self.world.rewrite_file()
        self.tally.add("retrains")

        def begin() -> None:
            jobs = self.world.engine.jobs
            jobs.begin(self.world.endpoint(), Request(by="somebody"), drive=drive)

        with suppress(JobRunsError, RetrainImpossibleError):
            self.attempt(begin)

    def _say(self, word: Callable[[str], Step]) -> None:
        self._spoken += 1
        by = f"person-{self._spoken}"
        self.tally.add("words")
        self.expected.trouble(self.world.clock.instant, patches=1)

        def say() -> None:
            with suppress(ModelGoneError, NothingToGoBackToError):
                self._take(word(by))
                answered.append(by)

        answered: list[str] = []
        try:
            self.attempt(say)
        finally:  # a word in the midst of another call may die with it, and be on record
            self._note(by, was_answered=bool(answered))

    def _note(self, by: str, *, was_answered: bool) -> None:
        """A word that was not answered may be on record all the same."""
        found = [one for one in known_to(self.world.record()) if is_word_of(by, one)]
        for one in found:
            is_let_go = one.requested_by is None  # and keeps its own place
            place = (0, one.model.name) if is_let_go else (1, self._spoken)
            self.expected.words.append(Word(by, one.model, (one.instant, *place)))
        if was_answered and not found:
            self.expected.violations.append(f"{by}'s word was answered and is not on record")

    def note_results(self) -> None:
        """Learn from the jobs what they left elsewhere; when they ended is their order."""
        for name in self.world.names("jobs/"):
            job = msgspec.json.decode(self.world.content(name), type=Job)
            if job.state != "finished" or job.output is None or job.trained_at is None:
                continue
            if job.output.blob.startswith(ELSEWHERE) and job.job_id is not None:
                version = (job.output.blob, job.job_id)
                self.expected.results[version] = (job.trained_at, 0, job.output.blob)

    def _take(self, step: Step) -> None:
        self.world.engine.deployer.work(self.world.endpoint(), step)
