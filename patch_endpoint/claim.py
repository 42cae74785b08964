"""Claims an endpoint for one decision: read, decide and record, in one conditional write."""

import logging
import random
import uuid
from collections.abc import Callable
from datetime import datetime

import msgspec
from msgspec.structs import replace

from patch_endpoint import attempt as attempts
from patch_endpoint.confirm import confirming
from patch_endpoint.decide import Advance, Confirm, Decision, Keep, Patch, Skip, Tidy
from patch_endpoint.desired import Verdict, Wanted
from patch_endpoint.fallback import refused_since
from patch_endpoint.kept import CONTAINER as KEPT_CONTAINER
from patch_endpoint.ledger import CONFLICTS_BORNE
from patch_endpoint.look import Look
from patch_endpoint.record import NEVER, Deployment, Problem, Record
from patch_endpoint.records import Stored
from patch_endpoint.sas import SignedModel
from patch_endpoint.sendable import decided
from patch_endpoint.trained_model import TrainedModel
from patch_endpoint.world import World
from protocols.blob_reference import BlobReference
from settings.scoring_endpoint import ScoringEndpoint
from settings.secret import Secret
from state.agenda import Entry
from state.storage_errors import ConflictError, StorageError, UnavailableError
from telemetry.events import emit
from telemetry.redaction import MASK

_log = logging.getLogger(__name__)
_LONGEST_CONFLICT_PAUSE = 0.25


type Step = Callable[[Record, Look, datetime], Wanted]
"""Changes what a record says is wanted: what a landing, a person or the agenda is."""


class Claim(msgspec.Struct, frozen=True):
    """What was recorded, and what is to be done about it.

    Attributes:
        stored: The record as it is now.
        decision: What to do.
        signed: What to send, where a model is sent or followed.
    """

    stored: Stored
    decision: Decision
    signed: SignedModel | None


class Foreseen(msgspec.Struct, frozen=True):
    """What a step would come to.

    Attributes:
        record: The record as it would be.
        decision: What would be done.
        reference: What would be sent, its token masked.
        verdict: What would become of the wish.
    """

    record: Record
    decision: Decision
    reference: BlobReference | None = None
    verdict: Verdict = "not_asked"


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
            before, now = stored.record, self._world.now()
            look = self._look(stored, now)
            wanted = step(attempts.abandoned(before, now), look, now)
            record, decision = decided(endpoint, wanted.record, look, now)
            record, decision, signed = self._signed(endpoint, record, decision, look, now)
            try:
                armed = self._world.ledger.is_armed(record, now)
                if record != before or entry is not None or not armed:
                    stored = self._world.ledger.save(stored, record, now, entry)
            except ConflictError:
                self._world.pause(_conflict_pause(tries))
                continue
            _tell(endpoint, model, wanted, decision)
            _tell_refused(endpoint, refused_since(before, record))
            return Claim(stored, decision, signed)
        raise UnavailableError(f"write the record of {endpoint.name}", code="TooManyConflicts")

    def foresee(self, endpoint: ScoringEndpoint, step: Step) -> Foreseen:
        """Say what *step* would come to, without a write.

        Raises:
            StorageError: Storage could not be asked.
        """
        stored = self._world.ledger.read(endpoint.name)
        now = self._world.now()
        look = self._look(stored, now)
        wanted = step(attempts.abandoned(stored.record, now), look, now)
        record, decision = decided(endpoint, wanted.record, look, now)
        if not isinstance(decision, Patch):
            return Foreseen(record, decision, verdict=wanted.verdict)
        reference = self._foreseen(record, decision.model, look)
        return Foreseen(record, decision, reference, wanted.verdict)

    def _look(self, stored: Stored, now: datetime) -> Look:
        world = self._world
        return Look(world.catalog, world.results, world.keeper, stored.date, now)

    def _foreseen(self, record: Record, model: TrainedModel, look: Look) -> BlobReference:
        token = Secret(f"?sig={MASK}")
        located = look.located(model.from_job) if model.from_job else None
        if located is not None:
            reference = replace(located.reference, sas_token=token)
        else:
            reference = self._world.signer.reference(*self._source(record, model, look), token)
        return replace(reference, name=model.name, etag=model.etag)

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
        if isinstance(decision, Tidy):
            return attempts.tidying(record, uuid.uuid4().hex, now), decision, None
        if not isinstance(decision, (Patch, Advance)):
            return record, decision, None
        try:
            signed = self._token_for(endpoint, record, decision.model, look)
        except StorageError as error:
            problem = Problem("cannot_sign", str(error))
            return attempts.held_back(record, decision, problem, now), Skip(problem.code), None
        id_, claimed_at = uuid.uuid4().hex, self._world.now()
        return attempts.claimed(record, decision, signed, id_, claimed_at), decision, signed

    def _token_for(
        self, endpoint: ScoringEndpoint, record: Record, model: TrainedModel, look: Look
    ) -> SignedModel:
        """Sign the blob that is *model*, or take its service's token for a job's result."""
        signer, now = self._world.signer, self._world.now()  # asking a service may take its time
        reads_by = self._world.protocols[endpoint.protocol].abilities(endpoint).reads_by
        located = look.located(model.from_job) if model.from_job else None
        if located is not None:
            signed = signer.taken(located, endpoint=endpoint.name, now=now)
        elif reads_by == "identity":
            signed = signer.unsigned(*self._source(record, model, look))
        else:
            container, name = self._source(record, model, look)
            signed = signer.sign(container, name, endpoint=endpoint.name, now=now)
        reference = replace(signed.reference, name=model.name, etag=model.etag)
        renew_at = signed.renew_at if reads_by == "token" else NEVER
        return replace(signed, reference=reference, renew_at=renew_at)

    def _source(self, record: Record, model: TrainedModel, look: Look) -> tuple[str, str]:
        """Give the container and name of *model*: its own blob, or the copy once that changed."""
        facts, copy = look.facts_of(model), record.copy_of(model)
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


def _tell_refused(endpoint: ScoringEndpoint, refused: list[Deployment]) -> None:
    """Log what is refused without a request: no answer's line will tell of it."""
    for one in refused:
        emit(
            _log,
            "deployment.refused",
            level=logging.WARNING,
            endpoint=endpoint.name,
            model=one.model.name,
            etag=one.model.etag,
            code=one.error.code if one.error else None,
            message=one.error.message if one.error else None,
        )
