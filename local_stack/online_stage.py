"""What both acts of the second story do: land models, score, look, and tell of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from local_stack.app_client import AppClient
from local_stack.azureml_scene import AzuremlScene
from local_stack.landing import PACE, NotServedError
from local_stack.ml_service.dataset import LABEL, rows
from local_stack.ml_service.table import Table
from local_stack.narrator import Narrator
from local_stack.online_landing import OnlineLanding, View
from local_stack.online_scoring import OnlineScoring
from local_stack.retraining import MODEL_CONTAINER, LandedModel, Retraining
from local_stack.second_act import ENDPOINT
from local_stack.stack import Stack

# Each step is waited for, as the app looks every 35 seconds.
PATIENCE: Final = timedelta(minutes=5)
_REQUESTS: Final = 20


@dataclass(frozen=True, kw_only=True)
class OnlineStage:
    """The endpoint `digits`, and whoever acts on it.

    Attributes:
        stack: Where it is.
        narrator: Tells of it.
        now: The clock.
        pause: Waits between two looks.
    """

    stack: Stack[AzuremlScene]
    narrator: Narrator
    now: Callable[[], datetime]
    pause: Callable[[timedelta], None]

    @property
    def app(self) -> AppClient:
        """The app's HTTP functions."""
        return AppClient(self.stack.app_url, self.stack.keys.functions["default"])

    @property
    def retraining(self) -> Retraining:
        """Trains by jobs of the workspace."""
        return Retraining(
            account=self.stack.azurite.account,
            trainer=self.stack.scene.trainer,
            now=self.now,
            pause=self.pause,
        )

    def deployments(self) -> list[str]:
        """The names of those that are there."""
        return [one.name for one in self.stack.scene.workspace.deployments(ENDPOINT)]

    def accuracy(self, title: str) -> float:
        """Score all test rows by traffic, and tell of it."""
        self.narrator.step(title)
        test = rows("test")
        accuracy = self._scoring.accuracy(test, LABEL)
        self.narrator.say(
            f"It reads {accuracy:.1%} of {len(test.rows)} handwritten digits right that no model "
            "was trained on."
        )
        return accuracy

    def train(self, data: Table) -> LandedModel:
        """Have a job train on rows; its model lands.

        Raises:
            RetrainingError: It did not finish.
        """
        uploaded = self.retraining.upload(data)
        self.narrator.say(f"{len(data.rows)} rows uploaded to {uploaded}")
        begun = self.now()
        with self.narrator.waiting(timedelta(seconds=10)) as wait:
            model = self.retraining.run(
                f"{begun:%Y%m%dT%H%M%SZ}", lambda what: wait.now_for(what, self.now() - begun)
            )
        self.narrator.say(
            f"Trained in {seconds(self.now() - begun)}; the model landed: "
            f"{MODEL_CONTAINER}/{model.name} ({model.size:,} bytes)"
        )
        return model

    def follow(self, model: LandedModel, before: frozenset[str]) -> OnlineLanding:
        """Tell how the app puts a model into service.

        Args:
            model: Which.
            before: The deployments that were there before it landed.

        Raises:
            NotServedError: It did not come into service.
        """
        landing = OnlineLanding(
            model=model.name,
            landed=model.last_modified,
            app=self.app,
            workspace=self.stack.scene.workspace,
            endpoint=ENDPOINT,
            before=before,
        )
        begun, telling = self.now(), _Telling(self.narrator, self._scoring)
        with self.narrator.waiting(timedelta(minutes=2)) as wait:

            def tell(view: View) -> None:
                telling.tell(view)
                wait.now_for(f"the app's stage: {view.stage}", self.now() - begun)

            landing.follow(self.now, self.pause, PATIENCE, tell)
        return landing

    def until(self, what: str, is_so: Callable[[], bool]) -> None:
        """Wait until it is so.

        Raises:
            NotServedError: Patience is over.
        """
        begun = self.now()
        with self.narrator.waiting(timedelta(seconds=45)) as wait:
            while not is_so():
                wait.now_for(what, self.now() - begun)
                if self.now() - begun > PATIENCE:
                    raise NotServedError(f"After {PATIENCE.total_seconds():g} s: {what}.")
                self.pause(PACE)

    @property
    def _scoring(self) -> OnlineScoring:
        scene = self.stack.scene
        return OnlineScoring(scene.score_url, scene.workspace.key(ENDPOINT))


@dataclass(slots=True)
class _Telling:
    """Tells each thing once, when it is first seen."""

    narrator: Narrator
    scoring: OnlineScoring
    told: set[str] = field(default_factory=set)

    def tell(self, view: View) -> None:
        """Tell what is new."""
        candidate = view.candidate
        if candidate is None:
            return
        if self._is_new("it is there"):
            self.narrator.say(f"registered as {candidate.model}")
            self.narrator.say(f"its deployment {candidate.name} is being created")
        if view.stands and self._is_new(f"{view.share} %"):
            self._tell_of(candidate.name, view.share)

    def _tell_of(self, name: str, share: int) -> None:
        test = rows("test")
        if share == 0:
            accuracy = self.scoring.accuracy(test, LABEL, name)
            said = f"asked by its name, it reads {accuracy:.1%} right"
        else:
            answered = self.scoring.answered_by(test, LABEL, _REQUESTS)[name]
            said = f"{answered} of {_REQUESTS} requests are answered by it"
        self.narrator.say(f"at {share:3} % of the traffic {said}")

    def _is_new(self, what: str) -> bool:
        is_new = what not in self.told
        self.told.add(what)
        return is_new


def seconds(time: timedelta) -> str:
    """A time, for people."""
    return f"{time.total_seconds():.1f} s"
