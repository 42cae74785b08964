"""What an endpoint's PUT and PATCH may hold (`OnlineEndpoint` of the contract)."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from local_stack.azureml.body import Resource, Wire
from local_stack.azureml.description import AuthMode

type _Percent = Annotated[int, Meta(ge=0, le=100)]


class Identity(Wire, frozen=True):
    """Whose rights it has."""

    type: Literal["None", "SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned"]
    user_assigned_identities: dict[str, Any] | None = None
    principal_id: str | None = None
    tenant_id: str | None = None


class PartialIdentity(Wire, frozen=True):
    """What a PATCH may hold of it."""

    type: (
        Literal["None", "SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned"] | None
    ) = None
    user_assigned_identities: dict[str, Any] | None = None


class Keys(Wire, frozen=True):
    """Keys that an endpoint is made with."""

    primary_key: str | None = None
    secondary_key: str | None = None


class Properties(Wire, frozen=True):
    """An endpoint."""

    auth_mode: AuthMode
    compute: str | None = None
    description: str | None = None
    keys: Keys | None = None
    mirror_traffic: dict[str, Annotated[int, Meta(ge=0, le=50)]] | None = None
    properties: dict[str, str] | None = None
    provisioning_state: str | None = None
    public_network_access: Literal["Enabled", "Disabled"] | None = None
    scoring_uri: str | None = None
    swagger_uri: str | None = None
    traffic: dict[str, _Percent] | None = None


class EndpointBody(Resource, frozen=True, kw_only=True):
    """A PUT."""

    location: str
    properties: Properties
    identity: Identity | None = None
    kind: str | None = None
    sku: Any = None
    tags: dict[str, str] | None = None


class EndpointPatch(Wire, frozen=True):
    """A PATCH: tags and identity, nothing else."""

    identity: PartialIdentity | None = None
    tags: dict[str, str] | None = None
