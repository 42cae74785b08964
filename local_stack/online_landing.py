"""What can be seen from outside while an online endpoint takes a model."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import requests

from local_stack.app_client import AppClient, EndpointDocument
from local_stack.landing import PACE, NotServedError
from local_stack.workspace_client import Deployment, WorkspaceClient

ALL: Final = 100
_STANDS: Final = "Succeeded"
_ENDED_BADLY: Final = frozenset({"refused", "rolled_back"})


@dataclass(frozen=True, slots=True)
class View:
    """One look.

    Attributes:
        document: What the app says.
        candidate: The deployment of the model that is on its way; `None`: there is none yet.
        share: How much of the traffic goes there, in percent.
    """

    document: EndpointDocument
    candidate: Deployment | None
    share: int

    @property
    def stands(self) -> bool:
        """Whether the candidate is ready to score."""
        return self.candidate is not None and self.candidate.state == _STANDS

    @property
    def stage(self) -> str:
        """How far it is, in the app's word."""
        return self.document.rollout.stage if self.document.rollout else "not begun, or over"


@dataclass(slots=True)
class OnlineLanding:
    """A model that landed, and the two ways to see how far it is.

    Attributes:
        model: The blob's name in its container.
        landed: When storage says that it was written.
        app: Gives the endpoint's document.
        workspace: Gives its deployments and its traffic.
        endpoint: Its name, in the app and in the workspace.
        before: The deployments that were there when it landed.
        moments: When each thing was first seen, by its name.
    """

    model: str
    landed: datetime
    app: AppClient
    workspace: WorkspaceClient
    endpoint: str
    before: frozenset[str]
    moments: dict[str, datetime] = field(default_factory=dict)

    def follow(
        self,
        now: Callable[[], datetime],
        pause: Callable[[timedelta], None],
        patience: timedelta,
        tell: Callable[[View], None],
    ) -> View:
        """Look until the app itself has confirmed the model.

        Raises:
            NotServedError: It was refused, or patience is over.
        """
        begun = now()
        while True:
            view = self._look()
            if view is not None:
                self._note(view, now())
                tell(view)
                if view.document.has_confirmed(self.model) and view.share == ALL:
                    return view
            if now() - begun > patience:
                raise NotServedError(
                    f"{self.model} is not in service after {patience.total_seconds():g} s; "
                    f"the app is at: {view.stage if view else 'no answer'}."
                )
            pause(PACE)

    def _look(self) -> View | None:
        try:
            document = self.app.endpoint(self.endpoint)
        except requests.ConnectionError:  # the host ended: `follow` runs out of patience
            return None
        if document is None or not document.wants(self.model):
            return None
        desired = document.desired
        if desired is not None and desired.state in _ENDED_BADLY:
            raise NotServedError(f"{self.model} was {desired.state}: {desired.error}.")
        deployments = self.workspace.deployments(self.endpoint)
        fresh = (one for one in deployments if one.name not in self.before)
        candidate = next(fresh, None)
        share = self.workspace.traffic(self.endpoint).get(candidate.name, 0) if candidate else 0
        return View(document, candidate, share)

    def _note(self, view: View, now: datetime) -> None:
        seen = {
            "recorded": True,
            "creating": view.candidate is not None,
            "stands": view.stands,
            "some traffic": view.share > 0,
            "all traffic": view.share == ALL,
            "live": view.document.has_confirmed(self.model),
        }
        for what, is_so in seen.items():
            if is_so:
                self.moments.setdefault(what, now)
