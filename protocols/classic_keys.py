"""What the endpoints file says of an endpoint, or a training service, of Studio (classic)."""

from typing import ClassVar, Final

import msgspec

from settings.retraining import ReadSecret, ServiceKeys, TrainingService, safe_url
from settings.scoring_endpoint import Place, ProtocolKeys, ScoringEndpoint, Surroundings
from settings.secret import Secret
from settings.table import Table, text

_THROTTLE_LEVELS: Final = ("Low", "High")
_MOST_CONCURRENT_CALLS: Final = 200


class CreateEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `create_endpoint` asks for when it adds the scoring endpoint.

    Attributes:
        description: For whoever looks at the web service.
        throttle_level: `Low` or `High`, as the management API knows them.
        max_concurrent_calls: 1 to 200, with `High` alone; None: as the service has it.
    """

    description: str = ""
    throttle_level: str = "Low"
    max_concurrent_calls: int | None = None


class ClassicKeys(ProtocolKeys, frozen=True, kw_only=True):
    """The keys of one endpoint.

    Attributes:
        patch_url: Where a model is announced to it.
        api_key: Its own key.
        resource: The updatable resource; None: read from the endpoint.
        workspace_token: What `create_endpoint` signs in with.
        create: What `create_endpoint` asks for.
    """

    patch_url: str
    api_key: Secret
    resource: str | None = None
    workspace_token: Secret | None = None
    create: CreateEndpoint = CreateEndpoint()

    @property
    def place(self) -> Place:
        """See `ProtocolKeys`: each resource is patched apart, and one left out may be any."""
        return Place(self.patch_url.rstrip("/"), self.resource)


def read_classic_keys(table: Table, smoke_test: Table | None, around: Surroundings) -> ClassicKeys:
    """Read the keys of one endpoint's table; a smoke test has none of its own."""
    del smoke_test
    return ClassicKeys(
        patch_url=table.required("patch_url", safe_url, instead=""),
        api_key=table.required("api_key", around.secret, instead=Secret("")),
        resource=table.optional("resource", text, None),
        workspace_token=table.optional("workspace_token", around.secret, None),
        create=table.optional("create", _create, CreateEndpoint()),
    )


def classic_keys(endpoint: ScoringEndpoint) -> ClassicKeys:
    """Give the keys of an endpoint of Studio (classic).

    Raises:
        TypeError: It speaks another protocol.
    """
    if not isinstance(endpoint.keys, ClassicKeys):
        raise TypeError(f"{endpoint.name} is no endpoint of Studio (classic)")
    return endpoint.keys


class ClassicServiceKeys(ServiceKeys, frozen=True, kw_only=True):
    """The keys of one training web service.

    Attributes:
        jobs_url: The address of its batch jobs.
        api_key: Its key.
    """

    ADDRESS: ClassVar = "jobs_url"
    API_KEY: ClassVar = "api_key"

    jobs_url: str
    api_key: Secret


def read_classic_service_keys(table: Table, secret: ReadSecret) -> ClassicServiceKeys:
    """Read the keys of one training service's table."""
    return ClassicServiceKeys(
        jobs_url=table.required("jobs_url", safe_url, instead=""),
        api_key=table.required("api_key", secret, instead=Secret("")),
    )


def classic_service_keys(service: TrainingService) -> ClassicServiceKeys:
    """Give the keys of a training web service of Studio (classic).

    Raises:
        TypeError: It speaks another protocol.
    """
    if not isinstance(service.keys, ClassicServiceKeys):
        raise TypeError(f"a training service that speaks {service.protocol} is none of these")
    return service.keys


def _create(value: object) -> CreateEndpoint:
    create = msgspec.convert(value, CreateEndpoint, strict=True)
    if create.throttle_level not in _THROTTLE_LEVELS:
        raise ValueError(f"throttle_level must be {' or '.join(_THROTTLE_LEVELS)}")
    calls = create.max_concurrent_calls
    if calls is not None and not 1 <= calls <= _MOST_CONCURRENT_CALLS:
        raise ValueError(f"max_concurrent_calls must be 1 to {_MOST_CONCURRENT_CALLS}")
    return create
