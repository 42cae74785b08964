"""The one path that PATCHes.

A landing, a retry, a renewal, a redeploy: each is a step that changes what the record says is
wanted. From there on all go the same way: decide, claim, sign, PATCH, report.
"""

import logging
import random
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec
from msgspec.structs import replace

from patch_endpoint import attempt as attempts
from patch_endpoint.catalog import ModelCatalog, newest
from patch_endpoint.confirm import Confirmed, confirmation_of, confirming, with_confirmation
from patch_endpoint.decide import Confirm, Decision, Patch, Skip, decide
from patch_endpoint.desired import Wanted, landed, request, want, with_facts
from patch_endpoint.ledger import Ledger
from patch_endpoint.record import HISTORY_KEPT, Problem, Record
from patch_endpoint.records import Stored
from patch_endpoint.sas import SignedModel, Signer
from patch_endpoint.trained_model import TrainedModel
from protocols.protocol import Accepted, Answer, Refused, ScoringProtocol, Unsettled
from settings.scoring_endpoint import ScoringEndpoint
from state.agenda import Entry
from state.storage_errors import ConflictError, StorageError, UnavailableError
from telemetry.events import emit

_log = logging.getLogger(__name__)

ROUNDS = 3
"""How many PATCHes one invocation sends to one endpoint before it leaves the rest to the agenda."""
_CONFLICTS = 60
_LONGEST_CONFLICT_PAUSE = 0.25


class World(msgspec.Struct, frozen=True):
    """All that deploying needs from outside.

    Attributes:
        ledger: Records and agenda.
        catalog: The models in storage.
        signer: What signs their tokens.
        protocols: How endpoints are spoken to, by the protocol's name.
        now: The clock; aware, UTC.
        pause: Waits so many seconds, between two tries to write a record.
    """

    ledger: Ledger
    catalog: ModelCatalog
    signer: Signer
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


