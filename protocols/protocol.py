"""What the one path needs of a protocol, and how the world may answer."""

from datetime import timedelta
from typing import Protocol

import msgspec

from protocols.blob_reference import BlobReference
from settings.scoring_endpoint import ScoringEndpoint


class Accepted(msgspec.Struct, frozen=True):
    """The endpoint took the model; it takes effect after the protocol's `settles_after`."""


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


type Answer = Accepted | Refused | Unsettled


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

    settles_after: timedelta
    """How long after accepting a model the endpoint may still serve the one before."""

    def resource_of(self, endpoint: ScoringEndpoint) -> str | Refused | Unsettled:
        """Give the name of the updatable resource, as configured or as the endpoint tells."""

    def patch(self, endpoint: ScoringEndpoint, resource: str, model: BlobReference) -> Answer:
        """Tell the endpoint to serve *model*."""

    def served(
        self, endpoint: ScoringEndpoint, resource: str
    ) -> Served | Refused | Unsettled | None:
        """Ask what the endpoint serves; None: it does not tell."""

    def score(self, endpoint: ScoringEndpoint) -> bool | Refused | Unsettled:
        """Make the endpoint's smoke test: whether the answer is as expected."""

    def request_plan(
        self, endpoint: ScoringEndpoint, resource: str, model: BlobReference
    ) -> dict[str, object]:
        """Say what `patch` would send, every secret masked."""
