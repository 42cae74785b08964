"""The second story: an online endpoint of Azure ML takes a model, told while it really happens."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from local_stack.app_client import AppClient
from local_stack.azureml_scene import AzuremlScene
from local_stack.landing import PACE, NotServedError
from local_stack.ml_service.dataset import LABEL, Split, rows
from local_stack.ml_service.table import Table
from local_stack.narrator import Narrator
from local_stack.online_landing import OnlineLanding, View
from local_stack.online_scoring import OnlineScoring
from local_stack.retraining import MODEL_CONTAINER, LandedModel, Retraining
from local_stack.second_act import ENDPOINT
from local_stack.stack import Stack

# Microsoft's server starts twice, and each step waits for a tick of the app.
PATIENCE: Final = timedelta(minutes=4)
_REQUESTS: Final = 20


@dataclass(frozen=True, kw_only=True)
class AzuremlStory:
    """The steps, in the order in which they are told.

    Attributes:
        stack: Where it happens.
        narrator: Tells it.
        now: The clock.
        pause: Waits between two looks.
    """

    stack: Stack[AzuremlScene]
    narrator: Narrator
    now: Callable[[], datetime]
    pause: Callable[[timedelta], None]

    def tell(self) -> None:
        """Tell it all.

        Raises:
            RetrainingError: A job did not finish.
            NotServedError: A model did not come into service.
        """
        self._retraining.make_containers()
        self._introduce()
        self._land("little", "A first model lands, trained on very few rows")
        before = self._accuracy("The endpoint serves it")
        (old,) = self._scene.workspace.deployments(ENDPOINT)
        landing = self._land("train", "A job of the workspace trains a better one")
        after = self._accuracy("The endpoint serves the new model")
        self._sum_up(landing)
        self._await_end_of(old.name)
        gain = f"accuracy {before:.1%} → {after:.1%}, confirmed by the app's own scoring call"
        self.narrator.emphasise(gain, good=after > before)

    def tell_second_act(self) -> None:
        """Tell how it goes on; the main story has been told."""

    @property
    def _scene(self) -> AzuremlScene:
        return self.stack.scene

    @property
    def _scoring(self) -> OnlineScoring:
        return OnlineScoring(self._scene.score_url, self._scene.workspace.key(ENDPOINT))

    @property
    def _retraining(self) -> Retraining:
        return Retraining(
            account=self.stack.azurite.account,
            trainer=self._scene.trainer,
            now=self.now,
            pause=self.pause,
        )

    def _introduce(self) -> None:
        say = self.narrator.say
        self.narrator.step("The stack is up")
        say(f"storage emulator   {self.stack.azurite.blob_service_uri}")
        say(f"workspace          {self._scene.workspace.url}")
        say("                   (Azure ML on the wire; Microsoft's own server scores)")
        say(f"functions          {self.stack.app_url}/api")
        say(f"keys and logs      {self.stack.options.home}")

    def _land(self, split: Split, title: str) -> OnlineLanding:
        self.narrator.step(title)
        model = self._trained(rows(split))
        self.narrator.step("The app puts it into service, blue/green")
        landing = OnlineLanding(
            model=model.name,
            landed=model.last_modified,
            app=AppClient(self.stack.app_url, self.stack.keys.functions["default"]),
            workspace=self._scene.workspace,
            endpoint=ENDPOINT,
            before=frozenset(one.name for one in self._scene.workspace.deployments(ENDPOINT)),
        )
        begun, telling = self.now(), _Telling(self.narrator, self._scoring)
        with self.narrator.waiting(timedelta(seconds=60)) as wait:

            def tell(view: View) -> None:
                telling.tell(view)
                wait.now_for(f"the app's stage: {view.stage}", self.now() - begun)

            landing.follow(self.now, self.pause, PATIENCE, tell)
        return landing

    def _trained(self, data: Table) -> LandedModel:
        uploaded = self._retraining.upload(data)
        self.narrator.say(f"{len(data.rows)} rows uploaded to {uploaded}")
        begun = self.now()
        with self.narrator.waiting(timedelta(seconds=10)) as wait:
            model = self._retraining.run(
                f"{begun:%Y%m%dT%H%M%SZ}", lambda what: wait.now_for(what, self.now() - begun)
            )
        self.narrator.say(
            f"Trained in {_seconds(self.now() - begun)}; the model landed: "
            f"{MODEL_CONTAINER}/{model.name} ({model.size:,} bytes)"
        )
        return model

    def _accuracy(self, title: str) -> float:
        self.narrator.step(title)
        test = rows("test")
        accuracy = self._scoring.accuracy(test, LABEL)
        self.narrator.say(
            f"It reads {accuracy:.1%} of {len(test.rows)} handwritten digits right that no model "
            "was trained on."
        )
        return accuracy

    def _sum_up(self, landing: OnlineLanding) -> None:
        told = {
            "landed in the container": landing.landed,
            "recorded as desired (function model_landed)": landing.moments.get("recorded"),
            "its deployment is being created": landing.moments.get("creating"),
            "its deployment stands, Microsoft's server is up": landing.moments.get("stands"),
            "it has a part of the traffic": landing.moments.get("some traffic"),
            "it has all traffic": landing.moments.get("all traffic"),
            "live: confirmed by the app's smoke test (function watch)": landing.moments.get("live"),
        }
        shown = [
            (what, f"+ {_seconds(max(at - landing.landed, timedelta()))}")
            for what, at in told.items()
            if at is not None
        ]
        self.narrator.table(("Seen from outside", "after landing"), shown)

    def _await_end_of(self, deployment: str) -> None:
        """Wait until the app takes away what served before.

        Raises:
            NotServedError: Patience is over.
        """
        self.narrator.step("What served before stays a while to go back to, and goes")
        begun = self.now()
        with self.narrator.waiting(timedelta(seconds=45)) as wait:
            while deployment in {one.name for one in self._scene.workspace.deployments(ENDPOINT)}:
                wait.now_for(f"{deployment} stands for its rollback window", self.now() - begun)
                if self.now() - begun > PATIENCE:
                    raise NotServedError(f"{deployment} is still there.")
                self.pause(PACE)
        (left,) = self._scene.workspace.deployments(ENDPOINT)
        self.narrator.say(f"{deployment} is deleted, its process ended; {left.name} is left")


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
            self.narrator.say(f"deployment {candidate.name} is being created beside what serves")
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


def _seconds(time: timedelta) -> str:
    return f"{time.total_seconds():.1f} s"
