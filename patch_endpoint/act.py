"""Acts on a claim: sends the PATCH, asks for its effect, keeps the bytes, and reports each."""

import logging
import traceback
from datetime import datetime
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from patch_endpoint import attempt as attempts
from patch_endpoint.confirm import Confirmed, Unconfirmed, confirmation_of, with_confirmation
from patch_endpoint.fallback import rejected_in, why_rejected
from patch_endpoint.kept import Outcome, copy_name, with_kept
from patch_endpoint.record import NEVER, Attempt, Problem, Record
from patch_endpoint.records import Stored
from patch_endpoint.rollout import with_spare
from patch_endpoint.sas import SignedModel
from patch_endpoint.trained_model import TrainedModel
from patch_endpoint.unproven import unproven
from patch_endpoint.world import World
from protocols.blob_reference import BlobReference
from protocols.protocol import (
    Accepted,
    Answer,
    AsynchronousProtocol,
    Refused,
    ScoringProtocol,
    Underway,
    Unsettled,
)
from settings.scoring_endpoint import ScoringEndpoint
from settings.secret import Secret
from telemetry.events import emit

_log = logging.getLogger(__name__)


class Acts:
    """What is done about an endpoint once it is claimed. Each may raise `StorageError`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def send(self, endpoint: ScoringEndpoint, stored: Stored, signed: SignedModel | None) -> Stored:
        """Send the request that was claimed, and report what came of it."""
        attempt = stored.record.attempt
        if attempt is None:
            return stored
        try:
            answer = self._answer(endpoint, stored.record, attempt, signed)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported and tried again
            defect = _defect(error)
            answer = Unsettled(defect.code, defect.message, maybe_applied=True)
        expires_at = attempt.token_expires_at
        emit(
            _log,
            f"{attempt.step}.{type(answer).__name__.lower()}",
            level=logging.WARNING if isinstance(answer, Refused) else logging.INFO,
            endpoint=endpoint.name,
            model=attempt.model.name,
            etag=attempt.model.etag,
            cause=attempt.cause,
            attempt=attempt.id,
            code=getattr(answer, "code", None),
            message=getattr(answer, "message", None),
            stage=getattr(answer, "stage", None),
            token_expires_at=None if expires_at == NEVER else expires_at.isoformat(),
            duration=self._world.now() - attempt.claimed_at,
        )
        return self._report(endpoint, stored, attempt.id, answer)

    def _answer(
        self,
        endpoint: ScoringEndpoint,
        record: Record,
        attempt: Attempt,
        signed: SignedModel | None,
    ) -> Answer:
        protocol = self._world.protocols[endpoint.protocol]
        if attempt.step == "patch" and signed is not None:
            answer = self._sent(protocol, endpoint, attempt.send_by, signed.reference)
            if protocol.abilities(endpoint).replaces == "blue_green" and answer != Accepted():
                return _without_effect(answer)
            return answer
        if self._world.now() > attempt.send_by:
            return Unsettled("too_late", "the time to send it was over before it was sent")
        if not isinstance(protocol, AsynchronousProtocol):
            raise TypeError(f"{endpoint.protocol} takes a model in one step")
        if attempt.step == "tidy":
            return protocol.tidy(endpoint)
        rollout = record.rollout
        if rollout is None or signed is None:
            raise TypeError("there is nothing to follow")
        underway = Underway(stage=rollout.stage, notes=rollout.notes)
        waited = self._world.now() - rollout.since
        return protocol.advance(endpoint, signed.reference, underway, waited)

    def _sent(
        self,
        protocol: ScoringProtocol,
        endpoint: ScoringEndpoint,
        send_by: datetime,
        model: BlobReference,
    ) -> Answer:
        resource = protocol.resource_of(endpoint)
        if isinstance(resource, Refused):
            # It was asked about itself: no other model fares better.
            return replace(resource, about_model=False)
        if isinstance(resource, Unsettled):
            return replace(resource, maybe_applied=False)
        if self._world.now() > send_by:
            return Unsettled("too_late", "the time to send it was over before it was sent")
        return protocol.patch(endpoint, resource, model)

    def _report(
        self, endpoint: ScoringEndpoint, stored: Stored, id_: str, answer: Answer
    ) -> Stored:
        """Record what came of the attempt, whoever wrote to the record meanwhile."""
        can = self._world.protocols[endpoint.protocol].abilities(endpoint)
        settles_after, keeps = can.settles_after, endpoint.keep > 0
        was_sent = isinstance(answer, Accepted) or getattr(answer, "maybe_applied", False)

        def change(record: Record, now: datetime) -> Record:
            if record.attempt is not None and record.attempt.id == id_:
                is_placed = record.attempt.step != "tidy" and isinstance(answer, Accepted)
                record = attempts.reported(record, answer, settles_after, now, keeps=keeps)
                return with_spare(record, can.spare_for, now) if is_placed else record
            if record.reported != id_ and was_sent:
                return attempts.overtaken(record)
            return record

        return self._world.ledger.update(stored, change, self._world.now)

    def confirm(self, endpoint: ScoringEndpoint, stored: Stored) -> Stored:
        """Ask whether the accepted model is in effect, and report the answer."""
        asked_for = unproven(stored.record)
        if asked_for is None:
            return stored
        protocol = self._world.protocols[endpoint.protocol]
        try:
            sent = self._sent_last(stored.record)
            confirmation = confirmation_of(protocol, endpoint, stored.record, sent)
        except Exception as error:  # noqa: BLE001 - as in `patch`
            confirmation = Unconfirmed(_defect(error))
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

        saved = self._world.ledger.update(stored, change, self._world.now)
        rejected, next_ = rejected_in(saved.record, asked_for), saved.record.desired
        if rejected is not None and next_ is not None:
            emit(
                _log,
                "deployment.rolled_back",
                level=logging.WARNING,
                endpoint=endpoint.name,
                model=asked_for.model.name,
                etag=asked_for.model.etag,
                to=next_.model.name,
                reason=why_rejected(rejected),
            )
        return saved

    def _sent_last(self, record: Record) -> BlobReference:
        """Say what the endpoint was told last, without a token."""
        serving = record.serving
        if serving is None:
            return BlobReference("", "", Secret(""))
        blob = serving.blob or f"{self._world.catalog.container}/{serving.model.name}"
        container, _, name = blob.partition("/")
        reference = self._world.signer.reference(container, name, Secret(""))
        return replace(reference, name=serving.model.name, etag=serving.model.etag)

    def keep(self, endpoint: ScoringEndpoint, stored: Stored) -> Stored:
        """Copy the bytes of what serves, and drop the copies that are too many."""
        serving = stored.record.serving
        if serving is None:
            return stored
        name, outcome = self._copied(endpoint, stored.record, serving.model)
        emit(
            _log,
            "model.kept" if outcome == "kept" else "model.not_kept",
            endpoint=endpoint.name,
            model=serving.model.name,
            etag=serving.model.etag,
            copy=name,
            outcome=outcome,
        )
        if outcome == "not_yet":
            return stored  # it is looked after at the next try, which is on record

        def change(record: Record, now: datetime) -> Record:
            del now
            kept = name if outcome == "kept" else None
            return with_kept(record, serving.model, kept, endpoint.keep)

        saved = self._world.ledger.update(stored, change, self._world.now)
        kept = {one.name for one in saved.record.kept}
        for old in stored.record.kept:
            if old.name not in kept:
                self._world.keeper.drop(old.name)
        return saved

    def _copied(
        self, endpoint: ScoringEndpoint, record: Record, model: TrainedModel
    ) -> tuple[str, Outcome | Literal["off"]]:
        """Copy *model*, unless there is a copy or none is to be made."""
        known = record.copy_of(model)
        if known is not None:
            return known.name, "kept"
        name = copy_name(endpoint.name, model)
        # What a job left in its service's own storage stays there: the service tells where.
        if endpoint.keep == 0 or model.from_job is not None:
            return name, "off"
        signed = self._world.signer.sign(
            self._world.catalog.container, model.name, endpoint=endpoint.name, now=self._world.now()
        )
        outcome = self._world.keeper.keep(name, model, signed.reference.url())
        if outcome != "lost":
            return name, outcome
        # The same bytes may have landed once more, and no event said so yet.
        found = self._world.catalog.head(model.name)
        if found is None or found.is_version(model) or not found.has_bytes_of(model):
            return name, outcome
        return name, self._world.keeper.keep(name, found, signed.reference.url())


def _without_effect(answer: Answer) -> Answer:
    """Say of a model that only stands beside what serves that it has no effect yet."""
    return replace(answer, maybe_applied=False) if isinstance(answer, Unsettled) else answer


def _defect(error: Exception) -> Problem:
    """Name what was raised and where, but not its text, which may hold a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return Problem("internal_error", f"{type(error).__name__}{where}")
