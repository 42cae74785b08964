"""Scoring endpoints in memory, which speak no wire and judge what they are sent."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import msgspec

from patch_endpoint.kept import CONTAINER as KEPT
from protocols.blob_reference import BlobReference, expiry_in
from protocols.classic_keys import classic_keys
from protocols.protocol import Abilities, Accepted, Answer, Refused, Served, Unsettled
from settings.scoring_endpoint import ScoringEndpoint
from tests.fakes.calls import Calls
from tests.fakes.keeper import MemoryKeeper
from tests.fakes.model_catalog import ELSEWHERE, MemoryModelCatalog

RESOURCE = "Census Model [trained model]"


class Sent(msgspec.Struct, frozen=True):
    """One PATCH that arrived. The token's text is not kept, only when it expires."""

    endpoint: str
    blob: str
    at: datetime
    token_expires_at: datetime
    answer: Answer


class Reaction(msgspec.Struct, frozen=True):
    """What an endpoint does with the next PATCH.

    Attributes:
        answer: What it answers.
        applies_after: When it takes the model in all the same; None: never.
    """

    answer: Answer
    applies_after: timedelta | None = None


class Hosted(msgspec.Struct, kw_only=True):
    """One endpoint as its service knows it.

    Attributes:
        key: The key that it takes; None: any.
        resources: What can be updated; none at all at a training service.
        is_default: Whether it is the one that publishing made, which takes no PATCH.
        tells_location: Whether it tells what it serves.
        placements: Which blob and token's `se` took effect when.
    """

    key: str | None = None
    resources: tuple[str, ...] = (RESOURCE,)
    is_default: bool = False
    tells_location: bool = True
    placements: list[tuple[datetime, Served]] = []


