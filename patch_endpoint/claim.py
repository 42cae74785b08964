"""Claims an endpoint for one decision: read, decide and record, in one conditional write."""

import logging
import random
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from patch_endpoint import attempt as attempts
from patch_endpoint.catalog import ModelCatalog
from patch_endpoint.confirm import confirming
from patch_endpoint.decide import Confirm, Decision, Keep, Patch, Skip, decide
from patch_endpoint.desired import Wanted, with_facts
from patch_endpoint.kept import CONTAINER as KEPT_CONTAINER
from patch_endpoint.kept import Keeper
from patch_endpoint.ledger import CONFLICTS_BORNE, Ledger
from patch_endpoint.record import HISTORY_KEPT, Problem, Record
from patch_endpoint.records import Stored
from patch_endpoint.sas import SignedModel, Signer
from patch_endpoint.trained_model import TrainedModel
from protocols.protocol import ScoringProtocol
from settings.scoring_endpoint import ScoringEndpoint
from state.agenda import Entry
from state.storage_errors import ConflictError, StorageError, UnavailableError
from telemetry.events import emit

_log = logging.getLogger(__name__)
_LONGEST_CONFLICT_PAUSE = 0.25


class World(msgspec.Struct, frozen=True):
    """All that deploying needs from outside.

    Attributes:
        ledger: Records and agenda.
        catalog: The models in storage.
        signer: What signs their tokens.
        keeper: What keeps their bytes.
        protocols: How endpoints are spoken to, by the protocol's name.
        now: The clock; aware, UTC.
        pause: Waits so many seconds, between two tries to write a record.
    """

    ledger: Ledger
    catalog: ModelCatalog
    signer: Signer
    keeper: Keeper
    protocols: Mapping[str, ScoringProtocol]
    now: Callable[[], datetime]
    pause: Callable[[float], None]


class Look:
    """Looks at models, each at most once, later than the record was read.

    So what a record is changed by is never older than the record: a conditional write settles
    which of two looks at a blob that is being overwritten was the later one.
    """

    def __init__(self, catalog: ModelCatalog, date: datetime) -> None:
        self.catalog, self.date = catalog, date
        self._seen: dict[str, TrainedModel | None] = {}

    def head(self, name: str) -> TrainedModel | None:
        """Look at the blob *name*; None: there is no such model."""
        if name not in self._seen:
            self._seen[name] = self.catalog.head(name)
        return self._seen[name]


type Step = Callable[[Record, Look, datetime], Wanted]
"""Changes what a record says is wanted: what a landing, a person or the agenda is."""


class Claim(msgspec.Struct, frozen=True):
    """What was recorded, and what is to be done about it.

    Attributes:
        stored: The record as it is now.
        decision: What to do.
        signed: What to send, where the decision is to PATCH.
    """

    stored: Stored
    decision: Decision
    signed: SignedModel | None


class Foreseen(msgspec.Struct, frozen=True):
    """What a step would come to.

    Attributes:
        record: The record as it would be.
        decision: What would be done.
        container: Of the blob that would be sent.
        name: The blob's name.
    """

    record: Record
    decision: Decision
    container: str | None = None
    name: str | None = None


