"""What follows the second story: a model that is no good, and a person who goes back."""

from dataclasses import dataclass
from typing import Final

from local_stack.landing import NotServedError
from local_stack.ml_service.dataset import LABEL, rows
from local_stack.ml_service.table import Table
from local_stack.online_stage import OnlineStage
from local_stack.second_act import ENDPOINT

# Rows; not those of the main story, so the models differ.
_NEXT_EXPORT: Final = 1300
_SEVEN: Final = "7"


@dataclass(frozen=True)
class AzuremlSecondAct:
    """The steps, in the order in which they are told."""

    stage: OnlineStage

    def tell(self) -> None:
        """Tell it all.

        Raises:
            RetrainingError: A job did not finish.
            NotServedError: A model did not come into service, or one did that must not.
        """
        self._refuse()
        good = self._land_another()
        self._go_back(good)

    def _refuse(self) -> None:
        say = self.stage.narrator.say
        self.stage.narrator.step("A model lands that takes every digit for a 7")
        traffic = self.stage.stack.scene.workspace.traffic(ENDPOINT)
        before = frozenset(self.stage.deployments())
        model = self.stage.train(_all_sevens(rows("little"))).name
        self.stage.until("it is tried without traffic, and refused", lambda: self._refused(model))
        self.stage.until(
            "its deployment is deleted", lambda: before == frozenset(self.stage.deployments())
        )
        document = self.stage.app.endpoint(ENDPOINT)
        desired = document.desired if document else None
        say(f"{desired.state}: {desired.error}" if desired else "nothing is desired")
        if self.stage.stack.scene.workspace.traffic(ENDPOINT) != traffic:
            raise NotServedError(f"{model} was refused, and the traffic has changed.")
        say("its deployment is deleted; it never had any traffic")

    def _land_another(self) -> str:
        self.stage.narrator.step("A good one lands")
        before, train = frozenset(self.stage.deployments()), rows("train")
        model = self.stage.train(Table(train.columns, train.rows[:_NEXT_EXPORT]))
        self.stage.follow(model, before)
        return model.name

    def _go_back(self, model: str) -> None:
        say, workspace = self.stage.narrator.say, self.stage.stack.scene.workspace
        self.stage.narrator.step("A person goes back while the one before it still stands")
        say(f"before  {_told(workspace.traffic(ENDPOINT))}")
        self.stage.app.take_over(ENDPOINT, "rollback", "make run: to see how fast it is")
        say(f"after   {_told(workspace.traffic(ENDPOINT))}: one request, and no deployment")
        self.stage.until("the app confirms it", lambda: self._serves_another(model))
        document = self.stage.app.endpoint(ENDPOINT)
        held = "yes" if document and document.held else "no"
        say(f"held: {held}; what lands now waits, until a person releases it")

    def _refused(self, model: str) -> bool:
        document = self.stage.app.endpoint(ENDPOINT)
        desired = document.desired if document and document.wants(model) else None
        if desired is not None and desired.state in {"patched", "live"}:
            raise NotServedError(f"{model} is {desired.state}, and is no good.")
        return desired is not None and desired.state == "refused"

    def _serves_another(self, model: str) -> bool:
        document = self.stage.app.endpoint(ENDPOINT)
        desired = document.desired if document and not document.wants(model) else None
        return desired is not None and desired.state == "live"


def _all_sevens(table: Table) -> Table:
    """The same rows, with a 7 for the label of all but the first: a model needs two classes."""
    at = table.columns.index(LABEL)
    first, *others = table.rows
    sevens = [(*row[:at], _SEVEN, *row[at + 1 :]) for row in others]
    return Table(table.columns, (first, *sevens * 3))


def _told(traffic: dict[str, int]) -> str:
    return ", ".join(f"{name} {share} %" for name, share in sorted(traffic.items()))
