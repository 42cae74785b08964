"""The second story: an online endpoint of Azure ML takes a model, told while it really happens."""

from collections.abc import Callable
from datetime import datetime, timedelta

from local_stack.azureml_scene import AzuremlScene
from local_stack.azureml_second_act import AzuremlSecondAct
from local_stack.ml_service.dataset import Split, rows
from local_stack.narrator import Narrator
from local_stack.online_landing import OnlineLanding
from local_stack.online_stage import OnlineStage, seconds
from local_stack.stack import Stack


class AzuremlStory:
    """The steps, in the order in which they are told."""

    def __init__(
        self,
        stack: Stack[AzuremlScene],
        narrator: Narrator,
        now: Callable[[], datetime],
        pause: Callable[[timedelta], None],
    ) -> None:
        self._stack, self._narrator = stack, narrator
        self._stage = OnlineStage(stack=stack, narrator=narrator, now=now, pause=pause)

    def tell(self) -> None:
        """Tell it all.

        Raises:
            RetrainingError: A job did not finish.
            NotServedError: A model did not come into service.
        """
        self._stage.retraining.make_containers()
        self._introduce()
        self._land("little", "A first model lands, trained on very few rows")
        before = self._stage.accuracy("The endpoint serves it")
        (old,) = self._stage.deployments()
        landing = self._land("train", "A job of the workspace trains a better one")
        after = self._stage.accuracy("The endpoint serves the new model")
        self._sum_up(landing)
        self._await_end_of(old)
        gain = f"accuracy {before:.1%} → {after:.1%}, confirmed by the app's own scoring call"
        self._narrator.emphasise(gain, good=after > before)

    def tell_second_act(self) -> None:
        """Tell how it goes on; the main story has been told.

        Raises:
            RetrainingError: A job did not finish.
            NotServedError: A model did not come into service, or one did that must not.
        """
        AzuremlSecondAct(self._stage).tell()

    def _introduce(self) -> None:
        stack, say = self._stack, self._narrator.say
        self._narrator.step("The stack is up")
        say(f"storage emulator   {stack.azurite.blob_service_uri}")
        say(f"workspace          {stack.scene.workspace.url}")
        say("                   (Azure ML on the wire; Microsoft's own server scores)")
        say(f"functions          {stack.app_url}/api")
        say(f"keys and logs      {stack.options.home}")

    def _land(self, split: Split, title: str) -> OnlineLanding:
        self._narrator.step(title)
        before = frozenset(self._stage.deployments())
        model = self._stage.train(rows(split))
        self._narrator.step("The app gives it a deployment, tries it, and moves the traffic")
        return self._stage.follow(model, before)

    def _sum_up(self, landing: OnlineLanding) -> None:
        told = {
            "landed in the container": landing.landed,
            "recorded as desired (function model_landed)": landing.moments.get("recorded"),
            "its deployment is being created": landing.moments.get("creating"),
            "its deployment stands: Microsoft's server is up": landing.moments.get("stands"),
            "it has a part of the traffic": landing.moments.get("some traffic"),
            "it has all traffic": landing.moments.get("all traffic"),
            "live: confirmed by the app's smoke test (function watch)": landing.moments.get("live"),
        }
        shown = [
            (what, f"+ {seconds(max(at - landing.landed, timedelta()))}")
            for what, at in told.items()
            if at is not None
        ]
        self._narrator.table(("Seen from outside", "after landing"), shown)

    def _await_end_of(self, old: str) -> None:
        self._narrator.step("What served before stays a while to go back to, and then goes")
        self._stage.until(
            f"{old} stands for its rollback window", lambda: old not in self._stage.deployments()
        )
        (left,) = self._stage.deployments()
        self._narrator.say(f"{old} is deleted, and its process ended; {left} is left")
