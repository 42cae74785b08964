"""The description a service starts from: workspace, web services, endpoints, keys."""

import base64
import re
import secrets
from datetime import timedelta
from typing import Final, Literal, override
from uuid import uuid4

import msgspec
from msgspec import Struct

from local_stack.ml_service.job_pacing import AsTrained, Pacing

# At most 24 lower-case letters, digits and hyphens, no hyphen at an end (management swagger).
ENDPOINT_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,22}[a-z0-9])?")


def new_id() -> str:
    """32 hexadecimal digits, as workspaces, services, endpoints and jobs have them."""
    return uuid4().hex


def new_key() -> str:
    """Base64 of 64 random bytes: 88 characters, as endpoint keys are."""
    return base64.b64encode(secrets.token_bytes(64)).decode()


class Endpoint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One endpoint. ``guid`` is in its execution URL, ``name`` in its management URL."""

    name: str
    default: bool = False
    guid: str = msgspec.field(default_factory=new_id)
    primary_key: str = msgspec.field(default_factory=new_key)
    secondary_key: str = msgspec.field(default_factory=new_key)
    description: str = ""

    def __post_init__(self) -> None:
        """Refuse a name that the real service refuses."""
        if not ENDPOINT_NAME.fullmatch(self.name):
            raise ValueError(f"endpoint name {self.name!r}: a-z 0-9 and inner hyphens, at most 24")

    @override
    def __repr__(self) -> str:
        return f"Endpoint(name={self.name!r}, default={self.default})"


class WebService(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A predictive service has updatable resources (its trained models), a training one none."""

    name: str
    kind: Literal["predictive", "training"]
    endpoints: tuple[Endpoint, ...]
    resources: tuple[str, ...] = ()
    id: str = msgspec.field(default_factory=new_id)
    description: str = ""

    def __post_init__(self) -> None:
        """Refuse a service that could not have been published."""
        if sum(endpoint.default for endpoint in self.endpoints) != 1:
            raise ValueError(f"web service {self.name!r} needs exactly one default endpoint")
        if len({endpoint.name for endpoint in self.endpoints}) != len(self.endpoints):
            raise ValueError(f"web service {self.name!r} has two endpoints of one name")
        if bool(self.resources) != (self.kind == "predictive"):
            raise ValueError(f"web service {self.name!r}: resources belong to predictive services")

    @property
    def default_endpoint(self) -> Endpoint:
        """The endpoint that publishing made."""
        return next(endpoint for endpoint in self.endpoints if endpoint.default)


class Studio(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workspace, and what the documents leave open or a test wants otherwise.

    Attributes:
        services: The published web services.
        storage: Connection string of the service's own default storage (`experimentoutput`).
        workspace_id: 32 hexadecimal digits.
        workspace_token: The owner's authorization token.
        takes_effect_after: From an accepted PATCH until the new model scores (documented: 30 s).
        patch_status: What an accepted PATCH answers; which 2xx the real one gave is unknown.
        job_pacing: When a batch job reports its end.
        numeric_status: Send job states as numbers 0 to 4, as some captures show, and not as names.
        sas_lifetime: How long a finished job's tokens live.
        local_token: Guards ``/_local/…``; empty: those addresses are closed.
    """

    services: tuple[WebService, ...]
    storage: str
    workspace_id: str = msgspec.field(default_factory=new_id)
    workspace_token: str = msgspec.field(default_factory=new_key)
    takes_effect_after: timedelta = timedelta(seconds=30)
    patch_status: int = 200
    job_pacing: Pacing = AsTrained()
    numeric_status: bool = False
    sas_lifetime: timedelta = timedelta(hours=24)
    local_token: str = ""

    @override
    def __repr__(self) -> str:
        return f"Studio(workspace_id={self.workspace_id!r}, services={self.services!r})"


def sample_studio(storage: str) -> Studio:
    """The digits services: a predictive one with the endpoint `digits`, and a training one.

    Args:
        storage: Connection string of the default storage.
    """
    predictive = WebService(
        name="digits-predictive",
        kind="predictive",
        description="Digits Model [Predictive Exp.]",
        resources=("Digits Model [trained model]",),
        endpoints=(Endpoint(name="default", default=True), Endpoint(name="digits")),
    )
    training = WebService(
        name="digits-training",
        kind="training",
        description="Digits Model [Training Exp.]",
        endpoints=(Endpoint(name="default", default=True),),
    )
    return Studio(services=(predictive, training), storage=storage)
