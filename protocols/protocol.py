"""What the one path needs of a protocol, and how the world may answer."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, Protocol, runtime_checkable

import msgspec

from protocols.blob_reference import BlobReference
from settings.scoring_endpoint import ScoringEndpoint

type ReadsBy = Literal["token", "token_once", "identity"]


class Abilities(msgspec.Struct, frozen=True, kw_only=True):
    """What an endpoint can do, which the one path goes by.

    Attributes:
        reads_by: How it reads the model. With `token` it may read again at any time, so its token
            is renewed; with `token_once` it reads while it takes the model and never again; with
            `identity` by rights of its own, so nothing is signed.
        replaces: `in_place`: a request without an answer may take effect late, over a later model.
            `blue_green`: the model stands beside what serves, and only a further step brings it
            into effect.
        is_asynchronous: Whether to take a model takes more than one request: `patch` begins it and
            `advance` follows it, woken by the agenda.
        tells_served: Whether it can be asked what it serves.
        settles_after: How long after accepting a model it may still serve the one before.
        spare_for: How long what served before is left there to go back to, until `tidy`; None:
            nothing of it is left there.
    """

    reads_by: ReadsBy = "token"
    replaces: Literal["in_place", "blue_green"] = "in_place"
    is_asynchronous: bool = False
    tells_served: bool = True
    settles_after: timedelta = timedelta(0)
    spare_for: timedelta | None = None


class Accepted(msgspec.Struct, frozen=True):
    """The endpoint took the model; it takes effect after its `settles_after`."""


class Underway(msgspec.Struct, frozen=True, kw_only=True):
    """The endpoint is about to take the model: `advance` is to be called again.

    Attributes:
        stage: How far it is, as a constant name that people read.
        notes: What the protocol must know to go on. Never a secret: it goes on record.
        look_after: How long nothing is to be expected.
        at_once: Whether the next step can be taken now, and is, under a claim of its own.
    """

    stage: str
    notes: Mapping[str, str] = {}
    look_after: timedelta = timedelta(seconds=15)
    at_once: bool = False


class Refused(msgspec.Struct, frozen=True):
    """The endpoint will not take this; a person must look.

    Attributes:
        code: A constant name, as in `http_401`.
        message: What the endpoint said, without secrets.
        about_model: Whether another model might be taken where this one was not.
        causes: The service's own codes, the general one first.
    """

    code: str
    message: str
    about_model: bool = False
    causes: tuple[str, ...] = ()


class Unsettled(msgspec.Struct, frozen=True):
    """The endpoint could not say; try again later.

    Attributes:
        code: A constant name, as in `http_503` or `no_answer`.
        message: What happened, without secrets.
        retry_after: How long the endpoint asked us to wait.
        maybe_applied: Whether the endpoint may have taken, or may yet take, what was sent.
    """

    code: str
    message: str
    retry_after: timedelta | None = None
    maybe_applied: bool = False


type Answer = Accepted | Underway | Refused | Unsettled


class Served(msgspec.Struct, frozen=True):
    """What an endpoint says that it serves.

    Attributes:
        blob: Container and name, as they are.
        token_expiry: The `se` of the token it was given, if it tells.
    """

    blob: str
    token_expiry: str | None


class ScoringProtocol(Protocol):
    """How one kind of endpoint is told of a model and asked about it. No method raises."""

    def abilities(self, endpoint: ScoringEndpoint) -> Abilities:
        """Say what *endpoint* can do; nothing is asked."""

    def resource_of(self, endpoint: ScoringEndpoint) -> str | Refused | Unsettled:
        """Give the name of what is updated within the endpoint, as configured or as it tells.

        Empty where the endpoint as a whole is updated.
        """

    def patch(self, endpoint: ScoringEndpoint, resource: str, model: BlobReference) -> Answer:
        """Tell the endpoint to serve *model*."""

    def served(
        self, endpoint: ScoringEndpoint, resource: str, model: BlobReference
    ) -> Served | bool | Refused | Unsettled | None:
        """Ask what the endpoint serves, or whether it is *model*; None: it does not tell.

        Args:
            endpoint: Which.
            resource: What within it.
            model: What it should serve, without a token.
        """

    def score(self, endpoint: ScoringEndpoint) -> bool | Refused | Unsettled:
        """Make the endpoint's smoke test: whether the answer is as expected."""

    def request_plan(self, endpoint: ScoringEndpoint, model: BlobReference) -> dict[str, object]:
        """Say what `patch` would send, every secret masked."""


@runtime_checkable
class AsynchronousProtocol(ScoringProtocol, Protocol):
    """What is needed besides of a protocol whose endpoints take a model in more than one step."""

    def advance(
        self, endpoint: ScoringEndpoint, model: BlobReference, underway: Underway, waited: timedelta
    ) -> Answer:
        """Look how far the endpoint is with *model*, and take the next step.

        Args:
            endpoint: Which.
            model: What it is about to take.
            underway: How far it was.
            waited: How long it has been in that stage.
        """

    def tidy(self, endpoint: ScoringEndpoint) -> Accepted | Refused | Unsettled:
        """Take away what served before and is not needed any more."""
