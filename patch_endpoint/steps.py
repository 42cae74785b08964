"""What changes what is wanted: a landing, a person's word, the agenda. Each makes a step.

A step looks at the record as it is, and at models in storage, and gives the record with its wish.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from patch_endpoint.catalog import newest
from patch_endpoint.claim import Step
from patch_endpoint.desired import (
    Asked,
    Wanted,
    landed,
    landings_wait,
    latest_before,
    released,
    request,
    want,
)
from patch_endpoint.history import is_news, last_that_was_live, may_have_forgotten
from patch_endpoint.look import Look
from patch_endpoint.record import Deployment, Record
from patch_endpoint.rollback import release, rolled_back
from patch_endpoint.trained_model import TrainedModel
from settings.scoring_endpoint import ScoringEndpoint


class NothingToGoBackToError(Exception):
    """No model was live before what is desired."""


class ModelGoneError(Exception):
    """The bytes that a person wants are not there any more."""


def landing(endpoint: ScoringEndpoint, model_name: str) -> Step:
    """Want the landed blob *model_name*, if nothing later is wanted."""

    def step(record: Record, look: Look, now: datetime) -> Wanted:
        return _landing(record, endpoint, model_name, look, now)

    return step


def landing_result(endpoint: ScoringEndpoint, model: TrainedModel) -> Step:
    """Want what a job left in its service's own storage, if nothing later is wanted."""

    def step(record: Record, look: Look, now: datetime) -> Wanted:
        del look
        return want(record, landed(model), waits=landings_wait(record, endpoint), now=now)

    return step


def redeploying(model_name: str, by: str, reason: str | None) -> Step:
    """Want what a person asks for; the step raises `ModelGoneError` where it is not there."""

    def step(record: Record, look: Look, now: datetime) -> Wanted:
        model = look.head(model_name) or _kept(record, model_name, look)
        if model is None:
            raise ModelGoneError(model_name)
        wish = request(record, model, Asked(by, reason, look.date))
        return want(replace(record, not_before=None), wish, waits=False, now=now)

    return step


def rolling_back(by: str, reason: str | None, *, hold: bool) -> Step:
    """Want what served before; the step raises where nothing did, or its bytes are gone."""

    def step(record: Record, look: Look, now: datetime) -> Wanted:
        del now
        target = _going_back_to(record, look)
        return rolled_back(record, target, Asked(by, reason, look.date), hold=hold)

    return step


def releasing(by: str, reason: str | None) -> Step:
    """End the hold, and let the newest model win."""

    def step(record: Record, look: Look, now: datetime) -> Wanted:
        return release(record, Asked(by, reason, look.date), now)

    return step


def waking(endpoint: ScoringEndpoint) -> Step:
    """Want nothing new, but let a model wait no longer than it has to."""

    def step(record: Record, look: Look, now: datetime) -> Wanted:
        del look
        if record.waiting is None or landings_wait(record, endpoint):
            return Wanted(record, "not_asked")
        waiting = released(record.waiting)
        return want(replace(record, waiting=None), waiting, waits=False, now=now)

    return step


def sweeping(endpoint: ScoringEndpoint, models: Sequence[TrainedModel]) -> Step:
    """Wake, and want the latest of *models* that nobody told of and that should serve or wait.

    Args:
        endpoint: Whose.
        models: What may be missed there, the newest last.
    """

    def step(record: Record, look: Look, now: datetime) -> Wanted:
        woken = waking(endpoint)(record, look, now)
        found = [one for one in models if _may_do(woken.record, one, is_newest=one is models[-1])]
        return _landing(woken.record, endpoint, found[-1].name, look, now) if found else woken

    return step


def _may_do(record: Record, model: TrainedModel, *, is_newest: bool) -> bool:
    """Say whether *model* is unknown, and the latest or, where that is refused, a way out."""
    known = [one for one in (record.desired, record.waiting) if one is not None]
    known += [past.deployment for past in record.history]
    # What was refused and is forgotten must not be tried again, unless there is no newer one.
    is_forgotten = not is_newest and may_have_forgotten(record, model)
    if is_forgotten or any(one.model.is_version(model) for one in known):
        return False
    desired, wish = record.desired, landed(model)
    latest = latest_before(record, wish)
    if latest is None or wish.order >= latest.order:
        return True
    if desired is None:
        return False
    is_no_good = desired.error is not None and desired.error.about_model
    return desired.state == "refused" and is_no_good and is_news(record, wish)


def _going_back_to(record: Record, look: Look) -> Deployment:
    """Find what a rollback goes back to, and make sure that its bytes are there.

    Raises:
        NothingToGoBackToError: None was live before.
        ModelGoneError: Its bytes are not there any more, and no copy of them.
        StorageError: Storage could not be asked.
    """
    target = last_that_was_live(record)
    if target is None:
        raise NothingToGoBackToError(record.endpoint)
    facts, copy = look.facts_of(target.model), record.copy_of(target.model)
    if (facts and facts.has_bytes_of(target.model)) or (copy and look.has(copy)):
        return target
    raise ModelGoneError(target.model.name)


def _kept(record: Record, name: str, look: Look) -> TrainedModel | None:
    """Find the latest model of this name that a copy is kept of, and make sure that it is there."""
    copies = [one for one in record.kept if one.model.name == name]
    copies.sort(key=lambda one: one.model.last_modified, reverse=True)
    return next((one.model for one in copies if look.has(one)), None)


def _landing(
    record: Record, endpoint: ScoringEndpoint, name: str, look: Look, now: datetime
) -> Wanted:
    """Want what landed; an endpoint that never wanted anything takes the newest there is.

    The older one of the two is on record all the same: the newest may be refused.
    """
    found = [look.head(name)]
    if record.desired is None and record.waiting is None:
        found.append(newest(look.catalog, endpoint))
    models = {one.name: one for one in found if one is not None}
    waits, wanted = landings_wait(record, endpoint), Wanted(record, "model_gone")
    for model in sorted(models.values(), key=lambda one: one.order):
        wanted = want(wanted.record, landed(model), waits=waits, now=now)
    return wanted
