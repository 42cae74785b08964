"""The record of one endpoint: what it should serve, what it serves, and what is going on."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

import msgspec

from patch_endpoint.trained_model import TrainedModel

type State = Literal[
    "pending", "patched", "live", "refused", "superseded", "rolled_back", "waiting"
]
type Cause = Literal["new_model", "redeploy", "rollback"]
type PatchCause = Literal["new_model", "redeploy", "rollback", "repeat", "sas_expiring"]
type AttemptCause = PatchCause | Literal["tidy"]
type AttemptStep = Literal["patch", "advance", "tidy"]
NEVER = datetime.max.replace(microsecond=0, tzinfo=UTC)
"""When what does not expire expires."""
ENDED_BADLY = ("refused", "rolled_back")


class Problem(msgspec.Struct, frozen=True):
    """Why something is not as desired, for a person to read. Never a secret.

    Attributes:
        code: A constant name.
        message: What happened.
        about_model: Whether another model might do better.
    """

    code: str
    message: str
    about_model: bool = False


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """One model desired at the endpoint, and how far it got.

    Attributes:
        model: Which.
        instant: Its place in the order: the later one wins.
        cause: Why it is desired.
        state: How far it got.
        approved: Whether it may be sent without a person's word.
        requested_by: The person who asked; None: nobody did.
        released_by: The person who let it go, where it waited for one.
        reason: What that person said, or why the app itself went back to it.
        error: What stands in the way, or stood.
        attempts: How many PATCHes were claimed for it.
        next_attempt_at: Before which it is not tried, or not confirmed, again.
        patched_at: When the endpoint accepted it.
        live_at: When it was confirmed.
        confirmations: How often confirming it was tried since it was accepted.
    """

    model: TrainedModel
    instant: datetime
    cause: Cause
    state: State = "pending"
    approved: bool = True
    requested_by: str | None = None
    released_by: str | None = None
    reason: str | None = None
    error: Problem | None = None
    attempts: int = 0
    next_attempt_at: datetime | None = None
    patched_at: datetime | None = None
    live_at: datetime | None = None
    confirmations: int = 0

    @property
    def is_unasked(self) -> bool:
        """Say whether it is a landed model that no person has let go."""
        return self.cause == "new_model" and self.released_by is None

    @property
    def order(self) -> tuple[datetime, bool, str]:
        """Its place among all models of the endpoint: in a tie a person wins, then the name."""
        return (self.instant, self.requested_by is not None, self.model.name)

    def is_same(self, other: "Deployment") -> bool:
        """Say whether *other* is this wish, however far it got; two persons' are two wishes."""
        is_same_word = (self.order, self.requested_by) == (other.order, other.requested_by)
        return is_same_word and self.model.is_version(other.model)

    def is_of(self, sent: "Serving | Attempt | Rollout") -> bool:
        """Say whether *sent* was sent for this wish."""
        return self.instant == sent.instant and self.model.has_bytes_of(sent.model)


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """What the endpoint serves, as far as it told.

    Attributes:
        model: Which.
        instant: The order of the deployment that brought it.
        since: When the endpoint accepted it.
        token_expires_at: When the oldest token that the endpoint may hold for it expires; `NEVER`:
            it reads without one.
        token_expiry: The `se` of the token last sent, to tell it from an earlier one's.
        renew_at: When its token is renewed; None: it cannot be.
        late_at: When that is so late that a person should know: half of what was left is over.
        resends_tried: How often the renewal or the repeat that is due was tried.
        resend_refused: Whether the endpoint refused one since it last accepted the model.
        blob: Container and name of the blob that was sent: the model's own, or a kept copy.
        keeping: Whether its bytes are still to be kept.
        keep_at: Before when keeping them is not tried again.
        keeps_tried: How often keeping them was tried.
        confirmed_by: What proved that it serves.
        renewable: Whether a new token can still be signed for these bytes.
        error: Why it was not sent once more, since it last was.
    """

    model: TrainedModel
    instant: datetime
    since: datetime
    token_expires_at: datetime
    token_expiry: str
    renew_at: datetime | None
    late_at: datetime | None = None
    resends_tried: int = 0
    resend_refused: bool = False
    blob: str = ""
    keeping: Literal["due", "kept", "lost", "off"] = "due"
    keep_at: datetime | None = None
    keeps_tried: int = 0
    confirmed_by: Literal["smoke_test", "location"] | None = None
    renewable: bool = True
    error: Problem | None = None


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A request that one invocation has claimed, so that nobody else sends one.

    Attributes:
        id: Whose claim it is.
        model: What is sent.
        instant: The order of the model that is sent.
        cause: Why it is sent.
        step: Which request: the first for a model, one that follows it, or one that tidies up.
        blob: Container and name of the blob that is sent.
        claimed_at: When.
        send_by: After which its holder does not send it.
        deadline: After which anybody may take over.
        token_expires_at: When the token that is sent expires; `NEVER`: none is sent.
        token_expiry: Its `se`.
        renew_at: When that token would be renewed; `NEVER`: it is not.
    """

    id: str
    model: TrainedModel
    instant: datetime
    cause: AttemptCause
    blob: str
    claimed_at: datetime
    send_by: datetime
    deadline: datetime
    token_expires_at: datetime
    token_expiry: str
    renew_at: datetime
    step: AttemptStep = "patch"


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """A model that the endpoint is about to take, in more than one step.

    Attributes:
        model: Which.
        instant: Its place in the order.
        cause: Why it was sent.
        began_at: When.
        stage: How far the endpoint is, in its protocol's words.
        notes: What its protocol must know to go on.
        since: How long it has been in that stage.
        look_at: Before when nothing is to be looked at.
        looks_failed: How often in a row nothing could be found out.
    """

    model: TrainedModel
    instant: datetime
    cause: AttemptCause
    began_at: datetime
    stage: str
    notes: Mapping[str, str]
    since: datetime
    look_at: datetime
    looks_failed: int = 0


class Unknown(msgspec.Struct, frozen=True):
    """A PATCH without an answer, which the endpoint may apply late."""

    model: TrainedModel
    at: datetime
    token_expires_at: datetime


class Hold(msgspec.Struct, frozen=True):
    """A person's word that models that land are to wait.

    Attributes:
        since: When.
        by: Who.
        reason: What that person said.
    """

    since: datetime
    by: str
    reason: str | None


class Kept(msgspec.Struct, frozen=True):
    """A copy of a model's bytes that is ours.

    Attributes:
        model: Whose.
        name: The copy's name in the container of kept models.
    """

    model: TrainedModel
    name: str


class Past(msgspec.Struct, frozen=True):
    """A deployment that is desired no more, and since when."""

    deployment: Deployment
    at: datetime


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one endpoint.

    Attributes:
        endpoint: Its name.
        revision: Which write made it, so that a writer knows its own.
        desired: What it should serve.
        waiting: The newest model that waits for a person.
        serving: What it serves.
        attempt: The request in flight.
        rollout: What the endpoint is about to take, where that takes more than one step.
        reported: The last attempt whose result is in here.
        unknown: Attempts without an answer that the endpoint may yet apply.
        again: Whether the next holder sends what serves once more: a PATCH was sent by one that had
            lost its claim.
        repeat_at: When the latest success is sent once more, in case a late one overtook it.
        tidy_at: When what served before is taken away at the endpoint.
        not_before: Before which the endpoint asked not to be called.
        agenda: The names of the agenda entries that wake it.
        held: A person's word that landed models are to wait.
        kept: Copies of models, the latest last.
        history: What was desired before, the latest last.
        forgotten_until: When the latest model landed that must not go unasked, since it was refused
            or waited for a person, and that is in the history no more.
    """

    endpoint: str
    revision: str = ""
    desired: Deployment | None = None
    waiting: Deployment | None = None
    serving: Serving | None = None
    attempt: Attempt | None = None
    rollout: Rollout | None = None
    reported: str | None = None
    unknown: tuple[Unknown, ...] = ()
    again: bool = False
    repeat_at: datetime | None = None
    tidy_at: datetime | None = None
    not_before: datetime | None = None
    agenda: tuple[str, ...] = ()
    held: Hold | None = None
    kept: tuple[Kept, ...] = ()
    history: tuple[Past, ...] = ()
    forgotten_until: datetime | None = None

    @property
    def is_to_be_repeated(self) -> bool:
        """Whether what serves is to be sent once more, now or later."""
        return self.again or self.repeat_at is not None

    def copy_of(self, model: TrainedModel) -> Kept | None:
        """Find the kept copy of *model*."""
        return next((one for one in self.kept if one.model.has_bytes_of(model)), None)
