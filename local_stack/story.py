"""The main job, told step by step while it really happens."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from local_stack.app_client import AppClient
from local_stack.classic_scene import ClassicScene
from local_stack.landing import Landing, Moments
from local_stack.ml_service.dataset import LABEL, rows
from local_stack.narrator import Narrator
from local_stack.retraining import MODEL_CONTAINER, LandedModel, Retraining
from local_stack.scoring_client import ScoringClient
from local_stack.second_act import ENDPOINT, PATIENCE, SecondAct
from local_stack.stack import Stack

SMOKE_REQUEST = Path(__file__).parent / "smoke" / "digits.json"
SMOKE_LABEL = "7"


@dataclass(frozen=True)
class Outcome:
    """How it went: the app confirmed the model itself, or there is none of these."""

    model: str
    before: float
    after: float
    moments: Moments


class Story:
    """The steps, in the order in which they are told."""

    def __init__(
        self,
        stack: Stack[ClassicScene],
        narrator: Narrator,
        now: Callable[[], datetime],
        pause: Callable[[timedelta], None],
    ) -> None:
        self._stack = stack
        self._narrator = narrator
        self._now = now
        self._pause = pause
        workspace = stack.scene.workspace
        self._app = AppClient(stack.app_url, stack.keys.functions["default"])
        self._scoring = ScoringClient(workspace.score_url, workspace.scoring.primary_key)
        self._retraining = Retraining(
            account=stack.azurite.account,
            trainer=stack.scene.trainer,
            now=now,
            pause=pause,
        )

    def tell(self) -> Outcome:
        """Tell it all.

        Raises:
            RetrainingError: the batch job did not finish.
            NotServedError: the model did not come into service.
        """
        self._retraining.make_containers()
        self._introduce()
        before = self._score("The endpoint serves the model it was published with")
        model = self._retrain()
        moments = self._follow(model)
        after = self._score("The endpoint serves the new model")
        self._sum_up(moments)
        gain = f"accuracy {before:.1%} → {after:.1%}, confirmed by the app's own scoring call"
        self._narrator.emphasise(gain, good=after > before)
        return Outcome(model.name, before, after, moments)

    def tell_second_act(self) -> None:
        """Tell how it goes on; the main job has been told.

        Raises:
            RetrainingError: a job did not finish.
            NotServedError: a model did not come into service.
        """
        SecondAct(
            stack=self._stack,
            narrator=self._narrator,
            app=self._app,
            scoring=self._scoring,
            retraining=self._retraining,
            now=self._now,
            pause=self._pause,
        ).tell()

    def _introduce(self) -> None:
        stack, say = self._stack, self._narrator.say
        self._narrator.step("The stack is up")
        say(f"storage emulator   {stack.azurite.blob_service_uri}")
        say(f"ML service         {stack.scene.workspace.url}  (Studio (classic) on the wire)")
        say(f"functions          {stack.app_url}/api")
        say(f"keys and logs      {stack.options.home}")

    def _score(self, title: str) -> float:
        self._narrator.step(title)
        test = rows("test")
        accuracy = self._scoring.accuracy(test, LABEL)
        self._narrator.say(
            f"It reads {accuracy:.1%} of {len(test.rows)} handwritten digits right that no model "
            "was trained on."
        )
        return accuracy

    def _retrain(self) -> LandedModel:
        self._narrator.step("A batch job trains a better one")
        data = rows("train")
        uploaded = self._retraining.upload(data)
        self._narrator.say(f"{len(data.rows)} rows uploaded to {uploaded}")
        begun = self._now()
        with self._narrator.waiting(timedelta(seconds=10)) as wait:
            model = self._retraining.run(
                f"{begun:%Y%m%dT%H%M%SZ}", lambda what: wait.now_for(what, self._now() - begun)
            )
        self._narrator.say(
            f"Trained in {_seconds(self._now() - begun)}; the model landed: "
            f"{MODEL_CONTAINER}/{model.name} ({model.size:,} bytes)"
        )
        return model

    def _follow(self, model: LandedModel) -> Moments:
        self._narrator.step("The app puts it into service")
        landing = Landing(
            model=model.name,
            landed=model.last_modified,
            app=self._app,
            endpoint=ENDPOINT,
            answers_with_it=lambda: self._scoring.label_of_file(SMOKE_REQUEST) == SMOKE_LABEL,
        )
        begun = self._now()
        expected = self._stack.options.takes_effect_after + timedelta(seconds=10)
        with self._narrator.waiting(expected) as wait:
            return landing.follow(
                self._now,
                self._pause,
                PATIENCE,
                lambda seen: wait.now_for(seen.awaited, self._now() - begun),
            )

    def _sum_up(self, moments: Moments) -> None:
        service_time = _seconds(self._stack.options.takes_effect_after)
        steps = [
            ("landed in the container", moments.landed),
            ("recorded as desired (function model_landed)", moments.recorded),
            ("PATCH accepted by the endpoint", moments.accepted),
            (f"the endpoint answers with it (the service takes {service_time})", moments.answering),
            ("live: confirmed by the app's smoke test (function watch)", moments.live),
        ]
        rows_ = [
            (what, f"+ {_seconds(max(at - moments.landed, timedelta()))}")
            for what, at in steps
            if at is not None
        ]
        self._narrator.table(("Seen from outside", "after landing"), rows_)


def _seconds(time: timedelta) -> str:
    return f"{time.total_seconds():.1f} s"