class Claims:
    """Makes claims. At most one PATCH is claimed for an endpoint at a time."""

    def __init__(self, world: World) -> None:
        self._world = world

    def make(
        self,
        endpoint: ScoringEndpoint,
        step: Step,
        entry: Entry | None = None,
        model: str | None = None,
    ) -> Claim:
        """Read, let *step* change what is wanted, decide, and record it all in one write."""
        for tries in range(CONFLICTS_BORNE):
            stored = self._world.ledger.read(endpoint.name)
            now = self._world.now()
            look = Look(self._world.catalog, stored.date)
            wanted = step(attempts.abandoned(stored.record, now), look, now)
            record, decision = self._decided(endpoint, wanted.record, look, now)
            record, decision, signed = self._signed(endpoint, record, decision, look, now)
            try:
                armed = self._world.ledger.is_armed(record, now)
                if record != stored.record or entry is not None or not armed:
                    stored = self._world.ledger.save(stored, record, now, entry)
            except ConflictError:
                self._world.pause(_conflict_pause(tries))
                continue
            _tell(endpoint, model, wanted, decision)
            return Claim(stored, decision, signed)
        raise UnavailableError(f"write the record of {endpoint.name}", code="TooManyConflicts")

    def foresee(self, endpoint: ScoringEndpoint, step: Step) -> Foreseen:
        """Say what *step* would come to, without a write.

        Raises:
            StorageError: Storage could not be asked.
        """
        stored = self._world.ledger.read(endpoint.name)
        now = self._world.now()
        look = Look(self._world.catalog, stored.date)
        wanted = step(attempts.abandoned(stored.record, now), look, now)
        record, decision = self._decided(endpoint, wanted.record, look, now)
        if not isinstance(decision, Patch):
            return Foreseen(record, decision)
        return Foreseen(record, decision, *self._source(record, decision.model, look))

    def _decided(
        self, endpoint: ScoringEndpoint, record: Record, look: Look, now: datetime
    ) -> tuple[Record, Decision]:
        """Decide, and hold the model against what is in storage before it is sent."""
        for _ in range(2 * HISTORY_KEPT):
            decision = decide(record, now)
            if endpoint.faults and not isinstance(decision, Skip):
                problem = Problem("endpoint_fault", str(endpoint.faults[0]))
                return attempts.waiting_for_mending(record, problem, now), Skip("endpoint_fault")
            if not isinstance(decision, Patch):
                return record, decision
            try:
                facts = look.head(decision.model.name)
            except StorageError as error:
                problem = Problem("storage_unavailable", str(error))
                return attempts.held_back(record, decision, problem, now), Skip(problem.code)
            waits = not endpoint.auto_deploy
            checked = with_facts(record, decision.model, facts, now, waits=waits)
            if checked is record:
                return record, decision
            record = checked
        return record, Skip("nothing_sendable")

    def _signed(
        self,
        endpoint: ScoringEndpoint,
        record: Record,
        decision: Decision,
        look: Look,
        now: datetime,
    ) -> tuple[Record, Decision, SignedModel | None]:
        """Sign what is to be sent and claim the endpoint for it."""
        if isinstance(decision, Confirm):
            return confirming(record, now), decision, None
        if isinstance(decision, Keep):
            return attempts.keeping(record, now), decision, None
        if not isinstance(decision, Patch):
            return record, decision, None
        try:
            container, name = self._source(record, decision.model, look)
            signed = self._world.signer.sign(container, name, endpoint=endpoint.name, now=now)
        except StorageError as error:
            problem = Problem("cannot_sign", str(error))
            return attempts.held_back(record, decision, problem, now), Skip(problem.code), None
        id_ = uuid.uuid4().hex
        return attempts.claimed(record, decision, signed, id_, now), decision, signed

    def _source(self, record: Record, model: TrainedModel, look: Look) -> tuple[str, str]:
        """Give the container and name of *model*: its own blob, or the copy once that changed."""
        facts, copy = look.head(model.name), record.copy_of(model)
        if copy is None or (facts is not None and facts.has_bytes_of(model)):
            return self._world.catalog.container, model.name
        return KEPT_CONTAINER, copy.name


def _conflict_pause(tries: int) -> float:
    """Spread those who write to one record at once."""
    longest = min(0.01 * (1 << min(tries, 10)), _LONGEST_CONFLICT_PAUSE)
    return random.uniform(0, longest)  # noqa: S311 - it guards nothing


def _tell(endpoint: ScoringEndpoint, model: str | None, wanted: Wanted, decision: Decision) -> None:
    """Log the decision, skips included."""
    desired = wanted.record.desired
    emit(
        _log,
        f"deployment.{type(decision).__name__.lower()}",
        endpoint=endpoint.name,
        asked=model,
        verdict=wanted.verdict,
        desired=desired.model.name if desired else None,
        etag=desired.model.etag if desired else None,
        cause=getattr(decision, "cause", None),
        reason=getattr(decision, "reason", None),
    )
