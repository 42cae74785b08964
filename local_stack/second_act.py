"""What follows the main job, told step by step: a schedule retrains, then a person takes over."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from local_stack.app_client import AppClient, EndpointDocument, Job
from local_stack.classic_scene import ClassicScene
from local_stack.landing import PACE, Landing, NotServedError
from local_stack.ml_service.dataset import LABEL, rows
from local_stack.ml_service.table import Table
from local_stack.narrator import Narrator
from local_stack.retraining import Retraining, RetrainingError
from local_stack.scoring_client import ScoringClient
from local_stack.stack import Stack

ENDPOINT = "digits"
# Retries after a slow start included.
PATIENCE = timedelta(minutes=3)
# Rows. So few that the accuracy falls, and enough for the smoke test's digit.
_FAULTY_EXPORT = 100
# Not those of the main job: so each model is told from the others by its accuracy.
_MENDED_EXPORT = 1300
_SOON = timedelta(seconds=10)
_ACCEPTED = frozenset({"patched", "live"})
_ENDED_BADLY = frozenset({"failed", "cancelled", "timed_out"})


@dataclass(frozen=True, kw_only=True)
class SecondAct:
    """The steps, in the order in which they are told.

    Attributes:
        stack: Where it happens.
        narrator: Tells it.
        app: The app's HTTP functions.
        scoring: The endpoint, as its users see it.
        retraining: Puts training data in place.
        now: The clock.
        pause: Waits between two looks.
    """

    stack: Stack[ClassicScene]
    narrator: Narrator
    app: AppClient
    scoring: ScoringClient
    retraining: Retraining
    now: Callable[[], datetime]
    pause: Callable[[timedelta], None]

    def tell(self) -> None:
        """Tell it all.

        Raises:
            RetrainingError: a job did not finish.
            NotServedError: a model did not come into service.
        """
        before = self._accuracy()
        fallen = self._scheduled(before)
        self._redeploy()
        self._roll_back()
        model = self._retrain_while_held()
        self._release(model, fallen, before)

    def _scheduled(self, before: float) -> float:
        say = self.narrator.say
        self.narrator.step("A schedule retrains it, on an export that went wrong")
        where = self._export(_FAULTY_EXPORT)
        schedule = f"{(self.now() + _SOON).second} * * * * *"
        self.stack.scene.endpoints.write(schedule)
        say(f"{where} has only {_FAULTY_EXPORT} rows today")
        say(f'schedule = "{schedule}" is in the endpoints file now: every minute; no restart')
        job = self._until("the schedule begins a job", self._scheduled_job)
        self.stack.scene.endpoints.write()
        say(f"begun by the schedule: {job.id}; the schedule is out of the file again")
        self._ended(job)
        self._live(job.model, lambda: self._accuracy() != before)
        fallen = self._accuracy()
        self.narrator.emphasise(f"accuracy {before:.1%} → {fallen:.1%}", good=fallen > before)
        say("The smoke test's digit is read right all the same: the app cannot know better.")
        return fallen

    def _redeploy(self) -> None:
        self.narrator.step("A person redeploys it: first what that would do, then the deed")
        plan = self.app.plan(ENDPOINT, "redeploy")
        model = plan.model.name if plan.model else "nothing"
        self.narrator.say(
            f"POST …/redeploy?dry_run=true: {plan.decision} {model}, replaces {plan.replaces}"
        )
        self._takes_over("redeploy", "make run: sent once more")

    def _roll_back(self) -> None:
        self.narrator.step("It is no better, so the person rolls back; that holds the endpoint")
        after = self._takes_over("rollback", "make run: the accuracy fell")
        if not after.held:
            raise NotServedError(f"{ENDPOINT} is not held after a rollback.")

    def _retrain_while_held(self) -> str:
        self.narrator.step("The export is mended; what is trained now waits, as the hold wants it")
        where = self._export(_MENDED_EXPORT)
        job = self.app.retrain(ENDPOINT, "make run: the export is mended")
        self.narrator.say(f"{where} has {_MENDED_EXPORT} rows now; POST …/retrain began {job.id}")
        self._until("the job's model lands and waits", lambda: self._waits(job))
        self._show("now", self._document())
        return job.model

    def _release(self, model: str, fallen: float, first: float) -> None:
        self.narrator.step("Released: the newest model wins")
        after = self._takes_over("release", "make run")
        if after.held or not after.wants(model):
            raise NotServedError(f"{model} is not what {ENDPOINT} wants after the release.")
        self._live(model, lambda: self._accuracy() not in {fallen, first})
        self._show("live", self._document())
        risen = self._accuracy()
        self.narrator.emphasise(f"accuracy {fallen:.1%} → {risen:.1%}", good=risen > fallen)

    def _takes_over(self, verb: str, reason: str) -> EndpointDocument:
        """Ask for it, and show the endpoint before and after.

        Raises:
            NotServedError: the endpoint did not accept what it led to.
        """
        self._show("before", self._document())
        self.app.take_over(ENDPOINT, verb, reason)
        after = self._until("the endpoint accepts the PATCH", self._no_more_pending)
        self._show("after", after)
        if after.desired is None or after.desired.state not in _ACCEPTED:
            raise NotServedError(f"After a {verb} the endpoint's document says {after.desired}.")
        return after

    def _live(self, model: str, answers_with_it: Callable[[], bool]) -> None:
        landing = Landing(model, self.now(), self.app, ENDPOINT, answers_with_it)
        begun = self.now()
        with self.narrator.waiting(timedelta(seconds=40)) as wait:
            landing.follow(
                self.now,
                self.pause,
                PATIENCE,
                lambda seen: wait.now_for(seen.awaited, self.now() - begun),
            )

    def _ended(self, job: Job) -> None:
        """Follow a job by GET /api/jobs/{job}.

        Raises:
            RetrainingError: it ended without a model, or takes too long.
        """
        ended = self._until("GET …/jobs/{job}: not finished yet", lambda: self._finished(job.id))
        self.narrator.say(f"GET …/jobs/{job.id}: {ended.state}; it left {ended.model}")

    def _finished(self, job_id: str) -> Job | None:
        job = self.app.job(job_id)
        if job.state in _ENDED_BADLY:
            raise RetrainingError(f"Job {job.id} {job.state}: {job.error}")
        return job if job.state == "finished" else None

    def _scheduled_job(self) -> Job | None:
        return next((job for job in self.app.jobs(ENDPOINT) if job.cause == "schedule"), None)

    def _waits(self, job: Job) -> EndpointDocument | None:
        self._finished(job.id)  # one that failed is not waited for
        document = self.app.endpoint(ENDPOINT)
        waiting = document.waiting.model if document and document.waiting else None
        return document if waiting and waiting.name == job.model else None

    def _until[T](self, what: str, look: Callable[[], T | None]) -> T:
        """Look until there is an answer.

        Raises:
            RetrainingError: patience is over.
        """
        begun = self.now()
        with self.narrator.waiting(timedelta(seconds=30)) as wait:
            while (answer := look()) is None:
                wait.now_for(what, self.now() - begun)
                if self.now() - begun > PATIENCE:
                    raise RetrainingError(f"After {PATIENCE.total_seconds():g} s: {what}.")
                self.pause(PACE)
        return answer

    def _no_more_pending(self) -> EndpointDocument | None:
        document = self.app.endpoint(ENDPOINT)
        is_pending = document and document.desired and document.desired.state == "pending"
        return None if is_pending else document

    def _document(self) -> EndpointDocument:
        return self._until("the endpoint's document", lambda: self.app.endpoint(ENDPOINT))

    def _export(self, count: int) -> str:
        train = rows("train")
        return self.retraining.upload(Table(train.columns, train.rows[:count]))

    def _show(self, when: str, document: EndpointDocument) -> None:
        desired, serving = document.desired, document.serving
        wanted = desired.model.name if desired and desired.model else None
        serves = serving.model.name if serving and serving.model else None
        state = f"{desired.state} ({desired.cause})" if desired else None
        served = "it" if serves == wanted else serves
        waiting = document.waiting.model if document.waiting else None
        waits = f" · waiting {waiting.name}" if waiting and waiting.name != wanted else ""
        held = "yes" if document.held else "no"
        self.narrator.say(
            f"{when:7} desired {wanted} {state} · serving {served}{waits} · held: {held}"
        )

    def _accuracy(self) -> float:
        return self.scoring.accuracy(rows("test"), LABEL)
