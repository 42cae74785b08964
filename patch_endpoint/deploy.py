"""The one path that PATCHes.

A landing, a retry, a renewal, a redeploy: each is a step that changes what the record says is
wanted. From there on all go the same way: decide, claim, sign, PATCH, report.
"""

import logging
from datetime import datetime

from msgspec.structs import replace

from patch_endpoint import attempt as attempts
from patch_endpoint.catalog import newest
from patch_endpoint.claim import Claim, Claims, Look, Step, World
from patch_endpoint.confirm import Confirmed, confirmation_of, with_confirmation
from patch_endpoint.decide import Confirm, Patch, Skip, decide
from patch_endpoint.desired import Wanted, landed, released, request, want
from patch_endpoint.record import Record
from patch_endpoint.records import Stored
from patch_endpoint.sas import SignedModel
from protocols.protocol import Accepted, Answer, Refused, ScoringProtocol, Unsettled
from settings.scoring_endpoint import ScoringEndpoint
from state.agenda import Entry
from state.storage_errors import StorageError
from telemetry.events import emit

_log = logging.getLogger(__name__)

ROUNDS = 3
"""How many PATCHes one invocation sends to one endpoint before it leaves the rest to the agenda."""


class ModelGoneError(Exception):
    """The blob that a person wants is not there any more."""


class Deployer:
    """Brings models into service."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._claims = Claims(world)

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
            ModelGoneError: It is not there any more.
            StorageError: It could not be recorded.
        """

        def step(record: Record, look: Look, now: datetime) -> Wanted:
            model = look.head(model_name)
            if model is None:
                raise ModelGoneError(model_name)
            wish = request(record, model, by, reason, look.date)
            cleared = replace(record, not_before=None)
            return want(cleared, wish, waits=False, now=now)

        return self._work(endpoint, step, model=model_name)

    def wake(self, endpoint: ScoringEndpoint, entry: Entry | None) -> Record:
        """Do what is due at *endpoint*, and work off the agenda *entry* that said so.

        Raises:
            StorageError: Nothing was done; the entry is still there.
        """

        def step(record: Record, look: Look, now: datetime) -> Wanted:
            del look
            if record.waiting is None or not endpoint.auto_deploy:
                return Wanted(record, "not_asked")
            return want(
                replace(record, waiting=None), released(record.waiting), waits=False, now=now
            )

        return self._work(endpoint, step, entry)

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
        claim = self._claims.make(endpoint, step, entry, model)
        try:
            for round_ in range(1, ROUNDS + 1):
                stored = self._act(endpoint, claim)
                if round_ == ROUNDS or isinstance(decide(stored.record, self._world.now()), Skip):
                    return stored.record
                claim = self._claims.make(endpoint, lambda record, *_: Wanted(record, "not_asked"))
        except StorageError as error:
            # What is wanted is on record and so is what wakes it: the agenda goes on from here.
            emit(_log, "deployment.interrupted", endpoint=endpoint.name, error=error)
        return claim.stored.record

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

        def change(record: Record, now: datetime) -> Record:
            if record.attempt is not None and record.attempt.id == id_:
                return attempts.reported(record, answer, protocol.settles_after, now)
            if record.reported != id_ and was_sent:
                return attempts.overtaken(record)
            return record

        return self._world.ledger.update(stored, change, self._world.now)

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

        def change(record: Record, now: datetime) -> Record:
            return with_confirmation(record, asked_for, confirmation, now)

        return self._world.ledger.update(stored, change, self._world.now)


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