class MemoryScoring:
    """See `protocols.protocol.ScoringProtocol`; endpoints are made as they are first spoken to."""

    settles_after = timedelta(seconds=30)

    def __init__(
        self,
        now: Callable[[], datetime],
        calls: Calls,
        models: MemoryModelCatalog,
        keeper: MemoryKeeper | None = None,
    ) -> None:
        self._now, self._calls, self._models, self._keeper = now, calls, models, keeper
        self._hosted: dict[str, Hosted] = {}
        self._reactions: dict[str, list[Reaction]] = {}
        self._lock = threading.Lock()
        self.sent: list[Sent] = []
        self.down: Answer | None = None
        self.no_models: set[str] = set()
        self.no_good: set[str] = set()
        self.resource_says: Refused | None = None
        self.asked_with: list[bytes] = []
        self.smoke_test_says: bool | Refused | Unsettled = True

    def host(self, name: str, hosted: Hosted) -> None:
        """Host an endpoint other than the usual."""
        self._hosted[name] = hosted

    def react(self, name: str, *reactions: Answer | Reaction) -> None:
        """Have the next PATCHes of an endpoint answered so, and not applied unless it is said."""
        queue = self._reactions.setdefault(name, [])
        queue += [one if isinstance(one, Reaction) else Reaction(one) for one in reactions]

    def heal(self) -> None:
        """Answer as usual again."""
        self.down = None
        self._reactions.clear()

    def serves(self, name: str) -> str | None:
        """Say which blob, container and all, an endpoint scores with now; None: none of ours."""
        served = self._served(self._host(name))
        return served.blob if served else None

    def sent_to(self, name: str) -> list[Sent]:
        """Give the PATCHes that an endpoint got, in their order."""
        return [one for one in self.sent if one.endpoint == name]

    def abilities(self, endpoint: ScoringEndpoint) -> Abilities:
        """See `ScoringProtocol`."""
        del endpoint
        return Abilities(settles_after=self.settles_after)

    def resource_of(self, endpoint: ScoringEndpoint) -> str | Refused | Unsettled:
        """See `ScoringProtocol`."""
        configured = classic_keys(endpoint).resource
        if configured is not None:
            return configured
        with self._calls.making("endpoint.resource", endpoint.name):
            hosted = self._host(endpoint.name)
        if refusal := self.resource_says or _refused_key(hosted, endpoint):
            return refusal
        if len(hosted.resources) == 1:
            return hosted.resources[0]
        code = "several_resources" if hosted.resources else "no_updatable_resource"
        return Refused(code, "there must be one")

    def patch(self, endpoint: ScoringEndpoint, resource: str, model: BlobReference) -> Answer:
        """See `ScoringProtocol`."""
        with self._calls.making("endpoint.patch", endpoint.name), self._lock:
            blob = unquote(model.relative_location)
            served = Served(blob, expiry_in(model.sas_token.reveal()))
            reaction = self._reaction(endpoint, resource, served)
            if reaction.applies_after is not None:
                effective = self._now() + reaction.applies_after + self.settles_after
                self._host(endpoint.name).placements.append((effective, served))
            sent = Sent(endpoint.name, blob, self._now(), _expiry(served), reaction.answer)
            self.sent.append(sent)
        return reaction.answer

    def served(
        self, endpoint: ScoringEndpoint, resource: str, model: BlobReference
    ) -> Served | bool | Refused | Unsettled | None:
        """See `ScoringProtocol`."""
        del model
        with self._calls.making("endpoint.get", endpoint.name):
            hosted = self._host(endpoint.name)
        if self.down is not None and isinstance(self.down, (Refused, Unsettled)):
            return self.down
        if refusal := _refused_key(hosted, endpoint):
            return refusal
        if not hosted.tells_location or resource not in hosted.resources:
            return None
        return self._served(hosted) or Served("published/model.ilearner", None)

    def score(self, endpoint: ScoringEndpoint) -> bool | Refused | Unsettled:
        """See `ScoringProtocol`."""
        with self._calls.making("endpoint.score", endpoint.name):
            self.asked_with += [endpoint.smoke_test.request] if endpoint.smoke_test else []
            return self.smoke_test_says if self._is_good(endpoint.name) else False

    def request_plan(self, endpoint: ScoringEndpoint, model: BlobReference) -> dict[str, object]:
        """See `ScoringProtocol`."""
        keys = classic_keys(endpoint)
        return {
            "url": keys.patch_url,
            "resource": keys.resource or "(read from the endpoint)",
            "blob": model.relative_location,
        }

    def _is_good(self, name: str) -> bool:
        return (self.serves(name) or "").partition("/")[2] not in self.no_good

    def _host(self, name: str) -> Hosted:
        return self._hosted.setdefault(name, Hosted(placements=[]))

    def _reaction(self, endpoint: ScoringEndpoint, resource: str, model: Served) -> Reaction:
        if self.down is not None:
            return Reaction(self.down)
        if queue := self._reactions.get(endpoint.name):
            return queue.pop(0)
        refusal = self._refusal(self._host(endpoint.name), endpoint, resource, model)
        return Reaction(refusal) if refusal else Reaction(Accepted(), timedelta())

    def _refusal(
        self, hosted: Hosted, endpoint: ScoringEndpoint, resource: str, model: Served
    ) -> Refused | None:
        if refusal := _refused_key(hosted, endpoint):
            return refusal
        if refusal := self._refused_model(model):
            return refusal
        if hosted.is_default:
            return _bad("the default endpoint cannot be updated")
        if not hosted.resources:
            return _bad("there are no updatable resources")
        return None if resource in hosted.resources else _bad("there is no such resource")

    def _refused_model(self, model: Served) -> Refused | None:
        container, _, name = model.blob.partition("/")
        is_model = container == self._models.container and self._models.has(name)
        is_copy = container == KEPT and self._keeper is not None and name in self._keeper.kept
        is_there = is_model or is_copy
        if not is_there and container != ELSEWHERE:
            return _bad("there is no such blob")
        if name in self.no_models:
            return _bad("the blob is no model")
        return _bad("the token has expired") if _expiry(model) <= self._now() else None

    def _served(self, hosted: Hosted) -> Served | None:
        in_effect = [one for one in hosted.placements if one[0] <= self._now()]
        # Of two that took effect in one instant the later PATCH's counts, so the first found here.
        return max(reversed(in_effect), key=lambda one: one[0])[1] if in_effect else None


def _refused_key(hosted: Hosted, endpoint: ScoringEndpoint) -> Refused | None:
    if hosted.key is None or classic_keys(endpoint).api_key.reveal() == hosted.key:
        return None
    return Refused("http_401", "the key is not this endpoint's")


def _bad(message: str) -> Refused:
    return Refused("http_400", message, about_model=True)


def _expiry(model: Served) -> datetime:
    text = model.token_expiry or "1970-01-01T00:00:00Z"
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
