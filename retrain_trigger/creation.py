"""Adds a configured scoring endpoint to its predictive web service."""

from typing import Any, Literal, TypedDict

import msgspec

from protocols.classic_keys import ClassicKeys, classic_keys
from protocols.protocol import Refused, Unsettled
from protocols.studio_management import Present, names_endpoint
from retrain_trigger.engine import Engine
from settings.protocol_name import USUAL_PROTOCOL
from settings.scoring_endpoint import ScoringEndpoint
from settings.secret import Secret

_UNFIT = frozenset({"default_endpoint", "training_service"})


class Added(msgspec.Struct, frozen=True):
    """An endpoint that is there.

    Attributes:
        name: Its name in this app.
        created: Whether it was added just now.
        resource: The resource that models are sent for; None: it is not clear which.
        resources: The names of all its updatable resources.
        fault: What is still to be mended before a model can be sent.
    """

    name: str
    created: bool
    resource: str | None
    resources: tuple[str, ...]
    fault: str | None


class AddingPlan(TypedDict):
    """What adding an endpoint would send."""

    endpoint: str
    request: dict[str, Any]


class NotAddedError(Exception):
    """The endpoint is not there, and was not added.

    Attributes:
        at_fault: What is to be mended: the endpoints file, the choice of the endpoint, or whatever
            the service says.
    """

    def __init__(self, what: str, at_fault: Literal["file", "endpoint", "service"]) -> None:
        self.at_fault = at_fault
        super().__init__(what)


def add_endpoint(engine: Engine, endpoint: ScoringEndpoint) -> Added:
    """Add *endpoint*, unless it is there.

    Raises:
        NotAddedError: It could not be; the message says why.
    """
    result = engine.management.create(endpoint, _token(endpoint))
    if isinstance(result, (Refused, Unsettled)):
        what = f"endpoints.{endpoint.name} was not added: {result.message} ({result.code})"
        raise NotAddedError(what, "endpoint" if result.code in _UNFIT else "service")
    resource = classic_keys(endpoint).resource
    if resource is None and len(result.resources) == 1:
        resource = result.resources[0]
    fault = _fault(endpoint, result)
    return Added(endpoint.name, result.created, resource, result.resources, fault)


def plan_to_add(engine: Engine, endpoint: ScoringEndpoint) -> AddingPlan:
    """Say what `add_endpoint` would send; raises as it does where the file is at fault."""
    _token(endpoint)
    return {"endpoint": endpoint.name, "request": engine.management.plan(endpoint)}


def _token(endpoint: ScoringEndpoint) -> Secret:
    where = f"endpoints.{endpoint.name}"
    keys = endpoint.keys
    if not isinstance(keys, ClassicKeys) or not keys.patch_url:
        what = f"{where}: only an endpoint of {USUAL_PROTOCOL} with a patch_url can be added"
        raise NotAddedError(what, "file")
    if not names_endpoint(keys.patch_url):
        raise NotAddedError(f"{where}.patch_url must end in /endpoints/<name>", "file")
    if keys.workspace_token is None or keys.workspace_token == Secret(""):
        what = f"{where}.workspace_token is missing: adding an endpoint needs the workspace's own"
        raise NotAddedError(what, "file")
    return keys.workspace_token


def _fault(endpoint: ScoringEndpoint, present: Present) -> str | None:
    listed, resource = ", ".join(present.resources) or "none", classic_keys(endpoint).resource
    if resource is not None and resource not in present.resources:
        return f"`resource` is none of the endpoint's: {listed}"
    if resource is None and len(present.resources) > 1:
        return f"set `resource` to one of the endpoint's: {listed}"
    return None
