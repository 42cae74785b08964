"""What can be seen from outside while a model that landed is put into service."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import requests

from local_stack.app_client import AppClient, EndpointDocument

PACE = timedelta(milliseconds=500)


class NotServedError(Exception):
    """The model was refused, or did not come into service in time; the message says which."""


@dataclass(frozen=True)
class Moments:
    """When each thing was first seen, from outside, at a pace of half a second."""

    landed: datetime
    recorded: datetime | None = None
    accepted: datetime | None = None
    answering: datetime | None = None
    live: datetime | None = None

    @property
    def awaited(self) -> str:
        """What comes next, in words."""
        if self.recorded is None:
            return "model_landed fires and records what is desired"
        if self.accepted is None:
            return "the endpoint accepts the PATCH"
        if self.answering is None:
            return "PATCH accepted; the ML service takes the model into effect"
        return "the endpoint answers with it; the app's own scoring call confirms"


@dataclass(frozen=True)
class Landing:
    """A model that landed, and the two ways to see how far it is.

    Attributes:
        model: The blob's name in its container.
        landed: When storage says that it was written.
        app: Gives the endpoint's document.
        endpoint: The endpoint's name in the app.
        answers_with_it: Whether a scoring call is answered by the new model.
    """

    model: str
    landed: datetime
    app: AppClient
    endpoint: str
    answers_with_it: Callable[[], bool]

    def follow(
        self,
        now: Callable[[], datetime],
        pause: Callable[[timedelta], None],
        patience: timedelta,
        tell: Callable[[Moments], None],
    ) -> Moments:
        """Look until the app itself has confirmed the model.

        Raises:
            NotServedError: refused, or patience is over.
        """
        moments = Moments(self.landed)
        begun = now()
        while moments.live is None or moments.answering is None:
            moments = self._look(moments, now)
            tell(moments)
            if now() - begun > patience:
                raise NotServedError(
                    f"{self.model} is not in service after {patience.total_seconds():g} s; "
                    f"awaited: {moments.awaited}."
                )
            pause(PACE)
        return moments

    def _look(self, seen: Moments, now: Callable[[], datetime]) -> Moments:
        document = self._document()
        answering = seen.answering or (now() if self.answers_with_it() else None)
        if document is None or not document.wants(self.model):
            return Moments(self.landed, seen.recorded, seen.accepted, answering)
        state = document.desired.state if document.desired else None
        if state == "refused":
            error = document.desired.error if document.desired else None
            raise NotServedError(f"{self.model} was refused: {error}.")
        return Moments(
            self.landed,
            recorded=seen.recorded or now(),
            accepted=seen.accepted or (now() if state in {"patched", "live"} else None),
            answering=answering,
            live=now() if document.has_confirmed(self.model) else None,
        )

    def _document(self) -> EndpointDocument | None:
        try:
            return self.app.endpoint(self.endpoint)
        except requests.ConnectionError:  # the host ended: `follow` runs out of patience
            return None