class Deployer:
    """Brings models into service."""

    def __init__(self, world: World) -> None:
        self._world = world

    def land(self, endpoint: ScoringEndpoint, model_name: str) -> Record | None:
        """Have the landed blob *model_name* served by *endpoint*, if nothing later is wanted.

        Raises:
            StorageError: It could not be recorded; what is recorded is never lost.
        """

        def step(record: Record, look: Look, now: datetime) -> Wanted:
            return _landing(record, endpoint, model_name, look, now)

        return self._work(endpoint, step, model=model_name)

    def redeploy(
        self, endpoint: ScoringEndpoint, model_name: str, by: str, reason: str | None
    ) -> Record:
        """Have *endpoint* serve what a person wants; the model was there a moment ago.

        Raises:
            StorageError: It could not be recorded.
        """

        def step(record: Record, look: Look, now: datetime) -> Wanted:
            model = look.head(model_name)
            if model is None:
                return Wanted(record, "model_gone")
            wish = request(record, model, by, reason, look.date)
            cleared = replace(record, not_before=None)
            return want(cleared, wish, waits=False, now=now)

        return self._work(endpoint, step, model=model_name)

    def wake(self, endpoint: ScoringEndpoint, entry: Entry | None) -> Record:
        """Do what is due at *endpoint*, and work off the agenda *entry* that said so.

        Raises:
            StorageError: Nothing was done; the entry is still there.
        """
        return self._work(endpoint, lambda record, *_: Wanted(record, "not_asked"), entry)

    def put_to_rest(self, endpoint: str, entry: Entry) -> None:
        """Work off an entry of an endpoint that is configured no more. Its record stays."""
        stored = self._world.ledger.read(endpoint)
        self._world.ledger.save(stored, stored.record, self._world.now(), entry, arm=False)
        emit(_log, "deployment.skip", endpoint=endpoint, reason="endpoint_not_configured")

    def _work(
        self,
        endpoint: ScoringEndpoint,
        step: Step,
        entry: Entry | None = None,
        model: str | None = None,
    ) -> Record:
        claim = self._claim(endpoint, step, entry, model)
        try:
            for _ in range(ROUNDS):
                stored = self._act(endpoint, claim)
                if isinstance(decide(stored.record, self._world.now()), Skip):
                    return stored.record
                claim = self._claim(endpoint, lambda record, *_: Wanted(record, "not_asked"))
        except StorageError as error:
            # What is wanted is on record and so is what wakes it: the agenda goes on from here.
            emit(_log, "deployment.interrupted", endpoint=endpoint.name, error=error)
        return claim.stored.record

    def _claim(
        self,
        endpoint: ScoringEndpoint,
        step: Step,
        entry: Entry | None = None,
        model: str | None = None,
    ) -> Claim:
        """Read, let *step* change what is wanted, decide, and record it all in one write."""
        for tries in range(_CONFLICTS):
            stored = self._world.ledger.read(endpoint.name)
            now = self._world.now()
            look = Look(self._world.catalog, stored.date)
            wanted = step(attempts.abandoned(stored.record, now), look, now)
            record, decision = self._decided(endpoint, wanted.record, look, now)
            record, decision, signed = self._signed(endpoint, record, decision, now)
            try:
                armed = self._world.ledger.is_armed(record, now)
                if record != stored.record or entry is not None or not armed:
                    stored = self._world.ledger.save(stored, record, now, entry)
            except ConflictError:
                self._world.pause(random.uniform(0, min(0.01 * 2**tries, _LONGEST_CONFLICT_PAUSE)))  # noqa: S311 - spreads writers, guards nothing
                continue
            _tell(endpoint, model, wanted, decision)
            return Claim(stored, decision, signed)
        raise UnavailableError(f"write the record of {endpoint.name}", code="TooManyConflicts")

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
            checked = with_facts(record, decision.model, facts, now)
            if checked is record:
                return record, decision
            record = checked
        return record, Skip("nothing_sendable")

    def _signed(
        self, endpoint: ScoringEndpoint, record: Record, decision: Decision, now: datetime
    ) -> tuple[Record, Decision, SignedModel | None]:
        """Sign what is to be sent and claim the endpoint for it."""
        if isinstance(decision, Confirm):
            return confirming(record, now), decision, None
        if not isinstance(decision, Patch):
            return record, decision, None
        try:
            signed = self._world.signer.sign(
                self._world.catalog.container, decision.model.name, endpoint=endpoint.name, now=now
            )
        except StorageError as error:
            problem = Problem("cannot_sign", str(error))
            return attempts.held_back(record, decision, problem, now), Skip(problem.code), None
        id_ = uuid.uuid4().hex
        return attempts.claimed(record, decision, signed, id_, now), decision, signed

    def _act(self, endpoint: ScoringEndpoint, claim: Claim) -> Stored:
        match claim.decision:
            case Patch() if claim.signed is not None:
                return self._patch(endpoint, claim.stored, claim.signed)
            case Confirm():
                return self._confirm(endpoint, claim.stored)
        return claim.stored

    def _patch(self, endpoint: ScoringEndpoint, stored: Stored, signed: SignedModel) -> Stored:
        """Send the PATCH that was claimed, and report what came of it."""
        attempt = stored.record.attempt
        if attempt is None:
            return stored
        protocol = self._world.protocols[endpoint.protocol]
        answer = self._sent(protocol, endpoint, attempt.send_by, signed)
        emit(
            _log,
            f"patch.{type(answer).__name__.lower()}",
            endpoint=endpoint.name,
            model=attempt.model.name,
            etag=attempt.model.etag,
            cause=attempt.cause,
            attempt=attempt.id,
            code=getattr(answer, "code", None),
            message=getattr(answer, "message", None),
            token_expires_at=attempt.token_expires_at.isoformat(),
            seconds=(self._world.now() - attempt.claimed_at).total_seconds(),
        )
        return self._report(stored, attempt.id, answer, protocol)

    def _sent(
        self,
        protocol: ScoringProtocol,
        endpoint: ScoringEndpoint,
        send_by: datetime,
        signed: SignedModel,
    ) -> Answer:
        resource = protocol.resource_of(endpoint)
        if isinstance(resource, Refused):
            return resource
        if isinstance(resource, Unsettled):
            return replace(resource, maybe_applied=False)
        if self._world.now() > send_by:
            return Unsettled("too_late", "the time to send it was over before it was sent")
        return protocol.patch(endpoint, resource, signed.reference)

    def _report(
        self, stored: Stored, id_: str, answer: Answer, protocol: ScoringProtocol
    ) -> Stored:
        """Record what came of the attempt, whoever wrote to the record meanwhile."""
        was_sent = isinstance(answer, Accepted) or getattr(answer, "maybe_applied", False)
        for _ in range(_CONFLICTS):
            now = self._world.now()
            record = stored.record
            if record.attempt is not None and record.attempt.id == id_:
                record = attempts.reported(record, answer, protocol.settles_after, now)
            elif record.reported != id_ and was_sent:
                record = attempts.overtaken(record, now)
            if record is stored.record:
                return stored
            try:
                return self._world.ledger.save(stored, record, now)
            except ConflictError:
                stored = self._world.ledger.read(record.endpoint)
        raise UnavailableError(f"write the record of {stored.record.endpoint}")

    def _confirm(self, endpoint: ScoringEndpoint, stored: Stored) -> Stored:
        """Ask whether the accepted model is in effect, and report the answer."""
        asked_for = stored.record.desired
        if asked_for is None:
            return stored
        protocol = self._world.protocols[endpoint.protocol]
        container = self._world.catalog.container
        confirmation = confirmation_of(protocol, endpoint, stored.record, container)
        confirmed = isinstance(confirmation, Confirmed)
        emit(
            _log,
            "deployment.confirmed" if confirmed else "deployment.unconfirmed",
            endpoint=endpoint.name,
            model=asked_for.model.name,
            etag=asked_for.model.etag,
            by=getattr(confirmation, "by", None),
            problem=getattr(confirmation, "problem", None),
        )
        for _ in range(_CONFLICTS):
            now = self._world.now()
            record = with_confirmation(stored.record, asked_for, confirmation, now)
            if record is stored.record:
                return stored
            try:
                return self._world.ledger.save(stored, record, now)
            except ConflictError:
                stored = self._world.ledger.read(endpoint.name)
        raise UnavailableError(f"write the record of {endpoint.name}")


def _landing(
    record: Record, endpoint: ScoringEndpoint, name: str, look: Look, now: datetime
) -> Wanted:
    """Want what landed; an endpoint that never wanted anything takes the newest there is."""
    model = look.head(name)
    if record.desired is None and record.waiting is None:
        found = newest(look.catalog, endpoint)
        model = max(
            (one for one in (model, found) if one is not None),
            key=lambda one: (one.last_modified, one.name),
            default=None,
        )
    if model is None:
        return Wanted(record, "model_gone")
    return want(record, landed(model), waits=not endpoint.auto_deploy, now=now)


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
