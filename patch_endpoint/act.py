"""Acts on a claim: sends the PATCH, asks for its effect, keeps the bytes, and reports each."""

import logging
import traceback
from datetime import datetime
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from patch_endpoint import attempt as attempts
from patch_endpoint.confirm import Confirmed, Unconfirmed, confirmation_of, with_confirmation
from patch_endpoint.fallback import is_own_rollback
from patch_endpoint.kept import Outcome, copy_name, with_kept
from patch_endpoint.record import Problem, Record
from patch_endpoint.records import Stored
from patch_endpoint.sas import SignedModel
from patch_endpoint.trained_model import TrainedModel
from patch_endpoint.world import World
from protocols.protocol import Accepted, Answer, Refused, ScoringProtocol, Unsettled
from settings.scoring_endpoint import ScoringEndpoint
from telemetry.events import emit

_log = logging.getLogger(__name__)


class Acts:
    """What is done about an endpoint once it is claimed. Each may raise `StorageError`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def patch(self, endpoint: ScoringEndpoint, stored: Stored, signed: SignedModel) -> Stored:
        """Send the PATCH that was claimed, and report what came of it."""
        attempt = stored.record.attempt
        if attempt is None:
            return stored
        protocol = self._world.protocols[endpoint.protocol]
        try:
            answer = self._sent(protocol, endpoint, attempt.send_by, signed)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported and tried again
            defect = _defect(error)
            answer = Unsettled(defect.code, defect.message, maybe_applied=True)
        emit(
            _log,
            f"patch.{type(answer).__name__.lower()}",
            level=logging.WARNING if isinstance(answer, Refused) else logging.INFO,
            endpoint=endpoint.name,
            model=attempt.model.name,
            etag=attempt.model.etag,
            cause=attempt.cause,
            attempt=attempt.id,
            code=getattr(answer, "code", None),
            message=getattr(answer, "message", None),
            token_expires_at=attempt.token_expires_at.isoformat(),
            duration=self._world.now() - attempt.claimed_at,
        )
        return self._report(endpoint, stored, attempt.id, answer)

    def _sent(
        self,
        protocol: ScoringProtocol,
        endpoint: ScoringEndpoint,
        send_by: datetime,
        signed: SignedModel,
    ) -> Answer:
        resource = protocol.resource_of(endpoint)
        if isinstance(resource, Refused):
            # It was asked about itself: no other model fares better.
            return replace(resource, about_model=False)
        if isinstance(resource, Unsettled):
            return replace(resource, maybe_applied=False)
        if self._world.now() > send_by:
            return Unsettled("too_late", "the time to send it was over before it was sent")
        return protocol.patch(endpoint, resource, signed.reference)

    def _report(
        self, endpoint: ScoringEndpoint, stored: Stored, id_: str, answer: Answer
    ) -> Stored:
        """Record what came of the attempt, whoever wrote to the record meanwhile."""
        settles_after = self._world.protocols[endpoint.protocol].settles_after
        keeps = endpoint.keep > 0
        was_sent = isinstance(answer, Accepted) or getattr(answer, "maybe_applied", False)

        def change(record: Record, now: datetime) -> Record:
            if record.attempt is not None and record.attempt.id == id_:
                return attempts.reported(record, answer, settles_after, now, keeps=keeps)
            if record.reported != id_ and was_sent:
                return attempts.overtaken(record)
            return record

        return self._world.ledger.update(stored, change, self._world.now)

    def confirm(self, endpoint: ScoringEndpoint, stored: Stored) -> Stored:
        """Ask whether the accepted model is in effect, and report the answer."""
        asked_for = stored.record.desired
        if asked_for is None:
            return stored
        protocol = self._world.protocols[endpoint.protocol]
        container = self._world.catalog.container
        try:
            confirmation = confirmation_of(protocol, endpoint, stored.record, container)
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
        desired = saved.record.desired
        if desired is not None and is_own_rollback(desired) and not desired.is_same(asked_for):
            emit(
                _log,
                "deployment.rolled_back",
                level=logging.WARNING,
                endpoint=endpoint.name,
                model=asked_for.model.name,
                etag=asked_for.model.etag,
                to=desired.model.name,
                reason=desired.reason,
            )
        return saved

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


def _defect(error: Exception) -> Problem:
    """Name what was raised and where, but not its text, which may hold a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return Problem("internal_error", f"{type(error).__name__}{where}")
