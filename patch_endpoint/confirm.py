"""Asks whether an accepted model is in effect. A 200 is no proof, and neither is time."""

from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import unquote

import msgspec
from msgspec.structs import replace

from patch_endpoint.decide import CONFIRM_FOR, pause_after
from patch_endpoint.fallback import put_back
from patch_endpoint.history import desiring
from patch_endpoint.record import Deployment, Problem, Record, Serving
from patch_endpoint.unproven import another_may_answer, unproven, with_unproven
from protocols.blob_reference import BlobReference
from protocols.protocol import Refused, ScoringProtocol, Served, Unsettled
from settings.scoring_endpoint import ScoringEndpoint


class Confirmed(msgspec.Struct, frozen=True):
    """The model is in effect.

    Attributes:
        by: What proved it.
    """

    by: Literal["smoke_test", "location"]


class Unconfirmed(msgspec.Struct, frozen=True):
    """Nothing proves it, for this reason."""

    problem: Problem


type Confirmation = Confirmed | Unconfirmed


def confirmation_of(
    protocol: ScoringProtocol, endpoint: ScoringEndpoint, record: Record, sent: BlobReference
) -> Confirmation:
    """Ask the endpoint, by its smoke test where it has one, else by the location that it names.

    Args:
        protocol: What it speaks.
        endpoint: Which.
        record: What was sent there.
        sent: The same as the endpoint was told of it, without a token.
    """
    if endpoint.smoke_test is not None:
        return _by_smoke_test(protocol, endpoint)
    return _by_location(protocol, endpoint, record, sent)


def confirming(record: Record, now: datetime) -> Record:
    """Note before when not to ask again, before asking."""
    asked = unproven(record)
    if asked is None:
        return record
    later = now + pause_after(asked.confirmations + 1)
    return with_unproven(record, replace(asked, next_attempt_at=later))


def with_confirmation(
    record: Record, asked_for: Deployment, confirmation: Confirmation, now: datetime
) -> Record:
    """Put the answer into the record, if it still is about what is asked for there."""
    asked = unproven(record)
    if asked is None or not asked.is_same(asked_for) or asked.patched_at != asked_for.patched_at:
        return record
    if another_may_answer(record):
        return record
    if isinstance(confirmation, Confirmed):
        state = "live" if asked.state == "patched" else asked.state
        live = replace(asked, state=state, live_at=now, error=None, next_attempt_at=None)
        serving = record.serving and replace(record.serving, confirmed_by=confirmation.by)
        return replace(with_unproven(record, live), serving=serving)
    is_wrong, was_wrong = confirmation.problem.about_model, _is_wrong(asked.error)
    # It is asked twice: it may not be in effect yet.
    if is_wrong and was_wrong:
        back = put_back(_desiring(record, asked, now), confirmation.problem, now)
        if back is not None:
            return back
    tried = asked.confirmations + 1
    over = _asked_for(tried) > CONFIRM_FOR and not (is_wrong and not was_wrong)
    again = replace(
        asked,
        error=confirmation.problem,
        confirmations=tried,
        next_attempt_at=None if over else now + pause_after(tried),
    )
    return with_unproven(record, again)


def _desiring(record: Record, asked: Deployment, now: datetime) -> Record:
    """Desire *asked*, which serves, in the place of what was refused after it."""
    refused = record.desired
    if refused is None or refused.is_same(asked):
        return record
    return desiring(record, asked, refused, now)


def _asked_for(times: int) -> timedelta:
    """Say how long it was asked. Not since the PATCH: a later model may have been tried."""
    return sum((pause_after(number) for number in range(1, times)), timedelta())


def _is_wrong(problem: Problem | None) -> bool:
    return problem is not None and problem.about_model


def _by_smoke_test(protocol: ScoringProtocol, endpoint: ScoringEndpoint) -> Confirmation:
    match protocol.score(endpoint):
        case True:
            return Confirmed("smoke_test")
        case Refused(code, message, about_model):
            return Unconfirmed(Problem(code, f"the smoke test: {message}", about_model))
        case Unsettled(code, message):
            return Unconfirmed(Problem(code, f"the smoke test: {message}"))
    what = "the endpoint did not answer its smoke test as expected"
    return Unconfirmed(Problem("smoke_test_failed", what, about_model=True))


def _by_location(
    protocol: ScoringProtocol, endpoint: ScoringEndpoint, record: Record, sent: BlobReference
) -> Confirmation:
    served = _told(protocol, endpoint, sent)
    if isinstance(served, (Refused, Unsettled)):
        return Unconfirmed(Problem(served.code, f"asked what it serves: {served.message}"))
    if served is None or record.serving is None:
        what = "the endpoint does not tell what it serves, and has no smoke test"
        return Unconfirmed(Problem("location_unknown", what))
    if isinstance(served, bool):
        what = "the endpoint does not say that it serves our model"
        return Confirmed("location") if served else Unconfirmed(Problem("other_location", what))
    return _compared(served, record.serving, record, sent)


def _compared(
    served: Served, serving: Serving, record: Record, sent: BlobReference
) -> Confirmation:
    """Hold the location that the endpoint names against what it was told last."""
    if served.blob != unquote(sent.relative_location):
        return Unconfirmed(Problem("other_location", "the endpoint names another blob"))
    if served.token_expiry is None and _had_this_name_before(record):
        what = "the endpoint names our blob, as it did before it was overwritten"
        return Unconfirmed(Problem("location_ambiguous", what))
    if served.token_expiry not in {None, serving.token_expiry}:
        return Unconfirmed(Problem("other_token", "the endpoint still names an earlier token"))
    return Confirmed("location")


def _told(
    protocol: ScoringProtocol, endpoint: ScoringEndpoint, sent: BlobReference
) -> Served | bool | Refused | Unsettled | None:
    if not protocol.abilities(endpoint).tells_served:
        return None
    resource = protocol.resource_of(endpoint)
    return protocol.served(endpoint, resource, sent) if isinstance(resource, str) else resource


def _had_this_name_before(record: Record) -> bool:
    asked = unproven(record)
    return asked is not None and any(
        past.deployment.model.name == asked.model.name
        and past.deployment.patched_at is not None
        and not past.deployment.is_same(asked)
        for past in record.history
    )
