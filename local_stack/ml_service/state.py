"""What the service holds while it runs: endpoints and their models."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from threading import Lock

from local_stack.http_service.server import Clock
from local_stack.ml_service.blob_reference import BlobReference
from local_stack.ml_service.endpoint_settings import Settings
from local_stack.ml_service.errors import ServiceError
from local_stack.ml_service.model_file import Model
from local_stack.ml_service.published import first_model
from local_stack.ml_service.studio import Endpoint, Studio, WebService


@dataclass(frozen=True, slots=True)
class Placement:
    """A model, where it came from, and the instant from which it scores."""

    location: BlobReference
    effective_from: datetime
    model: Callable[[], Model]


class Resource:
    """An updatable resource: the model in effect, and one that will be."""

    def __init__(self, name: str, first: Placement) -> None:
        self.name = name
        self._in_effect = first
        self._coming: Placement | None = None

    def in_effect(self, now: datetime) -> Placement:
        """What scores at this instant."""
        if self._coming is not None and self._coming.effective_from <= now:
            self._in_effect, self._coming = self._coming, None
        return self._in_effect

    def place(self, placement: Placement, now: datetime) -> None:
        """Let a model score from its instant on; one that was still to come never will."""
        self.in_effect(now)
        self._coming = placement


@dataclass(slots=True)
class EndpointState:
    """One endpoint as it is now.

    Attributes:
        changing: Held through a whole PATCH, so that the later one wins; reading needs it not.
    """

    seed: Endpoint
    service: WebService
    resources: Sequence[Resource]
    created: datetime
    settings: Settings
    changing: Lock = field(default_factory=Lock)
    _lock: Lock = field(default_factory=Lock)

    @property
    def keys(self) -> tuple[str, str]:
        """Both of the endpoint's own keys."""
        return self.seed.primary_key, self.seed.secondary_key

    def placements(self, now: datetime) -> list[tuple[str, Placement]]:
        """The models in effect at this instant, by resource name."""
        with self._lock:
            return [(resource.name, resource.in_effect(now)) for resource in self.resources]

    def place(
        self,
        models: Sequence[tuple[str, BlobReference, Model]],
        now: datetime,
        after: timedelta,
    ) -> None:
        """Let new models take effect some time after this instant."""
        with self._lock:
            for name, location, model in models:
                resource = next(one for one in self.resources if one.name == name)
                resource.place(Placement(location, now + after, partial(_same, model)), now)


def _same(model: Model) -> Model:
    return model


class State:
    """The workspace as it is now.

    Args:
        studio: The description it starts from.
        url: The address under which this service is reached, without a trailing slash.
        now: The clock.
    """

    def __init__(self, studio: Studio, url: str, now: Clock) -> None:
        self.studio = studio
        self.url = url
        self.now = now
        self.started = now()
        self._lock = Lock()
        self._services = {service.id: service for service in studio.services}
        self._endpoints: dict[tuple[str, str], EndpointState] = {}
        for service in studio.services:
            for endpoint in service.endpoints:
                self.add(service, endpoint, Settings(description=endpoint.description))

    def services(self) -> list[WebService]:
        """All web services of the workspace."""
        return list(self._services.values())

    def service(self, service_id: str) -> WebService:
        """A web service by its id."""
        if found := self._services.get(service_id):
            return found
        raise ServiceError("NotFound", "WebServiceIdNotFoundInWorkspace")

    def endpoints(self, service: WebService) -> list[EndpointState]:
        """The endpoints of a web service, in the order of their making."""
        with self._lock:
            return [one for one in self._endpoints.values() if one.service is service]

    def endpoint(self, service: WebService, name: str) -> EndpointState:
        """An endpoint by its name. The real answer to an unknown name is not documented."""
        if found := self._endpoints.get((service.id, name)):
            return found
        raise ServiceError("NotFound", "WebServiceNotFound", hint=f"no endpoint {name}")

    def endpoint_by_guid(self, guid: str) -> EndpointState:
        """An endpoint by the id in its execution URL, which is not the web service's id."""
        with self._lock:
            for endpoint in self._endpoints.values():
                if endpoint.seed.guid == guid:
                    return endpoint
        raise ServiceError("NotFound", "WebServiceNotFound")

    def endpoint_called(self, name: str) -> EndpointState:
        """An endpoint by its own name or, for a default endpoint, by its web service's.

        Raises:
            LookupError: There is none; the message names those that are there.
        """
        with self._lock:
            known = {
                (one.service.name if one.seed.default else one.seed.name): one
                for one in reversed(self._endpoints.values())
            }
        if name not in known:
            raise LookupError(f"no endpoint {name!r}; there are {', '.join(sorted(known))}")
        return known[name]

    def add(self, service: WebService, endpoint: Endpoint, settings: Settings) -> EndpointState:
        """Make an endpoint; its models are those the service was published with.

        Raises:
            ServiceError: ``Conflict``: the web service has an endpoint of this name.
        """
        created = self.now()
        resources = [
            self._published(endpoint, at, name, created)
            for at, name in enumerate(service.resources, start=1)
        ]
        made = EndpointState(endpoint, service, resources, created, settings)
        with self._lock:
            if (service.id, endpoint.name) in self._endpoints:
                raise ServiceError("Conflict")
            self._endpoints[service.id, endpoint.name] = made
        return made

    def remove(self, endpoint: EndpointState) -> None:
        """Take an endpoint away."""
        with self._lock:
            self._endpoints.pop((endpoint.service.id, endpoint.seed.name), None)

    def _published(self, endpoint: Endpoint, at: int, name: str, created: datetime) -> Resource:
        # The published model is inside the service; its location is a name, not an address.
        location = BlobReference(
            base_location=f"{self.url}/",
            relative_location=f"published/{endpoint.guid}/{at}.ilearner",
            sas_blob_token="",
        )
        return Resource(name, Placement(location, created, first_model))
