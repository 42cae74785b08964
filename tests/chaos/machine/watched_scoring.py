"""A scoring service that says of each PATCH which version of which model it was for."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from patch_endpoint.kept import CONTAINER as KEPT
from patch_endpoint.trained_model import TrainedModel
from protocols.blob_reference import BlobReference
from protocols.protocol import Answer, Served, Unsettled
from settings.scoring_endpoint import ScoringEndpoint
from tests.fakes.calls import Calls
from tests.fakes.keeper import MemoryKeeper
from tests.fakes.model_catalog import MemoryModelCatalog
from tests.fakes.scoring_endpoint import MemoryScoring, Reaction

type Version = tuple[str, str]
"""Name and ETag of a model; of a job's output elsewhere, its blob and the job's id."""
STUCK = Unsettled("http_503", "this model takes too long", maybe_applied=True)


def version_of(model: TrainedModel) -> Version:
    """Name the version that *model* is."""
    return (model.name, model.etag)


class Patched(msgspec.Struct, frozen=True):
    """One PATCH that arrived.

    Attributes:
        version: What it was for, when it arrived.
        meant: What it was for when it was decided: another lands on its way at times.
        blob: The container and blob that it named.
        sent_at: When it was sent.
        expires_at: When its token expires.
        answer: What was answered.
    """

    version: Version
    meant: Version
    blob: str
    sent_at: datetime
    expires_at: datetime
    answer: Answer


class WatchedScoring(MemoryScoring):
    """Tells of each PATCH, and fails for some models alone.

    Attributes:
        stuck: The names of the models for which it answers 503, and takes all others.
        wrong: Which models it takes, and then answers the smoke test wrong.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        calls: Calls,
        models: MemoryModelCatalog,
        keeper: MemoryKeeper,
        tell: Callable[[Patched], None],
    ) -> None:
        super().__init__(now, calls, models, keeper)
        self._tell, self._copies, self._catalog = tell, keeper, models
        self._sent: list[tuple[datetime, Version]] = []
        self.stuck: set[str] = set()
        self.wrong: set[Version] = set()
        self._sent_as: dict[Served, Version] = {}

    @property
    def is_in_order(self) -> bool:
        """Whether it answers the next PATCH as usual."""
        return self.down is None and not any(self._reactions.values())

    def heal(self) -> None:
        """Answer as usual again."""
        super().heal()
        self.smoke_test_says = True
        self.stuck.clear()

    def in_effect(self, name: str) -> Served | None:
        """Say what an endpoint scores with now, and with which token."""
        return self._served(self._host(name))

    def patch(self, endpoint: ScoringEndpoint, resource: str, model: BlobReference) -> Answer:
        """See `ScoringProtocol`."""
        self._sent.append((self._now(), (model.name, model.etag)))  # another may come in its midst
        try:
            return super().patch(endpoint, resource, model)
        finally:
            self._sent.pop()

    def _reaction(self, endpoint: ScoringEndpoint, resource: str, model: Served) -> Reaction:
        version = self._sent_as[model] = self._version(model.blob)
        reaction = (
            Reaction(STUCK)
            if version[0] in self.stuck
            else super()._reaction(endpoint, resource, model)
        )
        expires_at = datetime.fromisoformat(model.token_expiry or "")
        sent_at, meant = self._sent[-1]
        self._tell(Patched(version, meant, model.blob, sent_at, expires_at, reaction.answer))
        return reaction

    def _is_good(self, name: str) -> bool:
        served = self.in_effect(name)
        return served is None or self._sent_as.get(served) not in self.wrong

    def _version(self, blob: str) -> Version:
        container, _, name = blob.partition("/")
        if container == self._catalog.container:
            found = self._catalog.found(name)
            return version_of(found) if found else (name, "gone")
        if container == KEPT:
            copy = self._copies.kept.get(name)
            return version_of(copy) if copy else (blob, "gone")
        return (blob, name.partition("/")[0])
